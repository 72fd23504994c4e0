"""A copy begun with a snapshot and kept up with the feed is what the source is, wherever it was begun."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from services.feed.scopes import SCOPES
from tests.authorisation.company import MEMBERS
from tests.authorisation.world import Answer, Caller, World
from tests.feed.test_sight import asker, log_of
from tests.feed.told import Event, Log

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANCE = Random(20260322)
SNAPSHOT, FEED = "/v1/events/snapshot", "/v1/events"

Copy = dict[str, tuple[int, Mapping[str, Any]]]
"""By record: its version, and how it stands."""


async def asked(world: World, caller: Caller, path: str, **query: Any) -> Answer:
    service = "accounts" if path == "/v1/accounts" else "opportunities"
    answer = await world.send(service, "GET", path, caller, query=query)
    assert answer.status == 200, answer.body
    return answer


async def snapshot(world: World, caller: Caller, **query: Any) -> tuple[Copy, str, list[str]]:
    """All pages: the copy, the cursor to go on from, and the types that were met."""
    copy: Copy = {}
    kinds: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = (await asked(world, caller, SNAPSHOT, limit=CHANCE.choice((7, 50, 1000)), **(after or query))).said
        for item in page["items"]:
            assert item["subject"] not in copy
            copy[item["subject"]] = (item["subject_version"], item["standing"])
            kinds.append(item["subject_type"])
        if page["next"] is None:
            return copy, page["cursor"], kinds
        after = {name: value for name, value in query.items() if name != "at_position"} | {"after": page["next"]}


async def tailed(world: World, caller: Caller, copy: Copy, cursor: str) -> None:
    """Bring a copy up to date with the feed, in pages of any size."""
    while True:
        page = (await asked(world, caller, FEED, after=cursor, limit=CHANCE.randint(1, 200))).said
        for event in page["items"]:
            if event["type"] == "left_scope":
                copy.pop(event["subject"], None)
            else:
                copy[event["subject"]] = (event["subject_version"], event["data"]["standing"])
        if page["next"] == cursor:
            return
        cursor = page["next"]


def source(log: Log, member: str, at: int) -> dict[str, Event]:
    """What a member sees of the records as they stood at a position, by a plain reading of the log."""
    newest: dict[str, Event] = {}
    for event in log.events[:at]:
        newest[event.stream] = event
    return {stream: event for stream, event in newest.items() if log._seen(asker(member), None, event, at)}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def log(world: World) -> Log:
    return await log_of(world)


async def test_a_snapshot_shows_what_was_in_sight_at_its_position(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.feed.snapshot.MOST_JUDGED", 150)
    for member in sorted(MEMBERS):
        at = CHANCE.randint(1, len(log.events))
        copy, _, kinds = await snapshot(world, world.caller(member), at_position=at)
        expected = source(log, member, at)
        assert copy == {stream: (event.version, event.standing) for stream, event in expected.items()}, (member, at)
        assert sorted(kinds) == sorted(event.kind for event in expected.values())


async def test_a_copy_begun_anywhere_becomes_the_source(world: World, log: Log) -> None:
    head = len(log.events)
    for _ in range(6):
        at = CHANCE.randint(0, head)
        copy, cursor, _ = await snapshot(world, world.caller("director"), at_position=at)
        await tailed(world, world.caller("director"), copy, cursor)
        expected = source(log, "director", head)
        assert copy == {stream: (event.version, event.standing) for stream, event in expected.items()}, at


async def test_so_does_the_copy_of_who_sees_a_part(world: World, log: Log) -> None:
    """What hangs on another record may have come into sight, or left, without an event of its own."""
    head = len(log.events)
    hangs = {kind for kind, scope in SCOPES.items() if scope.through or scope.supported}
    for member in CHANCE.sample(sorted(MEMBERS), 9):
        at = CHANCE.randint(0, head)
        copy, cursor, _ = await snapshot(world, world.caller(member), at_position=at)
        await tailed(world, world.caller(member), copy, cursor)
        expected = source(log, member, head)
        for stream in copy.keys() & expected.keys():
            assert copy[stream] == (expected[stream].version, expected[stream].standing), (member, at)
        differ = {log.streams[stream][0].kind for stream in copy.keys() ^ expected.keys()}
        assert differ <= hangs, (member, at)


async def test_types_and_units_narrow_it(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.feed.snapshot.MOST_LOOKED_AT", 60)
    director = world.caller("director")
    _, _, kinds = await snapshot(world, director, subject_type="account,visit")
    assert set(kinds) == {"account", "visit"}
    assert len(kinds) == sum(
        event.kind in ("account", "visit") for event in source(log, "director", len(log.events)).values()
    )
    unit = world.caller("b00.a").unit_id
    copy, _, kinds = await snapshot(world, director, subject_type="account", unit_id=unit)
    listed = (await asked(world, director, "/v1/accounts", unit_id=unit, limit=1000)).said["items"]
    assert copy.keys() == {row["id"] for row in listed}


async def test_lists_begin_a_copy_at_the_same_position(world: World, log: Log) -> None:
    for path, kind in (("/v1/accounts", "account"), ("/v1/opportunities", "opportunity"), ("/v1/visits", "visit")):
        for at in (CHANCE.randint(1, len(log.events)), len(log.events)):
            copy, cursor, _ = await snapshot(world, world.caller("director"), at_position=at, subject_type=kind)
            rows: dict[str, Mapping[str, Any]] = {}
            query: dict[str, Any] = {"at_position": at, "limit": 40}
            while True:
                answer = await asked(world, world.caller("director"), path, **query)
                assert answer.headers["events-cursor"] == cursor
                rows |= {row["id"]: row for row in answer.said["items"]}
                if answer.said["next"] is None:
                    break
                link = urlsplit(answer.headers["link"].partition(">")[0].lstrip("<"))
                query = {name: values[0] for name, values in parse_qs(link.query).items()}
            assert rows.keys() == copy.keys(), (path, at)
            for id, row in rows.items():
                assert row["owner_id"] == copy[id][1].get("owner_id"), (path, id)


async def test_nothing_of_another_company_is_in_it(world: World, log: Log) -> None:
    theirs, cursor, _ = await snapshot(world, world.caller("director", tenant=1))
    ours, _, _ = await snapshot(world, world.caller("director"))
    assert {
        name for _, standing in theirs.values() if (name := standing.get("name")) and name.startswith("甲·")
    } == set()
    assert theirs != ours
    crossed = await world.send("accounts", "GET", FEED, world.caller("director"), query={"after": cursor})
    assert (crossed.status, crossed.code) == (400, "cursor_invalid")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (SNAPSHOT, {"at_position": 10**9}, 409, "not_recorded_yet"),
        ("/v1/accounts", {"at_position": 10**9}, 409, "not_recorded_yet"),
        ("/v1/accounts", {"at_position": 1, "known_at": "1"}, 422, "validation"),
        (SNAPSHOT, {"after": "nonsense"}, 400, "cursor_invalid"),
        (SNAPSHOT, {"at_position": -1}, 422, "validation"),
    ],
)
async def test_a_position_that_is_none_is_refused(
    world: World, path: str, query: dict[str, Any], status: int, code: str
) -> None:
    answer = await world.send("accounts", "GET", path, world.caller("director"), query=query)
    assert (answer.status, answer.code) == (status, code)


async def test_a_page_goes_on_at_the_position_of_the_first(world: World, log: Log) -> None:
    director = world.caller("director")
    page = (await asked(world, director, SNAPSHOT, limit=5, at_position=40)).said
    after = (await asked(world, director, SNAPSHOT, limit=5, after=page["next"])).said
    assert (after["position"], after["cursor"]) == (40, page["cursor"])
    other = await world.send("accounts", "GET", SNAPSHOT, director, query={"after": page["next"], "at_position": 41})
    assert (other.status, other.code) == (400, "cursor_invalid")
    narrowed = await world.send(
        "accounts", "GET", SNAPSHOT, director, query={"after": page["next"], "subject_type": "account"}
    )
    assert (narrowed.status, narrowed.code) == (400, "cursor_invalid")
