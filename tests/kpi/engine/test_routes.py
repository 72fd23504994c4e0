"""Figures over HTTP: now, as of a past day, as known then; published otherwise; the records behind them; who sees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.reports import REPORTED
from services.kpi.views.stock import STOCK
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.settings import Settings
from shared.testing.views import stored_rows
from tests.accounts.test_organisation_routes import problem
from tests.kpi.raw_facts import Told, tell
from tests.kpi.staffed import Staffed, staffed

VIEWS = (FUNNEL, STOCK)
LINES = [
    {"line": 1, "product": "GTX", "units": 2, "unit_price": "100000"},
    {"line": 2, "product": "SED", "units": 1, "unit_price": "50000.50"},
]
WON: dict[str, Any] = {"status": "ordered", "lines": LINES, "currency": "CNY"}
LOST = {"status": "defeated", "defeat_category": "own", "verdict": "confirmed"}


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def prospect(
    sh: Staffed, name: str, day: str, *facts: Told, unit: str = "SH", account: UUID | None = None
) -> UUID:
    said = {
        "owner_id": sh.person(name), "unit_id": sh.unit(unit), "status": "open", "channel": "web", "lines": LINES,
        "currency": "CNY", "account_id": None if account is None else str(account), "title": f"{name} {day}",
    }  # fmt: skip
    return await tell(sh, "opportunity", ("ProspectCaptured", day, said), *facts)


async def a_spring(sh: Staffed) -> dict[str, UUID]:
    """January to March of SH and BJ, told in a year when all of it is past."""
    account = uuid4()
    found = {
        "won": await prospect(sh, "li", "2025-12-10", ("DealWon", "2026-01-15", WON), account=account),
        "lost": await prospect(
            sh, "li", "2026-01-05",
            ("DefeatRequested", "2026-01-20", {"review": "defeat", "defeat_category": "own"}),
            ("DealLost", "2026-01-22", LOST),
            ("DealReopened", "2026-02-20", {"status": "open"}),
        ),
        "moved": await prospect(
            sh, "li", "2026-01-06",
            ("OpportunityTransferred", "2026-02-10", {"owner_id": sh.person("zhao"), "unit_id": sh.unit("BJ")}),
            ("DealWon", "2026-02-15", WON),
        ),
        "other": await prospect(sh, "zhao", "2026-01-07", unit="BJ"),
    }  # fmt: skip
    await sh.fold(*VIEWS)
    return found


async def figures(sh: Staffed, kpi: str, who: str = "director", **params: Any) -> list[dict[str, Any]]:
    asked = {"from_": "2026-01-01", "to": "2026-01-31", **params}
    rows: list[dict[str, Any]] = (await sh[who].read("/v1/kpi/values", kpi=kpi, **asked))["rows"]
    return rows


async def figure(sh: Staffed, kpi: str, who: str = "director", **params: Any) -> tuple[Any, ...]:
    (row,) = await figures(sh, kpi, who, **params)
    return row["numerator"], row["denominator"], row["value"]


async def test_a_new_tenant_has_all_kpis_and_no_figure_yet(sh: Staffed) -> None:
    items = (await sh["li"].read("/v1/kpi/definitions"))["items"]
    assert len(items) >= 24
    assert {"unit", "date", "formula_zh", "formula_en", "version", "parameters"} <= items[0].keys()
    rows = await figures(sh, ",".join(item["id"] for item in items))
    assert {row["kpi"] for row in rows if row["state"] == "no_source" and row["value"] is None} >= {
        "new_records", "orders", "prospect_conversion", "retention", "attainment_orders",
    }  # fmt: skip


async def test_figures_say_numerator_denominator_and_the_periods_beside_them(sh: Staffed) -> None:
    await a_spring(sh)
    assert await figure(sh, "new_records") == ("3", None, "3")
    assert await figure(sh, "orders") == ("3", None, "3")
    assert await figure(sh, "order_amount") == ("250000.50", None, "250000.50")
    assert await figure(sh, "prospect_conversion") == ("1", "4", "0.25")
    assert await figure(sh, "defeat_rate") == ("1", "4", "0.25")
    assert await figure(sh, "stock_signing_month", to="2026-02-28", from_="2026-02-01") == ("1", "2", "0.5")
    assert await figure(sh, "defeat_accuracy") == ("1", "1", "1")
    (row,) = await figures(sh, "orders", from_="2026-02-01", to="2026-02-28")
    assert (row["value"], row["previous"], row["same_period_last_year"], row["complete"]) == ("3", "3", "0", True)
    (row,) = await figures(sh, "delivery_rate", from_="2026-02-01", to="2026-02-28")
    assert (row["numerator"], row["denominator"], row["value"], row["state"]) == ("0", "6", "0", "ok")


async def test_credit_stays_with_who_was_responsible_then(sh: Staffed) -> None:
    await a_spring(sh)
    rows = await figures(sh, "orders", to="2026-02-28", group_by="person,unit")
    told = {
        (row["period"], row["person_label"], row["unit_label"]): row["value"] for row in rows if row["value"] != "0"
    }
    assert told == {("2026-01", "li", "SH店"): "3", ("2026-02", "zhao", "BJ店"): "3"}
    rows = await figures(sh, "orders", group_by="product")
    assert {row["product"]: row["value"] for row in rows} == {"GTX": "2", "SED": "1"}
    rows = await figures(sh, "new_records", group_by="branch", person_id=sh.person("li"))
    assert [(row["branch_label"], row["value"]) for row in rows] == [("SH店", "2")]


async def test_money_has_a_figure_for_each_currency_and_counts_have_none(sh: Staffed) -> None:
    await a_spring(sh)
    await prospect(sh, "li", "2026-01-02", ("DealWon", "2026-01-16", {**WON, "currency": "EUR"}))
    await sh.fold(*VIEWS)
    rows = await figures(sh, "order_amount,orders,prospect_conversion")
    assert [(row["kpi"], row["currency"], row["value"]) for row in rows] == [
        ("order_amount", "CNY", "250000.50"), ("order_amount", "EUR", "250000.50"), ("orders", None, "6"),
        ("prospect_conversion", None, "0.4"),
    ]  # fmt: skip
    rows = await figures(sh, "order_amount,orders,prospect_conversion", currency="EUR")
    assert [(row["currency"], row["value"]) for row in rows] == [("EUR", "250000.50"), (None, "6"), (None, "0.4")]


async def test_an_account_of_two_kinds_counts_in_both(sh: Staffed) -> None:
    opened = {"name": "甲公司", "kinds": ["industry", "national"], "sector": "物流"}
    account = await tell(sh, "account", ("AccountOpened", "2025-01-01", opened))
    await prospect(sh, "li", "2026-01-05", account=account)
    await prospect(sh, "li", "2026-01-06")
    await sh.fold(ACCOUNTS, *VIEWS)
    rows = await figures(sh, "new_records", group_by="account_kind")
    assert {row["account_kind"]: row["value"] for row in rows} == {"industry": "1", "national": "1", None: "1"}
    rows = await figures(sh, "new_records", group_by="segment")
    assert {row["segment_label"]: row["value"] for row in rows} == {"物流": "1", "(blank)": "1"}
    counted, found = await items(sh, "director", "new_records", "numerator", group_by="segment", keys="物流")
    assert (counted, [item["account"] for item in found]) == (Decimal(1), ["甲公司"])


async def test_units_are_reported_on_the_day_of_their_report_once_it_was_accepted(sh: Staffed) -> None:
    """Credit is of the report: the deal was handed over to Zhao before."""
    made = await a_spring(sh)
    steps = [{"vin": f"VIN{n}", "state": "reported", "on": "2026-02-20", "line": 1, "product": "GTX"} for n in (1, 2)]
    await tell(
        sh, "filing",
        ("FilingDrafted", "2026-02-16", {"status": "drafted", "opportunity_id": str(made["moved"])}),
        ("UnitsReported", "2026-02-20", {"reports": steps}),
        ("ReportAccepted", "2026-03-01", {"reports": [{"vin": "VIN1", "state": "accepted", "on": "2026-03-01"}]}),
        ("ReportRefused", "2026-03-01", {"reports": [{"vin": "VIN2", "state": "refused", "on": "2026-03-01"}]}),
    )  # fmt: skip
    await sh.fold(REPORTED, *VIEWS)
    asked = {"from_": "2026-02-01", "to": "2026-02-28"}
    rows = await figures(sh, "reported", group_by="person,product", **asked)
    assert [(row["person_label"], row["product"], row["value"]) for row in rows] == [("zhao", "GTX", "1")]
    assert await figure(sh, "reported", as_of="2026-02-28", **asked) == (None, None, None)
    counted, found = await items(sh, "director", "reported", "numerator", from_="2026-02-01")
    assert (counted, [item["id"] for item in found]) == (Decimal(1), [str(made["moved"])])


async def test_each_sees_the_figures_of_their_own_and_of_their_units(
    sh: Staffed, store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    stranger = await staffed(store, http, settings, pool)
    await a_spring(stranger)
    await a_spring(sh)
    for who, count in (("director", "3"), ("sh_head", "2"), ("bj_head", "1"), ("li", "2"), ("zhao", "1")):
        assert await figure(sh, "new_records", who) == (count, None, count)
    assert await figure(sh, "orders", "bj_head", to="2026-02-28", from_="2026-02-01") == ("3", None, "3")


async def test_a_past_day_is_asked_and_what_was_known_then(sh: Staffed) -> None:
    made = await a_spring(sh)
    assert await figure(sh, "prospect_conversion", as_of="2026-01-14") == ("0", "4", "0")
    assert await figure(sh, "revival_rate", as_of="2026-02-19") == ("0", "1", "0")
    assert await figure(sh, "revival_rate") == ("1", "1", "1")
    with as_tenant(sh.tenant_id):
        known = (await sh.store.head(sh.tenant_id)).position
    correction = {"version": 2, "changes": {}, "occurred_at": "2025-12-30T03:00:00+00:00", "reason": "日期写错"}
    await tell(sh, "opportunity", ("FactCorrected", "2026-02-25", correction), id=made["won"], version=2)
    await sh.fold()
    assert await figure(sh, "orders") == ("0", None, "0")
    assert await figure(sh, "orders", known_at=known) == ("3", None, "3")
    assert await figure(sh, "orders", known_at=known, as_of="2026-01-14") == ("0", None, "0")
    assert await figure(sh, "prospect_conversion") == ("0", "3", "0")


async def test_another_definition_or_parameter_has_its_whole_past_and_changes_no_row(sh: Staffed) -> None:
    await a_spring(sh)
    stored = [await stored_rows(sh.pool, view, sh.tenant_id) for view in VIEWS]
    body = {"effective_from": "2026-02-22", "kpi": "revival_rate", "parameters": {"window_days": 28}}
    await sh["director"].make("/v1/kpi/definitions", body)
    await sh["director"].make("/v1/kpi/definitions", body)
    other = {"effective_from": "2026-02-22", "kpi": "prospect_conversion", "definition_version": 2}
    await sh["director"].make("/v1/kpi/definitions", other)
    assert await figure(sh, "revival_rate") == ("0", "1", "0")
    assert await figure(sh, "revival_rate", as_of="2026-02-21") == ("1", "1", "1")
    assert await figure(sh, "prospect_conversion") == ("1", "2", "0.5")
    assert await figure(sh, "prospect_conversion", definition_version=1) == ("1", "4", "0.25")
    narrowed = {"effective_from": "2026-02-22", "kpi": "orders", "parameters": {"channels": ["phone"]}}
    await sh["director"].make("/v1/kpi/definitions", narrowed)
    assert await figure(sh, "orders") == ("0", None, "0")
    shown = {item["id"]: item for item in (await sh["li"].read("/v1/kpi/definitions"))["items"]}
    assert (shown["prospect_conversion"]["version"], shown["prospect_conversion"]["versions"]) == (2, [1, 2])
    assert (shown["revival_rate"]["effective_from"], shown["orders"]["parameters"][-1]["value"]) == (
        "2026-02-22", ["phone"],
    )  # fmt: skip
    await sh.fold(*VIEWS)
    assert [await stored_rows(sh.pool, view, sh.tenant_id) for view in VIEWS] == stored
    asked = {"kpi": "prospect_conversion", "from_": "2026-01-01", "to": "2026-01-31", "group_by": "branch"}
    compared = (await sh["director"].read("/v1/kpi/compare", **asked))["rows"]
    assert {(row["branch_label"], row["value_a"], row["value_b"], row["difference"]) for row in compared} == {
        ("SH店", "0.333333", "0.5", "0.166667"), ("BJ店", "0", None, None),
    }  # fmt: skip


async def items(sh: Staffed, who: str, kpi: str, part: str, **asked: Any) -> tuple[Decimal, list[dict[str, Any]]]:
    """All pages of what is behind a figure, and what they are said to sum to."""
    params = {"kpi": kpi, "part": part, "from_": "2026-01-01", "limit": 2, **asked}
    found: list[dict[str, Any]] = []
    while True:
        page = await sh[who].read("/v1/kpi/drill-down", **params)
        found += page["items"]
        if page["next"] is None:
            return Decimal(page["counted"]), found
        params["after"] = page["next"]


async def test_what_is_behind_a_figure_sums_to_it(sh: Staffed) -> None:
    made = await a_spring(sh)
    kpis = (
        "new_records", "orders", "order_amount", "prospect_conversion", "defeat_rate", "cohort_signing", "net_orders",
        "stock_signing_month", "stock_signing_90", "delivery_rate", "revival_rate", "retention", "order_growth",
    )  # fmt: skip
    for row in await figures(sh, ",".join(kpis), from_="2026-01-01", to="2026-02-28"):
        for part in ("numerator", "denominator"):
            if row[part] is None:
                continue
            counted, found = await items(sh, "director", row["kpi"], part, from_=row["from"])
            assert counted == Decimal(row[part]) == sum(Decimal(item["amount"]) for item in found), row["kpi"]
    _, found = await items(sh, "director", "prospect_conversion", "denominator")
    assert {(item["id"], item["owner"], item["measure"]) for item in found} == {
        (str(made["won"]), "li", "opening"), (str(made["lost"]), "li", "captured"),
        (str(made["moved"]), "li", "captured"), (str(made["other"]), "zhao", "captured"),
    }  # fmt: skip
    counted, found = await items(
        sh, "director", "orders", "numerator", group_by="person,product", keys=f"{sh.person('li')},GTX"
    )
    assert (counted, [item["path"] for item in found]) == (Decimal(2), [f"/v1/opportunities/{made['won']}"])


async def test_what_went_to_somebody_else_counts_and_is_not_shown(sh: Staffed) -> None:
    """Li captured it, so it is in Li's figure; it is Zhao's today, so Li does not see which it was."""
    await a_spring(sh)
    counted, found = await items(sh, "li", "new_records", "numerator", limit=50)
    assert counted == 2 == sum(Decimal(item["amount"]) for item in found)
    assert [(item["kind"], item["on"], item["amount"]) for item in found] == [
        ("opportunity", "2026-01-05", "1"), ("hidden", None, "1"),
    ]  # fmt: skip


async def test_a_file_of_figures_has_chinese_titles(sh: Staffed) -> None:
    await a_spring(sh)
    token = sh["director"].token
    answer = await sh["director"].http.get(
        "/v1/kpi/values",
        params={"kpi": "orders", "from": "2026-01-01", "to": "2026-01-31", "group_by": "person", "format": "csv"},
        headers={"authorization": f"Bearer {token}", "accept-language": "zh-CN"},
    )
    assert answer.status_code == 200, answer.text
    first = answer.text.lstrip("\ufeff").splitlines()[0]
    assert all(title in first for title in ("指标", "期间", "分子", "指标值", "去年同期", "达成率"))
    assert "订单台数" in answer.text


NONSENSE: Sequence[tuple[str, dict[str, str], int, str]] = [
        ("values", {}, 422, "validation"),
        ("values", {"kpi": "no_such"}, 422, "unknown_kpi"),
        ("values", {"kpi": "orders", "definition_version": "9"}, 422, "unknown_kpi_version"),
        ("values", {"kpi": "orders", "group_by": "colour"}, 422, "invalid_group_by"),
        ("values", {"kpi": "retention", "group_by": "product"}, 422, "kpi_dimension"),
        ("values", {"kpi": "order_cover", "channel": "web"}, 422, "kpi_dimension"),
        ("values", {"kpi": "orders", "from_": "2026-02-01", "to": "2026-01-01"}, 422, "empty_range"),
        ("values", {"kpi": "orders", "from_": "2020-01-01", "to": "2026-01-01", "period": "day"}, 422,
         "too_many_periods"),
        ("values", {"kpi": "orders", "period": "decade"}, 422, "validation"),
        ("values", {"kpi": "orders", "known_at": "99999"}, 409, "not_recorded_yet"),
        ("compare", {"kpi": "orders"}, 422, "unknown_kpi_version"),
        ("compare", {"kpi": "orders", "versions": "1,1"}, 422, "repeated_dimension"),
        ("drill-down", {"kpi": "orders", "part": "denominator"}, 422, "kpi_has_no_denominator"),
        ("drill-down", {"kpi": "orders", "group_by": "person"}, 422, "invalid_group_by"),
        ("drill-down", {"kpi": "orders", "after": "x"}, 400, "cursor_invalid"),
    ]  # fmt: skip


async def test_a_question_that_makes_no_sense_is_refused(sh: Staffed) -> None:
    for path, params, status, code in NONSENSE:
        told = problem(await sh["director"].get(f"/v1/kpi/{path}", **params))
        assert told == (status, code), (path, params)


async def test_what_cannot_be_published_is_refused(sh: Staffed) -> None:
    said: dict[str, Any] = {"effective_from": "2026-01-01", "kpi": "revival_rate", "parameters": {"window_days": 30}}
    assert await sh.refused("li", "/v1/kpi/definitions", said) == (403, "forbidden")
    for change, code in (
        ({"kpi": "no_such"}, "unknown_kpi"),
        ({"definition_version": 7}, "unknown_kpi_version"),
        ({"parameters": {"colour": 1}}, "unknown_kpi_parameter"),
        ({"parameters": {"window_days": 0}}, "invalid_kpi_parameter"),
        ({"parameters": {"window_days": ["web"]}}, "invalid_kpi_parameter"),
        ({"parameters": {"channels": 3}}, "invalid_kpi_parameter"),
        ({"parameters": {"channels": []}}, "validation"),
    ):
        assert await sh.refused("director", "/v1/kpi/definitions", {**said, **change}) == (422, code)
