"""Invoices, receipts and postings as the ERP tells them, by their own numbers. The rules are those of billing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from services.accounts.account import ACCOUNT_REF
from services.inbound.orders import order_of
from services.opportunities.billing import invoice_routes, receipt_routes, report_routes
from services.opportunities.billing.commands import (
    AllocateReceipt,
    Amount,
    CancelInvoice,
    CreditInvoice,
    InvoiceLineGiven,
    IssueInvoice,
    OnInvoice,
    Posting,
    RecordPostings,
    RecordReceipt,
    ReleaseAllocation,
    ReturnReceipt,
)
from services.opportunities.billing.invoice import SCOPE as INVOICE_NUMBER
from services.opportunities.billing.invoice import number_key
from services.opportunities.billing.money_receipt import SCOPE as BANK_REFERENCE
from services.opportunities.fields import Code, Command, Currency, DatedCommand, Day, Reference, Text
from shared.http.context import CommandContext
from shared.http.inbound import Fact, Named, Row, as_command, found, held_by, inbound, like
from shared.http.receipt import Receipt

C = TypeVar("C", bound=Command)

ORDER = {"system": "erp", "key": "SO-10077"}
NUMBER = "24312000000012345678"
BANK = "ICBC-20250328-0071"
PAID = [{"number": NUMBER, "amount": "1220000.00"}]


class OfInvoice(Row):
    """A fact of an invoice, by its number with its issuer."""

    number: Reference
    issuer: Code | None = Field(default=None, description="Our own legal entity, by its code.")


class InvoiceIssued(OfInvoice, DatedCommand):
    """An invoice was issued for an order; `on` is its day."""

    model_config = like(
        fact="issued",
        order=ORDER,
        number=NUMBER,
        lines=[{"line": 1, "units": 8, "unit_price": "269911.50", "tax_rate": "0.13"}],
        on="2025-03-28",
    )

    fact: Literal["issued"]
    order: Named
    account: Named | None = Field(default=None, description="Who owes it; default the account of the order.")
    lines: Annotated[tuple[InvoiceLineGiven, ...], Field(min_length=1, max_length=200)]
    currency: Currency | None = Field(default=None, description="Default: that of the order.")
    due_on: Day | None = Field(default=None, description="Default: by the contract's payment terms, else the policy.")


class InvoiceCredited(OfInvoice, DatedCommand):
    """A part of it was taken back by a credit note."""

    model_config = like(fact="credited", number=NUMBER, amount="5000.00", credit_number="R-77", reason="价格更正")

    fact: Literal["credited"]
    amount: Amount
    credit_number: Reference | None = Field(default=None, description="Of the credit note.")
    reason: Text


class InvoiceCancelled(OfInvoice, CancelInvoice):
    """All of it was taken back."""

    model_config = like(fact="cancelled", number=NUMBER, reason="抬头有误")

    fact: Literal["cancelled"]


class OfReceipt(Row):
    """A fact of money received, by the bank's reference."""

    bank_reference: Reference


class MoneyReceived(OfReceipt, DatedCommand):
    """Money arrived."""

    model_config = like(
        fact="received",
        bank_reference=BANK,
        account={"system": "erp", "key": "K-1007"},
        amount="1220000.00",
        currency="CNY",
        on="2025-03-28",
    )

    fact: Literal["received"]
    account: Named
    amount: Amount
    currency: Currency


class PaidInvoice(Command):
    """An invoice and what pays it."""

    number: Reference
    issuer: Code | None = None
    amount: Amount


class MoneyPaid(OfReceipt, DatedCommand):
    """The money pays these invoices."""

    model_config = like(fact="paid", bank_reference=BANK, invoices=PAID)

    fact: Literal["paid"]
    invoices: Annotated[tuple[PaidInvoice, ...], Field(min_length=1, max_length=50)]


class MoneyReleased(OfReceipt, DatedCommand):
    """It pays an invoice no more."""

    model_config = like(fact="released", bank_reference=BANK, number=NUMBER, reason="核销到错误发票")

    fact: Literal["released"]
    number: Reference
    issuer: Code | None = None
    amount: Amount | None = Field(default=None, description="Default: all of it.")
    reason: Text


class MoneyReturned(OfReceipt, ReturnReceipt):
    """It went back."""

    model_config = like(fact="returned", bank_reference=BANK, reason="银行退票")

    fact: Literal["returned"]


