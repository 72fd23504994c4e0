"""Invoices over HTTP: issued, credited, cancelled, corrected, shown. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.opportunities.billing import carrying, due, lists
from services.opportunities.billing.carrying import INVOICES, Moves
from services.opportunities.billing.commands import CancelInvoice, CreditInvoice, IssueInvoice
from services.opportunities.billing.invoice import Invoice, key_of, lines_of
from services.opportunities.billing.money import open_amount, paid
from services.opportunities.billing.shapes import InvoiceRow
from services.opportunities.billing.views import INVOICES as VIEW
from services.opportunities.events import Status
from services.opportunities.routes.asked import Ask, InCurrency, TreeAsked, UnitId, days
from services.opportunities.routes.records import RecordShown, require_opportunity, shown
from services.opportunities.routes.references import require_account
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.pages import listed, page_of

router = Router(prefix="/v1/invoices", tags=["billing"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="invoices.issue", responses=refuses(403, 409, 422))
async def issue(command: IssueInvoice, ctx: Ctx) -> Receipt:
    """An invoice was issued (开票) for an order."""
    await carrying.require(ctx)
    id = ctx.new_id(Invoice.stream_type)
    moves = Moves()

    async def decide(work: Work) -> Invoice:
        opportunity = await require_opportunity(ctx, command.opportunity_id)
        at, day = carrying.moment(ctx, command.on)
        order = opportunity.standing_at(at)
        if order.get("status") not in (Status.ORDERED, Status.CANCELLED):
            raise Refused("not_ordered", "there was no order then")
        account_id = command.account_id or order.get("account_id")
        if account_id is None:
            raise Refused("account_missing", "say who owes it", status=422, pointer="/account_id")
        await require_account(ctx, account_id, of_opportunity=account_id == order.get("account_id"))
        invoice = Invoice.issue(
            command,
            id=id,
            account_id=account_id,
            currency=command.currency or order["currency"],
            lines=lines_of(command, order.get("lines", ())),
            at=at,
            day=day,
        )
        moves.settle(frozenset(), key_of(invoice))
        return work.add(invoice)

    return await INVOICES.together(ctx, decide, status=201, claims=lambda _: moves.claims)


@router.post("/{invoice_id}/credit", operation_id="invoices.credit", responses=CHANGES)
async def credit(invoice_id: UUID, command: CreditInvoice, ctx: CtxMatch) -> Receipt:
    """A part of an invoice is taken back by a credit note (红冲)."""
    return await carrying.act(
        ctx,
        INVOICES,
        key_of,
        invoice_id,
        lambda invoice, at, day: invoice.credit(command, at=at, day=day),
        on=command.on,
    )


@router.post("/{invoice_id}/cancel", operation_id="invoices.cancel", responses=CHANGES)
async def cancel(invoice_id: UUID, command: CancelInvoice, ctx: CtxMatch) -> Receipt:
    """The whole invoice is taken back (作废)."""
    return await carrying.act(
        ctx,
        INVOICES,
        key_of,
        invoice_id,
        lambda invoice, at, day: invoice.cancel(command, at=at, day=day),
        on=command.on,
    )


@router.post("/{invoice_id}/correct", operation_id="invoices.correct", responses=CHANGES)
async def correct(invoice_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what was said of an invoice; its sums follow from its lines."""
    return await carrying.correct(ctx, INVOICES, key_of, invoice_id, command)


@router.post("/{invoice_id}/void", operation_id="invoices.void", responses=CHANGES)
async def void(invoice_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact that never happened; version 1: the invoice never was, its number is free again."""
    return await carrying.void(ctx, INVOICES, key_of, invoice_id, command)


# -- reads -------------------------------------------------------------------------------------------------


@router.get("", operation_id="invoices.list", response_model=Listed[InvoiceRow], responses=refuses(422))
async def invoices(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    opportunity_id: UUID | None = None,
    account_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    currency: InCurrency = None,
    status: Annotated[
        Literal["issued", "cancelled", "open", "paid"] | None, Query(description="open and paid are issued ones.")
    ] = None,
    sort: Literal["-issued_on", "issued_on"] = "-issued_on",
) -> Any:
    """Invoices with what is open of them and when it is due. `from` and `to` are of the day of issue."""
    days(since, until)
    asking = await ask.of(VIEW, STANDINGS, ACCOUNTS, UNITS, *due.VIEWS)
    which = lists.Money(since, until, opportunity_id, account_id, owner_id, unit_id, currency, status)
    items, after = await lists.invoices(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/{invoice_id}", operation_id="invoices.read", responses=refuses(404))
async def invoice_page(invoice_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One invoice with its whole history."""
    may = await carrying.may(reading)

    def actions(invoice: Invoice) -> Iterable[str]:
        if not may or not invoice.standing:
            return
        if open_amount(invoice.standing) > 0:
            yield "credit"
        if invoice.standing["status"] == "issued" and not paid(invoice.standing):
            yield "cancel"
        yield from ("correct", "void")

    return await shown(reading, response, Invoice, invoice_id, actions=actions, seen=carrying.sees_money)
