"""No way round an approval: entered for a subordinate, told for an earlier day, taken back afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.accounts.account import Account
from services.accounts.account_commands import OpenAccount
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import BEGINNING, Client, Clock
from tests.kpi.plans.planned import row
from tests.kpi.reporting.region import with_region
from tests.kpi.staffed import Staffed, staffed

LINES = [{"category": "travel", "amount": "1000.00"}]
MORE = [{"category": "travel", "amount": "9000.00"}]
NOT_THEIRS = (403, "not_in_reporting_line")


@dataclass
class For(Client):
    """A client that enters for somebody else."""

    whom: UUID

    def _headers(self) -> dict[str, str]:
        return {**super()._headers(), "on-behalf-of": str(self.whom)}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    made = await with_region(await staffed(store, http, settings, pool), http, settings)
    head = made["sh_head"]
    made.company.clients["head for li"] = For(head.http, head.token, head.person_id, made.people["li"])
    return made


async def budget(company: Staffed, who: str) -> tuple[str, int]:
    """A proposal finance was asked about; its path and version."""
    on = {"on": "2026-02-02"}
    body = {"year": 2026, "unit_id": company.unit("SH"), "lines": LINES, **on}
    path = f"/v1/budgets/{(await company.make(who, '/v1/budgets', body))['id']}"
    asked = {"participants": [company.person("finance")], **on}
    await company.make("finance", f"{path}/hold-inquiry", asked, version=1)
    return path, 2


async def test_a_budget_entered_for_a_subordinate_is_not_approved_by_who_entered_it(company: Staffed) -> None:
    path, at = await budget(company, "head for li")
    assert await company.refused("sh_head", f"{path}/approve", {}, version=at) == NOT_THEIRS
    await company.make("sh_manager", f"{path}/approve", {}, version=at)


async def test_lines_of_an_approved_budget_are_amended_and_nothing_else(company: Staffed) -> None:
    path, at = await budget(company, "sh_head")
    lines = [{"category": "travel", "amount": "500.00"}]
    await company.make("sh_head", f"{path}/revise", {"lines": lines, "reason": "压减"}, version=at)
    await company.make("sh_manager", f"{path}/approve", {}, version=3)
    earlier = {"lines": MORE, "reason": "x", "on": "2026-02-03"}
    for verb, said, no in (
        ("revise", earlier, (409, "budget_decided")),
        ("void", {"version": 3, "reason": "x"}, NOT_THEIRS),  # what was proposed first would be in force
        ("correct", {"version": 3, "changes": {}, "on": "2026-03-01", "reason": "x"}, NOT_THEIRS),
    ):
        assert await company.refused("sh_head", f"{path}/{verb}", said, version=4) == no, verb
    assert (await company["sh_head"].read(path))["standing"]["lines"][0]["amount"] == "500.00"


async def test_a_claim_is_decided_and_paid_by_others(company: Staffed) -> None:
    path, at = await budget(company, "sh_head")
    await company.make("sh_manager", f"{path}/approve", {}, version=at)
    given = OpenAccount(name="客户", owner_id=company.people["li"], unit_id=company.company.units["SH"])
    customer = Account.open(
        uuid4(), given, owner_id=company.people["li"], unit_id=company.company.units["SH"], at=BEGINNING
    )
    await company.append(customer)
    await company.fold()
    body = {"category": "travel", "amount": "60.00", "purpose": "走访", "account_id": str(customer.id)}
    claims = "/v1/budgets/claims"
    one = f"{claims}/{(await company.make('head for li', claims, body))['id']}"
    assert await company.refused("sh_head", f"{one}/approve", {}, version=1) == NOT_THEIRS
    await company.make("sh_manager", f"{one}/approve", {}, version=1)
    await company.make("finance", f"{one}/pay", {"ref": "BX-1"}, version=2)
    paid = {"version": 3, "changes": {"paid_on": "2026-03-01"}, "reason": "x"}
    assert await company.refused("li", f"{one}/correct", paid, version=3) == (403, "forbidden")
    decided = {"version": 2, "changes": {}, "on": "2026-03-01", "reason": "x"}
    assert await company.refused("li", f"{one}/correct", decided, version=3) == (403, "forbidden")
    await company.make("finance", f"{one}/correct", {**paid, "changes": {"ref": "BX-2"}}, version=3)
    area = await company.make("director", "/v1/budgets", {"year": 2026, "unit_id": company.unit("HQ"), "lines": LINES})
    assert await company.refused("director", f"/v1/budgets/{area['id']}/approve", {}, version=1) == NOT_THEIRS
    own = {**body, "budget_id": None, "on": None}
    assert (await company["finance"].post(claims, own)).status_code == 422  # sees the customer, has no budget above


async def test_a_plan_is_approved_by_nobody_who_proposed_submitted_or_entered_it(company: Staffed) -> None:
    made = await company.make("head for li", "/v1/plans", {"year": 2026, "unit_id": company.unit("SH"),
                                                           "rows": [row("2026-04", 9)]})  # fmt: skip
    path = f"/v1/plans/{made['id']}"
    await company.make("head for li", f"{path}/submit", {}, version=1)
    assert await company.refused("sh_head", f"{path}/review", {}, version=2) == NOT_THEIRS
    await company.make("sh_manager", f"{path}/review", {}, version=2)
    assert await company.refused("sh_head", f"{path}/approve", {}, version=3) == NOT_THEIRS
    await company.make("sh_manager", f"{path}/approve", {}, version=3)
    earlier = {"rows": [row("2026-04", 1)], "on": "2026-03-01"}
    assert await company.refused("sh_head", f"{path}/revise", earlier, version=4) == (409, "plan_not_draft")
    mine = await company.make("director", "/v1/plans", {"year": 2027, "rows": [row("2027-04", 9)]})
    path = f"/v1/plans/{mine['id']}"
    await company.make("director", f"{path}/submit", {}, version=1)
    await company.make("finance", f"{path}/review", {}, version=2)
    other = {"version": 2, "changes": {"submitted_by": company.person("li")}, "reason": "x"}
    assert (await company.refused("director", f"{path}/correct", other, version=3))[0] in (403, 422)
    assert await company.refused("director", f"{path}/approve", {}, version=3) == NOT_THEIRS


async def test_firm_months_change_by_approval_of_somebody_else_whatever_day_is_said(company: Staffed) -> None:
    paths = "/v1/rolling-plans"
    rows = {"base_month": "2026-02", "rows": [row("2026-02", 8), row("2026-03", 5)], "on": "2026-02-02"}
    made = await company.make("sh_manager", paths, {**rows, "unit_id": company.unit("SH")})
    path = f"{paths}/{made['id']}/publish"
    later = {"base_month": "2026-04", "rows": [row("2026-04", 5)], "on": "2026-03-02"}
    await company.make("sh_manager", path, later, version=2)
    past = {**rows, "rows": [row("2026-02", 1), row("2026-03", 5)], "on": "2026-02-03"}
    assert await company.refused("sh_office", path, past, version=3) == (422, "reason_missing")
    asked = {**later, "rows": [row("2026-04", 2)], "reason": "缺货"}
    await company.make("head for li", path, asked, version=3)
    path = path.removesuffix("/publish")
    assert await company.refused("sh_head", f"{path}/approve", {}, version=4) == NOT_THEIRS
    whose = {"version": 4, "changes": {"requested_by": company.person("wang")}, "reason": "x"}
    assert await company.refused("director", f"{path}/correct", whose, version=4) == (422, "not_correctable")
    await company.make("sh_manager", f"{path}/approve", {}, version=4)


async def test_directors_do_not_settle_their_own_results(company: Staffed) -> None:
    body = {"owner_id": company.person("director"), "cycle": "month", "month": "2026-02"}
    assert await company.refused("director", "/v1/assessments", body) == NOT_THEIRS
    made = await company.make("hr", "/v1/assessments", body)
    path = f"/v1/assessments/{made['id']}"
    for verb, said in (
        ("rate", {"rater": "superior", "aspect": "attitude", "points": "100"}),
        ("propose", {}),
        ("sign-off", {}),
        ("correct", {"version": 1, "changes": {}, "on": "2026-03-01", "reason": "x"}),
    ):
        assert (await company.refused("director", f"{path}/{verb}", said, version=1))[0] == 403, verb
    own = {"owner_id": company.person("director"), "month": "2026-02"}
    assert (await company.refused("director", "/v1/commissions", own))[0] in (403, 409)


async def test_issued_splits_and_lead_plans_are_changed_by_number_alone(company: Staffed) -> None:
    totals = [{"measure": "orders", "target": "10"}]
    lines = [
        {"measure": "orders", "target": target, "person_id": company.person(name)}
        for name, target in (("li", "4"), ("wang", "6"))
    ]
    split = {"month": "2026-04", "unit_id": company.unit("SH"), "totals": totals, "on": "2026-03-01"}
    made = await company.make("sh_head", "/v1/splits", split)
    path = f"/v1/splits/{made['id']}"
    await company.make("sh_head", f"{path}/edit", {"lines": lines, "on": "2026-03-01"}, version=1)
    await company.make("sh_head", f"{path}/issue", {}, version=2)
    await company.fold()
    other: dict[str, Any] = {"lines": [{**lines[0], "target": "1"}], "on": "2026-03-01"}
    stays, moved = {"version": 2, "reason": "x"}, {"version": 2, "changes": {}, "on": "2026-03-01", "reason": "x"}
    for verb, said, code in (
        ("edit", other, "split_issued"),
        ("reweigh", {"on": "2026-03-01"}, "split_issued"),
        ("void", stays, "issued_stays"),
        ("correct", moved, "issued_stays"),
    ):
        assert await company.refused("sh_head", f"{path}/{verb}", said, version=3) == (409, code), verb


async def test_what_was_decided_about_a_report_or_an_item_is_not_its_authors_to_take_back(company: Staffed) -> None:
    report = await company.make(
        "li", "/v1/work-reports/daily", {"done": "走访", "on": "2026-03-01", "day": "2026-03-01"}
    )
    path = f"/v1/work-reports/{report['id']}"
    await company.make("sh_head", f"{path}/review", {"result": "accepted"}, version=1)
    again = {"done": "走访十家", "on": "2026-03-01"}
    assert await company.refused("li", f"{path}/revise", again, version=2) == (409, "report_accepted")
    gone, moved = {"version": 2, "reason": "x"}, {"version": 2, "changes": {"reviewed_on": "2026-03-01"}, "reason": "x"}
    assert await company.refused("li", f"{path}/void", gone, version=2) == (403, "forbidden")
    assert await company.refused("li", f"{path}/correct", moved, version=2) == (403, "forbidden")
    await company.make("sh_head", f"{path}/void", gone, version=2)
    item = await company.make("li", "/v1/intelligence", {"category": "market", "title": "新厂", "urgency": "urgent"})
    path = f"/v1/intelligence/{item['id']}"
    await company.make("sh_head", f"{path}/discuss", {"outcome": "drop"}, version=1)
    await company.make("director", f"{path}/acknowledge", {}, version=2)
    for version in (2, 3):
        gone = {"version": version, "reason": "x"}
        assert await company.refused("li", f"{path}/void", gone, version=3) == (403, "forbidden")
    issue = {"version": 2, "changes": {"outcome": "issue"}, "reason": "x"}
    assert await company.refused("li", f"{path}/correct", issue, version=3) == (403, "forbidden")


async def test_a_call_of_a_month_that_is_over_is_not_its_callers_to_better(company: Staffed, clock: Clock) -> None:
    call = {"month": "2026-03", "lines": [{"measure": "orders", "figure": "9"}]}
    path = f"/v1/forecasts/{(await company.make('li', '/v1/forecasts', call))['id']}"
    better = {"version": 1, "changes": {"lines": [{"measure": "orders", "figure": "3"}]}, "reason": "录错"}
    clock.now = datetime(2026, 4, 2, 1, tzinfo=UTC)
    assert await company.refused("li", f"{path}/correct", better, version=1) == (403, "forbidden")
    await company.make("sh_head", f"{path}/correct", better, version=1)
