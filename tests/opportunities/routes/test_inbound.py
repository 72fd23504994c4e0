"""What other systems tell of orders and money, by their own references: alone, as lines, again after a lost answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.identity.scopes import USUAL
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.opportunities.routes.machine import Machine, brief
from tests.opportunities.routes.world import Client, World

JSON = dict[str, Any]
ORDER = {"system": "erp", "key": "SO-1"}
A, B, C = "LFV2A24F9K3000001", "LFV2A24F9K3000002", "LFV2A24F9K3000003"
LINES = [{"line": 1, "product": "A6L", "units": 3, "unit_price": "100000.00"}]


def machine_of(world: World, http: httpx.AsyncClient, settings: Settings, *scopes: str) -> Machine:
    key, who = development_key(settings.data), world.director_id
    given = scopes or USUAL
    return Machine(http, mint_token(key, world.tenant_id, who, ("integration",), world.root, scopes=given))


@pytest.fixture
def erp(ours: World, http: httpx.AsyncClient, settings: Settings) -> Machine:
    return machine_of(ours, http, settings)


def fact(name: str, **said: Any) -> JSON:
    return {"fact": name, "order": ORDER, **said}


KNOWN = fact("known", title="出租车更新", lines=LINES, on="2025-03-01")
PLACED = fact("placed", order_ref="HT-1", on="2025-03-02")
DELIVERED = fact("delivered", units=[{"line": 1, "serials": [A, B]}], on="2025-03-10")
CANCELLED = fact("cancelled", reason="预算削减", on="2025-03-11")


async def test_an_erp_that_is_nobodys_colleague_names_the_owner_by_their_staff_number(
    ours: World, http: httpx.AsyncClient, settings: Settings, director: Client
) -> None:
    key = mint_token(development_key(settings.data), ours.tenant_id, uuid4(), ("integration",), None)
    machine = Machine(http, key)
    number = list(ours.people).index(ours.rep_id)
    outcomes, _ = await machine.batch("orders", KNOWN)
    assert brief(outcomes) == [(422, "unknown_owner")]
    assert "owner" in outcomes[0]["problem"]["detail"]
    outcomes, _ = await machine.batch("orders", KNOWN | {"owner": {"system": "hr", "key": "nobody"}})
    assert brief(outcomes) == [(404, "not_found")]
    outcomes, _ = await machine.batch("orders", KNOWN | {"owner": {"system": "hr", "key": f"E-{number}"}}, PLACED)
    assert brief(outcomes) == [(201, "ok"), (200, "ok")]
    shown = (await director.get(f"/v1/opportunities/{outcomes[0]['id']}")).json()
    assert shown["standing"]["owner_id"] == str(ours.rep_id)


async def test_an_order_is_told_from_its_prospect_to_its_end_by_the_number_of_the_erp(
    erp: Machine, director: Client
) -> None:
    rows = (
        KNOWN,
        PLACED,
        fact("changed", promised_on="2025-04-30", on="2025-03-03"),
        fact("rescheduled", promised_on="2025-05-30", reason="排产", on="2025-03-04"),
        fact("shipped", units=[{"line": 1, "serials": [A, B]}], on="2025-03-08"),
        DELIVERED,
        fact("installed", units=[{"line": 1, "serials": [A]}], on="2025-03-12"),
        CANCELLED | {"on": "2025-03-13"},
    )
    outcomes, summary = await erp.batch("orders", *rows)
    assert brief(outcomes) == [(201, "ok")] + [(200, "ok")] * 7
    assert (summary["done"], summary["position"]) == (8, outcomes[-1]["position"])
    shown = await director.read(f"/v1/opportunities/{outcomes[0]['id']}")
    assert [entry["type"] for entry in shown["history"]] == [
        "ProspectCaptured", "DealWon", "OrderAmended", "DeliveryRescheduled", "UnitsShipped", "UnitsDelivered",
        "UnitsInstalled", "UnitsCancelled",
    ]  # fmt: skip
    assert shown["standing"]["external_refs"] == {"erp": "SO-1"}
    by_id = fact("cancelled", reason="again") | {"order": {"id": outcomes[0]["id"]}}
    answer = await erp.alone("orders", by_id)
    assert (answer.status_code, answer.json()["version"]) == (200, outcomes[-1]["version"])


async def test_a_row_alone_and_among_others_is_one_command(erp: Machine) -> None:
    first = await erp.alone("orders", KNOWN, key="row-1")
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert first.headers["location"] == f"/v1/opportunities/{first.json()['id']}"
    outcomes, _ = await erp.batch("orders", KNOWN | {"idempotency_key": "row-1"}, PLACED | {"idempotency_key": "row-2"})
    assert [(one["status"], one.get("replayed", False)) for one in outcomes] == [(201, True), (200, False)]
    again = await erp.alone("orders", PLACED, key="row-2")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json()["version"] == outcomes[1]["version"] == 2
    other = await erp.alone("orders", PLACED | {"order_ref": "HT-2"}, key="row-2")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_batch_sent_again_after_the_network_dropped_does_nothing_twice(erp: Machine, director: Client) -> None:
    rows = [KNOWN, PLACED, DELIVERED, fact("placed", order={"system": "erp", "key": "nobody"}), CANCELLED]
    body = b"\n".join(json.dumps(row).encode() for row in rows)
    sent = [erp.send("orders", body, key="nightly-7") for _ in range(3)]
    dropped = asyncio.create_task(erp.send("orders", body, key="nightly-7"))
    await asyncio.sleep(0.02)
    dropped.cancel()
    answers = await asyncio.gather(*sent)
    last, _ = await erp.batch("orders", *rows, key="nightly-7")
    assert brief(last) == [(201, "ok"), (200, "ok"), (200, "ok"), (404, "not_found"), (200, "ok")]
    assert [one.get("replayed") for one in last] == [True, True, True, None, True]
    for answer in answers:
        told = [json.loads(line) for line in answer.text.splitlines()][:-1]
        assert [(one["status"], one.get("version")) for one in told] == [
            (one["status"], one.get("version")) for one in last
        ]
    history = (await director.read(f"/v1/opportunities/{last[0]['id']}"))["history"]
    assert [entry["type"] for entry in history] == ["ProspectCaptured", "DealWon", "UnitsDelivered", "UnitsCancelled"]


async def test_what_follows_a_refusal_of_the_same_order_is_held_back_and_good_later(erp: Machine) -> None:
    other = {"order": {"system": "erp", "key": "SO-2"}}
    early = DELIVERED | {"idempotency_key": "delivery"}
    outcomes, summary = await erp.batch(
        "orders", KNOWN, PLACED | {"lines": [{"product": "nothing", "units": 1}]}, early, KNOWN | other, PLACED | other
    )
    assert brief(outcomes) == [
        (201, "ok"), (422, "unknown_product"), (424, "row_before_failed"), (201, "ok"), (200, "ok"),
    ]  # fmt: skip
    assert (summary["done"], summary["refused"], summary["not_tried"]) == (3, 1, 1)
    assert "2" in outcomes[2]["problem"]["detail"]
    outcomes, _ = await erp.batch("orders", PLACED, early)
    assert brief(outcomes) == [(200, "ok"), (200, "ok")]
    refused = fact("placed", idempotency_key="again")
    outcomes, _ = await erp.batch("orders", refused, CANCELLED, query="?on_refusal=continue")
    assert brief(outcomes) == [(409, "already_ordered"), (200, "ok")]


async def test_rows_that_cannot_be_read_are_told_by_their_line_and_the_others_are_done(erp: Machine) -> None:
    outcomes, _ = await erp.batch(
        "orders",
        KNOWN,
        "",
        "{not json",
        '["a list"]',
        {"fact": "sold", "order": ORDER},
        fact("delivered", units=[{"line": "1"}]),
        fact("placed", order={"system": "erp"}),
        fact("placed", order_reference="x"),
    )
    assert [one["line"] for one in outcomes] == [1, 3, 4, 5, 6, 7, 8]
    assert brief(outcomes)[1:] == [(422, "invalid_json")] + [(422, "validation")] * 5
    assert [one["problem"]["errors"][0]["pointer"] for one in outcomes[2:]] == [
        "", "/fact", "/units/0/line", "/order", "/order_reference",
    ]  # fmt: skip


async def test_lines_as_windows_writes_them_are_read_and_numbers_beyond_any_are_refused(erp: Machine) -> None:
    lines = [json.dumps(KNOWN), '{"fact":"known","amount":1e999}', '{"fact":"known","amount":%s}' % ("9" * 5_000)]
    answer = await erp.send("orders", b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n", key="windows")
    outcomes = [json.loads(line) for line in answer.text.splitlines()][:-1]
    assert brief(outcomes) == [(201, "ok"), (422, "validation"), (422, "invalid_json")]


async def test_who_does_not_see_a_record_or_lacks_a_scope_is_told_as_if_alone(
    erp: Machine, ours: World, west_rep: Client, stranger: Client, http: httpx.AsyncClient, settings: Settings
) -> None:
    await erp.alone("orders", KNOWN | {"owner_id": str(ours.rep_id)})
    unknown = fact("placed", order={"system": "erp", "key": "nobody"})
    for client in (west_rep, stranger):
        outcomes, _ = await Machine(http, client.token).batch("orders", PLACED, unknown)
        seen = [{**one["problem"], "trace_id": "", "instance": ""} for one in outcomes]
        assert seen[0] == seen[1]
        assert brief(outcomes) == [(404, "not_found")] * 2
    narrow = machine_of(ours, http, settings, "inbound:write", "invoices:write")
    outcomes, _ = await narrow.batch("orders", PLACED)
    assert brief(outcomes) == [(403, "scope_missing")]
    assert outcomes[0]["problem"]["scope"] == "opportunities:write"
    assert (await narrow.alone("orders", PLACED)).status_code == 403
    none = machine_of(ours, http, settings, "opportunities:write")
    assert (await none.alone("orders", PLACED)).json()["scope"] == "inbound:write"


async def test_a_batch_is_bounded_and_says_what_it_takes(erp: Machine) -> None:
    answer = await erp.send("orders", b'{"fact":"x"}\n' * 1_001, key="many")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    outcomes, _ = await erp.batch("orders", *['{"fact":"x"}'] * 1_000)
    assert len(outcomes) == 1_000
    assert (await erp.batch("orders", ""))[1]["rows"] == 0
    answer = await erp.send("orders", b"a,b", key="csv", media="text/csv")
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/json, application/x-ndjson")
    answer = await erp.alone("orders", KNOWN | {"idempotency_key": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/idempotency_key")


async def test_many_orders_at_once_keep_each_its_own_sequence(erp: Machine, director: Client) -> None:
    keys = [f"SO-{number}" for number in range(20)]
    sequence = (KNOWN, PLACED, fact("shipped", units=[{"line": 1, "units": 3}], on="2025-03-05"), CANCELLED)
    rows = [row | {"order": {"system": "erp", "key": key}} for row in sequence for key in keys]
    outcomes, summary = await erp.batch("orders", *rows)
    assert summary["done"] == 80, [one for one in outcomes if one["status"] >= 400]
    ids = {outcome["id"] for outcome in outcomes}
    assert len(ids) == 20
    history = (await director.read(f"/v1/opportunities/{outcomes[0]['id']}"))["history"]
    assert [entry["type"] for entry in history] == ["ProspectCaptured", "DealWon", "UnitsShipped", "UnitsCancelled"]


async def test_invoices_and_money_are_told_by_their_numbers(erp: Machine, director: Client, ours: World) -> None:
    account = {"id": str(ours.account)}
    await erp.batch("orders", KNOWN | {"account": account}, PLACED)
    issued = {
        "fact": "issued", "order": ORDER, "number": "I-1", "on": "2025-03-12",
        "lines": [{"line": 1, "units": 3, "unit_price": "100000.00", "tax_rate": "0.13"}],
    }  # fmt: skip
    credited = {"fact": "credited", "number": "I-1", "amount": "9000.00", "reason": "折让", "on": "2025-03-13"}
    outcomes, _ = await erp.batch(
        "invoices", issued, credited, issued | {"number": "I-2"},
        {"fact": "cancelled", "number": "I-2", "reason": "重复", "on": "2025-03-14"}, issued,
    )  # fmt: skip
    assert brief(outcomes) == [(201, "ok"), (200, "ok"), (201, "ok"), (200, "ok"), (409, "invoice_number_taken")]
    bank = {"bank_reference": "ICBC-1"}
    received = {
        "fact": "received", **bank, "account": account, "amount": "400000.00", "currency": "CNY", "on": "2025-03-15",
    }  # fmt: skip
    outcomes, _ = await erp.batch(
        "receipts", received, {"fact": "paid", **bank, "invoices": [{"number": "I-1", "amount": "330000.00"}]},
        {"fact": "released", **bank, "number": "I-1", "amount": "30000.00", "reason": "错"},
        {"fact": "paid", "bank_reference": "nobody", "invoices": [{"number": "I-1", "amount": "1.00"}]},
        {"fact": "returned", **bank, "reason": "退票"},
    )  # fmt: skip
    assert brief(outcomes) == [(201, "ok"), (200, "ok"), (200, "ok"), (404, "not_found"), (200, "ok")]
    assert (await director.read(f"/v1/receipts/{outcomes[0]['id']}"))["standing"]["status"] == "returned"
    posting = {"fact": "posted", "posting_id": "49", "order_ref": "HT-1", "line": 1, "units": 2, "amount": "200000.00",
               "currency": "CNY", "on": "2025-03-10"}  # fmt: skip
    outcomes, _ = await erp.batch("postings", posting, posting, posting | {"units": 3})
    assert brief(outcomes) == [(200, "ok"), (200, "ok"), (409, "posting_differs")]


async def test_products_are_added_changed_and_withdrawn_by_their_code(erp: Machine, director: Client) -> None:
    outcomes, _ = await erp.batch(
        "products",
        {"fact": "offered", "code": "Q8", "name": "奥迪 Q8", "list_price": "800000.00", "idempotency_key": "q8"},
        {"fact": "offered", "code": "Q8", "list_price": "790000.00"},
        {"fact": "withdrawn", "code": "Q8"},
        {"fact": "offered", "code": "Q9"},
        {"fact": "withdrawn", "code": "none"},
    )
    assert brief(outcomes) == [(201, "ok"), (200, "ok"), (200, "ok"), (422, "validation"), (404, "not_found")]
    assert [outcome.get("version") for outcome in outcomes[:3]] == [1, 2, 3]
    again = await erp.alone(
        "products", {"fact": "offered", "code": "Q8", "name": "奥迪 Q8", "list_price": "800000.00"}, key="q8"
    )
    assert (again.status_code, again.json()["version"], again.headers["idempotency-replayed"]) == (201, 1, "true")


async def test_the_manufacturer_answers_a_filing_by_our_number(erp: Machine, director: Client) -> None:
    id = (await erp.batch("orders", KNOWN, PLACED))[0][0]["id"]
    filing = {"opportunity_id": id, "number": "TB-1", "customer_type": "taxi_fleet", "submit": True, "on": "2025-03-03"}
    await director.tell("/v1/filings", filing)
    outcomes, _ = await erp.batch(
        "filings",
        {"fact": "returned", "number": "TB-1", "reason": "缺证明", "on": "2025-03-04"},
        {"fact": "accepted", "number": "TB-1", "on": "2025-03-05"},
        {"fact": "accepted", "number": "nobody"},
    )
    assert brief(outcomes) == [(200, "ok"), (409, "filing_status"), (404, "not_found")]
