"""A development installation begins with one company, its head office and one person; once, however often started."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import httpx

from services.accounts.main import make_app
from services.accounts.views import VIEWS
from services.bootstrap import prepare
from shared.event_store.store import EventStore
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT, read_dev_token
from shared.projections import catch_up
from shared.projections import prepare as prepare_views
from shared.settings import Settings


async def test_the_sample_company_is_opened_once_and_its_token_works(tmp_path: Path, own_database_url: str) -> None:
    settings = Settings(data=tmp_path, database_url=own_database_url)
    await asyncio.gather(*(prepare(settings, own_database_url) for _ in range(3)))
    await prepare(settings, own_database_url)
    connection = await asyncpg.connect(own_database_url)
    told = await connection.fetch("select tenant_id, stream_id, type from es.events order by position")
    await connection.close()
    assert [(row["tenant_id"], row["stream_id"], row["type"]) for row in told] == [
        (SAMPLE_TENANT, SAMPLE_TENANT, "TenantOpened"),
        (SAMPLE_TENANT, SAMPLE_ROOT, "UnitOpened"),
        (SAMPLE_TENANT, SAMPLE_PERSON, "PersonJoined"),
    ]
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=2) as pool:
        await prepare_views(pool, VIEWS)
        await catch_up(pool, VIEWS)
    async with await EventStore.open(own_database_url, writers=1) as store:
        app = make_app(settings=settings, store=store)
        headers = {"authorization": f"Bearer {read_dev_token(tmp_path)}", "idempotency-key": "first"}
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as http,
        ):
            shown = await http.get(f"/v1/people/{SAMPLE_PERSON}", headers=headers)
            assert shown.status_code == 200, shown.text
            assert shown.json()["name"]
            opened = await http.post("/v1/accounts", json={"name": "华东物流", "on": "2001-01-01"}, headers=headers)
            assert opened.status_code == 201, opened.text
