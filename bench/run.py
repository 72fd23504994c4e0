"""`dakehu bench`: which figures, how long, and the one JSON document. Measures nothing itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec

from bench.appends import into_the_store
from bench.commands import over_http
from bench.feed import feed
from bench.figure import Figure
from bench.ground import Ground, Place, conditions, ground, say
from bench.history import Company, furnish, write
from bench.identity import authorisation
from bench.kpi import kpi_figures
from bench.processes import starts
from bench.reads import reads, rows_by_sight
from bench.rebuild import rebuilds
from bench.visible import append_to_visible
from bench.webhooks import deliveries
from services.work import views
from shared.privacy.vault import Vault
from shared.projections import catch_up, prepare
from shared.telemetry import configure_logs

A_YEAR = 10_000
"""Prospects the made-up company captures."""


@dataclass(frozen=True)
class Scale:
    """How long and how large."""

    rounds: int
    seconds: float
    streams: int
    events: int
    short_events: int
    rebuilds: int
    peer_events: int
    starts: int
    deliveries: int


FULL = Scale(rounds=5, seconds=5.0, streams=2_000, events=1_000_000, short_events=100_000, rebuilds=2,
             peer_events=3_000, starts=3, deliveries=20_000)  # fmt: skip
QUICK = Scale(rounds=3, seconds=2.0, streams=1_000, events=100_000, short_events=30_000, rebuilds=1,
              peer_events=1_000, starts=1, deliveries=5_000)  # fmt: skip


async def companies(
    base: Ground, scale: Scale, *, folded: bool, lengths: Sequence[str] = ("short", "long")
) -> dict[str, tuple[Place, Company]]:
    """Logs of one company, short and long; their views are built only when `folded`."""
    found = {}
    for name in lengths:
        events = scale.events if name == "long" else scale.short_events
        place = await base.place(name, with_views=False)
        async with place.store(writers=1, readers=2) as store:
            people, accounts = await furnish(store, Vault(store.pool, Vault.master_key(place.settings())))
            company = await write(store, people, accounts, facts=events, a_year=A_YEAR, until=datetime.now(UTC))
        say(f"{name} log: {company.events} events, {company.opportunities} opportunities, {company.years} years")
        found[name] = (place, company)
        if folded:
            await fold_all(place)
            say(f"{name} log: all views folded")
    return found


async def fold_all(place: Place) -> None:
    async with asyncpg.create_pool(place.database_url, min_size=1, max_size=6, command_timeout=600) as pool:
        await prepare(pool, views())
        await catch_up(pool, views())
        await pool.execute("vacuum analyze")


async def _rebuilds_and_reads(base: Ground, scale: Scale, wanted: Sequence[str]) -> list[Figure]:
    logs = await companies(base, scale, folded=False, lengths=("short", "long") if "reads" in wanted else ("long",))
    figures: list[Figure] = []
    if "rebuild" in wanted:
        place, company = logs["long"]
        figures += await rebuilds(base, place, company, rounds=scale.rebuilds, peer_events=scale.peer_events)
    if "reads" in wanted:
        for place, _ in logs.values():
            await fold_all(place)
        figures += await reads(base, logs, rounds=min(scale.rounds, 3), seconds=scale.seconds / 2)
        place, company = logs["long"]
        figures += await rows_by_sight(base, place, company, rounds=min(scale.rounds, 3), seconds=scale.seconds / 2)
    if "authorisation" in wanted:
        place, company = logs["long"]
        if "reads" not in wanted:
            await fold_all(place)
        figures += await authorisation(base, place, company, rounds=5, seconds=scale.seconds / 2)
    return figures


Measure = Callable[[Ground, Scale, Sequence[str]], Awaitable[list[Figure]]]
FIGURES: dict[str, Measure] = {
    "commands": lambda base, scale, _: over_http(
        base, rounds=scale.rounds, seconds=scale.seconds, streams=scale.streams
    ),
    "appends": lambda base, scale, _: into_the_store(base, rounds=scale.rounds, seconds=scale.seconds),
    "rebuild": _rebuilds_and_reads,
    "visible": lambda base, scale, _: append_to_visible(base, rounds=scale.rounds, seconds=scale.seconds),
    "reads": _rebuilds_and_reads,
    "authorisation": _rebuilds_and_reads,
    "kpi": lambda base, scale, _: kpi_figures(
        base, events=scale.events, a_year=A_YEAR, rounds=min(scale.rounds, 3), seconds=scale.seconds * 12
    ),
    "webhooks": lambda base, scale, _: deliveries(
        base, rounds=min(scale.rounds, 3), seconds=scale.seconds, events=scale.deliveries
    ),
    "feed": lambda base, scale, _: feed(base, rounds=min(scale.rounds, 3), events=scale.deliveries),
    "processes": lambda base, scale, _: starts(base, rounds=scale.starts),
}
"""By name, in the order measured; rebuild, reads and authorisation share the long log."""


async def bench(wanted: Sequence[str], scale: Scale) -> None:
    """Measure these figures (all when none is named) and print them as JSON; `missed` are short of their aim."""
    configure_logs()  # to standard error: the document stands alone on standard output
    wanted = wanted or tuple(FIGURES)
    began = time.monotonic()
    figures: list[Figure] = []
    async with ground() as base:
        known = await conditions(base.server_url)
        measured: set[Measure] = set()
        for name, measure in FIGURES.items():
            if name in wanted and measure not in measured:
                measured.add(measure)
                say(f"{name} …")
                figures += await measure(base, scale, wanted)
    document = {
        "conditions": {**known, "seconds": round(time.monotonic() - began)},
        "figures": figures,
        "missed": [figure.figure for figure in figures if not figure.met],
    }
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
