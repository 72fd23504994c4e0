"""A hand-over moves all that still needs somebody, and leaves every figure of the past as it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from services.hand_overs import operations
from services.hand_overs.carrying import Carrier
from shared.event_store.command import StoredFact
from shared.jobs import cancel_operation
from tests.hand_overs.firm import Firm, ago
from tests.hand_overs.test_preview import MOVING, named

REPORTS: Sequence[tuple[str, dict[str, str]]] = (
    ("/v1/pipeline", {"level": "declared", "group_by": "owner"}),
    ("/v1/hot-customers", {}),
    ("/v1/outcomes", {"group_by": "owner"}),
    ("/v1/outcomes", {"group_by": "month"}),
    ("/v1/outcomes", {"group_by": "org_unit"}),
    ("/v1/defeats", {}),
    ("/v1/defeats/analysis", {"group_by": "owner"}),
    ("/v1/kpi/funnel", {}),
)
CREDIT = REPORTS[2:]
"""Reports of what was done: they never move to a successor."""


async def figures(
    firm: Firm, when: Mapping[str, str] | None = None, *, reports: Sequence[tuple[str, dict[str, str]]] = REPORTS
) -> list[Any]:
    """The rows of these reports, as the director sees them."""
    told = [await firm.shown("director", path, **query, **(when or {})) for path, query in reports]
    return [{"rows": one["rows"], "total": one.get("total")} for one in told]


async def credit(firm: Firm) -> list[Any]:
    """What was done, by whom: the same reports without what is still open, which is the successor's."""
    told = await figures(firm, reports=CREDIT)
    for report in told:
        for row in report["rows"]:
            row.pop("open", None)
    return told


def owners(facts: Sequence[StoredFact]) -> dict[str, dict[str, Any]]:
    """The oracle: the last standing of every stream of the log, by its own words."""
    return {str(fact.stream_id): {"type": fact.stream_type, **fact.data["standing"]} for fact in facts}


def of_stream(facts: Sequence[StoredFact], *types: str) -> dict[str, dict[str, Any]]:
    return {id: standing for id, standing in owners(facts).items() if standing["type"] in types}


async def test_everything_that_still_needs_somebody_moves_and_nothing_else(firm: Firm, other: Firm) -> None:
    before, others = await firm.log(), await other.log()
    done = await firm.hand_over(reason="离职交接")
    assert (done["state"], done["problems"], done["done"], done["total"]) == ("done", 0, len(MOVING), len(MOVING))
    assert done["moved"] == {"account": 2, "support_team": 1, "opportunity": 4, "visit": 2}
    assert {item["state"] for item in done["items"]} == {"done"}
    assert named(firm, done["items"]) == MOVING
    after = await firm.log()
    assert after[: len(before)] == before
    new = after[len(before) :]
    assert Counter(fact.type for fact in new) == {
        "AccountOwnerChanged": 2, "SupportTeamChanged": 1, "OpportunityTransferred": 4, "VisitHandedOver": 2
    }  # fmt: skip
    head, lei, mei = firm.person("head"), firm.person("lei"), firm.person("mei")
    for fact in new:
        assert (fact.metadata["actor"], fact.metadata["operation"]) == (head, done["id"])
        assert fact.metadata["key"].startswith(done["id"])
        assert set(fact.data["changes"]) <= {"owner_id", "unit_id", "support_team", "participants"}, "and nothing else"
        assert fact.data.get("reason", "离职交接") == "离职交接"
    was, now = owners(before), owners(after)
    moved = {item["id"] for item in done["items"]}
    for id, standing in was.items():
        if id not in moved:
            assert now[id] == standing
        for name in set(standing) - {"owner_id", "unit_id", "support_team", "participants"}:
            assert now[id][name] == standing[name], f"{name} of {standing['type']} moved"
    assert (await firm.standing("visit of mei"))["participants"] == [mei]
    assert (await firm.standing("visit made"))["participants"] == [lei]
    team = {member["person_id"] for member in (await firm.standing("大众出行"))["support_team"]}
    assert team == {mei, firm.person("hua")}
    assert await other.log() == others


