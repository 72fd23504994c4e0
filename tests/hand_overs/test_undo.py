"""A hand-over is taken back: exactly what still stands as it left it, and never twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.hand_overs.firm import Firm, ago
from tests.hand_overs.test_hand_over import cancelled, figures, of_stream, owners
from tests.hand_overs.test_preview import MOVING, named

STANDING = ("owner_id", "unit_id", "support_team", "participants", "status")


async def who_stands_where(firm: Firm) -> dict[str, dict[str, Any]]:
    return {
        id: {name: standing.get(name) for name in STANDING}
        for id, standing in of_stream(await firm.log(), "account", "opportunity", "visit", "person").items()
    }


async def test_an_undone_hand_over_leaves_everything_where_it_was(firm: Firm, other: Firm) -> None:
    before, others, was = await who_stands_where(firm), await other.log(), await firm.log()
    today = await figures(firm)
    done = await firm.hand_over("director", leave=True, keep_unit=True)
    assert done["person"]
    handed = await figures(firm)
    position = await firm.head()
    undone = await firm.undo(done["id"], "director", reason="选错了人")
    assert (undone["state"], undone["problems"], undone["undo_of"]) == ("done", 0, done["id"])
    assert await who_stands_where(firm) == before
    assert await figures(firm) == today
    assert await figures(firm, {"known_at": str(position)}) == handed, "as it was known then"
    log = await firm.log()
    assert log[: len(was)] == was
    new = log[position:]
    assert Counter(fact.type for fact in new) == {
        "AccountOwnerChanged": 2, "SupportTeamChanged": 1, "OpportunityTransferred": 4, "VisitHandedOver": 2,
        "FactVoided": 1,
    }  # fmt: skip
    assert new[0].type == "FactVoided", "the person is back before their work is"
    assert {fact.metadata["operation"] for fact in new} == {undone["id"]}
    assert {fact.data["reason"] for fact in new if fact.type != "SupportTeamChanged"} == {"选错了人"}
    states = Counter(item["state"] for item in (await firm.record(done["id"], "director"))["items"])
    assert states == {"undone": len(MOVING) + 1}
    assert await other.log() == others


async def test_undoing_twice_is_harmless(firm: Firm) -> None:
    done = await firm.hand_over()
    path = f"/v1/hand-overs/{done['id']}/undo"
    first = await firm["head"].post(path, {}, key="undo")
    again = await firm["head"].post(path, {}, key="undo")
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    busy = await firm["head"].post(path, {})
    assert (busy.status_code, busy.json()["code"]) == (409, "hand_over_under_way")
    assert await firm.work()
    position = await firm.head()
    second = await firm.undo(done["id"])
    assert (second["state"], second["total"], second["problems"]) == ("done", 0, 0)
    assert await firm.head() == position
    whole = await firm.hand_over()
    assert len(whole["items"]) == len(MOVING), "and it can be handed over anew"


async def test_what_moved_or_closed_since_is_told_and_left_alone(firm: Firm) -> None:
    done = await firm.hand_over()
    await firm.tell("head", "open", "transfer", owner_id=firm.person("hua"))
    lines = [{"line": 1, "product": "A6L", "units": 10, "unit_price": "100000.00"}]
    await firm.tell("mei", "under review", "win", lines=lines)
    await firm.tell("mei", "ordered", "deliver", units=[{"line": 1, "units": 6}])
    await firm.tell("mei", "visit of mei", "log")
    account = firm.ids["锦江租赁"]
    body = {"owner_id": firm.person("hua")}
    await firm["head"].make(f"/v1/accounts/{account}/assign-owner", body, version=await firm.version("锦江租赁"))
    await firm.tell("mei", "frozen", "resume")
    before = await firm.log()
    undone = await firm.undo(done["id"])
    told = {(name, item["code"]) for item in undone["items"] for _, name in named(firm, [item]) if item["code"]}
    assert told == {
        ("open", "moved_since"), ("under review", "closed_since"), ("ordered", "closed_since"),
        ("visit of mei", "already_logged"), ("锦江租赁", "moved_since"),
    }  # fmt: skip
    assert undone["problems"] == 5
    assert len(await firm.problems(undone["id"])) == 5
    moved = {str(fact.stream_id) for fact in (await firm.log())[len(before) :]}
    assert moved == {firm.ids[name] for name in ("申城出租", "大众出行", "frozen", "visit planned")}
    assert (await firm.standing("frozen"))["owner_id"] == firm.person("lei")
    assert (await firm.standing("frozen"))["status"] == "open", "as it stands now"
    again = await firm.undo(done["id"])
    assert again["problems"] == 5
    assert len(await firm.log()) == len(before) + 4


async def test_a_cancelled_hand_over_is_undone_as_far_as_it_went(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await who_stands_where(firm)
    done = await cancelled(firm, monkeypatch)
    undone = await firm.undo(done["id"])
    assert (undone["state"], undone["total"], undone["problems"]) == ("done", 4, 0)
    assert await who_stands_where(firm) == before
    states = Counter(item["state"] for item in (await firm.record(done["id"]))["items"])
    assert states == {"undone": 4, "planned": len(MOVING) - 4}


async def test_a_hand_over_under_way_is_not_undone(firm: Firm) -> None:
    started = await firm.start()
    refused = await firm["head"].post(f"/v1/hand-overs/{started['id']}/undo", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "hand_over_not_finished")


async def test_leaving_is_taken_back_by_who_organises_or_stays(firm: Firm) -> None:
    done = await firm.hand_over("director", leave=True)
    path = f"/v1/hand-overs/{done['id']}/undo"
    refused = await firm["head"].post(path, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    undone = await firm.undo(done["id"], "head", leaving=False)
    assert (undone["problems"], undone["total"]) == (0, len(MOVING))
    standing = owners(await firm.log())
    assert standing[firm.person("lei")]["status"] == "left"
    assert standing[firm.ids["open"]]["owner_id"] == firm.person("lei")
    again = await firm.undo(done["id"], "director")
    assert (again["problems"], again["total"], again["person"]) == (0, 1, True)
    assert owners(await firm.log())[firm.person("lei")]["status"] == "active"


async def test_an_undo_is_not_undone_and_strangers_find_nothing(firm: Firm, other: Firm) -> None:
    done = await firm.hand_over()
    undone = await firm.undo(done["id"])
    for hand_over_id, who in ((undone["id"], firm["head"]), (done["id"], other["director"]), (done["id"], firm["lei"])):
        answer = await who.post(f"/v1/hand-overs/{hand_over_id}/undo", {})
        assert answer.status_code == 404, answer.text


async def test_the_work_the_successor_did_stays_theirs(firm: Firm) -> None:
    done = await firm.hand_over(on=ago(10))
    await firm.tell("mei", "open", "qualify", level="H", expected_on=ago(-5), on=ago(5))
    await firm.undo(done["id"])
    rows = (await firm.shown("director", "/v1/opportunities", as_of=ago(4)))["items"]
    assert {(row["owner_id"], row["level"]) for row in rows if row["title"] == "open"} == {(firm.person("mei"), "H")}
    rows = (await firm.shown("director", "/v1/opportunities"))["items"]
    assert {(row["owner_id"], row["level"]) for row in rows if row["title"] == "open"} == {(firm.person("lei"), "H")}
