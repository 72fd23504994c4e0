"""Money received, over HTTP: recorded, allocated to invoices, released, returned, shown. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.opportunities.billing import carrying, lists
from services.opportunities.billing.carrying import INVOICES, OWED, RECEIPTS, Moves
from services.opportunities.billing.commands import AllocateReceipt, RecordReceipt, ReleaseAllocation, ReturnReceipt
from services.opportunities.billing.invoice import Invoice
from services.opportunities.billing.money import allocated, unallocated
from services.opportunities.billing.money_receipt import MoneyReceipt, key_of
from services.opportunities.billing.shapes import ReceiptRow
from services.opportunities.billing.views import RECEIPTS as VIEW
from services.opportunities.routes.asked import Ask, InCurrency, TreeAsked, UnitId, days
from services.opportunities.routes.records import RecordShown, shown
from services.opportunities.routes.references import require_account
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.units import UNITS
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.pages import listed, page_of

router = Router(prefix="/v1/receipts", tags=["billing"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="receipts.record", responses=refuses(403, 409, 422))
async def record(command: RecordReceipt, ctx: Ctx) -> Receipt:
    """Money was received (回款); until it is allocated it stands beside what is owed."""
    await carrying.require(ctx)
    id = ctx.new_id(MoneyReceipt.stream_type)
    moves = Moves()

    async def decide(work: Work) -> MoneyReceipt:
        await require_account(ctx, command.account_id)
        at, day = carrying.moment(ctx, command.on)
        receipt = MoneyReceipt.record_receipt(command, id=id, at=at, day=day)
        moves.settle(frozenset(), key_of(receipt))
        return work.add(receipt)

    return await RECEIPTS.together(ctx, decide, status=201, claims=lambda _: moves.claims)


@router.post("/{receipt_id}/allocate", operation_id="receipts.allocate", responses=CHANGES)
async def allocate(receipt_id: UUID, command: AllocateReceipt, ctx: CtxMatch) -> Receipt:
    """Parts of a receipt pay invoices (核销), all or none; never more than is open on either side."""
    await carrying.require(ctx)

    async def decide(work: Work) -> MoneyReceipt:
        receipt = await work.load(RECEIPTS, receipt_id, matched=True)
        found = [
            await _payable(work, receipt, part.invoice_id, f"/invoices/{index}")
            for index, part in enumerate(command.invoices)
        ]
        at, day = carrying.moment(ctx, command.on, receipt, *found)
        receipt.allocate([(part.invoice_id, part.amount) for part in command.invoices], at=at, day=day)
        for index, (invoice, part) in enumerate(zip(found, command.invoices, strict=True)):
            try:
                invoice.apply(receipt_id, part.amount, at=at, day=day)
            except Refused as refused:
                refused.pointer = f"/invoices/{index}/amount"
                raise
        return receipt

    return await RECEIPTS.together(ctx, decide)


@router.post("/{receipt_id}/release", operation_id="receipts.release", responses=CHANGES)
async def release(receipt_id: UUID, command: ReleaseAllocation, ctx: CtxMatch) -> Receipt:
    """Money no longer pays an invoice (撤销核销); it is unallocated again."""
    await carrying.require(ctx)

    async def decide(work: Work) -> MoneyReceipt:
        receipt = await work.load(RECEIPTS, receipt_id, matched=True)
        if not allocated(receipt.standing, command.invoice_id):
            raise Refused("not_allocated", "the receipt pays nothing of that invoice", pointer="/invoice_id")
        invoice = await work.load(OWED, command.invoice_id)
        at, day = carrying.moment(ctx, command.on, receipt, invoice)
        amount = command.amount or allocated(receipt.standing_at(at), command.invoice_id)
        receipt.release([(command.invoice_id, amount)], reason=command.reason, at=at, day=day)
        invoice.release(receipt_id, amount, reason=command.reason, at=at, day=day)
        return receipt

    return await RECEIPTS.together(ctx, decide)


@router.post("/{receipt_id}/return", operation_id="receipts.return", responses=CHANGES)
async def give_back(receipt_id: UUID, command: ReturnReceipt, ctx: CtxMatch) -> Receipt:
    """The money went back (退款, or the bank took it back); what it paid is open again."""
    await carrying.require(ctx)

    async def decide(work: Work) -> MoneyReceipt:
        receipt = await work.load(RECEIPTS, receipt_id, matched=True)
        paying = {part.invoice_id for part in receipt.standing.get("allocations", ())}
        invoices = {id: await work.load(OWED, id) for id in sorted(paying)}
        at, day = carrying.moment(ctx, command.on, receipt, *invoices.values())
        _take_back(receipt_id, receipt.give_back(command, at=at, day=day), invoices, command.reason, at, day)
        return receipt

    return await RECEIPTS.together(ctx, decide)


@router.post("/{receipt_id}/correct", operation_id="receipts.correct", responses=CHANGES)
async def correct(receipt_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what was said of a receipt; allocations are released instead."""
    return await carrying.correct(ctx, RECEIPTS, key_of, receipt_id, command)


