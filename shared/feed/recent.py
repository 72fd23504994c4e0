"""What was recorded of late, rendered once for all who ask the same with the same sight. Keeps no reader and no queue.

Every reader comes with its own place. One that keeps up is answered from memory; one that lags behind reads the log
for itself until it has caught up; so a reader that stands still costs nothing.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.feed.reading import Page, Question, Shown

RING_BYTES = 256 * 1024
"""What is kept for one question."""
ALL_BYTES = 32 * 1024 * 1024
"""What is kept for all: beyond it the questions go that were not asked for longest."""
PAGE_EVENTS = 200
PORTION_BYTES = 16 * 1024
"""About so much is given to a reader at a time, but at least one event."""
BEHIND_EVENTS = 50
BEHIND_BYTES = 64 * 1024
"""The same, for one that reads for itself."""
MOST_RINGS = 4_000
READS_AT_ONCE = 3

Render = Callable[[UUID, int, Shown], bytes]
"""An event as it is sent, of this tenant and epoch."""


class Reads(Protocol):
    """Reads a page of the feed, as `shared.feed.reading.read` does."""

    def __call__(
        self, tenant_id: UUID, epoch: int, question: Question, *, after: int, upto: int, limit: int
    ) -> Awaitable[Page]: ...


@dataclass(frozen=True, slots=True)
class Portion:
    """Some events, rendered, the position of the last, and up to where this is all that the reader sees."""

    body: bytes
    events: int
    last: int
    upto: int


class Ring:
    """The newest events of one question: all it shows in `(low, high]`."""

    def __init__(self, at: int) -> None:
        self.reading = asyncio.Lock()
        self.begin(at)

    def begin(self, at: int) -> None:
        """Hold nothing, and go on from here."""
        self.low = self.high = at
        self.positions: list[int] = []
        self.bodies: list[bytes] = []
        self.size = 0
        self._given: tuple[int, Portion] | None = None

    def add(self, positions: Sequence[int], bodies: Sequence[bytes], upto: int) -> None:
        """What comes next; the oldest go."""
        self._given = None
        self.positions += positions
        self.bodies += bodies
        self.size += sum(map(len, bodies))
        self.high = upto
        gone = 0
        while self.size > RING_BYTES:
            self.size -= len(self.bodies[gone])
            self.low = self.positions[gone]
            gone += 1
        del self.positions[:gone], self.bodies[:gone]

    def portion(self, after: int) -> Portion:
        """From a place in the ring. Who keeps up asks from the same place as others did just now."""
        if self._given is None or self._given[0] != after:
            begin = bisect_right(self.positions, after)
            self._given = after, _portion(self.positions[begin:], self.bodies[begin:], self.high)
        return self._given[1]


class Recent:
    """Of one process. `read` asks the log; `render` makes of an event what is sent."""

    def __init__(self, read: Reads, render: Render) -> None:
        self._read = read
        self._render = render
        self._rings: OrderedDict[tuple[UUID, int, Question], Ring] = OrderedDict()
        self._limit = asyncio.Semaphore(READS_AT_ONCE)
        self.size = 0
        """Bytes of events kept."""

    async def after(self, tenant_id: UUID, epoch: int, question: Question, position: int, head: int) -> Portion:
        """What this question shows next after a position, up to the head at most. Raises what the database raises."""
        key = (tenant_id, epoch, question)
        ring = self._rings.get(key)
        if ring is None:
            ring = self._rings[key] = Ring(position)
            self._make_room()
        self._rings.move_to_end(key)
        if ring.low <= position < ring.high:
            return ring.portion(position)
        if position < ring.low:
            page = await self._page(key, position, head, BEHIND_EVENTS)
            return _portion(*self._rendered(key, page), page.upto, most=BEHIND_BYTES)
        async with ring.reading:
            if position >= ring.high:  # who is in front leads; who is behind reads for itself
                page = await self._page(key, position, head, PAGE_EVENTS)
                held = ring.size
                if position > ring.high:
                    ring.begin(position)
                ring.add(*self._rendered(key, page), page.upto)
                if self._rings.get(key) is ring:
                    self.size += ring.size - held
                    self._make_room()
        if ring.low <= position < ring.high:
            return ring.portion(position)
        return Portion(b"", 0, position, position)  # greater than the ring: the next asking reads it

    async def _page(self, key: tuple[UUID, int, Question], after: int, head: int, limit: int) -> Page:
        tenant_id, epoch, question = key
        async with self._limit:
            return await self._read(tenant_id, epoch, question, after=after, upto=head, limit=limit)

    def _rendered(self, key: tuple[UUID, int, Question], page: Page) -> tuple[list[int], list[bytes]]:
        tenant_id, epoch, _ = key
        return (
            [shown.position for shown in page.events],
            [self._render(tenant_id, epoch, shown) for shown in page.events],
        )

    def _make_room(self) -> None:
        """Let go what was not asked for longest; never the last, which was asked for just now."""
        while len(self._rings) > MOST_RINGS or (len(self._rings) > 1 and self.size > ALL_BYTES):
            _, ring = self._rings.popitem(last=False)
            self.size -= ring.size


def _portion(positions: Sequence[int], bodies: Sequence[bytes], upto: int, *, most: int = PORTION_BYTES) -> Portion:
    """As many as are sent at a time."""
    size = count = 0
    while count < len(bodies) and (not count or size + len(bodies[count]) <= most):
        size += len(bodies[count])
        count += 1
    last = positions[count - 1] if count else upto
    return Portion(b"".join(bodies[:count]), count, last, upto if count == len(bodies) else last)