class PostingMade(Row, Posting):
    """A posting in the ERP's books."""

    model_config = like(
        fact="posted",
        posting_id="4900012345",
        order_ref="HT-2025-031",
        line=1,
        units=8,
        amount="2440000.00",
        currency="CNY",
        on="2025-03-28",
    )

    fact: Literal["posted"]


# -- carried out -------------------------------------------------------------------------------------------


async def invoice_of(ctx: CommandContext, number: str, issuer: str | None) -> UUID:
    """The invoice with this number. Raises Problem 404."""
    return await held_by(ctx, INVOICE_NUMBER, number_key(issuer, number))


async def receipt_of(ctx: CommandContext, bank_reference: str) -> UUID:
    """The receipt with this reference. Raises Problem 404."""
    return await held_by(ctx, BANK_REFERENCE, bank_reference)


async def _issued(row: InvoiceIssued, ctx: CommandContext) -> Receipt:
    given = {"opportunity_id": await order_of(ctx, row.order)}
    if row.account is not None:
        given["account_id"] = await found(ctx, ACCOUNT_REF, row.account)
    return await invoice_routes.issue(as_command(row, IssueInvoice, **given), ctx)


async def _credited(row: InvoiceCredited, ctx: CommandContext) -> Receipt:
    id = await invoice_of(ctx, row.number, row.issuer)
    return await invoice_routes.credit(id, as_command(row, CreditInvoice, number=row.credit_number), ctx)


async def _cancelled(row: InvoiceCancelled, ctx: CommandContext) -> Receipt:
    id = await invoice_of(ctx, row.number, row.issuer)
    return await invoice_routes.cancel(id, as_command(row, CancelInvoice), ctx)


async def _received(row: MoneyReceived, ctx: CommandContext) -> Receipt:
    account_id = await found(ctx, ACCOUNT_REF, row.account)
    return await receipt_routes.record(as_command(row, RecordReceipt, account_id=account_id), ctx)


async def _paid(row: MoneyPaid, ctx: CommandContext) -> Receipt:
    id = await receipt_of(ctx, row.bank_reference)
    parts = tuple(
        [
            OnInvoice(invoice_id=await invoice_of(ctx, part.number, part.issuer), amount=part.amount)
            for part in row.invoices
        ]
    )
    return await receipt_routes.allocate(id, AllocateReceipt(invoices=parts, on=row.on), ctx)


async def _released(row: MoneyReleased, ctx: CommandContext) -> Receipt:
    id = await receipt_of(ctx, row.bank_reference)
    invoice_id = await invoice_of(ctx, row.number, row.issuer)
    return await receipt_routes.release(id, as_command(row, ReleaseAllocation, invoice_id=invoice_id), ctx)


async def _returned(row: MoneyReturned, ctx: CommandContext) -> Receipt:
    id = await receipt_of(ctx, row.bank_reference)
    return await receipt_routes.give_back(id, as_command(row, ReturnReceipt), ctx)


async def _posted(row: PostingMade, ctx: CommandContext) -> Receipt:
    return await report_routes.post(RecordPostings(postings=(as_command(row, Posting),)), ctx)


Tell = Callable[[Any, CommandContext], Awaitable[Receipt]]


def _invoice(form: type[OfInvoice], tell: Tell) -> Fact:
    return Fact(form, "/v1/invoices", lambda row: number_key(row.issuer, row.number), tell)


def _money(form: type[OfReceipt], tell: Tell) -> Fact:
    return Fact(form, "/v1/receipts", lambda row: row.bank_reference, tell)


invoices = inbound(
    "invoices",
    "Invoices by number (发票): issued, credited, cancelled",
    (_invoice(InvoiceIssued, _issued), _invoice(InvoiceCredited, _credited), _invoice(InvoiceCancelled, _cancelled)),
)
receipts = inbound(
    "receipts",
    "Money by the bank's reference (回款): received, paid, released, returned",
    (
        _money(MoneyReceived, _received),
        _money(MoneyPaid, _paid),
        _money(MoneyReleased, _released),
        _money(MoneyReturned, _returned),
    ),
)
postings = inbound(
    "postings",
    "Postings of the ERP beside our deliveries (台帐)",
    (Fact(PostingMade, "/v1/ledger", lambda row: row.posting_id, _posted),),
)
