"""Rebuilding a view over a long log: against its own SELECT alone, and against the library's projection runner."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import asyncpg

from bench import peer
from bench.figure import Figure, figure, median
from bench.ground import Ground, Place, say
from bench.history import Company
from services.opportunities.opportunity.commands.prospects import QualifyProspect
from services.opportunities.views.defeats import DEFEATS
from services.opportunities.views.standings import STANDINGS
from shared.event_store.connections import WORK
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_TENANT
from shared.projections import View, catch_up, drop, prepare
from shared.projections.fold import CHUNK_END, FIRST_STREAM, LAST_STREAM, plan_for_many

VIEWS = (STANDINGS, DEFEATS)
SELECT_EVENTS = 100_000
"""Events folded by one SELECT: about what a rebuild folds at a time."""
HEAD = "select max(position) from es.events where tenant_id = $1"


async def rebuilds(ground: Ground, place: Place, company: Company, *, rounds: int, peer_events: int) -> list[Figure]:
    """Each view built anew, with its indexes, and its rows only computed; by turns. Then the library's runner."""
    library = await asyncio.to_thread(_library, await ground.database("peer_rebuild"), peer_events)
    say(f"rebuild: the library's runner {library:.0f} events/s")
    found = []
    async with asyncpg.create_pool(
        place.database_url, min_size=2, max_size=6, command_timeout=600, server_settings={"role": WORK}
    ) as pool:
        for view in VIEWS:
            built: list[float] = []
            selected: list[float] = []
            rows = 0
            for turn in range(rounds):
                seconds, rows = await selected_only(pool, view)
                selected.append(seconds)
                whole = await rebuilt(place, pool, view)
                built.append(whole)
                say(f"rebuild of {view.name}, round {turn + 1}: {whole:.1f} s, its SELECT alone {seconds:.1f} s")
            rate = company.events / median(built)
            ratio = median([a / b for a, b in zip(selected, built, strict=True)])
            sizes = {"events": company.events, "opportunities": company.opportunities, "rows": rows, "rounds": rounds}
            told = {
                "rebuild_seconds": round(median(built), 2),
                "select_seconds": round(median(selected), 2),
            }
            name = f"rebuild.{view.name}"
            found += [
                figure(
                    f"{name}.events_per_second", rate, company.events / median(selected), ratio, at_least=0.5,
                    sizes=sizes, conditions={"peer": "the fold's own SELECT, rows computed and dropped", **told},
                ),
                figure(
                    f"{name}.vs_peer", rate, library, rate / library, at_least=100.0,
                    sizes={"events": company.events, "peer_events": peer_events},
                    conditions={"peer": "eventsourcing ProjectionRunner, one event a transaction"},
                ),
            ]  # fmt: skip
    return found


async def rebuilt(place: Place, pool: asyncpg.Pool, view: View) -> float:
    """Seconds until the view is filled, indexed, analysed and live."""
    await drop(pool, view.name, view.version)
    async with place.connection() as owner:
        await owner.execute("checkpoint")
    began = time.perf_counter()
    await prepare(pool, [view])
    await catch_up(pool, [view])
    return time.perf_counter() - began


async def selected_only(pool: asyncpg.Pool, view: View) -> tuple[float, int]:
    """Seconds to compute every row and keep none; how many there were."""
    rows = 0
    async with pool.acquire() as connection:
        head = await connection.fetchval(HEAD, SAMPLE_TENANT)
        began = time.perf_counter()
        first = FIRST_STREAM
        while True:
            last = await connection.fetchval(CHUNK_END, SAMPLE_TENANT, first, SELECT_EVENTS) or LAST_STREAM
            async with connection.transaction():
                await plan_for_many(connection)
                statement = f"select count(r) from ({view.select_range()}) as r"  # noqa: S608 - the view's own text
                rows += await connection.fetchval(statement, SAMPLE_TENANT, first, last, head)
            if last == LAST_STREAM:
                return time.perf_counter() - began, rows
            first = UUID(int=last.int + 1)


def _library(database_url: str, events: int) -> float:
    """Events a second of the library's runner; half of the events are captures, half judgements."""
    streams = peer.seed(database_url, events // 2, SAMPLE_PERSON)
    sales = peer.Sales(peer.environment(database_url))
    command = QualifyProspect(level="A")
    for id, version in streams:
        sales.qualify(UUID(id), command, version)
    sales.close()
    folded, seconds = peer.project(database_url)
    return folded / seconds
