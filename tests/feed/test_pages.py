"""GET /v1/events: pages by rights, by filter, kept and waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from services.feed.scopes import SCOPES
from shared.event_store.command import BrokenLog
from shared.feed.reading import IMPORTED, Question, read
from shared.identity.current_tenant import as_tenant
from shared.identity.sight import Sight
from tests.authorisation.company import id_of
from tests.authorisation.world import Answer, Caller, World
from tests.feed.made_up import MadeUp

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEAL = "deal.b01.a.hot"


async def events(world: World, caller: Caller, headers: Any = None, **query: Any) -> Answer:
    return await world.send("opportunities", "GET", "/v1/events", caller, query=query, headers=headers)


async def all_of(world: World, caller: Caller, *, chance: Random | None = None, **query: Any) -> list[dict[str, Any]]:
    """The feed from the beginning to its end, in pages of any size."""
    found: list[dict[str, Any]] = []
    after = "0"
    for _ in range(2_000):
        limit = 1_000 if chance is None else chance.choice((1, 2, 7, 50, 400))
        said = (await events(world, caller, after=after, limit=limit, **query)).said
        if not said["items"] and said["next"] == after:
            return found
        found += said["items"]
        after = said["next"]
    raise AssertionError("no end")


async def hand_over(world: World, deal: str, to: str, unit: str) -> int:
    """Give an opportunity to somebody at another branch; the position of that."""
    director = world.caller("director")
    id = id_of(deal)
    etag = (await world.send("opportunities", "GET", f"/v1/opportunities/{id}", director)).headers["etag"]
    answer = await world.send(
        "opportunities",
        "POST",
        f"/v1/opportunities/{id}/transfer",
        director,
        body={"owner_id": str(id_of(to)), "unit_id": str(id_of(unit)), "reason": "调整"},
        version=int(etag.strip('"')),
    )
    assert answer.status == 200, answer.body
    return int(answer.said["position"])


async def test_a_record_handed_to_another_branch_leaves_one_feed_and_comes_whole_into_the_other(world: World) -> None:
    old, new, owner = world.caller("b01.manager"), world.caller("b12.manager"), world.caller("b01.a")
    before = (await all_of(world, old))[-1]["position"]
    assert str(id_of(DEAL)) not in {one["subject"] for one in await all_of(world, new)}
    position = await hand_over(world, DEAL, "b12.a", "b12")
    await world.fold()

    for reader in (old, owner):
        [told] = [one for one in await all_of(world, reader, subject=id_of(DEAL)) if one["position"] > before]
        assert (told["type"], told["position"], told["data"], told["metadata"]) == ("left_scope", position, {}, {})
        assert (told["subject_type"], told["epoch"]) == ("opportunity", 1)
    [told] = await all_of(world, new, subject=id_of(DEAL))
    assert (told["type"], told["position"]) == ("OpportunityTransferred", position)
    assert told["data"]["standing"]["owner_id"] == str(id_of("b12.a"))
    assert {"lines", "account_id", "level"} <= told["data"]["standing"].keys()

    named = await all_of(world, old, types="DealWon")
    assert {one["type"] for one in named} == {"DealWon", "left_scope"}
    after = [one for one in await all_of(world, old) if one["position"] > position]
    assert str(id_of(DEAL)) not in {one["subject"] for one in after}


async def test_pages_of_any_size_hold_what_one_page_holds(world: World) -> None:
    await MadeUp(11).append(world, 0, 400)
    chance = Random(5)
    for name in ("director", "r1.manager", "b00.a", "ka.tech"):
        caller = world.caller(name)
        whole = await all_of(world, caller)
        assert [one["id"] for one in await all_of(world, caller, chance=chance)] == [one["id"] for one in whole]
        places = [one["position"] for one in whole]
        assert places == sorted(set(places))
        if name == "director":
            assert places == list(range(1, len(places) + 1))


@dataclass
class Holed:
    """A pool of a log in which one event is missing."""

    pool: Any
    missing: int

    async def fetch(self, *asked: Any) -> list[Any]:
        """What is there."""
        return [row for row in await self.pool.fetch(*asked) if row["position"] != self.missing]


@pytest.mark.parametrize("missing", [1, 3, 5])
async def test_a_log_with_an_event_missing_is_not_read_on(world: World, missing: int) -> None:
    kit, tenant_id = world.apps["opportunities"].state.kit, world.tenants[0]
    question = Question(Sight(everything=True))
    with as_tenant(tenant_id), pytest.raises(BrokenLog):
        await read(Holed(kit.pool, missing), tenant_id, 1, question, SCOPES, after=0, upto=5, limit=9)


async def test_nobody_is_shown_another_company(world: World) -> None:
    for name in ("director", "b00.manager", "b00.a"):
        of_both = [await all_of(world, world.caller(name, tenant=tenant)) for tenant in (0, 1)]
        assert {one["source"] for one in of_both[0]} == {f"urn:uuid:{world.tenants[0]}"}
        assert {one["source"] for one in of_both[1]} == {f"urn:uuid:{world.tenants[1]}"}
    cursor = (await events(world, world.caller("director", tenant=1))).said["next"]
    assert (await events(world, world.caller("director"), after=cursor)).code == "cursor_invalid"


async def test_units_and_changed_fields_narrow_what_is_shown(world: World) -> None:
    director = world.caller("director")
    region = await all_of(world, director, unit_id=id_of("r1"))
    below = {str(id_of(unit)) for unit in ("r1", "b10", "b11", "b12", "b22", "t11")}
    stand = {one["data"]["standing"].get("unit_id") for one in region if one["subject_type"] == "opportunity"
             and one["type"] != "left_scope"}  # fmt: skip
    assert stand
    assert stand <= below
    assert {"visit", "account"} <= {one["subject_type"] for one in region}
    assert "product" not in {one["subject_type"] for one in region}

    owners = await all_of(world, director, changed="owner_id, unit_id", types="OpportunityTransferred,DealWon")
    assert {one["type"] for one in owners} == {"OpportunityTransferred"}
    manager = world.caller("b00.manager")
    mine = await all_of(world, manager)
    at_another = await all_of(world, manager, unit_id=id_of("b01"))
    assert {one["id"] for one in at_another} <= {one["id"] for one in mine}


async def test_a_page_that_is_known_is_not_read_again(world: World) -> None:
    director, manager = world.caller("director"), world.caller("b00.manager")
    full = await events(world, director, limit=5)
    assert full.headers["cache-control"] == "private, max-age=86400, immutable"
    for caller in (director, manager):
        for limit in (5, 1_000):
            first = await events(world, caller, limit=limit)
            again = await events(world, caller, {"if-none-match": first.headers["etag"]}, limit=limit)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    mine = await events(world, manager, limit=5)
    assert mine.headers["cache-control"] == "private, no-cache"
    assert mine.headers["etag"] != full.headers["etag"]
    other = await events(world, world.caller("b01.manager"), {"if-none-match": mine.headers["etag"]}, limit=5)
    assert other.status == 200

    head = (await world.send("opportunities", "GET", "/v1/events/head", director)).said["position"]
    end = await events(world, director, after=head)
    assert end.headers["cache-control"] == "private, no-cache"
    assert (await events(world, director, {"if-none-match": end.headers["etag"]}, after=head)).status == 304
    await hand_over(world, "deal.b02.a.hot", "b02.b", "b02")
    more = await events(world, director, {"if-none-match": end.headers["etag"]}, after=head)
    assert (more.status, [one["position"] for one in more.said["items"]]) == (200, [head + 1])


async def test_who_waits_is_answered_when_there_is_something_for_them(world: World) -> None:
    manager = world.caller("b20.manager")
    head = (await world.send("opportunities", "GET", "/v1/events/head", manager)).said["position"]
    waiting = asyncio.create_task(events(world, manager, after=head, wait=30))
    elsewhere = asyncio.create_task(events(world, world.caller("b02.manager"), after=head, wait=1))
    await hand_over(world, "deal.b10.a.hot", "b10.b", "b10")  # not theirs: they go on waiting
    position = await hand_over(world, "deal.b20.a.hot", "b20.b", "b20")
    answer = await asyncio.wait_for(waiting, 30)
    assert [one["position"] for one in answer.said["items"]] == [position]
    assert answer.headers["cache-control"] == "private, no-cache"
    late = (await elsewhere).said
    assert late["items"] == []
    assert (await events(world, world.caller("b02.manager"), after=late["next"])).said["items"] == []


async def test_who_waits_is_answered_when_the_process_is_to_end(world: World) -> None:
    kit = world.apps["opportunities"].state.kit
    director = world.caller("director")
    head = (await world.send("opportunities", "GET", "/v1/events/head", director)).said["position"]
    waiting = asyncio.create_task(events(world, director, after=head, wait=30))
    await asyncio.sleep(0.05)
    kit.stopping = True
    try:
        assert (await asyncio.wait_for(waiting, 10)).said["items"] == []
    finally:
        kit.stopping = False


async def test_places_history_and_lanes_can_be_chosen(world: World) -> None:
    kit = world.apps["opportunities"].state.kit
    tenant_id = world.tenants[0]
    director = Sight(everything=True)

    async def asked(**wish: Any) -> list[Any]:
        with as_tenant(tenant_id):
            head = (await kit.store.head(tenant_id)).position
            page = await read(
                kit.pool, tenant_id, 1, Question(director, **wish), SCOPES, after=0, upto=head, limit=10_000
            )
        return list(page.events)

    whole = await asked()
    assert [one.position for one in await asked(positions=frozenset((3, 90, 41)))] == [3, 41, 90]
    told = [one for one in whole if one.body.get("origin") not in IMPORTED]
    assert [one.position for one in await asked(imported=False)] == [one.position for one in told]
    assert len(told) < len(whole)
    lanes = {one.lane for one in whole if one.body["subject_type"] == "visit"}
    assert lanes & {one.subject for one in whole if one.body["subject_type"] == "opportunity"}
    by_stream: dict[Any, set[Any]] = {}
    for one in whole:
        by_stream.setdefault(one.subject, set()).add(one.lane)
    assert {len(lanes) for lanes in by_stream.values()} == {1}, "a record keeps one lane all its life"
    deal = next(one.lane for one in whole if one.body["subject_type"] == "bid" and one.lane != one.subject)
    assert [one.position for one in await asked(lanes=frozenset((deal,)))] == [
        one.position for one in whole if one.lane == deal
    ]
