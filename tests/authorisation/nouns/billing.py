"""The matrix and its targets for billing: rows by operation, and what makes what they are on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from services.opportunities.billing.commands import AllocateReceipt, IssueInvoice, RecordReceipt
from services.opportunities.billing.invoice import Invoice, lines_of
from services.opportunities.billing.money_receipt import MoneyReceipt
from services.opportunities.opportunity.commands.orders import DeliverUnits
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.stream import Stream
from tests.authorisation import expectations as who
from tests.authorisation.company import CHANGED, NOW
from tests.authorisation.deals import ACCOUNTS, OPPORTUNITIES, account_of, opportunity_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

MONEY = who.acting({who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}, {who.OWNER, who.DEPUTY})
"""Heads, finance and the back office record money of what they see; its owner reads it."""
HEADS = (who.SIBLING, who.TEAM, who.LINE, who.OTHER_TENANT)
FILING: who.Pattern = {
    **who.reserved({who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}),
    **dict.fromkeys(HEADS, "no such"),
}
"""The same for what a body names: heads who do not see it are told that there is no such thing."""
POSTING = who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}, elsewhere="done")
"""The books of the whole company: each company's head office its own."""

ORDER = {"line": 1, "units": 1}
LINE = {"line": 1, "unit_price": "300000"}


async def _kept(world: World, *streams: Stream) -> Target:
    await world.append(0, list(streams), actor="b00.a")
    return Target(str(streams[-1].id), streams[-1].version)


def _order() -> Opportunity:
    return opportunity_of(OPPORTUNITIES["only.deal.won"], MARKS[0], uuid4())


def _invoice(order: Opportunity) -> Invoice:
    said = {"opportunity_id": order.id, "number": secrets.token_hex(6), "lines": [LINE]}
    command = IssueInvoice.model_validate(said)
    lines = lines_of(command, order.standing["lines"])
    return Invoice.issue(
        command, id=uuid4(), account_id=uuid4(), currency="CNY", lines=lines, at=CHANGED, day=CHANGED.date()
    )


async def _issued(world: World) -> Target:
    order = _order()
    return await _kept(world, order, _invoice(order))


async def _received(world: World, *, allocated: bool = False) -> Target:
    account_id = uuid4()
    account = account_of(ACCOUNTS["only.account"], MARKS[0], account_id)
    said = {"account_id": account_id, "amount": "1000", "currency": "CNY"}
    receipt = MoneyReceipt.record_receipt(
        RecordReceipt.model_validate(said), id=uuid4(), at=CHANGED, day=CHANGED.date()
    )
    order = _order()
    invoice = Invoice.issue(
        command := IssueInvoice.model_validate(
            {"opportunity_id": order.id, "number": secrets.token_hex(6), "lines": [LINE], "account_id": account_id}
        ),
        id=uuid4(),
        account_id=account_id,
        currency="CNY",
        lines=lines_of(command, order.standing["lines"]),
        at=CHANGED,
        day=CHANGED.date(),
    )
    if allocated:
        part = AllocateReceipt.model_validate({"invoices": [{"invoice_id": invoice.id, "amount": "10"}]}).invoices[0]
        receipt.allocate([(part.invoice_id, part.amount)], at=CHANGED, day=CHANGED.date())
        invoice.apply(receipt.id, part.amount, at=CHANGED, day=CHANGED.date())
    target = await _kept(world, account, order, invoice, receipt)
    return Target(target.id, target.version, str(invoice.id))


def _correcting(changes: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "changes": changes, "reason": "错"}


def _on_order(body: Any, expect: who.Pattern = who.RECORD_CHANGE) -> Row:
    return Row(expect, "deal.won", body)


ROWS: dict[str, Row] = {
    "opportunities.reschedule": _on_order({"promised_on": "2199-01-01", "reason": "排产"}),
    "opportunities.tell_customer": _on_order({}),
    "opportunities.ship": _on_order({"units": [ORDER]}),
    "opportunities.install": Row(who.RECORD_CHANGE, "delivered order", {"units": [ORDER]}),
    "opportunities.order": Row(who.RECORD_READ, "folded order"),
    "deliveries.list": listed(),
    "deliveries.late": listed(),
    "invoices.list": listed(),
    "invoices.read": Row(who.RECORD_READ, "invoice"),
    "invoices.issue": Row(
        FILING, "deal.won",
        lambda target: {"opportunity_id": target.id, "number": secrets.token_hex(6), "lines": [LINE]}, matched=False,
    ),
    "invoices.credit": Row(MONEY, "invoice", {"amount": "1", "reason": "折让"}),
    "invoices.cancel": Row(MONEY, "invoice", {"reason": "错"}),
    "invoices.correct": Row(MONEY, "invoice", _correcting({"due_on": "2199-01-01"})),
    "invoices.void": Row(MONEY, "invoice", {"version": 1, "reason": "错"}),
    "receipts.list": listed(),
    "receipts.read": Row(who.RECORD_READ, "receipt"),
    "receipts.record": Row(
        FILING, "account", lambda target: {"account_id": target.id, "amount": "1000", "currency": "CNY"}, matched=False
    ),
    "receipts.allocate": Row(
        MONEY, "receipt", lambda target: {"invoices": [{"invoice_id": target.person, "amount": "1"}]}
    ),
    "receipts.release": Row(MONEY, "allocated receipt", lambda target: {"invoice_id": target.person, "reason": "错"}),
    "receipts.return": Row(MONEY, "receipt", {"reason": "退票"}),
    "receipts.correct": Row(MONEY, "receipt", _correcting({"amount": "999"})),
    "receipts.void": Row(MONEY, "receipt", {"version": 1, "reason": "错"}),
    "receivables.read": listed(),
    "credit.read": listed(),
    "credit_limits.set": Row(
        FILING, "account", lambda target: {"account_id": target.id, "currency": "CNY", "limit": "1"}, matched=False
    ),
    "credit_policies.publish": Row(
        who.PUBLISHING, body={"effective_from": "2030-01-01", "due_days": 45}, done=(201, 409)
    ),
    "credit_policies.read": listed(),
    "ledger.post": Row(
        POSTING,
        body=lambda _: {
            "postings": [
                {"posting_id": secrets.token_hex(6), "order_ref": "HT-1", "line": 1, "units": 1, "amount": "1",
                 "currency": "CNY", "on": "2025-03-01"}
            ]
        },
        matched=False,
    ),
    "ledger.match": listed(),
}  # fmt: skip


async def _delivered(world: World) -> Target:
    order = _order()
    command = DeliverUnits.model_validate({"units": [{"line": 1, "units": 1}]})
    order.deliver(command, at=NOW, day=NOW.date())
    return await _kept(world, order)


async def _folded(world: World) -> Target:
    target = await _kept(world, _order())
    await world.fold()
    return target


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "invoice": _issued,
    "receipt": _received,
    "allocated receipt": lambda world: _received(world, allocated=True),
    "delivered order": _delivered,
    "folded order": _folded,
}
