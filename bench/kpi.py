"""Every KPI that ships by month and person over HTTP, one client, a million events. Measures; makes no figure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from bench.figure import Figure, bounded
from bench.ground import Ground, Place, say
from bench.history import Company, furnish, write
from bench.kpi_past import write_the_rest
from bench.load import Job, generate, percentile
from services.bootstrap import ZONE
from services.kpi.views import VIEWS
from shared.days import day_of
from shared.privacy.vault import Vault
from shared.projections import catch_up, prepare

AIM_MS = 150.0
"""The worst p99 of any KPI."""
MONTHS = 12
GROUPS = ("person", "branch")
"""By the first of these a KPI can be told apart by."""


async def kpi_figures(ground: Ground, *, events: int, a_year: int, rounds: int, seconds: float) -> list[Figure]:
    """p50 and p99 of each KPI of /v1/kpi/definitions, twelve months by person; `seconds` a round for all of them."""
    place, company = await _company(ground, events, a_year)
    async with ground.service("kpi", place) as service:
        asked = await _paths(service.port, place.token, company.until)
        took: dict[str, list[float]] = {kpi: [] for kpi in asked}
        sizes: dict[str, int] = {}
        generators = []
        for turn in range(-1, rounds):  # the first warms the caches
            job = Job(
                port=service.port, token=place.token, connections=1, seconds=seconds if turn >= 0 else seconds / 4,
                reads=list(asked.values()),
            )  # fmt: skip
            run = await generate(job)
            if run.refused:
                raise RuntimeError(f"a read was refused: {run.refused}")
            if turn < 0:
                continue
            for kpi, latencies, size in zip(asked, run.latencies, run.body_bytes, strict=True):
                took[kpi] += latencies
                sizes[kpi] = max(size, sizes.get(kpi, 0))
            generators.append(run.cpu_share)
            say(f"KPIs, round {turn + 1} of {rounds}")
    p99 = {kpi: percentile(found, 0.99) for kpi, found in took.items() if found}
    worst = max(p99, key=lambda kpi: p99[kpi])
    of_log = {"events": company.events, "opportunities": company.opportunities, "years": company.years}
    client = "one connection, head office: sees everything; with target, the month before and last year"
    figures = [
        bounded(
            "kpi.worst", {"p99_ms": p99[worst]}, {"p99_ms": AIM_MS},
            sizes={**of_log, "kpis": len(p99), "months": MONTHS, "requests": sum(map(len, took.values()))},
            conditions={"kpi": worst, "client": client, "generator_cpu_share": max(generators)},
        )
    ]  # fmt: skip
    figures += [
        bounded(
            f"kpi.{kpi}", {"p50_ms": percentile(found, 0.5), "p99_ms": p99[kpi]}, {"p99_ms": AIM_MS},
            sizes={"requests": len(found), "answer_bytes": sizes[kpi]},
            conditions={"path": asked[kpi]},
        )
        for kpi, found in took.items()
        if found
    ]  # fmt: skip
    return figures


async def _company(ground: Ground, events: int, a_year: int) -> tuple[Place, Company]:
    """A company of this many facts about deals and visits, and what it told beside them; the views of KPIs folded."""
    place, until = await ground.place("kpi", with_views=False), datetime.now(UTC)
    async with place.store(writers=1, readers=2) as store:
        people, accounts = await furnish(store, Vault(store.pool, Vault.master_key(place.settings())))
        company = await write(store, people, accounts, facts=events, a_year=a_year, until=until)
        beside = await write_the_rest(store, people, until=until)
    say(f"KPI log: {company.events} events, {company.opportunities} opportunities, {beside} facts beside them")
    async with asyncpg.create_pool(place.database_url, min_size=1, max_size=6, command_timeout=600) as pool:
        await prepare(pool, VIEWS)
        await catch_up(pool, VIEWS)
        await pool.execute("vacuum analyze")
    say("KPI log: the views of the kpi service are folded")
    return place, company


async def _paths(port: int, token: str, until: datetime) -> dict[str, str]:
    """What is asked of each KPI: twelve months, by person where it can be."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
        answer = await http.get("/v1/kpi/definitions")
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
    last = day_of(until, ZoneInfo(ZONE))
    number = last.year * 12 + last.month - MONTHS
    first = date(number // 12, number % 12 + 1, 1)
    asked = {}
    for item in found:
        group = next((name for name in GROUPS if name in item["dimensions"]), None)
        by = f"&group_by={group}" if group else ""
        asked[item["id"]] = f"/v1/kpi/values?kpi={item['id']}&from={first}&to={last}&period=month{by}"
    return asked
