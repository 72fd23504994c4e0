"""Whoever comes with whatever place is given all after it once and in order; those that keep up share their reading."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import pytest

from shared.feed import recent
from shared.feed.reading import Page, Question, Shown
from shared.feed.recent import Recent
from shared.identity.sight import Sight

TENANT = UUID(int=1)
ALL = Question(Sight(everything=True))
ODD = Question(Sight(everything=True), types=frozenset(("odd",)))


class Log:
    """Events 1 … head; of odd positions when these are asked for. Counts how often it is read."""

    def __init__(self) -> None:
        self.read = 0
        self.sizes: dict[int, int] = {}

    async def page(self, tenant_id: UUID, epoch: int, question: Question, *, after: int, upto: int, limit: int) -> Page:
        self.read += 1
        await asyncio.sleep(0)
        found = [n for n in range(after + 1, upto + 1) if question is ALL or n % 2][:limit]
        events = tuple(Shown(n, "odd", TENANT, TENANT, {}) for n in found)
        return Page(events, found[-1] if len(found) == limit else upto)

    def rendered(self, tenant_id: UUID, epoch: int, shown: Shown) -> bytes:
        return b"%d " % shown.position + b"." * self.sizes.get(shown.position, 40)


async def follow(shared: Recent, question: Question, place: int, heads: list[int], chance: Random) -> list[int]:
    """A reader that looks at each of these heads, and sometimes leaves some out."""
    heard: list[int] = []
    for head in heads:
        if chance.random() < 0.3 and head != heads[-1]:
            continue
        while place < head:
            portion = await shared.after(TENANT, 1, question, place, head)
            said = [int(text.strip(b".")) for text in portion.body.split() if text.strip(b".")]
            assert len(said) == portion.events
            assert all(place < position <= portion.upto for position in said)
            heard += said
            place = portion.upto
            await asyncio.sleep(0)
    return heard


async def test_every_reader_hears_all_after_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "RING_BYTES", 2_000)
    monkeypatch.setattr(recent, "PORTION_BYTES", 300)
    monkeypatch.setattr(recent, "ALL_BYTES", 3_000)
    chance = Random(7)
    for turn in range(30):
        log = Log()
        log.sizes = {chance.randint(1, 400): 5_000 for _ in range(5)}  # some greater than all that is kept
        shared = Recent(log.page, log.rendered)
        heads = sorted(chance.sample(range(1, 401), 12))
        readers: list[Any] = []
        begun = [(chance.choice((ALL, ODD)), chance.randint(0, heads[-1])) for _ in range(12)]
        for question, place in begun:
            readers.append(follow(shared, question, place, heads, Random(turn)))
        for (question, place), heard in zip(begun, await asyncio.gather(*readers), strict=True):
            assert heard == [n for n in range(place + 1, heads[-1] + 1) if question is ALL or n % 2]
        assert shared.size <= 3_000 + 2_000


async def test_readers_that_keep_up_share_one_reading() -> None:
    log = Log()
    shared = Recent(log.page, log.rendered)
    heads = list(range(10, 200, 10))
    for head in heads:
        portions = await asyncio.gather(*(shared.after(TENANT, 1, ALL, head - 10, head) for _ in range(100)))
        assert len({id(portion) for portion in portions}) == 1
    assert log.read == len(heads)


async def test_other_epochs_and_companies_share_nothing() -> None:
    log = Log()
    shared = Recent(log.page, log.rendered)
    for tenant, epoch in ((TENANT, 1), (TENANT, 2), (UUID(int=2), 1)):
        await shared.after(tenant, epoch, ALL, 0, 10)
    assert log.read == 3
