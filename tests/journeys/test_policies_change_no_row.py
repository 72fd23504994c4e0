"""Other KPI definitions and another level policy: no row of any view changes, and the whole past is reckoned anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from shared.postgres.folder import Folder
from tests.imports.office import all_views
from tests.journeys.year.asking import VALUES
from tests.journeys.year.region import Region
from tests.stack import Running

YEAR = {"from": "2024-01-01", "to": "2024-12-31", "as_of": "2024-12-31"}
RULES = ("level_policy", "kpi_definition")
"""Kinds of streams that hold what is published: their own rows are all that may be new."""
LONGER = {
    "code": "h30-a90-b180",
    "zh": "工业销售",
    "en": "industrial",
    "effective_from": "2020-01-01",
    "default": True,
    "levels": [
        {"code": "H", "window_days": 30, "follow_up_days": 5, "win_rate": "0.8"},
        {"code": "A", "window_days": 90, "follow_up_days": 10, "win_rate": "0.5"},
        {"code": "B", "window_days": 180, "follow_up_days": 20, "win_rate": "0.25"},
        {"code": "C", "follow_up_days": 30, "win_rate": "0.1"},
    ],
}


async def rows(running: Running, tenant_id: UUID, position: int) -> Mapping[str, str]:
    """A hash of all the tenant's rows of each view, once it has seen all; without those of what is published."""
    pool = await asyncpg.connect(Folder.within(running.data).url().replace("+asyncpg", ""))
    try:
        found = {}
        for view in all_views():
            if set(view.stream_types) & set(RULES):
                continue
            while (
                await pool.fetchval(
                    "select position from es.checkpoints where tenant_id = $1 and view = $2 and version = $3",
                    tenant_id,
                    view.name,
                    view.version,
                )
                or 0
            ) < position:
                await asyncio.sleep(0.05)
            found[view.table] = await pool.fetchval(
                "select concat_ws(' ', count(*), md5(string_agg(t::text, ';' order by t::text)))"
                f" from {view.table} t where tenant_id = $1",
                tenant_id,
            )
        return found
    finally:
        await pool.close()


async def figures(region: Region, kpi: str, **query: Any) -> list[tuple[Any, ...]]:
    answer = await region.teller.read("office", VALUES, {"kpi": kpi, **YEAR, **query})
    return [(row["version"], row["from"], row["value"]) for row in answer["rows"]]


async def levels(region: Region) -> Counter[str]:
    board = await region.teller.read("office", "/v1/pipeline", {"level": "computed", "as_of": "2024-12-31"})
    found: Counter[str] = Counter()
    for row in board["rows"]:
        found[row["level"]] += row["count"]
    return found


async def story(running: Running) -> None:
    region = await Region.founded(running)
    try:
        await policies(running, region)
    finally:
        await region.teller.end()


async def policies(running: Running, region: Region) -> None:
    teller = region.teller
    await region.tell_until(date(2024, 12, 31))
    before = await rows(running, region.tenant_id, teller.position)
    assert sum(int(said.split()[0]) for said in before.values()) > 500
    of_stock = await figures(region, "prospect_conversion")
    of_decided = await figures(region, "prospect_conversion", definition_version=2)
    short = await figures(region, "stock_signing_90")
    late = await figures(region, "follow_up_timeliness")
    board = await levels(region)
    assert {version for version, *_ in of_stock} == {1}
    assert [value for *_, value in of_stock] != [value for *_, value in of_decided]

    published = {"effective_from": "2020-01-01"}
    decided = {**published, "kpi": "prospect_conversion", "definition_version": 2}
    window = {**published, "kpi": "stock_signing_90", "parameters": {"captured_within_days": 20}}
    for body in (decided, window):
        await teller.tell("office", "/v1/kpi/definitions", body)
    await teller.tell("office", "/v1/level-policies", LONGER)
    after = await rows(running, region.tenant_id, teller.position)
    assert after == before

    assert await figures(region, "prospect_conversion") == of_decided, "its whole past, at once"
    assert await figures(region, "prospect_conversion", definition_version=1) == of_stock
    assert [value for *_, value in await figures(region, "stock_signing_90")] != [value for *_, value in short]
    assert await figures(region, "stock_signing_90", known_at=str(region.told_at)) == short, "as known before it"
    again = await levels(region)
    assert again != board
    assert again.total() == board.total()
    longer = await figures(region, "follow_up_timeliness")
    assert longer != late
    assert await figures(region, "follow_up_timeliness", known_at=str(region.told_at)) == late
    compared = await teller.read("office", "/v1/kpi/compare", {"kpi": "prospect_conversion", "versions": "1,2", **YEAR})
    assert [(row["value_a"], row["value_b"]) for row in compared["rows"]] == [
        (one, other) for (*_, one), (*_, other) in zip(of_stock, of_decided, strict=True)
    ]


def test_other_definitions_and_policies_change_no_row(running: Running) -> None:
    asyncio.run(story(running))
