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
    from services.accounts.events import Function
    from services.tenants.opening import Company, open_company
    from shared.event_store.store import EventStore
    from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT
    from shared.privacy.vault import Vault

    company = Company(
        tenant_id=SAMPLE_TENANT,
        name="演示集团",
        zone=ZONE,
        currency=CURRENCY,
        root_id=SAMPLE_ROOT,
        root_code="HQ",
        root_name="总部",
        person_id=SAMPLE_PERSON,
        person_name="演示 总部",
        functions=(Function.HEAD_OFFICE, Function.DIRECTOR),
        at=BEGINNING,
    )
    async with await EventStore.open(database_url, writers=1) as store:
        await open_company(store, Vault(store.pool, Vault.master_key(settings)), company, actor=SAMPLE_PERSON)
