"""The tables people read, over HTTP, one client, at two lengths of the log; beside the plain SQL of the figure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid5
from zoneinfo import ZoneInfo

import asyncpg

from bench.figure import Figure, bounded, median
from bench.ground import Ground, Place, say
from bench.history import Company, branch_of
from bench.load import Job, Run, generate, percentile
from services.bootstrap import ZONE
from services.opportunities.views import VIEWS
from shared.days import end_of, start_of
from shared.identity.principal import BRANCH_MANAGER, REPRESENTATIVE
from shared.identity.tokens import SAMPLE_TENANT, development_key, mint_token

PAST_DAYS = 20
TABLES = {view.name.partition(".")[2]: view.table for view in VIEWS}
STOCK = """
select s.currency, s.stock, s.level, count(*), sum(s.open_units), sum(s.open_amount)
  from {standings} s
 where s.tenant_id = $1 and s.stock is not null and tstzrange(s.from_at, s.to_at) @> $2::timestamptz
 group by 1, 2, 3
"""
HOT = """
select s.*, a.name, c.last_visit_on
  from {standings} s
  left join {accounts} a on a.tenant_id = $1 and a.stream_id = s.account_id and a.to_at is null
  left join lateral (
       select max(c.visited_on) as last_visit_on from {contacts} c
        where c.tenant_id = $1 and c.opportunity_id = s.stream_id and c.to_at is null) c on true
 where s.tenant_id = $1 and s.stock = 'open' and tstzrange(s.from_at, s.to_at) @> $2::timestamptz
   and (s.level = 'H' or s.level is not null and s.expected_on - $3::date between 0 and 7)
"""
LOST = """
select d.reason, d.currency, count(*), sum(d.units), sum(d.amount) from {defeats} d
 where d.tenant_id = $1 and d.lost_at between $2 and $3 group by 1, 2 order by 3 desc
