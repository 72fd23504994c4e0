"""Whatever fails, takes long or dies in between: every event is delivered, in the order of its subject, and twice only
what was under way when somebody died. By chance, against tables in memory."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.feed.reading import Shown
from shared.webhooks.lanes import EVENTS_AT_ONCE, Lane
from shared.webhooks.window import Item, Window

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
EVENTS = 120
SUBJECTS = 9
MOST = 6


@dataclass
class Tables:
    """What would be in the database."""

    log: list[Shown]
    position: int = 0
    ahead: list[int] = field(default_factory=list)
    lanes: dict[UUID, Lane] = field(default_factory=dict)
    waiting: set[tuple[UUID, int]] = field(default_factory=set)

    def write(self, window: Window) -> None:
        changes = window.taken()
        self.position, self.ahead = window.position, window.ahead()
        for lane in changes.freed:
            self.lanes.pop(lane, None)
        self.lanes |= {lane: replace(row) for lane, row in changes.lanes.items()}
        self.waiting = (self.waiting | changes.waits) - changes.served

    def load(self, window: Window, lane: UUID) -> None:
        window.lanes[lane].more = False
        self.write(window)
        row = replace(self.lanes[lane], more=window.lanes[lane].more)
        window.lanes[lane] = row
        places = sorted(position for other, position in self.waiting if other == lane)[:EVENTS_AT_ONCE]
        shown = [self.log[position - 1] for position in places]
        window.drain(lane, places, shown, more=len(places) == EVENTS_AT_ONCE)


@dataclass
class Sent:
    """One request; what was under way at a death did arrive."""

    item: Item
    arrived: bool = True


def shown(position: int, subject: UUID) -> Shown:
    return Shown(position, "ThingHappened", subject, subject, {"recorded_at": NOW})


def lane(item: Item, attempts: int) -> Lane:
    return Lane(item.lane, item.position, NOW, "waiting", attempts, NOW, NOW)


def run(seed: int, *, only_lane: UUID | None, deaths: int) -> tuple[list[Shown], list[int], set[int]]:
    """The log, the positions as they arrived, and those that may arrive twice."""
    chance = random.Random(seed)
    log = [shown(n, UUID(int=chance.randrange(SUBJECTS))) for n in range(1, EVENTS + 1)]
    tables, sent, risked = Tables(log), list[Sent](), set[int]()
    for life in range(deaths + 1):
        window = Window(
            tables.position,
            tables.ahead,
            {key: replace(row, more=True) for key, row in tables.lanes.items()},
            only_lane=only_lane,
        )
        unwritten: list[int] = []
        steps = chance.randrange(20, 150) if life < deaths else 100_000
        for _ in range(steps):
            match chance.randrange(9):
                case 0 | 1 if window.upto < EVENTS and not (only_lane and window.lanes):
                    upto = min(EVENTS, window.upto + chance.randrange(1, 30))
                    window.take(log[window.upto : upto], upto)
                case 2 | 3 if len(window.sending) + len(unwritten) < MOST:
                    if (item := window.next(least_tried=chance.random() < 0.2)) is not None:
                        sent.append(Sent(item))
                case 4 | 5 if window.sending:
                    item = chance.choice(list(window.sending.values()))
                    if chance.random() < 0.75:
                        window.delivered(item)
                    else:
                        next(each for each in reversed(sent) if each.item is item).arrived = False
                        if chance.random() < 0.2:
                            window.put_back(item)
                        else:
                            window.failed(item, lane(item, item.attempts + 1))
                    unwritten.append(item.position)
                case 6:
                    for item in window.keeping():
                        if chance.random() < 0.3:
                            window.slow(item, lane(item, item.attempts))
                case 7:
                    tables.write(window)
                    unwritten.clear()
                case 8:
                    due = [key for key in {*window.to_load, *window.lanes} if window.idle(key)]
                    window.to_load.clear()
                    if due:
                        tables.load(window, chance.choice(due))
                        unwritten.clear()
            if window.upto == EVENTS and window.empty and not window.lanes:
                break
        risked |= {*unwritten, *(item.position for item in window.sending.values())}
    tables.write(window)
    assert (tables.position, tables.ahead, tables.lanes, tables.waiting) == (EVENTS, [], {}, set())
    return log, [each.item.position for each in sent if each.arrived], risked


@pytest.mark.parametrize("strict", [False, True], ids=["subject", "endpoint"])
def test_nothing_is_lost_or_overtaken(strict: bool) -> None:
    for seed in range(60):
        log, arrived, risked = run(seed, only_lane=UUID(int=99) if strict else None, deaths=seed % 4)
        firsts = list(dict.fromkeys(arrived))
        assert sorted(firsts) == list(range(1, EVENTS + 1)), seed
        lanes = {UUID(int=99): firsts} if strict else {}
        for position in firsts:
            if not strict:
                lanes.setdefault(log[position - 1].lane, []).append(position)
        assert all(places == sorted(places) for places in lanes.values()), seed
        twice = {position for position in firsts if arrived.count(position) > 1}
        assert twice <= risked, seed
