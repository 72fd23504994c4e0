"""Views of orders and of billing: folded in any split, rebuilt, as known then, or told in plain Python, they agree."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.opportunities.billing.views import VIEWS
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.opportunities_views import orders
from tests.opportunities_views.log import Log

START = datetime(2025, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


class MadeUp:
    """Orders, invoices, receipts, limits and postings whose facts come late, and are mended and taken back."""

    def __init__(self, seed: int, facts: int = 150) -> None:
        self.chance = random.Random(seed)
        self.log = Log(uuid4())
        self.accounts = [self.id() for _ in range(3)]
        self.kinds = {kind: [self.id() for _ in range(4)] for kind in ("opportunity", "invoice", "receipt", "credit")}
        for kind, streams in self.kinds.items():
            for stream in streams:
                self.log.tell(kind, stream, *self._first(kind))
        while len(self.log.told) < facts:
            self._step()

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def at(self) -> datetime:
        return START + timedelta(hours=12 * self.chance.randint(0, 60))

    def on(self) -> str:
        return str(date(2025, 1, 1) + timedelta(days=self.chance.randint(0, 40)))

    def amount(self) -> str:
        return self.chance.choice(["1000.00", "250.5", "99.99", "400"])

    def _lines(self) -> list[Row]:
        return [
            {"line": number, "product": self.chance.choice(["A6L", "Q5"]), "units": self.chance.randint(1, 9)}
            | {"unit_price": self.chance.choice([None, "1000.00"])}
            for number in range(1, self.chance.randint(1, 3) + 1)
        ]

    def _order(self) -> Row:
        own = [{"line": 2, "promised_on": self.on()}] if self.chance.random() < 0.3 else None
        said = {"lines": self._lines(), "currency": "CNY", "promised_on": self.chance.choice([None, self.on()])}
        return said | {"order_ref": "HT-1"} | ({"promises": own} if own else {})

    def _first(self, kind: str) -> tuple[str, datetime, Row]:
        account = str(self.chance.choice(self.accounts))
        match kind:
            case "opportunity":
                return "ProspectCaptured", self.at(), {"status": "open", "lines": self._lines(), "currency": "CNY"}
            case "invoice":
                said = {"opportunity_id": str(self.kinds["opportunity"][0]), "account_id": account, "number": "1"}
                said |= {"issuer": None, "lines": [], "net": "1000", "tax": "130.00", "gross": "1130.00"}  # type: ignore[dict-item]
                said |= {"currency": "CNY", "issued_on": self.on(), "due_on": self.chance.choice([None, self.on()])}  # type: ignore[dict-item]
                return "InvoiceIssued", self.at(), said | {"status": "issued"}
            case "receipt":
                said = {"account_id": account, "amount": self.amount(), "currency": "CNY", "received_on": self.on()}
                return "ReceiptRecorded", self.at(), said | {"bank_reference": None, "status": "received"}
            case _:
                return "CreditLimitSet", self.at(), {"account_id": account, "currency": "CNY", "limit": self.amount()}

    def _step(self) -> None:
        chance, log = self.chance, self.log
        kind = chance.choices(("opportunity", "invoice", "receipt", "credit", "policy", "posting", "mend"),
                              (30, 10, 10, 3, 1, 4, 12))[0]  # fmt: skip
        match kind:
            case "opportunity":
                log.tell(kind, chance.choice(self.kinds[kind]), *self._deal())
            case "invoice" | "receipt":
                log.tell(kind, chance.choice(self.kinds[kind]), *self._money(kind))
            case "credit":
                log.tell(kind, chance.choice(self.kinds[kind]), "CreditLimitSet", self.at(), {"limit": self.amount()})
            case "policy":
                policy = {"effective_from": self.on(), "due_days": 45, "warn_share": "0.9"}
                log.tell(
                    "credit_policy", self.log.tenant_id, "CreditPolicyPublished", self.at(), {"policies": [policy]}
                )
            case "posting":
                said = {"posting_id": str(len(log.told)), "kind": "delivery", "order_ref": "HT-1", "line": 1}
                said |= {"opportunity_id": None, "product": None, "units": 2, "amount": "2000", "currency": "CNY"}
                log.tell(
                    kind, self.id(), "PostingRecorded", self.at(), said | {"posted_on": self.on(), "reverses": None}
                )
            case _:
                self._mend()

    def _deal(self) -> tuple[str, datetime, Row]:
        chance, line = self.chance, self.chance.randint(1, 3)
        serials = [str(chance.randint(1, 10**6)) for _ in range(chance.randint(0, 2))]
        move = {"line": line, "units": chance.randint(2, 3), "on": self.on(), "serials": serials}
        match chance.choice(("win", "win", "amend", "move", "all", "tell", "ship", "deliver", "deliver", "install",
                             "cancel", "reopen")):  # fmt: skip
            case "win":
                return "DealWon", self.at(), self._order() | {"status": "ordered"}
            case "amend":
                return "OrderAmended", self.at(), self._order()
            case "move":
                told = [{"line": line, "on": self.on(), "new_date": True}]
                said: Row = {"promises": [{"line": line, "promised_on": self.on()}]}
                return "DeliveryRescheduled", self.at(), said | ({"told": told} if chance.random() < 0.5 else {})
            case "all":
                day = self.on()
                said = {"promises": [{"line": number, "promised_on": day} for number in (1, 2, 3)], "promised_on": day}
                return "DeliveryRescheduled", self.at(), said
            case "tell":
                return "CustomerTold", self.at(), {"told": [{"line": line, "on": self.on(), "new_date": False}]}
            case "ship":
                return "UnitsShipped", self.at(), {"shipped": [move]}
            case "deliver":
                return "UnitsDelivered", self.at(), {"delivered": [move, {**move, "line": 1, "serials": []}]}
            case "install":
                return "UnitsInstalled", self.at(), {"installed": [move]}
            case "cancel":
                whole = {"status": "cancelled"} if chance.random() < 0.3 else {}
                return "UnitsCancelled", self.at(), {"cancelled": [move], **whole}
            case _:
                return "DealReopened", self.at(), {"status": "open"}

    def _money(self, kind: str) -> tuple[str, datetime, Row]:
        part = {"amount": self.amount(), "on": self.on()}
        other = "receipt_id" if kind == "invoice" else "invoice_id"
        part |= {other: str(self.chance.choice(self.kinds["receipt" if kind == "invoice" else "invoice"]))}
        choices: dict[str, tuple[tuple[str, Row], ...]] = {
            "invoice": (
                ("PaymentApplied", {"payments": [part, part]}),
                ("PaymentReleased", {"released": [part]}),
                ("InvoiceCredited", {"credits": [part]}),
                ("InvoiceCancelled", {"status": "cancelled", "cancelled_on": self.on()}),
            ),
            "receipt": (
                ("ReceiptAllocated", {"allocations": [part, part]}),
                ("AllocationReleased", {"released": [part]}),
                ("ReceiptReturned", {"status": "returned", "returned_on": self.on()}),
            ),
        }
        type, changes = self.chance.choice(choices[kind])
        return type, self.at(), changes

    def _mend(self) -> None:
        chance = self.chance
        kind = chance.choice(list(self.kinds))
        stream = chance.choice(self.kinds[kind])
        fixed = [event for event in self.log.told if event.stream_id == stream and "changes" in event.data]
        fixed = [event for event in fixed if event.type != "FactCorrected"]
        event = chance.choice(fixed)
        if event.version > 1 and chance.random() < 0.4:
            self.log.void(kind, stream, event.version)
            return
        at = self.at() if chance.random() < 0.5 else None
        same = [
            other
            for other in fixed
            if other.type == event.type and set(other.data["changes"]) == set(event.data["changes"])
        ]
        self.log.correct(kind, stream, event.version, dict(chance.choice(same).data["changes"]), at)


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    if isinstance(found.get("lines"), str):
        found["lines"] = json.loads(found["lines"])
    return found


def assert_says(view: View, rows: Any, told: list[Row]) -> None:
    def ordered(found: list[Row]) -> list[Row]:
        return sorted(found, key=lambda row: [str(row[name]) for name in ("stream_id", *view.key)])

    for one, other in zip(ordered([comparable(row) for row in rows]), ordered(told), strict=True):
        assert one == other, view.name


@pytest.mark.parametrize("seed", range(6))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, VIEWS, made.log.tenant_id, seed=seed, steps=9)
    for view in VIEWS:
        told = getattr(orders, view.name.partition(".")[2])(made.log, None)
        assert told or view.name.endswith("policies")
        assert_says(view, await stored_rows(pool, view, made.log.tenant_id), told)
    await assert_live_equals_rebuild(pool, VIEWS, made.log.tenant_id)


@pytest.mark.parametrize("seed", [20, 21])
async def test_rows_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_all(pool, VIEWS)
    for known_at in random.Random(seed).sample(range(1, len(made.log.told) + 1), 4):
        for view in VIEWS:
            relation = source(view, known_at="$2::bigint")
            rows = await pool.fetch(
                f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at
            )
            assert_says(view, rows, getattr(orders, view.name.partition(".")[2])(made.log, known_at))
