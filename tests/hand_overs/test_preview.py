"""What a hand-over would do, told before it begins, and what is in its way."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

from services.accounts.events import Function
from tests.hand_overs.firm import Firm, ago, ahead

MOVING = {
    ("account", "申城出租"), ("account", "锦江租赁"), ("support_team", "大众出行"),
    ("opportunity", "open"), ("opportunity", "under review"), ("opportunity", "frozen"), ("opportunity", "ordered"),
    ("visit", "visit planned"), ("visit", "visit of mei"),
}  # fmt: skip


def named(firm: Firm, items: list[dict[str, Any]]) -> set[tuple[str, str]]:
    names = {id: name for name, id in firm.ids.items()}
    return {(item["kind"], names[item["id"]]) for item in items}


async def test_the_preview_names_every_record_that_would_move_and_nothing_is_stored(firm: Firm, other: Firm) -> None:
    before = await firm.head()
    told = await firm.preview()
    assert named(firm, told["items"]) == MOVING
    assert len(told["items"]) == len(MOVING)
    assert {item["to"] for item in told["items"]} == {firm.person("mei")}
    assert {item["to_name"] for item in told["items"]} == {"mei先生"}
    assert {item["to_unit_id"] for item in told["items"]} == {str(firm.units["E"])}
    assert {(count["kind"], count["count"]) for count in told["counts"]} == {
        ("account", 2), ("support_team", 1), ("opportunity", 4), ("visit", 2), ("follow_up", 1),
    }  # fmt: skip
    (next_on,) = {item["next_on"] for item in told["items"]} - {None}
    assert next_on == ahead(3)
    assert Counter({(s["kind"], s["status"]): s["count"] for s in told["stays"]}) == {
        ("opportunity", "delivered"): 1, ("opportunity", "defeated"): 1, ("opportunity", "cancelled"): 1,
        ("visit", "logged"): 1,
    }  # fmt: skip
    assert told["can_begin"]
    assert not told["problems"]
    assert [(note["code"], note["params"]) for note in told["notes"]] == [("reviews_pending", {"count": 1})]
    assert await firm.head() == before
    assert (await firm["head"].read("/v1/hand-overs"))["items"] == []


async def test_accounts_and_opportunities_may_have_successors_of_their_own(firm: Firm) -> None:
    hua, west, mei = firm.person("hua"), firm.person("west"), firm.person("mei")
    told = await firm.preview(
        "director",
        accounts=[{"account_id": firm.ids["锦江租赁"], "to": hua}],
        opportunities=[{"opportunity_id": firm.ids["open"], "to": west}],
    )
    to = {(item["kind"], item["id"]): (item["to"], item["to_unit_id"]) for item in told["items"]}
    east, far = str(firm.units["E"]), str(firm.units["W"])
    assert to["account", firm.ids["锦江租赁"]] == (hua, east)
    assert to["opportunity", firm.ids["frozen"]] == (hua, east), "goes with its account"
    assert to["opportunity", firm.ids["open"]] == (west, far), "in the unit of who takes it over"
    assert to["visit", firm.ids["visit planned"]] == (west, far), "goes with its opportunity"
    assert to["account", firm.ids["申城出租"]] == to["opportunity", firm.ids["ordered"]] == (mei, east)
    kept = await firm.preview(
        "director", keep_unit=True, opportunities=[{"opportunity_id": firm.ids["open"], "to": west}]
    )
    assert {item["to_unit_id"] for item in kept["items"]} == {east}


async def test_without_a_successor_of_the_rest_only_what_is_named_moves(firm: Firm) -> None:
    told = await firm.preview(to=None, accounts=[{"account_id": firm.ids["锦江租赁"], "to": firm.person("hua")}])
    assert named(firm, told["items"]) == {
        ("account", "锦江租赁"), ("opportunity", "under review"), ("opportunity", "frozen")
    }  # fmt: skip


async def test_everything_in_the_way_is_told_at_once_and_refuses_the_start(firm: Firm, other: Firm) -> None:
    await firm["director"].make(f"/v1/people/{firm.person('hua')}/leave", {}, version=1)
    body = firm.asking(
        to=firm.person("hua"),
        accounts=[
            {"account_id": firm.ids["申城出租"], "to": firm.person("west")},
            {"account_id": firm.ids["蓉城客运"], "to": firm.person("mei")},
            {"account_id": other.ids["申城出租"], "to": other.person("mei")},
        ],
        opportunities=[
            {"opportunity_id": firm.ids["lost"], "to": firm.person("mei")},
            {"opportunity_id": firm.ids["of mei"], "to": firm.person("lei")},
            {"opportunity_id": str(uuid4()), "to": str(uuid4())},
        ],
    )
    told = (await firm["head"].post("/v1/hand-overs/preview", body)).json()
    assert {(problem["pointer"], problem["code"]) for problem in told["problems"]} == {
        ("/to", "successor_left"),
        ("/accounts/0/to", "unknown_successor"),  # works in the other branch: out of sight
        ("/accounts/1/account_id", "unknown_account"),
        ("/accounts/2/account_id", "unknown_account"),
        ("/accounts/2/to", "unknown_successor"),
        ("/opportunities/0/opportunity_id", "opportunity_closed"),
        ("/opportunities/1/opportunity_id", "not_theirs"),
        ("/opportunities/1/to", "successor_is_leaver"),
        ("/opportunities/2/opportunity_id", "unknown_opportunity"),
        ("/opportunities/2/to", "unknown_successor"),
    }
    assert not told["can_begin"]
    assert all(problem["message"] and problem["message"] != problem["code"] for problem in told["problems"])
    refused = await firm["head"].post("/v1/hand-overs", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "hand_over_refused")
    assert {error["code"] for error in refused.json()["errors"]} == {p["code"] for p in told["problems"]}


async def test_who_may_hand_over(firm: Firm, other: Firm) -> None:
    body = firm.asking()
    for who, status in (("lei", 403), ("mei", 403), ("auditor", 403), ("head", 200), ("director", 200)):
        assert (await firm[who].post("/v1/hand-overs/preview", body)).status_code == status, who
    unknown = await firm["west_head"].post("/v1/hand-overs/preview", body)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_person")
    stranger = await other["director"].post("/v1/hand-overs/preview", body)
    assert (stranger.status_code, stranger.json()["code"]) == (422, "unknown_person")
    leaving = await firm["head"].post("/v1/hand-overs/preview", firm.asking(leave=True))
    assert (leaving.status_code, leaving.json()["code"]) == (403, "forbidden"), "who left is said by who organises"
    future = await firm["head"].post("/v1/hand-overs/preview", firm.asking(on=ahead(1)))
    assert (future.status_code, future.json()["code"]) == (422, "in_the_future")
    for wrong in ({"to": None}, {"to": None, "leave": True}, {"nonsense": 1}):
        assert (await firm["head"].post("/v1/hand-overs/preview", firm.asking(**wrong))).status_code == 422


async def test_a_day_on_which_the_person_cannot_leave_is_in_the_way(firm: Firm) -> None:
    await firm["director"].make(
        f"/v1/people/{firm.person('lei')}/change-functions",
        {"functions": ["account_manager"], "on": ago(10)},
        version=1,
    )
    told = await firm.preview("director", leave=True, on=ago(20))
    assert [(problem["code"], problem["pointer"]) for problem in told["problems"]] == [("changed_later", "/on")]
    await firm["director"].make(f"/v1/people/{firm.person('lei')}/leave", {}, version=2)
    again = await firm.preview("director", leave=True)
    assert again["can_begin"], "who left already can be followed"
    assert "already_left" in {note["code"] for note in again["notes"]}


async def test_what_does_not_move_is_noted(firm: Firm) -> None:
    lei, mei, hua = firm.person("lei"), firm.person("mei"), firm.person("hua")
    director = firm["director"]
    await director.make(f"/v1/people/{hua}/report-to", {"person_id": lei}, version=1)
    await firm.appoint("lei", "mei")
    await firm.appoint("mei", "lei")
    told = await firm.preview("director", leave=True)
    assert [(note["code"], note["params"]["count"]) for note in told["notes"]] == [
        ("reviews_pending", 1), ("still_reported_to", 1), ("deputies_end", 1), ("stands_in", 1)
    ]  # fmt: skip
    assert told["can_begin"]
    staying = await firm.preview("director", to=hua, accounts=[], leave=False)
    assert {note["code"] for note in staying["notes"]} == {"reviews_pending", "still_reported_to"}
    empty = (await director.post("/v1/hand-overs/preview", {"from_person_id": hua, "to": mei})).json()
    assert {note["code"] for note in empty["notes"]} == set(), empty["notes"]
    assert {item["kind"] for item in empty["items"]} == {"support_team"}


async def test_what_the_head_does_not_see_stays_and_the_director_moves_it(firm: Firm) -> None:
    west = firm.ids["蓉城客运"]
    team = {"members": [{"person_id": firm.person("lei"), "role": "technical_support"}]}
    await firm["west"].make(f"/v1/accounts/{west}/set-support-team", team, version=1)
    told = await firm.preview()
    assert named(firm, told["items"]) == MOVING
    assert ("outside_sight", {"count": 1}) in [(note["code"], note["params"]) for note in told["notes"]]
    assert west not in str(told)
    both = firm.both("head", Function.DEPARTMENT_HEAD, Function.HR)
    leaving = (await both.post("/v1/hand-overs/preview", firm.asking(leave=True))).json()
    assert [problem["code"] for problem in leaving["problems"]] == ["outside_sight"], "nobody leaves anything behind"
    assert (await firm.hand_over())["total"] == len(MOVING)
    assert [member["person_id"] for member in (await firm.standing("蓉城客运"))["support_team"]] == [firm.person("lei")]
    rest = await firm.hand_over("director", leave=True)
    assert named(firm, [item for item in rest["items"] if item["kind"] != "person"]) == {("support_team", "蓉城客运")}


async def test_the_account_of_a_planned_visit_is_named_only_where_it_is_in_sight(firm: Firm) -> None:
    west = firm.ids["蓉城客运"]
    team = {"members": [{"person_id": firm.person("lei"), "role": "technical_support"}]}
    await firm["west"].make(f"/v1/accounts/{west}/set-support-team", team, version=1)
    await firm.visit("visit in the west", "lei", account_id=west)
    for who, name in (("head", None), ("director", "蓉城客运")):
        told = await firm.preview(who)
        (visit,) = [item for item in told["items"] if item["id"] == firm.ids["visit in the west"]]
        assert visit["account"] == name, who
    done = await firm.hand_over()
    (item,) = [item for item in done["items"] if item["id"] == firm.ids["visit in the west"]]
    assert (item["state"], item["account"], item["name"]) == ("done", None, None)
