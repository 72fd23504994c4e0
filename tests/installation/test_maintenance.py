"""What an operator does to a whole installation, on a real database."""

import asyncpg

from services import maintenance
from services.opportunities.views.defeats import DEFEATS
from services.work import views
from shared.projections import prepare, unused
from shared.settings import Settings


async def test_old_versions_of_views_are_named_and_dropped(own_database_url: str) -> None:
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=2) as pool:
        await _drop_old(pool, Settings(database_url=own_database_url))


async def _drop_old(pool: asyncpg.Pool, settings: Settings) -> None:
    await prepare(pool, views())
    await pool.execute("create table opportunities.defeats_v0 (tenant_id uuid)")
    await pool.execute("insert into es.views (name, version, definition) values ('opportunities.defeats', 0, 'old')")
    said: list[str] = []

    assert await maintenance.drop_old_views(settings, said.append, sure=False) == 0
    assert said[0] == "opportunities.defeats_v0"
    assert await unused(pool, views()) == [("opportunities.defeats", 0)]

    assert await maintenance.drop_old_views(settings, said.append, sure=True) == 0
    assert await unused(pool, views()) == []
    assert await pool.fetchval("select to_regclass('opportunities.defeats_v0')") is None
    known = await pool.fetchval("select array_agg(version) from es.views where name = 'opportunities.defeats'")
    assert known == [DEFEATS.version]
