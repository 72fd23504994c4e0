"""The life of an opportunity over HTTP, and every way a command on it can be refused."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from tests.opportunities.routes.world import Client, Clock, World

OPPORTUNITIES = "/v1/opportunities"


async def captured(client: Client, body: dict[str, Any], **more: Any) -> str:
    receipt = await client.tell(OPPORTUNITIES, body | more)
    return str(receipt["id"])


class Record:
    """One opportunity, its version kept, so that commands follow each other."""

    def __init__(self, id: str, version: int = 1) -> None:
        self.id = id
        self.version = version

    async def tell(self, client: Client, verb: str, body: dict[str, Any] | None = None) -> None:
        receipt = await client.tell(f"{OPPORTUNITIES}/{self.id}/{verb}", body or {}, version=self.version)
        self.version = receipt["version"]

    async def refused(self, client: Client, verb: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        answer = await client.post(f"{OPPORTUNITIES}/{self.id}/{verb}", body or {}, version=self.version)
        return answer.status_code, answer.json()["code"]

    async def shown(self, client: Client, **query: Any) -> dict[str, Any]:
        return await client.read(f"{OPPORTUNITIES}/{self.id}", **query)


@pytest.fixture
async def record(rep: Client, prospect: dict[str, Any]) -> Record:
    return Record(await captured(rep, prospect))


# -- capture -----------------------------------------------------------------------------------------------


async def test_a_prospect_is_captured_with_its_contact_in_the_vault(
    rep: Client, prospect: dict[str, Any], store: EventStore, ours: World
) -> None:
    contact = {"name": "王主任", "phone": "13800000000"}
    answer = await rep.post(OPPORTUNITIES, prospect | {"contact": contact, "remark": "王主任偏好黑色"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{OPPORTUNITIES}/{answer.json()['id']}"
    assert answer.headers["etag"] == '"1"'
    shown = await rep.read(answer.headers["location"])
    assert shown["standing"]["valid"] is True
    assert shown["texts"] == {"contact_name": "王主任", "contact_phone": "138****0000", "remark": "王主任偏好黑色"}
    with as_tenant(ours.tenant_id):
        logged = await store.load(ours.tenant_id, UUID(shown["id"]))
    assert "王主任" not in str(logged)
    assert "138****0000" not in str(logged)


async def test_an_owner_and_unit_are_who_enters_it_unless_said(
    rep: Client, director: Client, prospect: dict[str, Any], ours: World
) -> None:
    own = Record(await captured(rep, prospect))
    standing = (await own.shown(rep))["standing"]
    assert (standing["owner_id"], standing["unit_id"]) == (str(ours.rep_id), str(ours.east))
    given = Record(await captured(director, prospect, owner_id=str(ours.west_rep_id), lines=[]))
    standing = (await given.shown(director))["standing"]
    assert (standing["owner_id"], standing["unit_id"]) == (str(ours.west_rep_id), str(ours.west))


async def test_the_back_office_enters_for_others(head: Client, prospect: dict[str, Any], ours: World) -> None:
    answer = await head.post(OPPORTUNITIES, prospect, on_behalf_of=str(ours.rep_id))
    assert answer.status_code == 201, answer.text
    shown = await head.read(answer.headers["location"])
    assert shown["standing"]["owner_id"] == str(ours.rep_id)
    assert shown["history"][0]["actor"] == str(ours.head_id)
    assert shown["history"][0]["on_behalf_of"] == str(ours.rep_id)


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"account_id": str(uuid4())}, "unknown_account", "/account_id"),
        ({"owner_id": str(uuid4())}, "unknown_owner", "/owner_id"),
        ({"unit_id": str(uuid4())}, "unknown_unit", "/unit_id"),
        ({"key_person_id": str(uuid4())}, "unknown_key_person", "/key_person_id"),
        ({"lines": [{"product": "X9", "units": 1}]}, "unknown_product", "/lines/0/product"),
        ({"on": "2025-03-21"}, "in_the_future", "/on"),
        ({"amount": "5"}, "amount_differs", "/amount"),
        ({"duplicate": "intended"}, "duplicate_reason_missing", "/duplicate_reason"),
        ({"lines": [{"product": "A6L", "units": 0}]}, "validation", "/lines/0/units"),
        ({"colour": "black"}, "validation", "/colour"),
        ({"on": "0001-01-01"}, "validation", "/on"),
        ({"title": "a\x00b"}, "invalid_text", "/title"),
    ],
)
async def test_what_cannot_be_captured_is_refused_and_says_where(
    rep: Client, prospect: dict[str, Any], wrong: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await rep.post(OPPORTUNITIES, prospect | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_who_has_left_owns_nothing_new(director: Client, prospect: dict[str, Any], ours: World) -> None:
    answer = await director.post(OPPORTUNITIES, prospect | {"owner_id": str(ours.gone_id)})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_owner")


async def test_a_record_of_another_branch_is_not_entered(rep: Client, prospect: dict[str, Any], ours: World) -> None:
    answer = await rep.post(OPPORTUNITIES, prospect | {"owner_id": str(ours.west_rep_id)})
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_your_units")


async def test_a_key_person_of_the_account_is_known(rep: Client, prospect: dict[str, Any], ours: World) -> None:
    record = Record(await captured(rep, prospect, key_person_id=str(ours.key_person), reachable=True))
    assert (await record.shown(rep))["standing"]["valid"] is True


# -- duplicates --------------------------------------------------------------------------------------------


async def test_the_same_prospect_twice_is_refused_and_names_the_holder(
    rep: Client, prospect: dict[str, Any], ours: World
) -> None:
    holder = await captured(rep, prospect)
    answer = await rep.post(OPPORTUNITIES, prospect)
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_prospect")
    assert answer.json()["errors"][0]["params"]["holder"] == holder
    assert answer.json()["errors"][0]["params"]["owner_id"] == str(ours.rep_id)


async def test_another_product_or_account_is_no_duplicate(rep: Client, prospect: dict[str, Any], ours: World) -> None:
    await captured(rep, prospect)
    await captured(rep, prospect, lines=[{"product": "Q5", "units": 1}])
    await captured(rep, prospect, account_id=str(ours.other_account))
    await captured(rep, prospect, duplicate="intended", duplicate_reason="第二个车队")


async def test_a_hundred_captures_at_once_make_one_prospect(rep: Client, prospect: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(rep.post(OPPORTUNITIES, prospect) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_a_closed_prospect_no_longer_stands_in_the_way(
    rep: Client, prospect: dict[str, Any], record: Record
) -> None:
    await record.tell(rep, "lose-contact", {"reason": "停机"})
    second = Record(await captured(rep, prospect))
    assert await record.refused(rep, "resume") == (409, "duplicate_prospect")
    await second.tell(rep, "dispose", {"disposal": "no_intention"})
    await record.tell(rep, "resume")


async def test_an_old_holder_gives_way_after_ninety_days(rep: Client, prospect: dict[str, Any], clock: Clock) -> None:
    old = Record(await captured(rep, prospect))
    clock.pass_days(91)
    await captured(rep, prospect, on="2025-06-18")
    assert (await rep.post(OPPORTUNITIES, prospect | {"on": "2025-06-18"})).status_code == 409
    await old.tell(rep, "dispose", {"disposal": "no_intention"})
    assert (await rep.post(OPPORTUNITIES, prospect | {"on": "2025-06-18"})).status_code == 409


async def test_the_period_is_the_tenants_own(director: Client, rep: Client, prospect: dict[str, Any]) -> None:
    await director.tell("/v1/approval-policies", {"effective_from": "2025-01-01", "duplicate_days": 5})
    await captured(rep, prospect)
    await captured(rep, prospect, on="2025-03-10")


# -- the way of a key, a version, a principal --------------------------------------------------------------


async def test_a_retry_gets_the_first_answer(rep: Client, prospect: dict[str, Any]) -> None:
    first = await rep.post(OPPORTUNITIES, prospect, key="once")
    again = await rep.post(OPPORTUNITIES, prospect, key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await rep.post(OPPORTUNITIES, prospect | {"title": "别的"}, key="once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_is_remembered_under_its_key(rep: Client, record: Record) -> None:
    body, path = {"units": [{"line": 1, "units": 1}]}, f"{OPPORTUNITIES}/{record.id}/deliver"
    assert (await rep.post(path, body, version=1, key="k")).json()["code"] == "not_ordered"
    await record.tell(rep, "win")
    again = await rep.post(path, body, version=1, key="k")
    assert (again.status_code, again.json()["code"]) == (409, "not_ordered")


async def test_an_existing_record_is_changed_at_the_version_read(rep: Client, record: Record) -> None:
    path = f"{OPPORTUNITIES}/{record.id}/qualify"
    assert (await rep.post(path, {"level": "H"})).status_code == 428
    assert (await rep.post(path, {"level": "H"}, version=7)).status_code == 412
    await record.tell(rep, "qualify", {"level": "H"})
    stale = await rep.post(path, {"level": "A"}, version=1)
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')


async def test_repeating_a_command_under_a_new_key_changes_nothing(rep: Client, record: Record) -> None:
    body = {"level": "H", "expected_on": "2025-03-25"}
    await record.tell(rep, "qualify", body)
    receipt = await rep.tell(f"{OPPORTUNITIES}/{record.id}/qualify", body, version=2)
    assert receipt["version"] == 2


async def test_who_does_not_see_a_record_finds_nothing(
    west_rep: Client, stranger: Client, support: Client, head: Client, rep: Client, record: Record
) -> None:
    for client in (west_rep, stranger):
        assert (await client.get(f"{OPPORTUNITIES}/{record.id}")).status_code == 404
        assert await record.refused(client, "qualify", {"level": "H"}) == (404, "not_found")
    for client in (support, head, rep):
        assert (await client.get(f"{OPPORTUNITIES}/{record.id}")).status_code == 200
    assert (await rep.get(f"{OPPORTUNITIES}/{uuid4()}")).status_code == 404


async def test_another_company_refers_to_nothing_of_ours(
    stranger: Client, prospect: dict[str, Any], theirs: World
) -> None:
    answer = await stranger.post(OPPORTUNITIES, prospect | {"unit_id": str(theirs.east)})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_account")


# -- life --------------------------------------------------------------------------------------------------


async def test_from_record_to_delivery(rep: Client, record: Record) -> None:
    await record.tell(rep, "qualify", {"level": "H", "expected_on": "2025-03-18", "on": "2025-03-02"})
    await record.tell(rep, "win", {"order_ref": "HT-1", "promised_on": "2025-04-30", "on": "2025-03-05"})
    await record.tell(rep, "amend", {"lines": [{"line": 1, "product": "A6L", "units": 12}], "amount": "3600000"})
    await record.tell(rep, "deliver", {"units": [{"line": 1, "units": 7}]})
    await record.tell(rep, "cancel", {"units": [{"line": 1, "units": 1}], "reason": "减少"})
    shown = await record.shown(rep)
    assert (shown["status"], shown["delivered"], shown["computed_level"]) == ("ordered", False, "O")
    assert await record.refused(rep, "deliver", {"units": [{"line": 1, "units": 5}]}) == (409, "more_than_ordered")
    await record.tell(rep, "deliver", {"units": [{"line": 1, "units": 4}]})
    shown = await record.shown(rep)
    assert shown["delivered"] is True
    line = shown["lines"][0]
    assert (line["ordered"], line["delivered"], line["cancelled"]) == (12, 11, 1)
    assert shown["standing"]["amount"] == "3600000"
    assert shown["names"]["products"] == {"A6L": "奥迪 A6L"}
    assert "华东" in shown["names"]["units"].values()
    assert "申城出租" in shown["names"]["accounts"].values()
    assert [fact["type"] for fact in shown["history"]] == [
        *("ProspectCaptured", "ProspectQualified", "DealWon", "OrderAmended", "UnitsDelivered", "UnitsCancelled"),
        "UnitsDelivered",
    ]


async def test_a_defeat_is_asked_for_reviewed_and_revived(rep: Client, head: Client, record: Record) -> None:
    await record.tell(rep, "qualify", {"level": "A", "expected_on": "2025-03-30"})
    await record.tell(rep, "request-defeat", {"reason": "other_brand.price", "competitor_brand": "BMW"})
    shown = await record.shown(rep)
    assert (shown["status"], shown["level"], shown["standing"]["review"]) == ("open", "A", "defeat")
    assert "approve-defeat" not in shown["allowed_actions"]
    assert "approve-defeat" in (await record.shown(head))["allowed_actions"]
    assert await record.refused(rep, "approve-defeat") == (403, "forbidden")
    assert await record.refused(rep, "reject-defeat", {"finding": "still_buying"}) == (403, "forbidden")
    await record.tell(head, "reject-defeat", {"finding": "insufficient"})
    await record.tell(rep, "request-defeat", {"reason": "project.tender_lost"})
    await record.tell(head, "approve-defeat", {"comment": "已核实"})
    shown = await record.shown(head)
    assert (shown["status"], shown["standing"]["defeat_category"]) == ("defeated", "project")
    assert await record.refused(rep, "win") == (409, "already_defeated")
    await record.tell(rep, "reopen", {"reason": "竞品延期"})
    await record.tell(rep, "win")


async def test_a_freeze_is_approved_or_not(rep: Client, head: Client, record: Record) -> None:
    await record.tell(rep, "freeze", {"reason": "预算推迟", "recall_on": "2025-09-01"})
    assert await record.refused(rep, "approve-freeze") == (403, "forbidden")
    await record.tell(head, "reject-freeze")
    assert await record.refused(head, "approve-freeze") == (409, "no_freeze_requested")
    await record.tell(rep, "freeze", {"reason": "预算推迟", "recall_on": "2025-09-01"})
    await record.tell(head, "approve-freeze")
    assert (await record.shown(rep))["status"] == "frozen"
    await record.tell(rep, "resume", {"reason": "预算批复"})
    assert (await record.shown(rep))["status"] == "open"


async def test_approvals_can_be_automatic(director: Client, rep: Client, record: Record) -> None:
    policy = {"effective_from": "2025-01-01", "approve_defeat": "automatic", "approve_freeze": "automatic"}
    await director.tell("/v1/approval-policies", policy)
    await record.tell(rep, "request-defeat", {"reason": "own.attitude"})
    shown = await record.shown(rep)
    assert (shown["status"], shown["version"]) == ("defeated", 3)
    await record.tell(rep, "reopen")
    await record.tell(rep, "freeze", {"reason": "等", "recall_on": "2025-09-01"})
    assert (await record.shown(rep))["status"] == "frozen"


async def test_a_transfer_hands_over_what_is_seen(
    rep: Client, west_rep: Client, head: Client, director: Client, record: Record, ours: World
) -> None:
    assert await record.refused(director, "transfer", {"owner_id": str(uuid4())}) == (422, "unknown_owner")
    assert await record.refused(rep, "transfer", {"owner_id": str(ours.west_rep_id)}) == (403, "forbidden")
    assert await record.refused(head, "transfer", {"owner_id": str(ours.west_rep_id)}) == (403, "outside_your_units")
    assert "transfer" not in (await record.shown(rep))["allowed_actions"]
    assert "transfer" in (await record.shown(head))["allowed_actions"]
    await record.tell(director, "transfer", {"owner_id": str(ours.west_rep_id), "on": "2025-03-10"})
    assert (await rep.get(f"{OPPORTUNITIES}/{record.id}")).status_code == 404
    shown = await record.shown(west_rep)
    assert (shown["standing"]["owner_id"], shown["standing"]["unit_id"]) == (str(ours.west_rep_id), str(ours.west))


async def test_the_head_instructs_and_the_representative_reports(rep: Client, head: Client, record: Record) -> None:
    body = {"text": "约见分管领导", "due_on": "2025-03-25"}
    assert await record.refused(rep, "instruct", body) == (403, "forbidden")
    assert await record.refused(head, "instruct", body | {"due_on": "2025-03-01"}) == (422, "due_in_the_past")
    await record.tell(head, "instruct", body)
    instruction = (await record.shown(rep))["standing"]["instruction"]
    assert (instruction["text"], instruction["due_on"]) == ("约见分管领导", "2025-03-25")
    await record.tell(rep, "complete-instruction", {"result": "已约"})
    assert "instruction" not in (await record.shown(rep))["standing"]


async def test_an_unknown_level_reason_or_product_is_refused(rep: Client, record: Record) -> None:
    assert await record.refused(rep, "qualify", {"level": "Z"}) == (422, "unknown_level")
    assert await record.refused(rep, "request-defeat", {"reason": "own.hair"}) == (422, "unknown_reason")
    line = {"product": "X9", "units": 1}
    for verb, body in (("qualify", {"level": "H", "lines": [line]}), ("win", {"lines": [line]})):
        assert await record.refused(rep, verb, body) == (422, "unknown_product")


async def test_a_just_published_policy_is_judged_by(director: Client, rep: Client, record: Record) -> None:
    assert await record.refused(rep, "qualify", {"level": "S"}) == (422, "unknown_level")
    levels = [
        {"code": "S", "window_days": 3, "follow_up_days": 1, "win_rate": "0.9"},
        {"code": "T1", "follow_up_days": 9, "win_rate": "0.1"},
    ]
    policy = {
        "code": "st",
        "zh": "二级",
        "en": "two",
        "effective_from": "2025-03-10",
        "default": True,
        "levels": levels,
    }
    await director.tell("/v1/level-policies", policy)
    assert await record.refused(rep, "qualify", {"level": "S", "on": "2025-03-09"}) == (422, "unknown_level")
    await record.tell(rep, "qualify", {"level": "S"})
    shown = await record.shown(rep)
    assert (shown["level"], shown["computed_level"], shown["level_policy"]) == ("S", "T1", "st")


# -- late facts and corrections ----------------------------------------------------------------------------


async def test_history_shows_what_was_said_and_what_holds(rep: Client, record: Record) -> None:
    await record.tell(rep, "qualify", {"level": "H", "expected_on": "2025-03-25", "on": "2025-03-05"})
    body = {"version": 2, "changes": {"expected_on": "2025-04-02"}, "on": "2025-03-04", "reason": "录入错误"}
    await record.tell(rep, "correct", body)
    shown = await record.shown(rep)
    assert shown["standing"]["expected_on"] == "2025-04-02"
    judged, corrected = shown["history"][1:]
    assert judged["changes"]["expected_on"] == "2025-04-02"
    assert judged["first_changes"]["expected_on"] == "2025-03-25"
    assert (judged["occurred_at"], judged["corrected_by"]) == ("2025-03-03T16:00:00Z", [3])
    assert (corrected["type"], corrected["said"]["reason"]) == ("FactCorrected", "录入错误")
    await record.tell(rep, "void", {"version": 2, "reason": "从未判定"})
    shown = await record.shown(rep)
    assert shown["level"] is None
    assert shown["history"][1]["voided"] is True


async def test_a_record_is_shown_as_of_a_day_and_as_known_then(rep: Client, record: Record) -> None:
    receipt = await rep.tell(f"{OPPORTUNITIES}/{record.id}/qualify", {"level": "B", "on": "2025-03-10"}, version=1)
    record.version = 2
    await record.tell(rep, "qualify", {"level": "H", "on": "2025-03-05"})
    assert (await record.shown(rep))["level"] == "B"
    assert (await record.shown(rep, as_of="2025-03-06"))["level"] == "H"
    assert (await record.shown(rep, as_of="2025-03-06", known_at=receipt["position"]))["level"] is None
    assert (await rep.get(f"{OPPORTUNITIES}/{record.id}", as_of="2025-02-01")).status_code == 404


async def test_a_correction_is_held_to_the_same_rules(rep: Client, record: Record) -> None:
    await record.tell(rep, "win", {"on": "2025-03-05"})
    await record.tell(rep, "deliver", {"units": [{"line": 1, "units": 4}], "on": "2025-03-09"})
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"version": 2, "on": "2025-03-12"}, "impossible_order"),
        ({"version": 2, "on": "2025-03-30"}, "in_the_future"),
        ({"version": 2, "occurred_at": "2025-03-30T00:00:00Z"}, "in_the_future"),
        ({"version": 2, "on": "2025-03-04", "occurred_at": "2025-03-04T00:00:00Z"}, "two_times"),
        ({"version": 2, "changes": {"level": "H"}}, "not_set_by_fact"),
        ({"version": 2, "changes": {"status": "open"}}, "not_correctable"),
        ({"version": 2, "changes": {"currency": "yuan"}}, "invalid_value"),
        ({"version": 1, "changes": {"owner_id": str(uuid4())}}, "unknown_owner"),
        ({"version": 1, "changes": {"account_id": str(uuid4())}}, "unknown_account"),
        ({"version": 2, "changes": {"lines": [{"line": 1, "product": "X9", "units": 4}]}}, "unknown_product"),
        ({"version": 2}, "nothing_to_correct"),
        ({"version": 9, "changes": {"amount": None}}, "no_such_fact"),
    ]
    for body, code in wrong:
        status, said = await record.refused(rep, "correct", body | {"reason": "误"})
        assert said == code
        assert status in (409, 422)
    assert await record.refused(rep, "void", {"version": 2, "reason": "误"}) == (409, "impossible_order")
    assert await record.refused(rep, "void", {"version": 1, "reason": "误"}) == (409, "first_fact")


async def test_the_day_of_a_delivery_moves_with_its_correction(rep: Client, record: Record) -> None:
    await record.tell(rep, "win", {"on": "2025-03-05"})
    await record.tell(rep, "deliver", {"units": [{"line": 1, "units": 4}], "on": "2025-03-09"})
    await record.tell(rep, "correct", {"version": 3, "on": "2025-03-11", "reason": "交车日有误"})
    assert (await record.shown(rep))["standing"]["delivered"] == [{"line": 1, "units": 4, "on": "2025-03-11"}]


async def test_facts_of_one_day_stand_in_the_order_told(rep: Client, record: Record) -> None:
    await record.tell(rep, "qualify", {"level": "H", "on": "2025-03-01"})
    await record.tell(rep, "win", {"on": "2025-03-01"})
    await record.tell(rep, "deliver", {"units": [{"line": 1, "units": 10}], "on": "2025-03-01"})
    assert (await record.shown(rep, as_of="2025-03-01"))["delivered"] is True
    assert await record.refused(rep, "cancel", {"reason": "误", "on": "2025-02-27"}) == (409, "before_captured")