@router.post("/{receipt_id}/void", operation_id="receipts.void", responses=CHANGES)
async def void(receipt_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact that never happened; version 1: no money came, its bank reference is free again."""
    return await carrying.void(ctx, RECEIPTS, key_of, receipt_id, command)


def _take_back(
    receipt_id: UUID, paid: Mapping[UUID, Decimal], invoices: Mapping[UUID, Invoice], why: str, at: datetime, day: date
) -> None:
    for id, amount in paid.items():
        invoices[id].release(receipt_id, amount, reason=why, at=at, day=day)


async def _payable(work: Work, receipt: MoneyReceipt, invoice_id: UUID, pointer: str) -> Invoice:
    """An invoice the receipt may pay. Raises Refused 422 `unknown_invoice`, `other_currency`, `not_their_invoice`."""
    try:
        invoice = await work.load(INVOICES, invoice_id)
    except Problem as problem:
        if problem.status != 404:
            raise
        detail = "there is no such invoice"
        raise Refused("unknown_invoice", detail, status=422, pointer=f"{pointer}/invoice_id") from None
    owed, came = invoice.about, receipt.about
    if owed["currency"] != came["currency"]:
        detail = f"the invoice is in {owed['currency']}, the receipt in {came['currency']}"
        raise Refused("other_currency", detail, status=422, pointer=f"{pointer}/invoice_id")
    if owed["account_id"] != came["account_id"]:
        detail = "another account owes that invoice"
        raise Refused("not_their_invoice", detail, status=422, pointer=f"{pointer}/invoice_id")
    return invoice


# -- reads -------------------------------------------------------------------------------------------------


@router.get("", operation_id="receipts.list", response_model=Listed[ReceiptRow], responses=refuses(422))
async def receipts(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    account_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    currency: InCurrency = None,
    status: Annotated[
        Literal["received", "returned", "unallocated"] | None, Query(description="unallocated: in part, too.")
    ] = None,
    sort: Literal["-received_on", "received_on"] = "-received_on",
) -> Any:
    """Money received, with what of it pays nothing yet. `from` and `to` are of the day it arrived."""
    days(since, until)
    asking = await ask.of(VIEW, ACCOUNTS, UNITS)
    which = lists.Money(since, until, None, account_id, owner_id, unit_id, currency, status)
    items, after = await lists.receipts(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/{receipt_id}", operation_id="receipts.read", responses=refuses(404))
async def receipt_page(receipt_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One receipt with its allocations and its whole history."""
    may = await carrying.may(reading)

    def actions(receipt: MoneyReceipt) -> Iterable[str]:
        if not may or not receipt.standing:
            return
        if unallocated(receipt.standing) > 0:
            yield "allocate"
        if allocated(receipt.standing):
            yield "release"
        if receipt.standing["status"] == "received":
            yield "return"
        yield from ("correct", "void")

    return await shown(reading, response, MoneyReceipt, receipt_id, actions=actions, seen=carrying.sees_money)
