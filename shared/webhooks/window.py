"""The events of one flow between its cursor and where it has read to: which may be sent, which wait, what is written.

Order is kept by lane: one event of a lane is under way at a time, a lane whose first event failed or takes long gets a
row, and later events of it wait behind that row. So the cursor passes them, and what is beyond the cursor and delivered
already is named one by one (`ahead`). No I/O, no clock.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from shared.feed.reading import Shown
from shared.webhooks.lanes import Lane
from shared.webhooks.recording import Changes


class State(Enum):
    """What an event is to the cursor: it keeps it, or it is behind it."""

    OPEN = 1
    DONE = 2
    PASSED = 3  # a lane waits with it


@dataclass(slots=True, eq=False)
class Item:
    """One event on its way. `attempts`: failed ones before. `sent_at`: of the loop's clock."""

    shown: Shown
    lane: UUID
    attempts: int = 0
    state: State = State.OPEN
    sent_at: float = 0.0

    @property
    def position(self) -> int:
        return self.shown.position

    @property
    def recorded_at(self) -> datetime:
        at: datetime = self.shown.body["recorded_at"]
        return at


class Window:
    """`lane_of`: the one lane of an endpoint that wants one event after the other; None: each subject has its own."""

    def __init__(
        self, position: int, ahead: Collection[int], lanes: dict[UUID, Lane], *, only_lane: UUID | None = None
    ) -> None:
        self.position = position
        self.upto = position
        self.lanes = lanes
        self.to_load: set[UUID] = set()
        self.changes = Changes()
        self._ahead = set(ahead)
        self._only_lane = only_lane
        self._read: dict[int, Item] = {}
        self._order: deque[Item] = deque()
        self._queues: dict[UUID, deque[Item]] = {}
        self._ready: list[tuple[int, UUID]] = []
        self.sending: dict[UUID, Item] = {}

    # -- what comes in ---------------------------------------------------------------------------------

    def take(self, events: Iterable[Shown], upto: int) -> None:
        """A page of the log."""
        for shown in events:
            item = Item(shown, self._only_lane or shown.lane)
            self._read[item.position] = item
            self._order.append(item)
            if item.position in self._ahead:
                item.state = State.DONE
            elif (held := self.lanes.get(item.lane)) is not None:
                self._pass(item)
                held.more = True
            else:
                self._append(item)
        self.upto = upto
        self._ahead = {position for position in self._ahead if position > upto}
        self._trim()

    def drain(self, lane: UUID, positions: Sequence[int], shown: Iterable[Shown], *, more: bool) -> None:
        """The first events a waiting lane waits with; of `positions` what is not shown any more is not for it."""
        held = self.lanes[lane]
        events = list(shown)
        for position in set(positions) - {event.position for event in events}:
            self.changes.serve(lane, position)
            self._done(position)
        held.more = held.more or more
        for event in events:
            first = event.position == held.position
            self._append(Item(event, lane, held.attempts if first else 0))
        if not events:
            self._next_of(held)

    # -- what goes out ---------------------------------------------------------------------------------

    def next(self, *, least_tried: bool) -> Item | None:
        """The event to be sent now: the earliest; or one that failed least, to see whether the receiver works."""
        if not self._ready:
            return None
        if least_tried:
            chosen = min(self._ready, key=lambda ready: (self._queues[ready[1]][0].attempts, ready[0]))
            self._ready.remove(chosen)
            heapq.heapify(self._ready)
        else:
            chosen = heapq.heappop(self._ready)
        item = self._queues[chosen[1]][0]
        self.sending[item.lane] = item
        return item

    def put_back(self, item: Item) -> None:
        """It was not sent after all, or not by the receiver's fault."""
        del self.sending[item.lane]
        heapq.heappush(self._ready, (item.position, item.lane))

    # -- what became of it -----------------------------------------------------------------------------

    def delivered(self, item: Item) -> None:
        """Its lane goes on."""
        queue = self._leave(item)
        self._done(item.position)
        self.changes.delivered += 1
        held = self.lanes.get(item.lane)
        if held is not None:
            self.changes.serve(item.lane, item.position)
            self._next_of(held)
        elif queue:
            heapq.heappush(self._ready, (queue[0].position, item.lane))
        else:
            del self._queues[item.lane]

    def failed(self, item: Item, lane: Lane) -> None:
        """Its lane waits, or is parked, as the row says; all that follows in it waits behind."""
        queue = self._leave(item)
        del self._queues[item.lane]
        known = self.lanes.get(item.lane)
        if known is None:
            self._pass(item)
            for follower in queue:
                self._pass(follower)
        lane.more = bool(queue) or (known is not None and known.more)
        self.lanes[item.lane] = lane
        self.changes.put(lane)

    def slow(self, item: Item, lane: Lane) -> None:
        """It is under way for long: its lane gets a row, so that the cursor may pass."""
        queue = self._queues[item.lane]
        lane.more = len(queue) > 1
        for waiting in queue:
            self._pass(waiting)
        self._queues[item.lane] = deque((item,))
        self.lanes[item.lane] = lane
        self.changes.put(lane)

    def keeping(self) -> Iterator[Item]:
        """What is under way and keeps the cursor."""
        return (item for item in list(self.sending.values()) if item.lane not in self.lanes)

    def least_tried(self) -> list[UUID]:
        """The waiting lane whose first event failed least, if any waits."""
        waiting = [lane for lane in self.lanes.values() if lane.state == "waiting" and self.idle(lane.lane)]
        return [min(waiting, key=lambda lane: (lane.attempts, lane.position)).lane] if waiting else []

    # -- where it stands -------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether all that was read is delivered or waits in a lane."""
        return not self._read and not self._queues

    @property
    def queued(self) -> int:
        """Events in memory that the cursor has not passed."""
        return len(self._read)

    @property
    def ready(self) -> bool:
        return bool(self._ready)

    def idle(self, lane: UUID) -> bool:
        """Whether a lane waits with nothing of it in memory."""
        return lane in self.lanes and lane not in self._queues

    def ahead(self) -> list[int]:
        """Beyond the cursor, and delivered."""
        return [*(item.position for item in self._order if item.state is State.DONE), *sorted(self._ahead)]

    def taken(self) -> Changes:
        """What is to be written; from now on collected anew."""
        changes, self.changes = self.changes, Changes()
        return changes

    # --------------------------------------------------------------------------------------------------

    def _append(self, item: Item) -> None:
        queue = self._queues.setdefault(item.lane, deque())
        queue.append(item)
        if len(queue) == 1:
            heapq.heappush(self._ready, (item.position, item.lane))

    def _pass(self, item: Item) -> None:
        """A lane waits with it."""
        item.state = State.PASSED
        self.changes.wait(item.lane, item.position)
        self._trim()

    def _leave(self, item: Item) -> deque[Item]:
        del self.sending[item.lane]
        queue = self._queues[item.lane]
        queue.popleft()
        return queue

    def _done(self, position: int) -> None:
        if position > self.upto:  # a lane waited with it before the cursor came there again
            self._ahead.add(position)
        elif (read := self._read.get(position)) is not None:
            read.state = State.DONE
            self._trim()

    def _next_of(self, held: Lane) -> None:
        """A lane that waited goes on with its next event, or is as any other again."""
        queue = self._queues.get(held.lane)
        if queue:
            first = queue[0]
            held.position, held.event_at, held.attempts = first.position, first.recorded_at, first.attempts
            self.changes.put(held)
            heapq.heappush(self._ready, (first.position, held.lane))
            return
        self._queues.pop(held.lane, None)
        if held.more:
            self.to_load.add(held.lane)
        else:
            del self.lanes[held.lane]
            self.changes.free(held.lane)

    def _trim(self) -> None:
        """Move the cursor over what is settled."""
        while self._order and self._order[0].state is not State.OPEN:
            del self._read[self._order.popleft().position]
        self.position = self._order[0].position - 1 if self._order else self.upto