async def test_the_past_keeps_its_figures_and_the_board_of_today_is_the_successor_s(firm: Firm) -> None:
    position = await firm.head()
    yesterday = {"as_of": ago(1)}
    then = {"known_at": str(position)}
    was_yesterday, was_known, was_done = await figures(firm, yesterday), await figures(firm), await credit(firm)
    visits = (await firm.shown("director", "/v1/visits", status="logged"))["items"]
    await firm.hand_over()
    assert await figures(firm, yesterday) == was_yesterday
    assert await figures(firm, then) == was_known
    assert await credit(firm) == was_done, "credit stays with who earned it"
    assert (await firm.shown("director", "/v1/visits", status="logged"))["items"] == visits
    # today, against a recount of the log
    counted: Counter[str] = Counter()
    for standing in of_stream(await firm.log(), "opportunity").values():
        left = [
            line["units"] - line["delivered"] - line["cancelled"] for line in standing["lines"]
        ]  # nothing left of an order: not in stock
        if standing["status"] == "open" or (standing["status"] == "ordered" and any(left)):
            counted[standing["owner_id"]] += 1
    board = await firm.shown("director", "/v1/pipeline", level="declared", group_by="owner")
    shown: Counter[str] = Counter()
    for row in board["rows"]:
        shown[next(value for value in _values(row) if value in counted or value == firm.person("lei"))] += row["count"]
    assert +shown == counted
    assert counted[firm.person("mei")] == 4
    assert counted[firm.person("lei")] == 0
    for name in ("open", "frozen", "ordered", "under review"):
        record = await firm["director"].read(f"/v1/opportunities/{firm.ids[name]}")
        assert record["level"] == "A"
        assert record["standing"]["owner_id"] == firm.person("mei")
    listed = (await firm.shown("director", "/v1/opportunities"))["items"]
    assert {row["times_slipped"] for row in listed if row["title"] == "open"} == {1}


