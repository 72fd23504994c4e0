"""Orders on their way, invoices, receipts, receivables, credit and the ledger over HTTP: what is told and refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import BaseModel

from services.opportunities.billing import shapes
from services.opportunities.views import VIEWS
from shared.http.reading import Listed
from shared.identity.tokens import development_key
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.opportunities.routes.world import Client, Clock, World

JSON = dict[str, Any]
Fold = Callable[[], Awaitable[None]]
A, B, C = "LFV2A24F9K3000001", "LFV2A24F9K3000002", "LFV2A24F9K3000003"


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


@pytest.fixture
def west_head(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.west_rep_id)


@dataclass
class Record:
    """One record and its version."""

    path: str
    version: int = 1

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    async def tell(self, by: Client, verb: str, /, **body: Any) -> JSON:
        receipt = await by.tell(f"{self.path}/{verb}", body, version=self.version)
        self.version = receipt["version"]
        return receipt

    async def refused(self, by: Client, verb: str, /, **body: Any) -> tuple[int, str]:
        answer = await by.post(f"{self.path}/{verb}", body, version=self.version)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]


async def opened(by: Client, path: str, **body: Any) -> Record:
    return Record(f"{path}/{(await by.tell(path, body))['id']}")


async def refused(by: Client, path: str, **body: Any) -> tuple[int, str]:
    answer = await by.post(path, body)
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()["code"]


LINES = [
    {"line": 1, "product": "A6L", "units": 3, "unit_price": "100000.00"},
    {"line": 2, "product": "Q5", "units": 2, "unit_price": "200000.00"},
]


@pytest.fixture
async def deal(rep: Client, prospect: JSON) -> Record:
    """Ordered on the third of March, promised for the tenth."""
    deal = await opened(rep, "/v1/opportunities", **prospect)
    await deal.tell(rep, "win", lines=LINES, promised_on="2025-03-10", order_ref="HT-1", on="2025-03-03")
    return deal


def invoicing(deal: Record, **more: Any) -> JSON:
    line = {"line": 1, "units": 2, "unit_price": "100000.00", "tax_rate": "0.13"}
    return {"opportunity_id": deal.id, "number": "F-1", "lines": [line], "on": "2025-03-06", **more}


def receiving(world: World, amount: str = "100000.00", **more: Any) -> JSON:
    return {"account_id": str(world.account), "amount": amount, "currency": "CNY", "on": "2025-03-08", **more}


# -- deliveries --------------------------------------------------------------------------------------------


async def test_what_is_late_says_what_was_promised_and_whether_the_customer_knows(
    rep: Client, west_rep: Client, stranger: Client, deal: Record, fold: Fold
) -> None:
    await deal.tell(rep, "deliver", units=[{"line": 1, "units": 1}], on="2025-03-09")
    await deal.tell(
        rep, "reschedule", line=2, promised_on="2025-03-15", reason="排产", customer_told=True, on="2025-03-09"
    )
    await fold()

    async def late(day: str, by: Client = rep, **more: Any) -> list[tuple[Any, ...]]:
        rows = (await by.read("/v1/deliveries/late", as_of=day, **more))["rows"]
        names = ("line", "units_late", "promised_on", "first_promised_on", "days_late", "times_rescheduled")
        return [(*(row[name] for name in names), row["customer_told"]) for row in rows]

    assert await late("2025-03-10") == []
    line1 = (1, 2, "2025-03-10", "2025-03-10", 2, 0, False)
    assert await late("2025-03-12") == [line1]
    assert await late("2025-03-12", against="first") == [line1, (2, 2, "2025-03-15", "2025-03-10", 0, 1, True)]
    await deal.tell(rep, "tell-customer", on="2025-03-12")
    await deal.tell(rep, "cancel", units=[{"line": 1, "units": 2}], reason="削减", on="2025-03-16")
    await fold()
    assert await late("2025-03-12") == [(*line1[:-1], True)]
    # what was told on the twelfth was said before the fifteenth had gone by, but of the day that now stands
    assert await late("2025-03-17") == [(2, 2, "2025-03-15", "2025-03-10", 2, 1, True)]
    row = (await rep.read("/v1/deliveries/late"))["rows"][0]
    assert (row["order_ref"], row["account"], row["unit"], row["product_label"]) == (
        "HT-1",
        "申城出租",
        "华东",
        "奥迪 Q5",
    )
    assert await late("2025-03-17", west_rep) == await late("2025-03-17", stranger) == []


async def test_a_serial_is_delivered_once_in_a_company(
    rep: Client, deal: Record, prospect: JSON, stranger: Client, theirs: World, fold: Fold
) -> None:
    second = await opened(rep, "/v1/opportunities", **prospect, duplicate="intended", duplicate_reason="分批")
    await second.tell(rep, "win", on="2025-03-03")
    await deal.tell(rep, "deliver", units=[{"line": 1, "serials": [A, B]}], on="2025-03-05")
    taken = (409, "serial_taken")
    assert await second.refused(rep, "deliver", units=[{"line": 1, "serials": [A]}]) == taken
    assert await second.refused(rep, "deliver", units=[{"line": 1}]) == (422, "validation")
    # what never happened, or happened to another vehicle, gives it back
    others = [{"line": 1, "units": 2, "on": "2025-03-05", "serials": [B, C]}]
    await deal.tell(rep, "correct", version=3, reason="抄错", changes={"delivered": others})
    await second.tell(rep, "deliver", units=[{"line": 1, "serials": [A]}], on="2025-03-06")
    assert await second.refused(rep, "deliver", units=[{"line": 1, "serials": [C]}]) == taken
    small = [{"line": 1, "units": 1, "on": "2025-03-05", "serials": [B.lower()]}]
    said = await deal.refused(rep, "correct", version=3, reason="抄错", changes={"delivered": small})
    assert said == (422, "invalid_value")
    await deal.tell(rep, "void", version=3, reason="录错")
    await second.tell(rep, "deliver", units=[{"line": 1, "units": 2, "serials": [C]}], on="2025-03-07")
    assert await deal.refused(rep, "deliver", units=[{"line": 1, "serials": [C]}]) == taken
    await fold()
    items = (await rep.read("/v1/deliveries", sort="delivered_on"))["items"]
    shown = [(item["delivered_on"], item["serial"], item["units"], item["amount"]) for item in items]
    assert shown[0] == ("2025-03-06", A, 1, "300000.00")
    assert sorted(shown[1:], key=str) == [("2025-03-07", C, 1, "300000.00"), ("2025-03-07", None, 1, "300000.00")]
    first = await rep.read("/v1/deliveries", sort="delivered_on", limit=2)
    rest = await rep.read("/v1/deliveries", sort="delivered_on", limit=2, after=first["next"])
    assert [*first["items"], *rest["items"]] == items
    assert sum(item["units"] for item in items) == 3
    assert [item["serial"] for item in (await rep.read("/v1/deliveries", serial=A.lower()))["items"]] == [A]
    assert (await stranger.read("/v1/deliveries"))["items"] == []


async def test_two_deliveries_of_one_serial_at_once_are_one(rep: Client, deal: Record, prospect: JSON) -> None:
    second = await opened(rep, "/v1/opportunities", **prospect, duplicate="intended", duplicate_reason="分批")
    await second.tell(rep, "win", on="2025-03-03")
    body = {"units": [{"line": 1, "serials": [A]}]}
    answers = await asyncio.gather(
        *(rep.post(f"{one.path}/deliver", body, version=one.version) for one in (deal, second))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_the_page_of_an_order_shows_it_from_promise_to_payment(
    rep: Client, west_rep: Client, head: Client, deal: Record, ours: World, fold: Fold
) -> None:
    await head.tell("/v1/credit-limits", {"account_id": str(ours.account), "currency": "CNY", "limit": "200000"})
    await deal.tell(
        rep, "ship", units=[{"line": 1, "serials": [A]}], carrier="中铁", tracking_ref="Z1", on="2025-03-04"
    )
    await deal.tell(rep, "deliver", units=[{"line": 1, "serials": [A]}], on="2025-03-05")
    await deal.tell(rep, "install", units=[{"line": 1, "serials": [A]}], on="2025-03-06")
    await head.tell("/v1/invoices", invoicing(deal, due_on="2025-03-15"))
    await fold()
    page = await rep.read(f"{deal.path}/order")
    line = page["lines"][0]
    counts = {name: line[name] for name in ("shipped", "delivered", "installed", "open_units", "days_late")}
    assert counts == {"shipped": 1, "delivered": 1, "installed": 1, "open_units": 2, "days_late": 10}
    assert line["serials"] == [A]
    assert [(i["number"], i["gross"], i["open_amount"], i["days_overdue"]) for i in page["invoices"]] == [
        ("F-1", "226000.00", "226000.00", 5)
    ]
    codes = ["late_delivery", "late_delivery", "over_limit", "overdue"]
    assert [warning["code"] for warning in page["warnings"]] == codes
    then = await rep.read(f"{deal.path}/order", as_of="2025-03-04")
    assert (then["lines"][0]["shipped"], then["invoices"], then["warnings"]) == (1, [], [])
    assert (await rep.get(f"{deal.path}/order", as_of="2025-03-02")).status_code == 404
    assert (await west_rep.get(f"{deal.path}/order")).status_code == 404


# -- invoices and receipts ---------------------------------------------------------------------------------


async def test_an_invoice_is_paid_in_parts_and_what_is_left_is_open(
    rep: Client, head: Client, west_rep: Client, stranger: Client, deal: Record, ours: World, fold: Fold
) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    first = await opened(head, "/v1/receipts", **receiving(ours, "100000", bank_reference="B-1"))
    second = await opened(head, "/v1/receipts", **receiving(ours, "200000", bank_reference="B-2", on="2025-03-12"))

    def part(amount: str) -> list[JSON]:
        return [{"invoice_id": invoice.id, "amount": amount}]

    await first.tell(head, "allocate", invoices=part("100000"), on="2025-03-09")
    assert await first.refused(head, "allocate", invoices=part("1")) == (409, "more_than_unallocated")
    assert await second.refused(head, "allocate", invoices=part("126000.01")) == (409, "more_than_open")
    assert await second.refused(head, "allocate", invoices=part("1"), on="2025-03-11") == (409, "before_recorded")
    await second.tell(head, "allocate", invoices=part("26000"), on="2025-03-13")
    invoice.version += 2
    await fold()

    async def figures(**when: str) -> tuple[Any, ...]:
        (one,) = (await rep.read("/v1/invoices", **when))["items"]
        free = [row["unallocated"] for row in (await rep.read("/v1/receipts", sort="received_on", **when))["items"]]
        return one["paid"], one["open_amount"], free

    assert await figures() == ("126000.00", "100000.00", ["0.00", "174000.00"])
    assert await figures(as_of="2025-03-12") == ("100000.00", "126000.00", ["0.00", "200000.00"])
    assert await figures(as_of="2025-03-08") == ("0.00", "226000.00", ["100000.00"])
    shown = await rep.read(invoice.path)
    assert shown["allowed_actions"] == []
    assert (await head.read(invoice.path))["allowed_actions"] == ["credit", "correct", "void"]
    assert (await head.read(second.path))["allowed_actions"] == ["allocate", "release", "return", "correct", "void"]
    assert await invoice.refused(head, "cancel", reason="错") == (409, "invoice_paid")
    assert await invoice.refused(head, "void", version=2, reason="错") == (409, "stands_on_both")
    assert await invoice.refused(head, "void", version=1, reason="错") == (409, "first_fact")
    moved = {"version": 1, "changes": {"account_id": str(ours.other_account)}, "reason": "错"}
    assert await invoice.refused(head, "correct", **moved) == (409, "stands_on_both")
    # less than was paid cannot have been charged
    cheaper = {"lines": [{"line": 1, "product": "A6L", "units": 1, "unit_price": "100000", "tax_rate": "0.13"}]}
    assert await invoice.refused(head, "correct", version=1, changes=cheaper, reason="错") == (409, "impossible_order")
    # the money goes back: what it paid is open again
    await first.tell(head, "return", reason="退票", on="2025-03-14")
    await second.tell(head, "release", invoice_id=invoice.id, amount="6000", reason="错", on="2025-03-15")
    await fold()
    assert await figures() == ("20000.00", "206000.00", ["0.00", "180000.00"])
    assert await figures(as_of="2025-03-13") == ("126000.00", "100000.00", ["0.00", "174000.00"])
    assert await first.refused(head, "allocate", invoices=part("1")) == (409, "receipt_returned")
    assert await second.refused(head, "release", invoice_id=deal.id, reason="错") == (409, "not_allocated")
    for outsider in (west_rep, stranger):
        assert (await outsider.get(invoice.path)).status_code == 404
        assert (await outsider.get(first.path)).status_code == 404
        assert (await outsider.read("/v1/invoices"))["items"] == (await outsider.read("/v1/receipts"))["items"] == []


async def test_two_receipts_at_once_never_pay_an_invoice_twice(head: Client, deal: Record, ours: World) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    receipts = [await opened(head, "/v1/receipts", **receiving(ours, "226000")) for _ in range(3)]
    body = {"invoices": [{"invoice_id": invoice.id, "amount": "226000.00"}]}
    answers = await asyncio.gather(*(head.post(f"{one.path}/allocate", body, version=1) for one in receipts))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"more_than_open"}


async def test_one_receipt_at_once_never_pays_more_than_came_in(head: Client, deal: Record, ours: World) -> None:
    invoices = [await opened(head, "/v1/invoices", **invoicing(deal, number=f"F-{n}")) for n in range(3)]
    receipt = await opened(head, "/v1/receipts", **receiving(ours, "226000"))
    answers = await asyncio.gather(
        *(
            head.post(f"{receipt.path}/allocate", {"invoices": [{"invoice_id": one.id, "amount": "226000"}]}, version=1)
            for one in invoices
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"opportunity_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11"}, (422, "unknown_opportunity")),
        ({"account_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11"}, (422, "unknown_account")),
        ({"on": "2025-03-02"}, (409, "not_ordered")),
        ({"on": "2025-03-21"}, (422, "in_the_future")),
        ({"due_on": "2025-03-05"}, (422, "due_before_issued")),
        ({"lines": [{"line": 9, "unit_price": "1"}]}, (422, "no_such_line")),
        ({"lines": [{"unit_price": "1"}]}, (422, "validation")),
    ],
)
async def test_an_invoice_that_cannot_be_is_refused(
    head: Client, deal: Record, more: JSON, refusal: tuple[int, str]
) -> None:
    assert await refused(head, "/v1/invoices", **invoicing(deal, **more)) == refusal


async def test_numbers_are_unique_until_what_holds_them_never_was(
    head: Client, rep: Client, deal: Record, ours: World, fold: Fold
) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    assert await refused(head, "/v1/invoices", **invoicing(deal)) == (409, "invoice_number_taken")
    await head.tell("/v1/invoices", invoicing(deal, issuer="SH2"))
    cancelled = await opened(head, "/v1/invoices", **invoicing(deal, number="F-9"))
    await cancelled.tell(head, "cancel", reason="抬头有误", on="2025-03-07")
    assert await refused(head, "/v1/invoices", **invoicing(deal, number="F-9")) == (409, "invoice_number_taken")
    assert await cancelled.refused(head, "credit", amount="1", reason="错") == (409, "invoice_cancelled")
    await invoice.tell(head, "correct", version=1, changes={"number": "F-2"}, reason="抄错")
    again = await opened(head, "/v1/invoices", **invoicing(deal))
    await again.tell(head, "void", version=1, reason="重复录入")
    await head.tell("/v1/invoices", invoicing(deal))
    assert (await head.get(again.path)).status_code == 404

    receipt = await opened(head, "/v1/receipts", **receiving(ours, bank_reference="B-1"))
    assert await refused(head, "/v1/receipts", **receiving(ours, bank_reference="B-1")) == (409, "bank_reference_taken")
    await receipt.tell(head, "void", version=1, reason="不是我们的")
    await head.tell("/v1/receipts", receiving(ours, bank_reference="B-1"))
    await fold()
    assert len((await rep.read("/v1/receipts"))["items"]) == 1
    shown = {(i["number"], i["issuer"], i["status"]) for i in (await rep.read("/v1/invoices"))["items"]}
    assert shown == {
        ("F-1", "SH2", "issued"), ("F-1", None, "issued"), ("F-2", None, "issued"), ("F-9", None, "cancelled")
    }  # fmt: skip


async def test_a_price_corrected_on_an_invoice_moves_its_sums(head: Client, deal: Record, fold: Fold) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    assert await invoice.refused(head, "correct", version=1, changes={"gross": "1"}, reason="错") == (
        422,
        "not_correctable",
    )
    bad = [{"line": 1, "product": "A6L", "units": 2, "unit_price": "-1"}]
    assert await invoice.refused(head, "correct", version=1, changes={"lines": bad}, reason="错") == (
        422,
        "invalid_value",
    )
    lines = [{"line": 1, "product": "A6L", "units": 2, "unit_price": "99999.99", "tax_rate": "0.13"}]
    await invoice.tell(head, "correct", version=1, changes={"lines": lines}, reason="单价录错")
    await invoice.tell(head, "credit", amount="1000.50", number="C-1", reason="折让", on="2025-03-10")
    await fold()
    (row,) = (await head.read("/v1/invoices"))["items"]
    assert (row["net"], row["tax"], row["gross"], row["credited"], row["open_amount"]) == (
        "199999.98", "26000.00", "225999.98", "1000.50", "224999.48",
    )  # fmt: skip
    assert await invoice.refused(head, "credit", amount="224999.49", reason="错") == (409, "more_than_open")
    await invoice.tell(head, "correct", version=1, on="2025-03-05", reason="日期")
    await invoice.tell(head, "correct", version=3, on="2025-03-11", reason="日期")
    for wrong in ({"number": " "}, {"currency": "yuan"}, {"due_on": "2025-03-01"}):
        said = (422, "due_before_issued" if "due_on" in wrong else "invalid_value")
        assert await invoice.refused(head, "correct", version=1, changes=wrong, reason="错") == said
    await fold()
    assert (await head.read(invoice.path))["standing"]["credits"][0]["on"] == "2025-03-11"
    assert (await head.read("/v1/invoices"))["items"][0]["issued_on"] == "2025-03-05"


async def test_only_who_keeps_the_books_records_money(
    rep: Client, west_rep: Client, head: Client, stranger: Client, deal: Record, ours: World
) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    receipt = await opened(head, "/v1/receipts", **receiving(ours))
    forbidden = (403, "forbidden")
    assert await refused(rep, "/v1/invoices", **invoicing(deal, number="F-3")) == forbidden
    assert await refused(rep, "/v1/receipts", **receiving(ours)) == forbidden
    assert await invoice.refused(rep, "credit", amount="1", reason="错") == forbidden
    assert await receipt.refused(rep, "allocate", invoices=[{"invoice_id": invoice.id, "amount": "1"}]) == forbidden
    assert await refused(rep, "/v1/credit-limits", account_id=str(ours.account), currency="CNY", limit="1") == forbidden
    assert await refused(head, "/v1/ledger/postings", postings=[posting()]) == forbidden
    assert await refused(rep, "/v1/credit-policies", effective_from="2025-01-01") == forbidden
    assert await refused(stranger, "/v1/invoices", **invoicing(deal)) == (422, "unknown_opportunity")
    assert await refused(stranger, "/v1/receipts", **receiving(ours)) == (422, "unknown_account")
    assert (await stranger.post(f"{receipt.path}/return", {"reason": "错"}, version=1)).status_code == 404


async def test_money_pays_only_invoices_of_its_account_and_currency(head: Client, deal: Record, ours: World) -> None:
    invoice = await opened(head, "/v1/invoices", **invoicing(deal, currency="EUR"))
    other = await opened(head, "/v1/invoices", **invoicing(deal, number="F-2", account_id=str(ours.other_account)))
    receipt = await opened(head, "/v1/receipts", **receiving(ours))

    async def said(id: str) -> tuple[int, str]:
        return await receipt.refused(head, "allocate", invoices=[{"invoice_id": id, "amount": "1"}])

    assert await said(invoice.id) == (422, "other_currency")
    assert await said(other.id) == (422, "not_their_invoice")
    assert await said(deal.id) == (422, "unknown_invoice")
    twice = [{"invoice_id": invoice.id, "amount": "1"}] * 2
    assert await receipt.refused(head, "allocate", invoices=twice) == (422, "validation")


# -- receivables and credit --------------------------------------------------------------------------------


async def test_receivables_stand_in_the_bucket_of_their_age(
    rep: Client, head: Client, director: Client, west_rep: Client, stranger: Client, deal: Record, ours: World,
    clock: Clock, fold: Fold
) -> None:  # fmt: skip
    invoice = await opened(head, "/v1/invoices", **invoicing(deal, due_on="2025-03-10"))
    await head.tell("/v1/invoices", invoicing(deal, number="F-2", currency="EUR"))  # due by the policy: 30 days
    receipt = await opened(head, "/v1/receipts", **receiving(ours, "126000"))
    await receipt.tell(head, "allocate", invoices=[{"invoice_id": invoice.id, "amount": "26000"}], on="2025-03-09")
    await fold()
    clock.pass_days(120)

    async def ages(by: Client = rep, **asked: str) -> list[tuple[Any, ...]]:
        rows = (await by.read("/v1/receivables", **asked))["rows"]
        names = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
        return [(r["currency"], r["kind"], [name for name in names if r[name] != "0.00"], r["total"]) for r in rows]

    free = ("CNY", "unallocated", ["not_due"], "-100000.00")
    euro = ("EUR", "invoices", ["not_due"], "226000.00")
    for day, bucket in (
        ("2025-03-10", "not_due"), ("2025-03-11", "days_1_30"), ("2025-04-09", "days_1_30"),
        ("2025-04-10", "days_31_60"), ("2025-05-09", "days_31_60"), ("2025-05-10", "days_61_90"),
        ("2025-06-08", "days_61_90"), ("2025-06-09", "days_over_90"),
    ):  # fmt: skip
        found = await ages(as_of=day)
        assert found[:2] == [("CNY", "invoices", [bucket], "200000.00"), free]
    assert await ages(as_of="2025-04-05") == [("CNY", "invoices", ["days_1_30"], "200000.00"), free, euro]
    assert (await ages(as_of="2025-04-06"))[2] == ("EUR", "invoices", ["days_1_30"], "226000.00")
    report = await director.read("/v1/receivables", group_by="branch", as_of="2025-03-11")
    assert {row["label"] for row in report["rows"]} == {"华东"}
    assert report["totals"][0] == {
        "currency": "CNY", "receivables": "200000.00", "overdue": "200000.00", "unallocated": "100000.00",
        "net": "100000.00",
    }  # fmt: skip
    for group_by in ("account", "owner", "org_unit", "region", "currency"):
        rows = (await rep.read("/v1/receivables", group_by=group_by))["rows"]
        assert sum(float(row["total"]) for row in rows if row["currency"] == "CNY") == 100000
    assert await ages(currency="EUR", as_of="2025-03-11") == [euro]
    assert await ages(owner_id=str(ours.west_rep_id)) == []
    assert await ages(west_rep) == await ages(stranger) == []
    # a policy published for that day on moves what has no terms of its own
    policy = {"effective_from": "2025-01-01", "due_days": 0, "warn_share": "0.5"}
    await director.tell("/v1/credit-policies", policy)
    await fold()
    assert (await director.read("/v1/credit-policies", on="2025-03-11"))["due_days"] == 0
    assert (await ages())[2] == ("EUR", "invoices", ["days_over_90"], "226000.00")


async def test_without_a_day_of_its_own_an_invoice_is_due_by_the_contract(
    rep: Client, head: Client, deal: Record, clock: Clock, ours: World, fold: Fold
) -> None:
    terms = [
        {"share": "0.3", "after": "signing", "days": 7},
        {"share": "0.6", "after": "delivery", "days": 10},
        {"share": "0.1", "after": "acceptance", "days": 0},
    ]
    drafted = {"opportunity_id": deal.id, "title": "采购合同", "payment_terms": terms, "on": "2025-03-03"}
    drafted |= {"lines": [{"product": "A6L", "units": 3, "unit_price": "100000"}], "ends_on": "2026-03-10"}
    contract = await opened(rep, "/v1/contracts", **drafted)
    await contract.tell(rep, "submit", on="2025-03-04")
    await contract.tell(head, "approve", on="2025-03-05")
    invoice = await opened(head, "/v1/invoices", **invoicing(deal))
    await fold()
    assert (await rep.read("/v1/invoices"))["items"][0]["due_on"] == "2025-04-05"  # not signed: the policy's 30 days
    await contract.tell(head, "sign", number="HT-1", on="2025-03-06")
    await fold()

    async def ages(day: str) -> tuple[str, ...]:
        (row,) = [r for r in (await rep.read("/v1/receivables", as_of=day))["rows"] if r["kind"] == "invoices"]
        return row["not_due"], row["days_1_30"], row["days_31_60"]

    clock.pass_days(60)
    assert (await rep.read("/v1/invoices"))["items"][0]["due_on"] == "2025-03-13"
    assert await ages("2025-03-13") == ("226000.00", "0.00", "0.00")
    assert await ages("2025-03-14") == ("158200.00", "67800.00", "0.00")  # of 226 000: 30 % since signing + 7
    await deal.tell(rep, "deliver", units=[{"line": 1, "units": 2}], on="2025-03-15")
    await fold()
    assert await ages("2025-03-25") == ("158200.00", "67800.00", "0.00")
    assert await ages("2025-03-26") == ("22600.00", "203400.00", "0.00")  # and 60 % since delivery + 10
    receipt = await opened(head, "/v1/receipts", **receiving(ours, "67800", on="2025-03-26"))
    await receipt.tell(head, "allocate", invoices=[{"invoice_id": invoice.id, "amount": "67800"}], on="2025-03-26")
    await fold()
    assert await ages("2025-04-20") == ("22600.00", "135600.00", "0.00")  # what was due first is paid first
    assert (await rep.read("/v1/invoices"))["items"][0]["due_on"] == "2025-03-25"


async def test_an_account_over_its_limit_is_named(
    rep: Client, head: Client, west_rep: Client, deal: Record, ours: World, fold: Fold
) -> None:
    async def limit(amount: str | None, **more: Any) -> None:
        await head.tell(
            "/v1/credit-limits", {"account_id": str(ours.account), "currency": "CNY", "limit": amount, **more}
        )
        await fold()

    async def state(by: Client = rep, **asked: str) -> list[tuple[Any, ...]]:
        rows = (await by.read("/v1/credit", account_id=str(ours.account), **asked))["rows"]
        return [(row["state"], row["limit"], row["exposure"], row["orders_open"], row["share"]) for row in rows]

    await limit("2000000", on="2025-03-01")
    await head.tell("/v1/invoices", invoicing(deal))
    await head.tell("/v1/receipts", receiving(ours, "26000"))
    await fold()
    assert await state() == [("within", "2000000.00", "200000.00", "700000.00", 0.1)]
    assert await state(as_of="2025-03-02") == [("within", "2000000.00", "0.00", "0.00", 0.0)]
    await limit("800000")
    assert (await state())[0][0] == "with_orders"
    await limit("199999.99")
    assert [row[0] for row in await state()] == [row[0] for row in await state(state="over")] == ["over"]
    await limit("200000", on="2025-03-10")
    assert (await state(as_of="2025-03-10"))[0][:2] == ("with_orders", "200000.00")
    assert (await state(as_of="2025-03-10", known_at="2025-03-01")) == []
    await limit(None)
    assert (await state())[0][0] == "no_limit"
    assert await state(west_rep) == []
    body = {"account_id": deal.id, "currency": "CNY", "limit": "1"}
    assert await refused(head, "/v1/credit-limits", **body) == (422, "unknown_account")


# -- the ledger --------------------------------------------------------------------------------------------


def posting(id: str = "P-1", **more: Any) -> JSON:
    said = {"posting_id": id, "order_ref": "HT-1", "line": 1, "units": 2, "amount": "200000.00", "currency": "CNY"}
    return {**said, "on": "2025-03-06", **more}


async def test_deliveries_match_the_erps_postings_entry_by_entry(
    rep: Client, west_rep: Client, director: Client, stranger: Client, deal: Record, fold: Fold
) -> None:
    await fold()
    assert (await director.read("/v1/ledger/match"))["rate"] is None
    await deal.tell(rep, "deliver", units=[{"line": 1, "serials": [A, B]}], on="2025-03-05")
    await deal.tell(rep, "deliver", units=[{"line": 1, "units": 1}, {"line": 2, "units": 1}], on="2025-03-07")
    await director.tell("/v1/ledger/postings", {"postings": [
        posting(),
        posting("P-2", units=1, amount="100000.01", on="2025-03-08"),  # a cent too much
        posting("P-3", order_ref="HT-404", product="Q5", line=None),   # of an order we do not know
        posting("P-4", units=1, amount="100000.00"),
        posting("P-5", units=1, amount="100000.00", kind="reversal", reverses="P-4"),
    ]})  # fmt: skip
    await fold()

    async def match(by: Client = director, **asked: str) -> tuple[Any, ...]:
        said = await by.read("/v1/ledger/match", **asked)
        rows = [(row["order"], row["line"], row["side"], row["differs"]) for row in said["rows"]]
        return said["entries"], said["matched"], said["rate"], rows

    both = [
        ("HT-1", 1, "both", ["amount"]), ("HT-1", 2, "ours", []), ("HT-404", None, "theirs", []),
        ("HT-1", 1, "both", []),
    ]  # fmt: skip
    assert await match() == (4, 1, 0.25, both)
    assert await match(director, **{"from": "2025-03-05", "to": "2025-03-05"}) == (1, 1, 1.0, [both[3]])
    assert (await match(as_of="2025-03-05"))[3] == [("HT-1", 1, "ours", [])]
    assert (await match(rep))[0] == 3  # what no order of ours explains is for who sees everything
    assert await match(west_rep) == await match(stranger) == (0, 0, None, [])
    # told again it says nothing; told otherwise it is refused; taken back by its reversal
    await director.tell("/v1/ledger/postings", {"postings": [posting(), posting("P-6", line=2, units=1)]})
    differing = [posting("P-7"), posting(amount="1")]
    assert await refused(director, "/v1/ledger/postings", postings=differing) == (409, "posting_differs")
    assert await refused(director, "/v1/ledger/postings", postings=[posting("P-8", on="2025-03-21")]) == (
        422,
        "in_the_future",
    )
    assert await refused(director, "/v1/ledger/postings", postings=[posting("P-8", reverses="P-1")]) == (
        422,
        "validation",
    )
    await fold()
    assert (await match())[:3] == (4, 2, 0.5)
    back = posting("P-9", line=2, units=1, kind="reversal", reverses="P-6", on="2025-03-10")
    await director.tell("/v1/ledger/postings", {"postings": [back]})
    await fold()
    assert (await match())[:2] == (4, 1)
    assert (await match(as_of="2025-03-09"))[:2] == (4, 2)


# -- shapes ------------------------------------------------------------------------------------------------


async def test_rows_are_what_their_documents_say(
    rep: Client, head: Client, director: Client, deal: Record, ours: World, fold: Fold
) -> None:
    await deal.tell(rep, "deliver", units=[{"line": 1, "serials": [A]}], on="2025-03-05")
    await head.tell("/v1/invoices", invoicing(deal))
    await head.tell("/v1/receipts", receiving(ours))
    await head.tell("/v1/credit-limits", {"account_id": str(ours.account), "currency": "CNY", "limit": "1"})
    await director.tell("/v1/ledger/postings", {"postings": [posting()]})
    await fold()
    documents: dict[str, type[BaseModel]] = {
        "/v1/deliveries": Listed[shapes.DeliveryRow],
        "/v1/deliveries/late": shapes.LateDeliveries,
        f"{deal.path}/order": shapes.OrderPage,
        "/v1/invoices": Listed[shapes.InvoiceRow],
        "/v1/receipts": Listed[shapes.ReceiptRow],
        "/v1/receivables": shapes.Receivables,
        "/v1/credit": shapes.CreditReport,
        "/v1/ledger/match": shapes.LedgerMatch,
    }
    for path, document in documents.items():
        said = await director.read(path)
        assert said.get("rows", said.get("items", said.get("lines"))), path
        assert document.model_validate(said).model_dump(mode="json").keys() == said.keys(), path
        if "lines" not in said:  # a table, for a sheet too
            assert (await director.get(path, format="csv")).status_code == 200, path
        shown = document.model_validate(said).model_dump(mode="json")
        for name in ("rows", "items", "lines", "invoices", "warnings", "totals"):
            for one, other in zip(shown.get(name) or [], said.get(name) or [], strict=True):
                assert one.keys() == other.keys(), (path, name)
