"""Open the tenant a development installation begins with: company, head office, one person, and the token for it.

Knows the accounts service's rules and goes through them; decides nothing itself. Repeating it changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.event_store import connections
from shared.settings import Settings

ZONE = "Asia/Shanghai"
CURRENCY = "CNY"
BEGINNING = datetime(2000, 1, 1, tzinfo=ZoneInfo(ZONE))
"""Since when all of it stands: before anything anybody imports."""

OPENED = "select count(*) from es.events where tenant_id = $1 and version = 1 and stream_id = any($2)"


async def prepare(settings: Settings, database_url: str) -> None:
    """Leave the development token in the data folder, and open its tenant unless that was done. Not in production."""
    from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT, write_dev_token

    if settings.env == "production":
        return
    streams = [SAMPLE_TENANT, SAMPLE_ROOT, SAMPLE_PERSON]
    if await _opened(database_url, SAMPLE_TENANT, streams) < len(streams):
        await _open_tenant(settings, database_url)
    write_dev_token(settings.data)


async def _opened(database_url: str, tenant_id: UUID, streams: list[UUID]) -> int:
    connection = await connections.connect(database_url, connections.READER | {"role": connections.WORK})
    try:
        return int(await connection.fetchval(OPENED, tenant_id, streams))
    finally:
        await connection.close()


async def _open_tenant(settings: Settings, database_url: str) -> None:
    # imported here: a start that finds everything open should not wait for the domain
    import msgspec

    from services.accounts import events
    from services.accounts.events import Function
    from services.accounts.organisation import Unit, unit_claims
    from services.accounts.person import JoinPerson, Person
    from services.accounts.tenant import Tenant
    from shared.event_store.command import Claim, Command
    from shared.event_store.facts import registry
    from shared.event_store.repository import Repository
    from shared.event_store.store import EventStore
    from shared.event_store.stream import Stream
    from shared.identity.current_tenant import as_tenant
    from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT
    from shared.privacy.vault import STAFF, Of, Vault

    joining = JoinPerson(name="演示 总部", functions=(Function.HEAD_OFFICE, Function.DIRECTOR), unit_id=SAMPLE_ROOT)
    root = Unit.open_root(SAMPLE_ROOT, code="HQ", name="总部", at=BEGINNING)
    streams: tuple[Stream, ...] = (
        Tenant.open(SAMPLE_TENANT, name="演示集团", zone=ZONE, currency=CURRENCY, at=BEGINNING),
        root,
        Person.join(SAMPLE_PERSON, joining, at=BEGINNING),
    )
    facts = registry(events)
    async with await EventStore.open(database_url, writers=1) as store:
        await store.open_tenant(SAMPLE_TENANT)
        vault = Vault(store.pool, Vault.master_key(settings))
        with as_tenant(SAMPLE_TENANT):
            await vault.put(SAMPLE_TENANT, SAMPLE_PERSON, joining.personal(), of=Of(STAFF))
        outcome = await store.append(
            Command(
                SAMPLE_TENANT,
                SAMPLE_PERSON,
                key=None,
                fingerprint=None,
                status=201,
                code="opened",
                appends=tuple(Repository(store, type(stream), facts=facts).appends(stream) for stream in streams),
                claims=tuple(Claim(scope, key, root.id) for scope, key in unit_claims(root.standing)),
                metadata=msgspec.json.encode({"actor": SAMPLE_PERSON, "correlation": SAMPLE_TENANT}),
            )
        )
        if outcome.kind not in {"ok", "conflict"}:  # conflict: another start was first
            raise RuntimeError(f"the sample tenant could not be opened: {outcome.kind}")
