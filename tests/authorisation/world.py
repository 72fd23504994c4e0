"""Two companies with the same ids in one database, the services over it, and callers who speak as anybody.

Requests go straight to the ASGI app, so that thousands take seconds. Judges nothing.
"""

from __future__ import annotations

import io
import json
import secrets
import time
import zipfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import FastAPI

from services.accounts import events as accounts_events
from services.accounts.main import make_app as accounts_app
from services.accounts.tenant import Tenant
from services.accounts.views import VIEWS as ACCOUNT_VIEWS
from services.kpi import events as kpi_events
from services.kpi.main import make_app as kpi_app
from services.kpi.views import VIEWS as KPI_VIEWS
from services.opportunities import events as opportunities_events
from services.opportunities.main import opportunities_app
from services.opportunities.products.product import CLAIM, Product
from services.opportunities.views import VIEWS as OPPORTUNITY_VIEWS
from services.webhooks.views import VIEWS as WEBHOOK_VIEWS
from shared.event_store.command import Claim, Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.identity.scopes import USUAL
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import KEY_PERSON, STAFF, Of
from shared.settings import Settings
from shared.testing.database import pool_of_all
from shared.testing.views import fold_all
from tests.authorisation.company import BEGINNING, MEMBERS, NOW, id_of, people, units
from tests.authorisation.deals import ACCOUNTS, OPPORTUNITIES, VISITS, key_person, records
from tests.webhooks.listener import Listener

MARKS = ("甲·", "乙·")
"""What every name and text of the first and of the second company begins with."""
VIEWS = (*ACCOUNT_VIEWS, *OPPORTUNITY_VIEWS, *KPI_VIEWS, *WEBHOOK_VIEWS)
FACTS = registry(accounts_events, opportunities_events, kpi_events)
AT_ONCE = 100
"""Streams of one command of the world's making."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """All that can be read in it, a workbook's parts included."""
        if not self.body.startswith(b"PK"):
            return self.body.decode()
        with zipfile.ZipFile(io.BytesIO(self.body)) as packed:
            return "\n".join(packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml"))

    @property
    def code(self) -> str:
        """The code of a problem; empty for anything else."""
        return str(self.said.get("code", "")) if "problem" in self.headers.get("content-type", "") else ""


async def ask(
    app: Any, method: str, path: str, *, query: Any = (), headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One request to an ASGI app. An exception that leaves the app fails the test."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": urlencode(query, doseq=True).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1), "server": ("test", 80), "state": {},
    }  # fmt: skip
    started: dict[str, Any] = {}
    parts: list[bytes] = []
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in started["headers"]}
    return Answer(started["status"], found, b"".join(parts))


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a credential, or without."""

    name: str
    headers: Mapping[str, str]
    person_id: UUID | None = None
    functions: tuple[str, ...] = ()
    unit_id: UUID | None = None
    tenant: int = 0
    scopes: tuple[str, ...] = tuple(sorted(USUAL))


@dataclass
class World:
    """Both companies and what serves them. `tenants[0]` is the one the tests look at."""

    tenants: tuple[UUID, UUID]
    apps: Mapping[str, FastAPI]
    store: EventStore
    key: bytes
    pool: Any
    made: dict[str, UUID] = field(default_factory=dict)

    def caller(
        self, member: str, *, tenant: int = 0, scopes: Iterable[str] = USUAL, name: str = "", lifetime: int = 3_600
    ) -> Caller:
        """A person of the company by name, with what the organisation says of them today."""
        known = MEMBERS[member]
        functions, unit = tuple(map(str, known.functions_now)), id_of(known.unit_now)
        now = time.time() - (7_200 if lifetime < 0 else 0)
        token = mint_token(
            self.key, self.tenants[tenant], id_of(member), functions, unit, scopes, now=now, lifetime=abs(lifetime)
        )
        headers = {"authorization": f"Bearer {token}", "accept-language": "en"}
        return Caller(name or member, headers, id_of(member), functions, unit, tenant, tuple(sorted(scopes)))

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        caller: Caller,
        *,
        query: Any = (),
        body: Any = None,
        version: int | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request of a caller; a command gets a new key, and If-Match when a version is given."""
        sent = dict(caller.headers)
        if method not in ("GET", "HEAD"):
            sent["idempotency-key"] = key or secrets.token_hex(8)
        if version is not None:
            sent["if-match"] = f'"{version}"'
        content = b""
        if isinstance(body, bytes):
            content = body
        elif body is not None:
            content = json.dumps(body, default=str).encode()
            sent["content-type"] = "application/json"
        return await ask(
            self.apps[service], method, path, query=query, headers={**sent, **(headers or {})}, body=content
        )

    async def append(self, tenant: int, streams: Sequence[Stream], *, actor: str = "director") -> None:
        """Put streams into a company's log."""
        tenant_id = self.tenants[tenant]
        with as_tenant(tenant_id):
            for start in range(0, len(streams), AT_ONCE):
                some = streams[start : start + AT_ONCE]
                claims = [
                    Claim(CLAIM, stream.standing["code"], stream.id) for stream in some if isinstance(stream, Product)
                ]
                outcome = await self.store.append(
                    Command(
                        tenant_id,
                        id_of(actor),
                        None,
                        None,
                        201,
                        "ok",
                        tuple(Repository(self.store, type(one), facts=FACTS).appends(one) for one in some),
                        claims=tuple(claims),
                        metadata=json.dumps({"actor": str(id_of(actor))}).encode(),
                    )
                )
                assert outcome.kind == "ok", outcome

    async def fold(self) -> None:
        """Bring every view up to date, as the worker would."""
        await fold_all(self.pool, VIEWS)