def _values(row: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    for value in row.values():
        found += _values(value) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return found


async def test_the_successor_sees_what_moved_and_the_former_owner_no_longer(firm: Firm) -> None:
    path = f"/v1/opportunities/{firm.ids['open']}"
    assert (await firm["mei"].get(path)).status_code == 404
    await firm.hand_over()
    assert (await firm["mei"].get(path)).status_code == 200
    assert (await firm["lei"].get(path)).status_code == 404
    assert (await firm["mei"].get(f"/v1/accounts/{firm.ids['申城出租']}")).status_code == 200
    plan = await firm["mei"].read(f"/v1/visits/{firm.ids['visit planned']}")
    assert plan["standing"]["owner_id"] == firm.person("mei")
    hot = await firm.shown("mei", "/v1/opportunities")
    assert {row["title"] for row in hot["items"]} >= {"open", "under review", "frozen", "ordered", "of mei"}


async def test_what_is_captured_meanwhile_moves_as_well(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    carry = Carrier.carry
    met = 0

    async def carry_then_capture(self: Carrier, *given: Any) -> Any:
        nonlocal met
        done = await carry(self, *given)
        if (met := met + 1) < 3:
            body = {"title": f"meanwhile {met}", "channel": "phone"}
            firm.ids[f"meanwhile {met}"] = (await firm["lei"].make("/v1/opportunities", body))["id"]
        return done

    monkeypatch.setattr(Carrier, "carry", carry_then_capture)
    done = await firm.hand_over()
    assert done["state"] == "done"
    assert named(firm, done["items"]) == MOVING | {("opportunity", "meanwhile 1"), ("opportunity", "meanwhile 2")}
    lei = firm.person("lei")
    mine = [one for one in of_stream(await firm.log(), "opportunity").values() if one["owner_id"] == lei]
    assert {one["title"] for one in mine} == {"delivered", "lost", "cancelled"}


async def test_who_leaves_goes_last_and_what_they_open_until_then_is_not_lost(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"title": "last minute", "channel": "phone"}

    async def rest(_: float) -> None:
        firm.ids["last minute"] = (await firm["lei"].make("/v1/opportunities", body))["id"]

    monkeypatch.setattr("services.hand_overs.operations.asyncio.sleep", _once(asyncio.sleep, rest))
    done = await firm.hand_over("director", leave=True, leaving_reason="resigned")
    assert (done["state"], done["person"]) == ("done", True)
    log = await firm.log()
    (left,) = [fact for fact in log if fact.type == "PersonLeft"]
    assert (str(left.stream_id), left.data["reason"]) == (firm.person("lei"), "resigned")
    assert (await firm.standing("last minute"))["owner_id"] == firm.person("mei")
    last = [fact for fact in log if fact.position > left.position]
    assert {fact.data["standing"].get("title") for fact in last} == {"last minute"}


def _once(sleep: Any, rest: Any) -> Any:
    """The pause after somebody left, filled; every other pause as it is."""

    async def pause(seconds: float, *more: Any) -> None:
        if seconds == operations.ACTS_ON_SECONDS and "ran" not in pause.__dict__:
            pause.__dict__["ran"] = True
            await rest(seconds)
        await sleep(seconds, *more)

    return pause


async def test_a_hand_over_sent_twice_is_one_and_a_second_one_moves_nothing(firm: Firm) -> None:
    body = firm.asking()
    first = await firm["head"].post("/v1/hand-overs", body, key="once")
    again = await firm["head"].post("/v1/hand-overs", body, key="once")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    reused = await firm["head"].post("/v1/hand-overs", body | {"keep_unit": True}, key="once")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    busy = await firm["head"].post("/v1/hand-overs", body)
    assert (busy.status_code, busy.json()["code"]) == (409, "hand_over_under_way")
    assert await firm.work()
    assert not await firm.work()
    position = await firm.head()
    second = await firm.hand_over()
    assert (second["state"], second["total"], second["items"]) == ("done", 0, [])
    assert await firm.head() == position


async def test_what_cannot_move_is_told_and_the_person_stays_until_it_is_done(firm: Firm) -> None:
    hua = firm.person("hua")
    started = await firm.start("director", leave=True, accounts=[{"account_id": firm.ids["锦江租赁"], "to": hua}])
    await firm["director"].make(f"/v1/people/{hua}/leave", {}, version=1)
    assert await firm.work()
    done = await firm.record(started["id"], "director")
    refused = [item for item in done["items"] if item["state"] == "refused"]
    assert named(firm, refused) == {
        ("account", "锦江租赁"), ("opportunity", "under review"), ("opportunity", "frozen")
    }  # fmt: skip
    assert {item["code"] for item in refused} == {"successor_left"}
    assert all("successor" in item["message"] for item in refused)
    problems = await firm.problems(done["id"], "director")
    assert [problem["code"] for problem in problems] == ["successor_left"] * 3 + ["leaving_put_off"]
    assert (done["state"], done["person"], done["problems"]) == ("done", False, 4)
    assert {str(fact.stream_id) for fact in await firm.log() if fact.type == "PersonLeft"} == {hua}
    again = await firm.hand_over("director", leave=True)
    assert (again["person"], again["problems"], len(again["items"])) == (True, 0, 4)
    lei = firm.person("lei")
    assert not [
        one
        for one in of_stream(await firm.log(), "opportunity", "account").values()
        if one["owner_id"] == lei and one.get("status") not in ("ordered", "defeated", "cancelled")
    ]


async def test_what_was_closed_or_moved_before_its_turn_is_left_alone(firm: Firm) -> None:
    started = await firm.start()
    await firm.tell("head", "open", "transfer", owner_id=firm.person("hua"))
    await firm.tell("head", "visit planned", "cancel", reason="改期")
    assert await firm.work()
    done = await firm.record(started["id"])
    assert named(firm, done["items"]) == MOVING - {("opportunity", "open"), ("visit", "visit planned")}
    assert (await firm.standing("open"))["owner_id"] == firm.person("hua")


async def test_a_hand_over_told_late_holds_from_its_day_and_later_records_from_now(firm: Firm) -> None:
    await firm.prospect("late", "lei", "申城出租", days=12)
    body = {"title": "new", "channel": "phone", "on": ago(3)}
    firm.ids["new"] = (await firm["lei"].make("/v1/opportunities", body))["id"]
    await firm.hand_over(on=ago(8))
    for days, wanted in ((9, "lei"), (8, "mei"), (0, "mei")):
        rows = (await firm.shown("director", "/v1/opportunities", as_of=ago(days)))["items"]
        assert {row["owner_id"] for row in rows if row["title"] == "late"} == {firm.person(wanted)}, days
    rows = (await firm.shown("director", "/v1/opportunities", as_of=ago(2)))["items"]
    assert {row["owner_id"] for row in rows if row["title"] == "new"} == {firm.person("lei")}
    assert (await firm.standing("new"))["owner_id"] == firm.person("mei")


async def test_a_cancelled_hand_over_keeps_what_it_moved(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    await cancelled(firm, monkeypatch)
    again = await firm.hand_over()
    assert again["state"] == "done"
    assert len(again["items"]) == len(MOVING) - 4


async def cancelled(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A hand-over of which four items were moved when its end was asked for."""
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    started = await firm.start()
    carry = Carrier.carry
    met = 0

    async def carry_then_cancel(self: Carrier, *given: Any) -> Any:
        nonlocal met
        settled = await carry(self, *given)
        if (met := met + 1) == 2:
            await cancel_operation(self.store.pool, firm.tenant_id, UUID(started["id"]))
        return settled

    with monkeypatch.context() as patched:
        patched.setattr(Carrier, "carry", carry_then_cancel)
        assert await firm.work()
    done = await firm.record(started["id"])
    assert (done["state"], done["done"]) == ("cancelled", 4)
    assert Counter(item["state"] for item in done["items"]) == {"done": 4, "planned": len(MOVING) - 4}
    return done


async def test_only_who_sees_a_hand_over_is_shown_it(firm: Firm, other: Firm) -> None:
    done = await firm.hand_over("director")
    path = f"/v1/hand-overs/{done['id']}"
    for who, status in (("head", 200), ("director", 200), ("auditor", 200), ("mei", 404), ("lei", 404),
                        ("west_head", 404)):  # fmt: skip
        assert (await firm[who].get(path)).status_code == status, who
        listed = [one["id"] for one in (await firm[who].read("/v1/hand-overs"))["items"]]
        assert listed == ([done["id"]] if status == 200 else []), who
    assert (await other["director"].get(path)).status_code == 404
    assert (await other["director"].post(f"{path}/undo", {})).status_code == 404
    assert (await firm["mei"].post(f"{path}/undo", {})).status_code == 404
    first = await firm["head"].read(path, limit=4)
    assert [item["number"] for item in first["items"]] == [1, 2, 3, 4]
    rest = await firm["head"].read(path, limit=10, after=first["next"])
    assert [item["number"] for item in rest["items"]] == [5, 6, 7, 8, 9]
    assert rest["next"] is None
    names = {item["name"] or item["account"] for item in first["items"]}
    assert names >= {"申城出租", "锦江租赁", "大众出行"}


async def test_records_out_of_the_reader_s_sight_are_not_named(firm: Firm) -> None:
    to_the_west = [{"opportunity_id": firm.ids["open"], "to": firm.person("west")}]
    done = await firm.hand_over("director", opportunities=to_the_west)
    names = {item["id"]: item["name"] for item in done["items"] if item["kind"] == "opportunity"}
    assert names[firm.ids["open"]] == "open"
    seen = {item["id"]: item["name"] for item in (await firm.record(done["id"]))["items"]}
    assert seen[firm.ids["open"]] is None, "it is the other branch's now"
    assert seen[firm.ids["frozen"]] == "frozen"


async def test_actor_on_behalf_of_and_owner_are_three(firm: Firm) -> None:
    director = firm["director"]
    headers = {
        "authorization": f"Bearer {director.token}",
        "idempotency-key": "for the head",
        "on-behalf-of": firm.person("head"),
    }
    answer = await director.http.post("/v1/hand-overs", json=firm.asking(), headers=headers)
    assert answer.status_code == 202, answer.text
    assert await firm.work()
    (moved,) = [fact for fact in await firm.facts("open") if fact.type == "OpportunityTransferred"]
    assert moved.metadata["actor"] == firm.person("director")
    assert moved.metadata["on_behalf_of"] == firm.person("head")
    assert moved.data["owner_id"] == firm.person("mei")
    assert (await firm["head"].get(f"/v1/hand-overs/{answer.json()['id']}")).status_code == 200


async def test_a_record_somebody_works_on_meanwhile_moves_with_what_they_said(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = operations.HandingOver.decide
    met = 0

    async def decide_then_judge(self: operations.HandingOver, item: Any, stream: Any) -> None:
        nonlocal met
        await decide(self, item, stream)
        if str(item.stream_id) == firm.ids["open"] and (met := met + 1) <= 2:  # decided, not yet appended
            await firm.tell("lei", "open", "qualify", level="H" if met == 1 else "A", expected_on=ago(-9))

    monkeypatch.setattr(operations.HandingOver, "decide", decide_then_judge)
    done = await firm.hand_over()
    assert (done["state"], done["problems"], met) == ("done", 0, 3)
    types = [fact.type for fact in await firm.facts("open")]
    assert types[-3:] == ["ProspectQualified", "ProspectQualified", "OpportunityTransferred"]
    standing = await firm.standing("open")
    assert (standing["owner_id"], standing["level"], standing["expected_on"]) == (firm.person("mei"), "A", ago(-9))
