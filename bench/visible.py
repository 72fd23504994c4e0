"""From the append to the row in the view: a real service, a real worker, half the load they bear."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left

import asyncpg

from bench.commands import Target, prospects
from bench.figure import Figure, bounded, median
from bench.ground import Ground, Place, say, serving
from bench.load import percentile
from shared.identity.tokens import SAMPLE_TENANT

LOOK_SECONDS = 0.001
STREAMS = 2_000
SHOWN = """
select (select position from es.checkpoints where tenant_id = $1 and view = 'opportunities.standings') as standings,
       (select min(position) from es.checkpoints where tenant_id = $1) as every_view
"""
RECORDED = "select position, extract(epoch from recorded_at)::float8 as at from es.events where position > $1"
HEAD = "select max(position) from es.events where tenant_id = $1"


async def append_to_visible(ground: Ground, *, rounds: int, seconds: float, rate: float | None = None) -> list[Figure]:
    """Commands at half the rate one service was just seen to bear, beside a worker that folds all views.

    Timed from the event's `recorded_at`, taken before its commit, to the first look at which a reader would see it.
    """
    place = await ground.place("visible")
    streams = await prospects(place, STREAMS)
    async with ground.service("opportunities", place) as service:
        worker = ground.start(
            serving("work"),
            {"DATABASE_URL": place.database_url, "DAKEHU_DATA": str(place.data), "DAKEHU_LOG_LEVEL": "warning"},
            log="work",
        )
        target = Target(service.port, service.process.pid, place.token, streams)
        await _caught_up(place)
        full = rate or 2 * (await target.run(min(3.0, seconds))).per_second
        await _caught_up(place)
        standings: list[list[float]] = []
        every: list[list[float]] = []
        sent: list[float] = []
        for turn in range(rounds):
            one, all_views, run_rate = await _round(place, target, seconds, full / 2)
            standings.append(one)
            every.append(all_views)
            sent.append(run_rate)
            p50, p99 = percentile(one, 0.5), percentile(one, 0.99)
            say(f"visible, round {turn + 1}: {run_rate:.0f}/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms")
        assert worker.poll() is None, "the worker ended"
    value = {
        "p50_ms": median([percentile(run, 0.5) for run in standings]),
        "p99_ms": median([percentile(run, 0.99) for run in standings]),
        "every_view_p50_ms": median([percentile(run, 0.5) for run in every]),
        "every_view_p99_ms": median([percentile(run, 0.99) for run in every]),
    }
    sizes = {"commands_per_second": round(median(sent)), "streams": STREAMS, "rounds": rounds, "seconds_a_run": seconds}
    conditions = {
        "view": "opportunities.standings; every_view: all views of all services",
        "processes": "one service, one worker, the generator and PostgreSQL on the same CPUs",
    }
    return [bounded("append_to_visible", value, {"p99_ms": 50.0}, sizes=sizes, conditions=conditions)]


async def _round(place: Place, target: Target, seconds: float, rate: float) -> tuple[list[float], list[float], float]:
    """Milliseconds of each event: until in standings, until in every view; and the rate that was sent."""
    connection = await asyncpg.connect(place.database_url)
    try:
        before = await connection.fetchval(HEAD, SAMPLE_TENANT)
        shown: list[tuple[int, int, float]] = []
        stop = asyncio.Event()
        looking = asyncio.create_task(_look(connection, shown, stop))
        run = await target.run(seconds, rate=rate)
        target.runs.clear()
        async with place.connection() as other:  # all answered: this is what must be seen
            head = await other.fetchval(HEAD, SAMPLE_TENANT)
        deadline = time.monotonic() + 30
        while not shown or min(shown[-1][:2]) < head:
            if time.monotonic() > deadline:
                raise RuntimeError("the views do not catch up")
            await asyncio.sleep(0.1)
        stop.set()
        await looking
        recorded = await connection.fetch(RECORDED, before)
    finally:
        await connection.close()
    times = [at for _, _, at in shown]
    found = []
    for view in (0, 1):
        positions = [look[view] for look in shown]
        found.append([(times[bisect_left(positions, row["position"])] - row["at"]) * 1_000 for row in recorded])
    return found[0], found[1], run.per_second


async def _look(connection: asyncpg.Connection, shown: list[tuple[int, int, float]], stop: asyncio.Event) -> None:
    """Note how far the views are, as often as can be without being the load."""
    statement = await connection.prepare(SHOWN)
    last = (-1, -1)
    while not stop.is_set():
        row = await statement.fetchrow(SAMPLE_TENANT)
        assert row is not None
        now = (row["standings"] or 0, row["every_view"] or 0)
        if now != last:
            shown.append((*now, time.time()))
            last = now
        await asyncio.sleep(LOOK_SECONDS)


async def _caught_up(place: Place) -> None:
    async with place.connection() as connection:
        deadline = time.monotonic() + 60
        while True:
            row = await connection.fetchrow(SHOWN, SAMPLE_TENANT)
            head = await connection.fetchval(HEAD, SAMPLE_TENANT)
            if row is not None and row["every_view"] is not None and row["every_view"] >= head:
                return
            if time.monotonic() > deadline:
                raise RuntimeError("the worker does not catch up")
            await asyncio.sleep(0.1)