"""


SEEN_BY = {"representative": REPRESENTATIVE, "branch": BRANCH_MANAGER}
"""Who asks for rows beside head office: one who sees a sixtieth of them, one who sees a twelfth."""


def rows(today: date, years: float) -> dict[str, list[str]]:
    """Paths of the tables of rows, by report."""
    past = _past(today, years)
    tables = {"visits": "visits?limit=50", "opportunities": "opportunities?limit=50", "hot_table": "hot-customers?"}
    now = {report: [f"/v1/{path}"] for report, path in tables.items()}
    then = {f"{report}_as_of": [f"/v1/{path}&as_of={day}" for day in past] for report, path in tables.items()}
    return now | then


def _past(today: date, years: float) -> list[date]:
    chance = Random(5)  # noqa: S311 - made-up figures
    return [today - timedelta(days=chance.randrange(1, max(2, int(min(years, 3) * 330)))) for _ in range(PAST_DAYS)]


def questions(today: date, years: float) -> dict[str, list[str]]:
    """Paths by report; those of past days ask about days of the last years, as far back as the log goes."""
    past = _past(today, years)
    year = "group_by=reason&from={}&to={}"
    back = timedelta(days=365)
    return {
        "board": ["/v1/pipeline"],
        "board_as_of": [f"/v1/pipeline?as_of={day}" for day in past],
        "hot_table": ["/v1/hot-customers"],
        "hot_table_as_of": [f"/v1/hot-customers?as_of={day}" for day in past],
        "defeat_analysis": [f"/v1/defeats/analysis?{year.format(today - back, today)}"],
        "defeat_analysis_as_of": [f"/v1/defeats/analysis?as_of={d}&{year.format(d - back, d)}" for d in past],
    }


async def reads(
    ground: Ground, places: Mapping[str, tuple[Place, Company]], *, rounds: int, seconds: float
) -> list[Figure]:
    """p99 of each report, over HTTP and as plain SQL, at each length; the longest decides."""
    asked = {name: questions(company.until.date(), company.years) for name, (_, company) in places.items()}
    over_http: dict[str, dict[str, list[list[float]]]] = {name: {} for name in places}
    plain: dict[str, dict[str, list[list[float]]]] = {name: {} for name in places}
    generators: list[float] = []
    bytes_of: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        ports = {}
        for name, (place, _) in places.items():
            ports[name] = (await stack.enter_async_context(ground.service("opportunities", place))).port
        for turn in range(-1, rounds):  # the first warms the caches
            for report in next(iter(asked.values())):
                for name, (place, _) in places.items():
                    job = Job(
                        port=ports[name], token=place.token, connections=1,
                        seconds=seconds if turn >= 0 else min(1.0, seconds), reads=asked[name][report],
                    )  # fmt: skip
                    run = await generate(job)
                    if run.refused:
                        raise RuntimeError(f"a read was refused: {run.refused}")
                    if turn < 0:
                        continue
                    over_http[name].setdefault(report, []).append([t for path in run.latencies for t in path])
                    generators.append(run.cpu_share)
                    bytes_of[report] = max(run.body_bytes)
                    plain[name].setdefault(report, []).append(await _plain(place, report, asked[name][report], seconds))
            if turn >= 0:
                say(f"reads, round {turn + 1} of {rounds}")
    longest = max(places, key=lambda name: places[name][1].events)
    shortest = min(places, key=lambda name: places[name][1].events)

    def p99(runs: list[list[float]]) -> float:
        return median([percentile(run, 0.99) for run in runs])

    def p50(runs: list[list[float]]) -> float:
        return median([percentile(run, 0.5) for run in runs])

    sizes: dict[str, Any] = {
        name: {"events": company.events, "opportunities": company.opportunities, "years": company.years}
        for name, (_, company) in places.items()
    }
    found = []
    for report, runs in over_http[longest].items():
        value = {"p50_ms": p50(runs), "p99_ms": p99(runs)}
        if shortest != longest:
            value["p99_ms_short_log"] = p99(over_http[shortest][report])
            value["growth"] = p50(runs) / p50(over_http[shortest][report])
        sql = plain[longest][report]
        found.append(
            bounded(
                f"read.{report}", value, {"p99_ms": 100.0},
                peer={"p50_ms": p50(sql), "p99_ms": p99(sql)},
                ratio=median([percentile(b, 0.5) / percentile(a, 0.5) for a, b in zip(runs, sql, strict=True)]),
                sizes={**sizes, "answer_bytes": bytes_of[report], "requests": sum(map(len, runs))},
                conditions={
                    "client": "one connection, head office: sees everything",
                    "peer": "the plain SQL of the figure over one asyncpg connection; ratio of medians",
                    "growth": "median of the long log over that of the short one, as many deals a year in both",
                    "generator_cpu_share": median(generators),
                },
            )
        )  # fmt: skip
    return found


async def rows_by_sight(ground: Ground, place: Place, company: Company, *, rounds: int, seconds: float) -> list[Figure]:
    """p99 of the tables of rows for who sees little, over HTTP: sight in SQL, behind row-level security."""
    asked = rows(company.until.date(), company.years)
    tokens = {name: _token(place, function) for name, function in SEEN_BY.items()}
    runs: dict[str, list[Run]] = {}
    async with ground.service("opportunities", place) as service:
        for turn in range(-1, rounds):  # the first warms the caches
            for report, paths in asked.items():
                for name, token in tokens.items():
                    job = Job(
                        port=service.port, token=token, connections=1,
                        seconds=seconds if turn >= 0 else min(1.0, seconds), reads=paths,
                    )  # fmt: skip
                    run = await generate(job)
                    if run.refused:
                        raise RuntimeError(f"a read was refused: {run.refused}")
                    if turn >= 0:
                        runs.setdefault(f"rows.{report}.{name}", []).append(run)
            if turn >= 0:
                say(f"rows by sight, round {turn + 1} of {rounds}")
    return [_of_rows(name, found, company) for name, found in runs.items()]


def _of_rows(name: str, runs: list[Run], company: Company) -> Figure:
    took = [[t for path in run.latencies for t in path] for run in runs]
    return bounded(
        name,
        {part: median([percentile(run, at) for run in took]) for part, at in (("p50_ms", 0.5), ("p99_ms", 0.99))},
        {"p99_ms": 100.0},
        sizes={"events": company.events, "opportunities": company.opportunities, "visits": company.visits,
               "answer_bytes": max(max(run.body_bytes) for run in runs), "requests": sum(map(len, took))},
        conditions={
            "client": "one connection; today's sight as a predicate in SQL, dakehu_app behind row-level security",
            "generator_cpu_share": median([run.cpu_share for run in runs]),
        },
    )  # fmt: skip


def _token(place: Place, function: str) -> str:
    """Of the first of the people, where they work."""
    person = uuid5(SAMPLE_TENANT, "bench:person:0")
    return mint_token(development_key(place.data), SAMPLE_TENANT, person, (function,), branch_of(0))


async def _plain(place: Place, report: str, paths: list[str], seconds: float) -> list[float]:
    """The same figure, asked straight of the view: no rights, no names, no policy."""
    found = []
    async with place.connection() as connection:
        await connection.execute("set jit = off")
        until = time.perf_counter() + seconds / 2
        while time.perf_counter() < until:
            for path in paths:
                began = time.perf_counter()
                await _ask(connection, report, path)
                found.append((time.perf_counter() - began) * 1_000)
    return found


async def _ask(connection: asyncpg.Connection[Any], report: str, path: str) -> None:
    zone = ZoneInfo(ZONE)
    said = dict(part.split("=") for part in path.partition("?")[2].split("&") if part)
    day = date.fromisoformat(said["as_of"]) if "as_of" in said else datetime.now(UTC).astimezone(zone).date()
    at = end_of(day, zone) if "as_of" in said else datetime.now(UTC)
    match report.removesuffix("_as_of"):
        case "board":
            await connection.fetch(STOCK.format_map(TABLES), SAMPLE_TENANT, at)
        case "hot_table":
            await connection.fetch(HOT.format_map(TABLES), SAMPLE_TENANT, at, day)
        case _:
            since, until = date.fromisoformat(said["from"]), date.fromisoformat(said["to"])
            await connection.fetch(LOST.format_map(TABLES), SAMPLE_TENANT, start_of(since, zone), end_of(until, zone))
