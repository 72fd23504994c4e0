"""A budget from proposal to use: inquiry with finance, approval by the line, claims never beyond what is left."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.accounts.account import Account
from services.accounts.account_commands import OpenAccount
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import BEGINNING, Clock
from tests.kpi.raw_facts import tell
from tests.kpi.reporting.region import with_region
from tests.kpi.staffed import Staffed, staffed

PATH, CLAIMS = "/v1/budgets", "/v1/budgets/claims"
LINES = [{"category": "travel", "amount": "1000.00", "basis": "上年"}, {"category": "events", "amount": "500.00"}]
STANDING = """
select (data -> 'standing')::text from es.events
 where tenant_id = $1 and stream_type = 'budget' order by version desc limit 1
"""
CLAIM = {"category": "travel", "amount": "600.00", "purpose": "走访采购部"}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await with_region(await staffed(store, http, settings, pool), http, settings)


def path(receipt: dict[str, Any], verb: str = "", *, of: str = PATH) -> str:
    return f"{of}/{receipt['id']}" + (f"/{verb}" if verb else "")


async def proposed(company: Staffed, unit: str = "SH", who: str = "sh_head", **given: Any) -> dict[str, Any]:
    return await company.make(who, PATH, {"year": 2026, "unit_id": company.unit(unit), "lines": LINES, **given})


async def approved(company: Staffed, unit: str = "SH", **given: Any) -> dict[str, Any]:
    made = await proposed(company, unit, **given)
    inquiry = {"participants": [company.person("finance")], "findings": ["差旅压减"], "on": given.get("on")}
    await company.make("sh_manager", path(made, "hold-inquiry"), inquiry, version=1)
    done = await company.make("director", path(made, "approve"), {"on": given.get("on")}, version=2)
    await company.fold()
    return done


async def account(company: Staffed, name: str = "li", unit: str = "SH") -> str:
    given = OpenAccount(name=f"客户{uuid4()}", owner_id=company.people[name], unit_id=company.company.units[unit])
    made = Account.open(
        uuid4(), given, owner_id=company.people[name], unit_id=company.company.units[unit], at=BEGINNING
    )
    await company.append(made)
    return str(made.id)


async def use(company: Staffed, who: str = "sh_head", **params: Any) -> dict[str, tuple[str, ...]]:
    await company.fold()
    rows = (await company[who].read(f"{PATH}/use", **params))["rows"]
    names = ("budgeted", "claimed", "used", "paid", "left")
    return {row["category"]: tuple(row[name] for name in names) for row in rows}


async def test_a_budget_is_proposed_asked_about_revised_approved_and_amended(company: Staffed) -> None:
    item = await company.make("li", "/v1/intelligence", {"category": "market", "title": "新厂开工"})
    await company.fold()
    for who, code in (("li", "forbidden"), ("bj_head", "outside_your_units")):
        body = {"year": 2026, "unit_id": company.unit("SH"), "lines": LINES}
        assert await company.refused(who, PATH, body) == (403, code)
    made = await proposed(company, item_ids=[item["id"]])
    again = {"year": 2026, "unit_id": company.unit("SH"), "lines": LINES}
    assert await company.refused("sh_manager", PATH, again) == (409, "budget_there")
    approve, inquire, revise = path(made, "approve"), path(made, "hold-inquiry"), path(made, "revise")
    assert await company.refused("director", approve, {}, version=1) == (409, "inquiry_missing")
    alone = {"participants": [company.person("li")]}
    assert await company.refused("sh_head", inquire, alone, version=1) == (422, "finance_missing")
    nobody = {"participants": [company.unit("SH")]}
    assert await company.refused("finance", inquire, nobody, version=1) == (422, "unknown_person")
    inquiry = {"participants": [company.person("finance")], "findings": ["差旅压减一成"]}
    await company.make("sh_head", inquire, inquiry, version=1)
    await company.make("director", path(made, "return"), {"reason": "依据不足"}, version=2)
    assert await company.refused("director", approve, {}, version=3) == (409, "budget_returned")
    lines = [{"category": "travel", "amount": "900.00"}]
    twice = {"lines": [*lines, *lines], "reason": "x"}
    assert await company.refused("sh_head", revise, twice, version=3) == (422, "category_twice")
    await company.make("sh_head", revise, {"lines": lines, "reason": "按质询意见"}, version=3)
    assert await company.refused("sh_head", approve, {}, version=4) == (403, "not_in_reporting_line")
    await company.make("sh_manager", approve, {}, version=4)
    assert await company.refused("sh_head", revise, {"lines": lines, "reason": "x"}, version=5) == (
        409,
        "budget_decided",
    )
    corrected = {"version": 1, "changes": {"lines": lines}, "reason": "x"}
    assert await company.refused("sh_head", path(made, "correct"), corrected, version=5) == (409, "budget_decided")
    await company.make("director", path(made, "amend"), {"lines": LINES, "reason": "新展会"}, version=5)
    shown = await company["sh_head"].read(path(made))
    assert (shown["standing"]["number"], shown["standing"]["status"]) == (2, "approved")
    assert shown["standing"]["inquiries"][0]["findings"] == ["差旅压减一成"]
    assert shown["standing"]["item_ids"] == [item["id"]]
    assert set(shown["allowed_actions"]) == {"amend", "correct", "void"}
    assert (await company["bj_head"].get(path(made))).status_code == 404
    await company.fold()
    (row,) = (await company["director"].read(PATH, year=2026, status="approved"))["items"]
    assert (row["unit"], row["owner"], row["amount"], row["number"]) == ("SH店", "sh_head", "1500.00", 2)
    hidden = {"year": 2027, "unit_id": company.unit("BJ"), "lines": LINES, "item_ids": [item["id"]]}
    assert await company.refused("bj_head", PATH, hidden) == (422, "unknown_item")


async def test_claims_use_the_budget_and_never_more_than_is_left(company: Staffed) -> None:
    budget = await approved(company)
    customer = await account(company)
    for body, code in (
        (CLAIM, "untied_claim"),
        ({**CLAIM, "account_id": customer, "category": "gifts"}, "unknown_category"),
        ({**CLAIM, "account_id": customer, "spent_on": "2025-12-31"}, "no_budget"),
        ({**CLAIM, "account_id": customer, "spent_on": "2026-03-03"}, "in_the_future"),
        ({**CLAIM, "account_id": await account(company, "zhao", "BJ")}, "unknown_account"),
        ({**CLAIM, "visit_id": str(uuid4())}, "unknown_visit"),
    ):
        assert await company.refused("li", CLAIMS, body) == (422, code)
    assert await company.refused("zhao", CLAIMS, {**CLAIM, "visit_id": str(uuid4())}) == (422, "unknown_visit")
    first = await company.make("li", CLAIMS, {**CLAIM, "account_id": customer})
    second = await company.make("li", CLAIMS, {**CLAIM, "account_id": customer})
    assert await use(company) == {
        "events": ("500.00", "0.00", "0.00", "0.00", "500.00"),
        "travel": ("1000.00", "1200.00", "0.00", "0.00", "1000.00"),
    }
    approve, pay = path(first, "approve", of=CLAIMS), path(first, "pay", of=CLAIMS)
    assert await company.refused("li", approve, {}, version=1) == (403, "forbidden")
    assert await company.refused("finance", pay, {}, version=1) == (409, "claim_moved_on")
    await company.make("sh_head", approve, {}, version=1)
    told = json.loads(await company.pool.fetchval(STANDING, company.tenant_id))
    assert ("uses" not in told, told["used"]) == (True, {"travel": "600.00"})  # a fact does not repeat every use
    again = await company.make("sh_head", approve, {}, version=2)
    assert again["version"] == 2  # said twice, used once
    beyond = path(second, "approve", of=CLAIMS)
    assert await company.refused("sh_head", beyond, {}, version=1) == (409, "beyond_budget")
    await company.make("sh_head", path(second, "refuse", of=CLAIMS), {"reason": "超支"}, version=1)
    assert await company.refused("sh_head", pay, {}, version=2) == (403, "forbidden")
    less = {"lines": [{"category": "travel", "amount": "500.00"}], "reason": "x"}
    assert await company.refused("director", path(budget, "amend"), less, version=4) == (409, "below_use")
    gone = {"version": 4, "reason": "x"}
    assert await company.refused("director", path(budget, "void"), gone, version=4) == (409, "use_of_claim")
    gone = {"version": 3, "reason": "x"}
    assert await company.refused("director", path(budget, "void"), gone, version=4) == (409, "impossible_order")
    await company.make("finance", pay, {"ref": "BX-1"}, version=2)
    reverse = path(first, "reverse", of=CLAIMS)
    assert await company.refused("sh_head", reverse, {"reason": "x"}, version=3) == (409, "claim_moved_on")
    assert (await use(company))["travel"] == ("1000.00", "0.00", "600.00", "600.00", "400.00")
    assert [row["used_amount"] for row in (await company["sh_head"].read(PATH))["items"]] == ["600.00"]  # its own sum
    assert (await use(company, "director", year=2026, unit_id=company.unit("SH")))["events"][4] == "500.00"
    assert await use(company, "bj_head") == {}
    (row,) = (await company["li"].read(CLAIMS, status="paid"))["items"]
    assert (row["owner"], row["amount"], row["decided_by_name"], row["account_id"]) == (
        "li",
        "600.00",
        "sh_head",
        customer,
    )
    assert (await company["wang"].read(CLAIMS))["items"] == []
    shown = await company["li"].read(path(first, of=CLAIMS))
    assert (shown["standing"]["ref"], shown["allowed_actions"]) == ("BX-1", ["correct"])
    wrong = {"version": 1, "changes": {"amount": "1.00"}, "reason": "x"}
    assert await company.refused("li", path(first, "correct", of=CLAIMS), wrong, version=3) == (422, "not_correctable")


async def test_a_claim_tied_to_a_visit_takes_its_customer_and_a_reversal_gives_back(company: Staffed) -> None:
    await approved(company)
    customer = await account(company)
    said = {
        "status": "logged", "account_id": customer, "owner_id": company.person("li"), "unit_id": company.unit("SH"),
        "participants": [company.person("li"), company.person("wang")],
    }  # fmt: skip
    visit = str(await tell(company, "visit", ("VisitLogged", "2026-02-02", {**said, "standing": said})))
    planned = {**said, "status": "planned"}
    coming = str(await tell(company, "visit", ("VisitPlanned", "2026-02-02", {**planned, "standing": planned})))
    other = await account(company)
    assert await company.refused("li", CLAIMS, {**CLAIM, "visit_id": coming}) == (422, "visit_not_made")
    elsewhere = {**CLAIM, "visit_id": visit, "account_id": other}
    assert await company.refused("li", CLAIMS, elsewhere) == (422, "visit_elsewhere")
    made = await company.make("wang", CLAIMS, {**CLAIM, "visit_id": visit, "spent_on": "2026-02-02"})  # took part
    await company.make("sh_manager", path(made, "approve", of=CLAIMS), {}, version=1)
    await company.fold()
    (row,) = (await company["wang"].read(CLAIMS, visit_id=visit))["items"]
    assert (row["account_id"], row["spent_on"]) == (customer, "2026-02-02")
    assert (await use(company))["travel"][2:] == ("600.00", "0.00", "400.00")
    back = await company.make("sh_manager", path(made, "reverse", of=CLAIMS), {"reason": "重复"}, version=2)
    assert (await use(company))["travel"][2:] == ("0.00", "0.00", "1000.00")
    before = await use(company, known_at=back["position"] - 2)  # two facts in one append
    assert before["travel"][2:] == ("600.00", "0.00", "400.00")
    budget = (await company["sh_head"].read(PATH))["items"][0]
    assert budget["used_amount"] == "0.00"


async def test_a_unit_without_a_budget_uses_the_one_above_and_last_year_proposes_the_next(
    company: Staffed, clock: Clock
) -> None:
    clock.now = datetime(2026, 3, 2, 2, tzinfo=UTC)
    regional = {"year": 2025, "unit_id": company.unit("E"), "lines": LINES, "on": "2025-01-06"}
    made = await company.make("east", PATH, regional)
    inquiry = {"participants": [company.person("east")], "on": "2025-01-07"}
    await company.make("finance", path(made, "hold-inquiry"), inquiry, version=1)
    await company.make("director", path(made, "approve"), {"on": "2025-01-08"}, version=2)
    customer = await account(company, "qian", "NJ")
    await company.fold()
    spent = {**CLAIM, "account_id": customer, "spent_on": "2025-05-06", "on": "2025-05-06"}
    claim = await company.make("qian", CLAIMS, spent)
    await company.make("east", path(claim, "approve", of=CLAIMS), {"on": "2025-05-07"}, version=1)
    await company.fold()
    assert await company.refused("li", CLAIMS, {**CLAIM, "account_id": await account(company)}) == (422, "no_budget")
    rows = (await company["east"].read(f"{PATH}/proposal", year=2026, growth="0.1"))["rows"]
    assert [(row["category"], row["used_before"], row["proposed"]) for row in rows] == [
        ("events", "0.00", "0.00"),
        ("travel", "600.00", "660.00"),
    ]
    early = await use(company, "east", year=2025, as_of="2025-05-06")
    assert early["travel"] == ("1000.00", "600.00", "0.00", "0.00", "1000.00")
    await company.make("east", path(made, "correct"), {
        "version": 2, "changes": {"inquiries": [{
            "on": "2025-01-07", "held_by": company.person("finance"), "participants": [], "findings": ["无异议"]}]},
        "reason": "补记",
    }, version=4)  # fmt: skip


async def test_two_approvals_at_once_do_not_take_the_same_money(company: Staffed) -> None:
    await approved(company)
    customer = await account(company)
    made = [await company.make(who, CLAIMS, {**CLAIM, "account_id": customer}) for who in ("li", "li", "li")]
    answers = await asyncio.gather(
        *(company["sh_head"].post(path(one, "approve", of=CLAIMS), {}, version=1) for one in made)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert {answer.json().get("code") for answer in answers if answer.status_code == 409} == {"beyond_budget"}
    assert (await use(company))["travel"] == ("1000.00", "1200.00", "600.00", "0.00", "400.00")
