"""Reconciliation: what was told adds up by day and kind, as known at any position, and the sums lead to the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest

from services.opportunities.views import VIEWS
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from tests.opportunities.routes.machine import JSON, Machine
from tests.opportunities.routes.world import Client, World

PATH = "/v1/reconciliation"
MARCH = {"from": "2025-03-01", "to": "2025-03-20"}
A, B = "LFV2A24F9K3000001", "LFV2A24F9K3000002"
Fold = Callable[[], Awaitable[None]]
Sums = dict[tuple[str, str], tuple[int, int | None, str]]


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


@pytest.fixture
def erp(director: Client, http: httpx.AsyncClient) -> Machine:
    return Machine(http, director.token)


async def sums(by: Client, **query: Any) -> Sums:
    """(day, kind) → entries, units, amount."""
    rows = (await by.read(PATH, **{**MARCH, **query}))["rows"]
    assert all(row["currency"] == "CNY" for row in rows)
    found = {(row["day"], row["kind"]): (row["entries"], row["units"], row["amount"]) for row in rows}
    assert len(found) == len(rows)
    return found


async def entries(by: Client, **query: Any) -> list[JSON]:
    """Those behind the sums, two a page."""
    found: list[JSON] = []
    after: dict[str, str] = {}
    while True:
        page = await by.read(f"{PATH}/records", **{**MARCH, **query, "limit": 2, **after})
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def added(rows: list[JSON]) -> Sums:
    """What the entries come to."""
    by: dict[tuple[str, str], list[JSON]] = defaultdict(list)
    for row in rows:
        by[row["day"], row["kind"]].append(row)
    return {
        key: (
            len(of),
            sum(row["units"] for row in of if row["units"]) or None,
            format(sum((Decimal(row["amount"]) for row in of), Decimal()), "f"),
        )
        for key, of in by.items()
    }


async def tell(erp: Machine, account: JSON, **owner: str) -> int:
    """Two orders on their way to their money; the position after all of it."""
    order, other = {"system": "erp", "key": "SO-1"}, {"system": "dms", "key": "7"}
    line = {"line": 1, "product": "A6L", "units": 4, "unit_price": "100000.00"}
    again = {"duplicate": "intended", "duplicate_reason": "分批"}
    known = {
        "fact": "known",
        "account": account,
        "title": "车队",
        "lines": [line],
        "on": "2025-03-01",
        **again,
        **owner,
    }
    placed = {"fact": "placed", "order_ref": "HT-1", "on": "2025-03-02"}
    delivered = {"fact": "delivered", "on": "2025-03-05"}
    facts: list[JSON] = [
        {**known, "order": order},
        {**placed, "order": order},
        {**known, "order": other},
        {**placed, "order": other, "order_ref": "HT-2"},
        {**delivered, "order": order, "units": [{"line": 1, "serials": [A, B]}]},
        {**delivered, "order": other, "units": [{"line": 1, "units": 1}]},
        {"fact": "cancelled", "order": order, "units": [{"line": 1, "units": 1}], "reason": "x", "on": "2025-03-06"},
        {"fact": "cancelled", "order": order, "units": [{"line": 1, "units": 1}], "reason": "x", "on": "2025-03-07"},
    ]
    outcomes, _ = await erp.batch("orders", *facts)
    assert not [one for one in outcomes if one["status"] >= 300]
    bill = {"fact": "issued", "lines": [{"line": 1, "units": 2, "unit_price": "100000.00", "tax_rate": "0.13"}]}
    outcomes, _ = await erp.batch(
        "invoices",
        {**bill, "order": order, "number": "I-1", "on": "2025-03-08"},
        {**bill, "order": other, "number": "I-2", "on": "2025-03-08"},
        {"fact": "credited", "number": "I-1", "amount": "1000.00", "reason": "x", "on": "2025-03-09"},
        {"fact": "credited", "number": "I-1", "amount": "500.00", "reason": "x", "on": "2025-03-10"},
        {"fact": "cancelled", "number": "I-2", "reason": "x", "on": "2025-03-10"},
    )
    assert not [one for one in outcomes if one["status"] >= 300]
    money = {"fact": "received", "account": account, "currency": "CNY", "on": "2025-03-11"}
    outcomes, summary = await erp.batch(
        "receipts",
        {**money, "bank_reference": "B-1", "amount": "224500.00"},
        {**money, "bank_reference": "B-2", "amount": "10.00"},
        {"fact": "paid", "bank_reference": "B-1", "invoices": [{"number": "I-1", "amount": "200000.00"}],
         "on": "2025-03-12"},
        {"fact": "released", "bank_reference": "B-1", "number": "I-1", "amount": "50000.00", "reason": "x",
         "on": "2025-03-13"},
        {"fact": "returned", "bank_reference": "B-2", "reason": "x", "on": "2025-03-14"},
    )  # fmt: skip
    assert not [one for one in outcomes if one["status"] >= 300]
    return int(summary["position"])


WHOLE: Sums = {
    ("2025-03-02", "ordered"): (2, 8, "800000.00"),
    ("2025-03-05", "delivered"): (3, 3, "300000.00"),
    ("2025-03-06", "cancelled"): (1, 1, "100000.00"),
    ("2025-03-07", "cancelled"): (1, 1, "100000.00"),
    ("2025-03-08", "invoiced"): (2, None, "452000.00"),
    ("2025-03-09", "credited"): (1, None, "1000.00"),
    ("2025-03-10", "credited"): (1, None, "500.00"),
    ("2025-03-10", "invoice_cancelled"): (1, None, "226000.00"),
    ("2025-03-11", "received"): (2, None, "224510.00"),
    ("2025-03-12", "paid"): (1, None, "200000.00"),
    ("2025-03-13", "paid"): (1, None, "-50000.00"),
    ("2025-03-14", "returned"): (1, None, "10.00"),
}


async def test_sums_by_day_are_those_of_what_was_told_and_lead_to_the_records(
    erp: Machine, director: Client, ours: World, fold: Fold
) -> None:
    position = await tell(erp, {"id": str(ours.account)})
    await fold()
    assert await sums(director) == WHOLE
    assert (await director.read(PATH, **MARCH))["position"] == position
    rows = await entries(director)
    assert added(rows) == WHOLE
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["reference"] for row in rows if row["kind"] in ("delivered", "received", "credited")} == {
        A, B, None, "B-1", "B-2", "I-1",
    }  # fmt: skip
    assert {row["order_ref"] for row in rows if row["kind"] == "ordered"} == {"HT-1", "HT-2"}
    one_day = {"from": "2025-03-08", "to": "2025-03-08", "kind": "invoiced"}
    assert [row["reference"] for row in await entries(director, **one_day)] in (["I-1", "I-2"], ["I-2", "I-1"])
    assert await sums(director, kind="paid", to="2025-03-12") == {("2025-03-12", "paid"): (1, None, "200000.00")}
    assert await sums(director, currency="EUR") == {}


async def test_of_one_system_only_what_it_knows_with_its_own_keys(
    erp: Machine, director: Client, ours: World, fold: Fold
) -> None:
    await tell(erp, {"id": str(ours.account)})
    await fold()
    found = await sums(director, system="erp")
    assert found["2025-03-02", "ordered"] == (1, 4, "400000.00")
    assert found["2025-03-08", "invoiced"] == (1, None, "226000.00")
    assert ("2025-03-11", "received") not in found
    rows = await entries(director, system="erp")
    assert added(rows) == found
    assert {row["key"] for row in rows} == {"SO-1"}
    assert {row["key"] for row in await entries(director, system="dms")} == {"7"}


async def test_a_late_correction_moves_the_sums_and_not_what_was_known_before(
    erp: Machine, director: Client, ours: World, fold: Fold
) -> None:
    position = await tell(erp, {"id": str(ours.account)})
    await fold()
    order = (await entries(director, kind="ordered", system="erp"))[0]["record_id"]
    late = {"fact": "delivered", "order": {"id": order}, "units": [{"line": 1, "units": 1}], "on": "2025-03-04"}
    refused = await erp.alone("orders", late)
    assert refused.status_code == 409
    shown = await director.read(f"/v1/opportunities/{order}")
    cancelled = next(entry for entry in shown["history"] if entry["type"] == "UnitsCancelled")
    void = {"version": cancelled["version"], "reason": "never was"}
    await director.tell(f"/v1/opportunities/{order}/void", void, version=shown["version"])
    await fold()
    now = await sums(director)
    assert now == {key: value for key, value in WHOLE.items() if key != ("2025-03-06", "cancelled")}
    assert await sums(director, known_at=position) == WHOLE
    assert added(await entries(director, known_at=position)) == WHOLE


async def test_who_sees_less_reconciles_less_and_nobody_another_company(
    erp: Machine, director: Client, rep: Client, west_rep: Client, stranger: Client, ours: World, fold: Fold
) -> None:
    await tell(erp, {"id": str(ours.account)}, owner_id=str(ours.rep_id))
    await fold()
    assert await sums(west_rep) == await sums(stranger) == {}
    assert await entries(west_rep) == await entries(stranger) == []
    assert await sums(rep) == WHOLE
    for kind in {kind for _, kind in WHOLE}:
        of_kind = {key: value for key, value in WHOLE.items() if key[1] == kind}
        assert await sums(rep, kind=kind) == added(await entries(rep, kind=kind, sort="-day")) == of_kind


async def test_a_range_is_bounded(director: Client, fold: Fold) -> None:
    for query, code in (
        ({"from": "2025-03-02", "to": "2025-03-01"}, "empty_range"),
        ({"from": "2024-01-01", "to": "2025-03-01"}, "range_too_long"),
        ({"kind": "nothing"}, "validation"),
        ({"system": "a b"}, "validation"),
    ):
        answer = await director.get(PATH, **query)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
