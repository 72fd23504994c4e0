"""Company figures: entered, handed over by another system, corrected, taken back; as of a day and as known then."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.accounts.account import Account
from services.accounts.account_commands import OpenAccount
from services.kpi.company.views import COMPANY_FIGURES
from shared.event_store.store import EventStore
from shared.settings import Settings
from shared.testing.views import assert_live_equals_rebuild
from tests.accounts.company import BEGINNING
from tests.kpi.staffed import Staffed, staffed
from tests.opportunities.routes.machine import Machine, brief

PATH = "/v1/company-figures"
SALES = {"kind": "sales", "period": "2026-01", "amount": "4800000.00", "currency": "CNY"}
LOSS = {"kind": "profit", "period": "2026-01", "amount": "-12000.50", "currency": "CNY"}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def listed(company: Staffed, who: str = "director", **params: Any) -> list[tuple[Any, ...]]:
    await company.fold()
    rows = (await company[who].read(PATH, **params))["items"]
    return [(row["kind"], row["period"], row["unit"], row["amount"]) for row in rows]


async def test_a_figure_counts_from_the_end_of_its_period_as_known_then(company: Staffed) -> None:
    made = await company.make("director", PATH, SALES)
    await company.make("director", PATH, LOSS)
    branch = {**SALES, "period": "2026-Q1", "unit_id": company.unit("SH")}
    assert await company.refused("sh_head", PATH, {**SALES, "unit_id": company.unit("BJ")}) == (
        403, "outside_your_units",
    )  # fmt: skip
    await company.make("sh_head", PATH, branch)
    sales, profit = ("sales", "2026-01", "总部", "4800000.00"), ("profit", "2026-01", "总部", "-12000.50")
    quarter = ("sales", "2026-Q1", "SH店", "4800000.00")
    assert sorted(await listed(company)) == sorted([sales, profit, quarter])
    assert await listed(company, "sh_head") == [quarter]
    assert await listed(company, "bj_head") == await listed(company, "li") == []
    assert await listed(company, kind="sales", to_month="2025-12") == []
    assert await listed(company, unit_id=company.unit("SH")) == [quarter]
    assert sorted(await listed(company, as_of="2026-01-31")) == sorted([sales, profit])
    assert await listed(company, as_of="2026-01-30") == []
    fix = {"version": 1, "changes": {"amount": "4900000.00"}, "reason": "少计一单"}
    corrected = await company.make("director", f"{PATH}/{made['id']}/correct", fix, version=1)
    assert ("sales", "2026-01", "总部", "4900000.00") in await listed(company, kind="sales")
    assert sales in await listed(company, known_at=corrected["position"] - 1)
    read = await company["director"].read(f"{PATH}/{made['id']}", known_at=corrected["position"] - 1)
    assert (read["standing"]["amount"], read["allowed_actions"]) == ("4800000.00", ["correct", "void"])
    assert (await company["sh_head"].get(f"{PATH}/{made['id']}")).status_code == 404


async def test_a_figure_that_never_was_gives_way_to_another(company: Staffed) -> None:
    made = await company.make("director", PATH, SALES)
    assert await company.refused("director", PATH, SALES) == (409, "figure_taken")
    await company.make("director", f"{PATH}/{made['id']}/void", {"version": 1, "reason": "重复"}, version=1)
    assert await listed(company) == []
    await company.make("director", PATH, {**SALES, "amount": "1"})
    assert await listed(company) == [("sales", "2026-01", "总部", "1.00")]
    again = {"version": 1, "reason": "重复"}
    await company.make("director", f"{PATH}/{made['id']}/void", again, version=2)
    assert await company.refused("director", PATH, SALES) == (409, "figure_taken")
    await assert_live_equals_rebuild(company.pool, [COMPANY_FIGURES], company.tenant_id)


async def test_another_system_tells_again_what_it_knows_better(company: Staffed) -> None:
    told = {**SALES, "system": "erp", "key": "GL-1"}
    first = await company.make("director", f"{PATH}/receive", told)
    assert (await company.make("director", f"{PATH}/receive", told))["version"] == 1
    better = await company.make("director", f"{PATH}/receive", {**told, "amount": "5000000"})
    assert (better["id"], better["version"]) == (first["id"], 2)
    assert await listed(company, system="erp") == [("sales", "2026-01", "总部", "5000000.00")]
    for body, code in (({"period": "2026-02"}, "another_figure"), ({"key": "GL-2"}, "figure_taken")):
        assert await company.refused("director", f"{PATH}/receive", {**told, **body}) == (409, code)
    gone = {"version": 1, "reason": "账套错误"}
    await company.make("director", f"{PATH}/{first['id']}/void", gone, version=2)
    assert await company.refused("director", f"{PATH}/receive", told) == (409, "figure_void")


async def test_what_a_customer_spends_is_told_by_who_sees_the_customer(company: Staffed) -> None:
    opening = OpenAccount(name="出租车公司")
    account = Account.open(
        uuid4(), opening, owner_id=company.people["li"], unit_id=company.company.units["SH"], at=BEGINNING
    )
    await company.append(account)
    total = {"kind": "customer_total", "period": "2025", "amount": "900", "currency": "CNY"}
    of_account = {**total, "account_id": str(account.id)}
    assert await company.refused("sh_head", PATH, total) == (422, "customer_missing")
    assert await company.refused("bj_head", PATH, of_account) == (422, "unknown_account")
    assert await company.refused("sh_head", PATH, {**SALES, "account_id": str(account.id)}) == (422, "no_customer")
    await company.make("sh_head", PATH, of_account)
    assert await listed(company, account_id=account.id) == [("customer_total", "2025", "SH店", "900.00")]


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("director", {**SALES, "amount": "-1"}, 422, "below_zero"),
        ("director", {**SALES, "period": "2026-13"}, 422, "validation"),
        ("director", {**SALES, "unit_id": str(uuid4())}, 422, "unknown_unit"),
        ("li", SALES, 403, "forbidden"),
        ("hr", SALES, 403, "forbidden"),
    ],
)
async def test_a_figure_that_makes_no_sense_is_refused(
    company: Staffed, who: str, body: Any, status: int, code: str
) -> None:
    assert await company.refused(who, PATH, body) == (status, code)


async def test_a_correction_is_held_to_the_same_rules(company: Staffed) -> None:
    made = await company.make("director", PATH, SALES)
    path = f"{PATH}/{made['id']}/correct"
    for changes, code in (({"amount": "-1"}, "below_zero"), ({"kind": "profit"}, "not_correctable")):
        said = {"version": 1, "changes": changes, "reason": "错"}
        assert (await company.refused("director", path, said, version=1))[1] == code
    loss = await company.make("director", PATH, LOSS)
    said = {"version": 1, "changes": {"amount": "-13000"}, "reason": "错"}
    await company.make("director", f"{PATH}/{loss['id']}/correct", said, version=1)
    assert await company.refused("sh_head", path, said, version=1) == (404, "not_found")


async def test_a_figure_is_told_as_a_line_and_corrected_when_told_again(
    company: Staffed, http: httpx.AsyncClient
) -> None:
    erp = Machine(http, company["director"].token)
    told = {
        "fact": "told", "system": "erp", "key": "GL-1", "kind": "profit", "period": "2026-01", "amount": "-500.00",
        "currency": "CNY", "unit_id": company.unit("SH"),
    }  # fmt: skip
    outcomes, _ = await erp.batch("company-figures", told, told | {"amount": "700.00"}, told | {"period": "2026-02"})
    assert brief(outcomes) == [(200, "ok"), (200, "ok"), (409, "another_figure")]
    assert [outcome.get("version") for outcome in outcomes] == [1, 2, None]
    assert await listed(company) == [("profit", "2026-01", "SH店", "700.00")]
    unknown = told | {"key": "GL-2", "account": {"system": "erp", "key": "nobody"}, "unit": "none"}
    assert (await erp.alone("company-figures", unknown)).status_code == 404
