"""Follow-up over HTTP: contacts made and planned, duties and their report, escalation, and the day of a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.opportunities.follow_ups.shapes import ContactRow, FollowUpRow, TimelinessReport
from services.opportunities.follow_ups.today.routes import Today
from services.opportunities.reports.shapes import Report
from services.opportunities.views import VIEWS
from shared.event_store.store import EventStore
from shared.http.reading import Listed
from shared.identity.current_tenant import as_tenant
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from tests.opportunities.routes.world import Client, Clock, World

OPPORTUNITIES = "/v1/opportunities"
Fold = Callable[[], Awaitable[None]]


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


@pytest.fixture
async def deal(rep: Client, prospect: dict[str, Any]) -> str:
    """Captured on the 1st of March and judged B on the 10th: due on the 17th."""
    id = str((await rep.tell(OPPORTUNITIES, prospect))["id"])
    await rep.tell(
        f"{OPPORTUNITIES}/{id}/qualify", {"level": "B", "expected_on": "2025-04-09", "on": "2025-03-10"}, version=1
    )
    return id


async def the_row(client: Client, **query: str) -> dict[str, Any]:
    said = await client.read("/v1/follow-ups", **query)
    Listed[FollowUpRow].model_validate(said)
    (row,) = said["items"]
    return dict(row)


def section(day: dict[str, Any], code: str) -> list[dict[str, Any]]:
    Today.model_validate(day)
    (found,) = [each["items"] for each in day["sections"] if each["section"] == code]
    return list(found)


async def test_a_call_in_ten_seconds_needs_no_version_and_keeps_its_words_in_the_vault(
    rep: Client, west_rep: Client, deal: str, store: EventStore, ours: World, fold: Fold
) -> None:
    key = "call-1"
    body = {"way": "phone", "result": "interested", "next_on": "2025-03-25", "narrative": "王主任说周五开会"}
    answer = await rep.post(f"{OPPORTUNITIES}/{deal}/contact", body, key=key)
    assert (answer.status_code, answer.json()["version"]) == (200, 3), answer.text
    again = await rep.post(f"{OPPORTUNITIES}/{deal}/contact", body, key=key)
    assert again.json() == answer.json()
    shown = await rep.read(f"{OPPORTUNITIES}/{deal}")
    assert shown["standing"]["follow_up_on"] == "2025-03-25"
    assert {"contact", "plan-follow-up"} <= set(shown["allowed_actions"])
    with as_tenant(ours.tenant_id):
        assert "王主任" not in str(await store.load(ours.tenant_id, shown["id"]))
    visit = {"purpose": "push_forward", "way": "on_site", "on": "2025-03-18", "opportunity_ids": [deal]}
    await rep.tell("/v1/visits/log", visit | {"narrative": "看过样车", "next_step": "报价"})
    await fold()
    made = await rep.read(f"{OPPORTUNITIES}/{deal}/contacts")
    Report[ContactRow].model_validate(made)
    said = [(row["kind"], row["day"], row["way"], row["result"], row["narrative"]) for row in made["rows"]]
    assert said == [
        ("contact", "2025-03-20", "phone", "interested", "王主任说周五开会"),
        ("visit", "2025-03-18", "on_site", "报价", "看过样车"),
    ]
    assert (await rep.read(f"{OPPORTUNITIES}/{deal}/contacts", as_of="2025-03-18"))["rows"] == made["rows"][1:]
    assert (await west_rep.get(f"{OPPORTUNITIES}/{deal}/contacts")).status_code == 404


async def test_a_contact_that_was_none_is_corrected_and_taken_back(rep: Client, deal: str, fold: Fold) -> None:
    await rep.tell(f"{OPPORTUNITIES}/{deal}/contact", {"on": "2025-03-16"})
    await fold()
    assert (await the_row(rep))["due_on"] == "2025-03-23"
    told = await rep.tell(
        f"{OPPORTUNITIES}/{deal}/correct",
        {"version": 3, "changes": {"contact_reached": False}, "reason": "未接通"},
        version=3,
    )
    await fold()
    assert (await the_row(rep))["due_on"] == "2025-03-17"
    assert (await the_row(rep, known_at=str(told["position"] - 1)))["due_on"] == "2025-03-23"
    await rep.tell(
        f"{OPPORTUNITIES}/{deal}/correct", {"version": 3, "on": "2025-03-12", "reason": "日期有误"}, version=4
    )
    await rep.tell(f"{OPPORTUNITIES}/{deal}/void", {"version": 4, "reason": "接通了"}, version=5)
    await fold()
    assert (await the_row(rep))["due_on"] == "2025-03-19"
    await rep.tell(f"{OPPORTUNITIES}/{deal}/void", {"version": 3, "reason": "打给别人了"}, version=6)
    await fold()
    assert (await the_row(rep))["due_on"] == "2025-03-17"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"on": "2025-03-21"}, 422, "in_the_future"),
        ({"at": "2025-03-20T10:00:01+08:00"}, 422, "in_the_future"),
        ({"at": "2025-03-19T10:00:00+08:00", "on": "2025-03-19"}, 422, "two_times"),
        ({"next_on": "2025-03-19"}, 422, "next_in_the_past"),
        ({"next_way": "phone"}, 422, "next_day_missing"),
        ({"on": "2025-02-28"}, 409, "before_captured"),
        ({"way": "pigeon"}, 422, None),
    ],
)
async def test_a_contact_that_cannot_be_is_refused(
    rep: Client, deal: str, body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await rep.post(f"{OPPORTUNITIES}/{deal}/contact", body)
    assert answer.status_code == status, answer.text
    assert code is None or code in answer.text


async def test_a_plan_is_for_today_or_later_and_on_the_version_read(rep: Client, deal: str) -> None:
    path = f"{OPPORTUNITIES}/{deal}/plan-follow-up"
    assert (await rep.post(path, {"follow_up_on": "2025-03-22"})).status_code == 428
    assert (await rep.post(path, {"follow_up_on": "2025-03-22"}, version=1)).status_code == 412
    refused = await rep.post(path, {"follow_up_on": "2025-03-19"}, version=2)
    assert (refused.status_code, refused.json()["code"]) == (422, "planned_in_the_past")
    await rep.tell(path, {"follow_up_on": "2025-03-22"}, version=2)


async def test_who_does_not_see_the_deal_calls_nobody(
    west_rep: Client, stranger: Client, deal: str, fold: Fold
) -> None:
    await fold()
    for other in (west_rep, stranger):
        assert (await other.post(f"{OPPORTUNITIES}/{deal}/contact", {})).status_code == 404
        assert (await other.read("/v1/follow-ups"))["items"] == []
        assert (await other.read("/v1/reports/follow-ups"))["rows"] == []
        assert (await other.read("/v1/today"))["count"] == 0


async def test_the_duty_follows_level_contacts_visits_and_plans(
    rep: Client, deal: str, ours: World, fold: Fold, clock: Clock
) -> None:
    await fold()
    row = await the_row(rep)
    assert (row["opened_on"], row["due_on"], row["state"], row["days_overdue"]) == (
        "2025-03-10",
        "2025-03-17",
        "overdue",
        3,
    )
    # an attempt that reached nobody resets nothing
    await rep.tell(f"{OPPORTUNITIES}/{deal}/contact", {"reached": False, "next_on": "2025-03-21"})
    await fold()
    row = await the_row(rep)
    assert (row["due_on"], row["planned_on"], row["state"]) == ("2025-03-17", "2025-03-21", "overdue")
    # a visit logged late counts by its day
    visit = {"purpose": "push_forward", "way": "on_site", "on": "2025-03-18", "opportunity_ids": [deal]}
    receipt = await rep.tell("/v1/visits/log", visit)
    await fold()
    row = await the_row(rep)
    assert (row["opened_on"], row["due_on"], row["state"]) == ("2025-03-18", "2025-03-25", "planned")
    assert (await the_row(rep, known_at=str(receipt["position"] - 1)))["due_on"] == "2025-03-17"
    assert (await the_row(rep, as_of="2025-03-17"))["state"] == "due"
    # a contact that reached somebody ends the plan; the day planned on goes by
    clock.pass_days(2)
    await fold()
    assert (await the_row(rep))["plan_missed"] is True
    await rep.tell(f"{OPPORTUNITIES}/{deal}/contact", {"way": "messenger"})
    await fold()
    row = await the_row(rep)
    assert (row["due_on"], row["planned_on"], row["state"]) == ("2025-03-29", None, "upcoming")
    done = await the_row(rep, state="done")
    assert (done["due_on"], done["done_on"], done["done_way"], done["done_by"]) == (
        "2025-03-25", "2025-03-22", "messenger", str(ours.rep_id),
    )  # fmt: skip
    late = await the_row(rep, state="done", **{"from": "2025-03-18", "to": "2025-03-18"})
    assert (late["days_overdue"], late["escalated"]) == (1, False)
    report = await rep.read("/v1/reports/follow-ups", **{"from": "2025-03-01", "to": "2025-03-31"}, group_by="level")
    TimelinessReport.model_validate(report)
    figures = {
        row["key"]: [row[name] for name in ("fell_due", "on_time", "late", "not_done")] for row in report["rows"]
    }
    # N was due on the 2nd and never called: re-set while overdue. B: a day late by the visit, in time by the message.
    assert figures == {"N": [1, 0, 0, 1], "B": [2, 1, 1, 0]}
    assert report["total"]["on_time_rate"] == round(1 / 3, 6)


async def test_an_order_has_a_cadence_and_a_frozen_prospect_has_no_duty(rep: Client, deal: str, fold: Fold) -> None:
    await rep.tell(f"{OPPORTUNITIES}/{deal}/win", {"on": "2025-03-15"}, version=2)
    await fold()
    row = await the_row(rep)
    assert (row["level"], row["opened_on"], row["due_on"], row["cadence_days"]) == ("O", "2025-03-15", "2025-03-22", 7)
    await rep.tell(
        f"{OPPORTUNITIES}/{deal}/deliver", {"units": [{"line": 1, "units": 10}], "on": "2025-03-19"}, version=3
    )
    await fold()
    assert (await rep.read("/v1/follow-ups"))["items"] == []
    assert (await the_row(rep, as_of="2025-03-18"))["level"] == "O"


async def test_what_is_overdue_too_long_is_the_heads_by_published_policy(
    rep: Client, head: Client, director: Client, west_rep: Client, deal: str, fold: Fold
) -> None:
    await fold()
    assert (await rep.read("/v1/follow-ups", escalated="true"))[
        "items"
    ] == []  # B: after four days overdue, it is three
    policy = {"effective_from": "2025-03-01", "escalations": [{"level": "B", "after_days": 3}]}
    assert (await rep.post("/v1/follow-up-policies", policy)).status_code == 403
    twice = {**policy, "escalations": [{"level": "B", "after_days": 3}, {"level": "B"}]}
    assert (await director.post("/v1/follow-up-policies", twice)).json()["code"] == "duplicate_code"
    receipt = await director.tell("/v1/follow-up-policies", policy)
    assert (await director.tell("/v1/follow-up-policies", policy))["version"] == receipt["version"]
    await fold()
    assert (await the_row(head, escalated="true"))["opportunity_id"] == deal
    (item,) = section(await head.read("/v1/today"), "escalated")
    assert (item["opportunity_id"], item["action"], item["days_overdue"]) == (deal, "instruct", 3)
    assert section(await director.read("/v1/today"), "escalated") == []  # the direct head's alone
    assert section(await rep.read("/v1/today"), "escalated") == []
    shown = await director.read("/v1/follow-up-policies", on="2025-03-05")
    assert shown["escalations"] == [{"level": "B", "after_days": 3}]
    assert (await director.read("/v1/follow-up-policies", on="2025-02-28"))["otherwise_after_days"] == 7
    # known before it was published, nothing was escalated
    assert (await head.read("/v1/follow-ups", escalated="true", known_at=str(receipt["position"] - 1)))["items"] == []


async def test_a_representatives_day_has_everything_in_one_read(
    rep: Client, head: Client, deal: str, ours: World, fold: Fold, prospect: dict[str, Any]
) -> None:
    await head.tell(f"{OPPORTUNITIES}/{deal}/instruct", {"text": "约见分管领导", "due_on": "2025-03-20"}, version=2)
    second = prospect | {"account_id": str(ours.other_account), "title": "商务车", "on": "2025-03-19"}
    due = str((await rep.tell(OPPORTUNITIES, second))["id"])
    third = prospect | {"account_id": None, "title": "租赁", "on": "2025-03-20"}
    planned = str((await rep.tell(OPPORTUNITIES, third))["id"])
    await rep.tell(
        f"{OPPORTUNITIES}/{planned}/plan-follow-up", {"follow_up_on": "2025-03-20", "way": "phone"}, version=1
    )
    visit = {"purpose": "develop", "way": "on_site", "planned_on": "2025-03-19", "opportunity_ids": [due]}
    visit_id = str((await rep.tell("/v1/visits", visit))["id"])
    await rep.tell(f"{OPPORTUNITIES}/{deal}/request-defeat", {"reason": "other_brand.price"}, version=3)
    await head.tell(f"{OPPORTUNITIES}/{deal}/reject-defeat", {"finding": "still_buying"}, version=4)
    await fold()
    day = await rep.read("/v1/today")
    found = {
        each["section"]: [(item["kind"], item["id"], item["due_on"], item["days_overdue"]) for item in each["items"]]
        for each in day["sections"]
    }
    assert found["overdue"] == [("follow_up", deal, "2025-03-17", 3)]
    assert found["instructions"] == [("instruction", deal, "2025-03-20", 0)]
    assert found["due"] == [("follow_up", due, "2025-03-20", 0)]
    assert found["planned"] == [("planned_follow_up", planned, "2025-03-20", 0)]
    assert found["visits"] == [("planned_visit", visit_id, "2025-03-19", 1)]
    assert found["returned"] == [("defeat_rejected", deal, "2025-03-20", 0)]
    assert {id for _, id, _, _ in found["cadence"]} == {str(ours.account), str(ours.other_account)}
    assert section(day, "returned")[0]["note"] == "still_buying"
    assert section(day, "instructions")[0]["note"] == "约见分管领导"
    assert section(day, "overdue")[0]["account"] == "申城出租"
    assert day["count"] == sum(each["count"] for each in day["sections"])
    # the head may look at it; a colleague of another branch and another company may not, nor is anybody else there
    assert (await head.read("/v1/today", person_id=str(ours.rep_id)))["count"] == day["count"]
    for person in (str(ours.west_rep_id), str(uuid4())):
        answer = await head.get("/v1/today", person_id=person)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_person")
    # a call puts it right: nothing overdue, nothing returned; tomorrow the next is due
    await rep.tell(f"{OPPORTUNITIES}/{deal}/contact", {})
    await fold()
    day = await rep.read("/v1/today")
    assert (section(day, "overdue"), section(day, "returned")) == ([], [])
    tomorrow = await rep.read("/v1/today", on="2025-03-21")
    assert [item["id"] for item in section(tomorrow, "overdue")] == [due]
    assert [item["id"] for item in section(tomorrow, "due")] == [planned]
    yesterday = await rep.read("/v1/today", on="2025-03-19")
    assert [item["id"] for item in section(yesterday, "overdue")] == [deal]
    assert section(yesterday, "instructions") == []


async def test_a_visit_on_site_this_month_ends_the_cadence_and_approvals_wait_for_the_head(
    rep: Client, head: Client, deal: str, ours: World, fold: Fold
) -> None:
    await rep.tell(
        "/v1/visits/log", {"purpose": "manage", "way": "on_site", "on": "2025-03-03", "account_id": str(ours.account)}
    )
    await rep.tell(
        "/v1/visits/log",
        {"purpose": "manage", "way": "phone", "on": "2025-03-03", "account_id": str(ours.other_account)},
    )
    await rep.tell(f"{OPPORTUNITIES}/{deal}/request-defeat", {"reason": "other_brand.price"}, version=2)
    await fold()
    assert [item["id"] for item in section(await rep.read("/v1/today"), "cadence")] == [str(ours.other_account)]
    assert section(await rep.read("/v1/today"), "approvals") == []
    (waiting,) = section(await head.read("/v1/today"), "approvals")
    assert (waiting["opportunity_id"], waiting["owner_id"]) == (deal, str(ours.rep_id))
    assert f"{waiting['path']}/{waiting['action']}" == f"{OPPORTUNITIES}/{deal}/approve-defeat"
    assert section(await head.read("/v1/today", person_id=str(ours.rep_id)), "approvals") == []


async def test_a_filing_sent_back_and_a_lead_to_answer_are_in_the_day(
    rep: Client, head: Client, director: Client, deal: str, ours: World, fold: Fold
) -> None:
    draft = {"opportunity_id": deal, "number": "TB-1", "customer_type": "taxi_fleet", "documents": ["营业执照"]}
    filing = await rep.tell("/v1/filings", {**draft, "submit": True})
    path = f"/v1/filings/{filing['id']}"
    await director.tell(f"{path}/return", {"reason": "缺用车证明"}, version=filing["version"])
    lead = str((await head.tell("/v1/leads", {"channel": "web", "account_name": "浦江客运"}))["id"])
    version = (await head.read(f"/v1/leads/{lead}"))["version"]
    await head.post(f"/v1/leads/{lead}/assign", {"owner_id": str(ours.rep_id)}, version=version)
    await fold()
    day = await rep.read("/v1/today")
    (returned,) = section(day, "returned")
    assert (returned["kind"], returned["path"], returned["note"]) == ("filing_returned", path, "缺用车证明")
    assert [(item["id"], item["title"]) for item in section(day, "leads")] == [(lead, "浦江客运")]
    labels = {each["section"]: each["label"] for each in day["sections"]}
    assert labels["returned"] == "Returned to you"


async def test_a_branch_without_a_head_is_escalated_to_who_heads_it_from_above(
    west_rep: Client, head: Client, director: Client, prospect: dict[str, Any], fold: Fold
) -> None:
    id = str((await west_rep.tell(OPPORTUNITIES, prospect | {"account_id": None, "title": "西部"}))["id"])
    await fold()
    (item,) = section(await director.read("/v1/today"), "escalated")
    assert (item["opportunity_id"], item["level"], item["days_overdue"]) == (id, "N", 18)
    assert section(await head.read("/v1/today"), "escalated") == []
