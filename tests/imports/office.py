"""A tenant into which files are imported, the worker being this process. Used by the tests of imports and journeys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from services.accounts.events import Function
from services.accounts.imports import FACTS
from services.accounts.organisation import Unit, unit_claims
from services.accounts.person import JoinPerson, Person
from services.accounts.tenant import Tenant
from services.imports.operations import OPERATIONS
from shared.event_store.command import Claim, Command, Head, StoredFact
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.imports.upload import BESIDE, FILE, KIND, MAPPING
from shared.jobs import Operation, Problem, Resources, Runner, create_operation, get_operation, problems_of
from shared.privacy.vault import STAFF, Of, Vault
from shared.projections import Follower, View
from shared.projections.tables import prepare
from shared.settings import Settings

NOW = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def all_views() -> list[View]:
    return [
        view for name in ("accounts", "opportunities", "kpi") for view in import_module(f"services.{name}.views").VIEWS
    ]


@dataclass
class Office:
    """One tenant: its head office, the one person who imports, and a worker that folds and runs operations."""

    store: EventStore
    vault: Vault
    settings: Settings
    tenant_id: UUID = field(default_factory=uuid4)
    root_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)

    async def open(self) -> None:
        await self.store.open_tenant(self.tenant_id)
        root = Unit.open_root(self.root_id, code="HQ", name="总部", at=BEGINNING)
        joining = JoinPerson(name="导入 专员", functions=(Function.DIRECTOR,), unit_id=self.root_id)
        streams = (
            Tenant.open(self.tenant_id, name="集团", zone=ZONE, currency="CNY", at=BEGINNING),
            root,
            Person.join(self.person_id, joining, at=BEGINNING),
        )
        await self.vault.put(self.tenant_id, self.person_id, joining.personal(), of=Of(STAFF))
        claims = tuple(Claim(scope, key, root.id) for scope, key in unit_claims(root.standing))
        appends = tuple(Repository(self.store, type(one), facts=FACTS).appends(one) for one in streams)
        outcome = await self.store.append(
            Command(self.tenant_id, self.person_id, None, None, 201, "ok", appends, claims=claims)
        )
        assert outcome.kind == "ok"

    async def queue(
        self,
        file: bytes | str,
        mapping: bytes | str,
        *,
        beside: Mapping[str, bytes] | None = None,
        dry_run: bool = False,
        at: datetime = NOW,
    ) -> UUID:
        """An import that waits for a worker."""
        operation_id = uuid4()
        await create_operation(
            self.store.all_tenants,
            tenant_id=self.tenant_id,
            operation_id=operation_id,
            kind=KIND,
            principal_id=self.person_id,
            principal={"unit_id": str(self.root_id), "functions": ["director"]},
            parameters={"at": at.isoformat(), "zone": ZONE, "dry_run": dry_run, "file": "file"},
            attached={
                FILE: file.encode() if isinstance(file, str) else file,
                MAPPING: mapping.encode() if isinstance(mapping, str) else mapping,
                **{BESIDE + name: content for name, content in (beside or {}).items()},
            },
        )
        return operation_id

    async def run(self, file: bytes | str, mapping: bytes | str, **given: Any) -> Operation:
        """Import, to its end."""
        return await self.work_off(await self.queue(file, mapping, **given))

    async def work_off(self, operation_id: UUID) -> Operation:
        """Take up the waiting operation."""
        runner = Runner(self.store.all_tenants, OPERATIONS, resources=Resources(self.store, self.settings))
        async with folding(self.store):
            assert await runner.run_one(1)
        found = await get_operation(self.store.all_tenants, self.tenant_id, operation_id)
        assert found is not None
        return found

    async def problems(self, operation: Operation) -> list[Problem]:
        return await problems_of(self.store.all_tenants, self.tenant_id, operation.operation_id)

    async def head(self) -> Head:
        """Where the tenant's log ends."""
        with as_tenant(self.tenant_id):
            return await self.store.head(self.tenant_id)

    async def log(self, *types: str) -> list[StoredFact]:
        """The tenant's facts, of all streams or of these stream types."""
        facts: list[StoredFact] = []
        with as_tenant(self.tenant_id):
            while batch := await self.store.read(self.tenant_id, len(facts), 5_000):
                facts += batch
        return [fact for fact in facts if not types or fact.stream_type in types]


@asynccontextmanager
async def folding(store: EventStore) -> AsyncIterator[None]:
    """Views are kept up with the log while the block runs."""
    follower = Follower(store.all_tenants, all_views())
    over = asyncio.Event()

    async def follow() -> None:
        while not over.is_set():
            if not await follower.run_once():
                await asyncio.sleep(0.02)

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        over.set()
        await task


@asynccontextmanager
async def opened(database_url: str, data: Path) -> AsyncIterator[Office]:
    """An office over a database of its own."""
    async with await EventStore.open(database_url, writers=1) as store:
        await prepare(store.all_tenants, all_views())
        settings = Settings(data=data)
        office = Office(store, Vault(store.all_tenants, Vault.master_key(settings)), settings)
        await office.open()
        yield office


def beside(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Look-up files of a folder."""
    return {name: (folder / name).read_bytes() for name in names}
