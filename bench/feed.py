"""Events a second out of the feed: pages, and one stream; beside reading the same rows bare."""

from __future__ import annotations

import time

import asyncpg
import httpx
import orjson

from bench.commands import prospects
from bench.figure import Figure, figure, median
from bench.ground import Ground, Place, Service, say
from shared.identity.tokens import SAMPLE_TENANT

PAGE = 1_000
ROWS = "select * from es.events where tenant_id = $1 and position > $2 order by position limit $3"
EVENT = b"event: event\n"
AIMS = {"feed_pages_per_second": 0.2, "feed_stream_per_second": 0.12}
"""Of the rows a second read bare: every event gets an envelope, in the stream a signed cursor of its own, too."""


async def feed(ground: Ground, *, rounds: int, events: int) -> list[Figure]:
    """A log of `events` read from its beginning by who sees everything: by pages of 1 000, and as one stream."""
    place = await ground.place("feed")
    await prospects(place, events)
    bare: list[float] = []
    pages: list[float] = []
    streamed: list[float] = []
    async with ground.service("opportunities", place) as service:
        for turn in range(rounds):
            bare.append(await _bare(place))
            pages.append(await _pages(service, place))
            streamed.append(await _streamed(service, place, events))
            say(f"feed, round {turn + 1}: bare {bare[-1]:.0f}/s, pages {pages[-1]:.0f}/s, stream {streamed[-1]:.0f}/s")
    sizes = {"events": events, "page": PAGE, "rounds": rounds}
    conditions = {"peer": "asyncpg: the same rows by position, and orjson, without HTTP, rights or envelope"}
    return [
        figure(
            name, median(found), median(bare), median([one / other for one, other in zip(found, bare, strict=True)]),
            at_least=AIMS[name], sizes=sizes, conditions=conditions,
        )
        for name, found in zip(AIMS, (pages, streamed), strict=True)
    ]  # fmt: skip


async def _bare(place: Place) -> float:
    connection = await asyncpg.connect(place.database_url)
    try:
        begun, position, count = time.perf_counter(), 0, 0
        while rows := await connection.fetch(ROWS, SAMPLE_TENANT, position, PAGE):
            orjson.dumps([dict(row) for row in rows], default=str)
            position, count = rows[-1]["position"], count + len(rows)
        return count / (time.perf_counter() - begun)
    finally:
        await connection.close()


async def _pages(service: Service, place: Place) -> float:
    headers = {"authorization": f"Bearer {place.token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", headers=headers, timeout=60) as http:
        begun, after, count = time.perf_counter(), "0", 0
        while True:
            answer = await http.get("/v1/events", params={"after": after, "limit": PAGE})
            answer.raise_for_status()
            page = orjson.loads(answer.content)
            count += len(page["items"])
            if after == page["next"]:
                return count / (time.perf_counter() - begun)
            after = page["next"]


async def _streamed(service: Service, place: Place, events: int) -> float:
    headers = {"authorization": f"Bearer {place.token}"}
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", headers=headers, timeout=60) as http,
        http.stream("GET", "/v1/events/stream", params={"after": "0"}) as answer,
    ):
        answer.raise_for_status()
        begun, count, rest = time.perf_counter(), 0, b""
        async for part in answer.aiter_raw():
            rest += part
            count += rest.count(EVENT)
            rest = rest[-len(EVENT) + 1 :]
            if count >= events:
                return count / (time.perf_counter() - begun)
    raise RuntimeError(f"the stream ended after {count} events")
