"""The long concurrency run: many writers over three service processes, a reader at their heels, and then the proof.

Half the time 50 writers share one opportunity, half the time 64 work on many; a worker folds all views meanwhile. What
`tests/event_store/test_concurrency.py` shows of the store in seconds is shown here of the whole, over HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import msgspec

from bench.commands import BODIES, PATH, prospects
from bench.ground import Place, ground, serving
from bench.load import Connection
from services.work import views
from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from shared.identity.tokens import SAMPLE_TENANT
from shared.projections import status, verify_view

PROCESSES = 3
ON_ONE = 50
ON_MANY = 64
STREAMS_EACH = 4
CATCH_UP_SECONDS = 60.0

Say = Callable[[str], None]


class Writer:
    """One client: sends commands one after the other, remembers every answer."""

    def __init__(self, number: int, connection: Connection, token: str) -> None:
        self.number = number
        self.connection = connection
        self.token = token
        self.statuses: Counter[int] = Counter()
        self.positions: list[int] = []
        self.told = 0

    async def qualify(self, id: str, version: int) -> tuple[int, int]:
        """Status, and the version the opportunity then has as far as the answer says."""
        self.told += 1
        body = BODIES[version % 2]
        request = (
            f"POST {PATH.format(id=id)} HTTP/1.1\r\nHost: soak\r\nAuthorization: Bearer {self.token}\r\n"
            f'Idempotency-Key: soak-{id}-{self.number}-{self.told}\r\nIf-Match: "{version}"\r\n'
            f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
        )
        code, _ = await self.connection.ask(request.encode())
        self.statuses[code] += 1
        if code != 200:
            return code, version
        receipt: dict[str, Any] = msgspec.json.decode(self.connection.last.partition(b"\r\n\r\n")[2])
        self.positions.append(receipt["position"])
        return code, receipt["version"]


async def soak(seconds: float, say: Say) -> int:
    """0 when no answer was a 5xx, nothing acknowledged was lost or doubled, the log is whole, the views true."""
    async with ground() as base:
        place = await base.place("soak")
        streams = [id for id, _ in await prospects(place, 1 + ON_MANY * STREAMS_EACH)]
        async with AsyncExitStack() as stack:
            services = [await stack.enter_async_context(base.service("opportunities", place)) for _ in range(PROCESSES)]
            base.start(
                serving("work"), {"DATABASE_URL": place.database_url, "DAKEHU_DATA": str(place.data)}, log="work"
            )
            store = await stack.enter_async_context(place.store(readers=4))
            head = (await store.head(SAMPLE_TENANT)).position
            reading = asyncio.create_task(_tail(store, head, done := asyncio.Event()))
            writers = [await _writer(number, services[number % PROCESSES].port, place) for number in range(ON_MANY)]
            until = time.monotonic() + seconds / 2
            version = {"now": 1}
            await asyncio.gather(*(_on_one(writer, streams[0], version, until) for writer in writers[:ON_ONE]))
            one = len(await store.load(SAMPLE_TENANT, UUID(streams[0]))) - 1
            until = time.monotonic() + seconds / 2
            shares = [streams[1 + n * STREAMS_EACH : 1 + (n + 1) * STREAMS_EACH] for n in range(ON_MANY)]
            await asyncio.gather(*(_on_many(w, share, until) for w, share in zip(writers, shares, strict=True)))
            done.set()
            seen = await reading
            return await _judge(store, writers, head, seen, one, say)


async def _writer(number: int, port: int, place: Place) -> Writer:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return Writer(number, connection, place.token)


async def _on_one(writer: Writer, id: str, version: dict[str, int], until: float) -> None:
    """All aim at the version last seen by any of them; all but one are told 412 and try again."""
    while time.monotonic() < until:
        code, after = await writer.qualify(id, version["now"])
        version["now"] = max(version["now"], after)
        if code == 412:
            await asyncio.sleep(0.005)


async def _on_many(writer: Writer, share: list[str], until: float) -> None:
    versions = dict.fromkeys(share, 1)
    while time.monotonic() < until:
        for id in share:
            _, versions[id] = await writer.qualify(id, versions[id])


async def _tail(store: EventStore, head: int, done: asyncio.Event) -> int:
    """Read as they write; the last position. `read` raises at a hole."""
    position, last = head, None
    while True:
        finished = done.is_set()
        page = await store.read(SAMPLE_TENANT, position, 500)
        for fact in page:
            assert last is None or fact.recorded_at >= last, "recorded_at went back"
            position, last = fact.position, fact.recorded_at
        if finished and not page:
            return position
        await asyncio.sleep(0.002)


async def _judge(store: EventStore, writers: list[Writer], head: int, seen: int, one: int, say: Say) -> int:
    statuses: Counter[int] = sum((writer.statuses for writer in writers), Counter())
    positions = sorted(position for writer in writers for position in writer.positions)
    wrong = []
    if bad := {code: count for code, count in statuses.items() if code not in (200, 412)}:
        wrong.append(f"answers that should not be: {bad}")
    if positions != list(range(head + 1, head + 1 + len(positions))):
        wrong.append("acknowledged positions are not each position once")
    if seen != (await store.head(SAMPLE_TENANT)).position or seen != head + len(positions):
        wrong.append(f"the reader saw {seen - head} facts, {len(positions)} were acknowledged")
    report = await verify(store, SAMPLE_TENANT)
    wrong += [f"{fault.kind} at {fault.position}: {fault.detail}" for fault in report.faults]
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while any(stand.lag_events for stand in await status(store.pool, views())):
        if time.monotonic() > deadline:
            wrong.append("the views do not catch up")
            break
        await asyncio.sleep(0.2)
    for view in views():
        if differences := await verify_view(store.pool, view):
            wrong.append(f"{view.table} differs from its fold in {len(differences)} rows")
    if deadlocks := await store.pool.fetchval(
        "select deadlocks from pg_stat_database where datname = current_database()"
    ):
        wrong.append(f"{deadlocks} deadlocks")
    say(
        f"{statuses[200]} commands acknowledged, {one} of them on one opportunity by {ON_ONE} writers; "
        f"{statuses[412]} told that they were late; {report.events} events verified."
    )
    for text in wrong:
        say(f"WRONG: {text}")
    say("All is well." if not wrong else f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0