@asynccontextmanager
async def found(database_url: str, folder: Path) -> AsyncIterator[World]:
    """Both companies, with their people, records and secrets, served by every service."""
    settings = Settings(data=folder, database_url=database_url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await EventStore.open(database_url, writers=1, readers=6))
        given = {"settings": settings, "store": store, "clock": lambda: NOW}
        apps = {
            "accounts": accounts_app(**given),
            "opportunities": opportunities_app(**given),
            "kpi": kpi_app(**given),
        }
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
            app.state.kit.sender = Listener()  # nothing leaves this machine
        pool = await stack.enter_async_context(pool_of_all(database_url))
        world = World((uuid4(), uuid4()), apps, store, development_key(folder), pool)
        for tenant, mark in enumerate(MARKS):
            tenant_id = world.tenants[tenant]
            opened = Tenant.open(tenant_id, name=f"{mark}集团", zone="Asia/Shanghai", currency="CNY", at=BEGINNING)
            await store.open_tenant(tenant_id)
            streams = [opened, *units(mark), *people(), *records(mark, first=tenant == 0)]
            await world.append(tenant, streams)
            with as_tenant(tenant_id):
                await apps["accounts"].state.kit.vault.put_many(tenant_id, secrets_of(mark), of=whose())
        await world.fold()
        yield world


def whose() -> dict[UUID, Of]:
    """What the subjects of the vault are."""
    staff = {id_of(name): Of(STAFF) for name in MEMBERS}
    return {**staff, **{key_person(name): Of(KEY_PERSON, account.id) for name, account in ACCOUNTS.items()}}


def secrets_of(mark: str) -> dict[UUID, dict[str, str]]:
    """What the vault holds: names of staff, who the customers' persons are, texts."""
    held = {id_of(name): {"name": f"{mark}员工 {name}"} for name in MEMBERS}
    for account in ACCOUNTS:
        held[key_person(account)] = {"name": f"{mark}关键人 {account}", "phone": "13812345678", "remark": f"{mark}爱好"}
    for deal in OPPORTUNITIES.values():
        held[deal.id] = {"remark": f"{mark}备注 {deal.name}"}
    for visit in VISITS.values():
        held[visit.id] = {"narrative": f"{mark}经过 {visit.name}"}
    return held
