"""Deliveries, receivables, credit and the ledger match over HTTP. Works nothing out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query

from services.opportunities.billing import carrying, due, lists
from services.opportunities.billing.commands import RecordPostings, SetCreditLimit
from services.opportunities.billing.credit import (
    CreditLimit,
    CreditPolicies,
    PublishCreditPolicy,
    credit_id,
)
from services.opportunities.billing.posting import LedgerPosting, posting_stream
from services.opportunities.billing.shapes import (
    CreditPolicyShown,
    CreditReport,
    DeliveryRow,
    LateDeliveries,
    LedgerMatch,
    OrderPage,
    Receivables,
)
from services.opportunities.billing.views import CREDIT_LIMITS, INVOICES, POSTINGS, RECEIPTS
from services.opportunities.policies.routes import DayText
from services.opportunities.products.view import PRODUCTS
from services.opportunities.reports import deliveries as delivery_tables
from services.opportunities.reports import ledger, receivables
from services.opportunities.routes.asked import Ask, InCurrency, TreeAsked, UnitId, Which, answer, days
from services.opportunities.routes.references import require_account
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.deliveries import DELIVERIES
from services.opportunities.views.order_lines import ORDER_LINES
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import Ctx, Parts, Who
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import publishing
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")
HEAVY = [Depends(limited("heavy"))]


# -- deliveries --------------------------------------------------------------------------------------------


@router.get(
    "/deliveries",
    operation_id="deliveries.list",
    tags=["opportunities"],
    response_model=Listed[DeliveryRow],
    responses=refuses(422),
)
async def deliveries(
    ask: Ask,
    page: Paged,
    which: Which,
    since: FromDay = None,
    until: ToDay = None,
    opportunity_id: UUID | None = None,
    serial: Annotated[str | None, Query(max_length=64, pattern="^[^\\x00]*$", description="VIN or serial.")] = None,
    sort: Literal["-delivered_on", "delivered_on"] = "-delivered_on",
) -> Any:
    """Units delivered (AAK), each with its serial where it was named. Filters by owner and unit: as of then."""
    days(since, until)
    asking = await ask.of(DELIVERIES, ORDER_LINES, STANDINGS, ACCOUNTS, UNITS, PRODUCTS)
    items, after = await delivery_tables.deliveries(
        ask.pool,
        asking,
        ask.labels,
        which=delivery_tables.Delivered(since, until, opportunity_id, serial, which),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get(
    "/deliveries/late",
    operation_id="deliveries.late",
    tags=["opportunities"],
    response_model=LateDeliveries,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def late_deliveries(
    ask: Ask,
    which: Which,
    against: Annotated[
        delivery_tables.Against, Query(description="first: also what only the first promise was broken of.")
    ] = "current",
) -> Any:
    """Late deliveries (逾期未交): units to come whose promised day has gone by, and whether the customer was told."""
    asking = await ask.of(ORDER_LINES, STANDINGS, ACCOUNTS, UNITS, PRODUCTS)
    report = await delivery_tables.late(ask.pool, asking, ask.labels, against=against, filters=which)
    return ask.records(asking, report)


@router.get(
    "/opportunities/{opportunity_id}/order",
    operation_id="opportunities.order",
    tags=["opportunities"],
    response_model=OrderPage,
    responses=refuses(404),
)
async def order(opportunity_id: UUID, ask: Ask) -> Any:
    """An order from promise to payment: lines on their way, serials, invoices, and what to look at."""
    asking = await ask.of(
        ORDER_LINES, DELIVERIES, STANDINGS, ACCOUNTS, UNITS, PRODUCTS, INVOICES, RECEIPTS, CREDIT_LIMITS, *due.VIEWS
    )
    found = await delivery_tables.order(ask.pool, asking, ask.labels, opportunity_id)
    if found is None:
        raise Problem(404, "not_found")
    of_order = lists.Money(opportunity_id=opportunity_id)
    invoices, _ = await lists.invoices(ask.pool, asking, ask.labels, which=of_order)
    warnings = [
        {"code": "late_delivery", "params": {"line": str(line["line"]), "days": str(line["days_late"])}}
        for line in found["lines"]
        if line["days_late"]
    ]
    if found["account_id"] is not None:
        warnings += await receivables.warnings(ask.pool, asking, found["account_id"])
    return answer({**found, "invoices": invoices, "warnings": warnings})


# -- receivables and credit --------------------------------------------------------------------------------


@router.get(
    "/receivables",
    operation_id="receivables.read",
    tags=["billing"],
    response_model=Receivables,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def owed(
    ask: Ask,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    currency: InCurrency = None,
    group_by: receivables.GroupBy = "account",
) -> Any:
    """Receivables by age (应收账龄) from agreed terms, money that pays nothing yet below nothing beside them.

    Due: the invoice's own day, else the contract's payment terms, else the credit policy. Ages are calendar days.
    """
    asking = await ask.of(INVOICES, RECEIPTS, STANDINGS, ACCOUNTS, UNITS, *due.VIEWS)
    which = receivables.Which(owner_id, unit_id, account_id, currency)
    report = await receivables.receivables(ask.pool, asking, ask.labels, group_by=group_by, which=which)
    return ask.answer(asking, report)


@router.get(
    "/credit",
    operation_id="credit.read",
    tags=["billing"],
    response_model=CreditReport,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def credit(
    ask: Ask,
    account_id: UUID | None = None,
    currency: InCurrency = None,
    state: Annotated[receivables.State | None, Query(description="over: the accounts over their limit.")] = None,
) -> Any:
    """What accounts owe beside their limit; of an account all it owes, whoever its orders belong to."""
    asking = await ask.of(CREDIT_LIMITS, INVOICES, RECEIPTS, STANDINGS, ACCOUNTS, UNITS, *due.VIEWS)
    which = receivables.Which(account_id=account_id, currency=currency)
    states = None if state is None else (state,)
    report = await receivables.credit(ask.pool, asking, ask.labels, which=which, states=states)
    return ask.records(asking, report)


LIMITS: Commands[CreditLimit] = Commands(CreditLimit)


@router.post("/credit-limits", operation_id="credit_limits.set", tags=["billing"], responses=refuses(403, 409, 422))
async def set_limit(command: SetCreditLimit, ctx: Ctx) -> Receipt:
    """Set how much an account may owe in a currency (信用额度), from a day on; set again for a day it says the last."""
    await carrying.require(ctx, carrying.SETS_LIMITS)

    async def decide(work: Work) -> CreditLimit:
        await require_account(ctx, command.account_id)
        id = credit_id(ctx.tenant_id, command.account_id, command.currency)
        known: CreditLimit | None = await ctx.kit.repository(CreditLimit).load(ctx.tenant_id, id)
        at, _ = carrying.moment(ctx, command.on, *(() if known is None else (known,)))
        return work.add(CreditLimit.set_limit(known, command, tenant_id=ctx.tenant_id, at=at))

    return await LIMITS.together(ctx, decide)


@router.post(
    "/credit-policies",
    status_code=201,
    operation_id="credit_policies.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish_policy(command: PublishCreditPolicy, ctx: Ctx) -> Receipt:
    """Publish when an invoice without terms is due, and when to warn of a limit, from a day on."""
    return await publishing.publish(
        ctx,
        CreditPolicies,
        CreditPolicies.id_of(ctx.tenant_id),
        lambda stream: CreditPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.get("/credit-policies", operation_id="credit_policies.read", tags=["rules"], responses=refuses(422))
async def read_policy(who: Who, parts: Parts, on: DayText = None) -> CreditPolicyShown:
    """The credit policy in force on a day."""
    day = on or day_of(parts.clock(), who.zone)
    known: CreditPolicies | None = await parts.repository(CreditPolicies).load(
        who.tenant_id, CreditPolicies.id_of(who.tenant_id)
    )
    policy = CreditPolicies.on(known, day)
    return CreditPolicyShown(
        on=day, effective_from=policy.effective_from, due_days=policy.due_days, warn_share=policy.warn_share
    )


# -- the ledger --------------------------------------------------------------------------------------------

BOOKS: Commands[LedgerPosting] = Commands(LedgerPosting)


@router.post("/ledger/postings", operation_id="ledger.post", tags=["billing"], responses=refuses(403, 409, 422))
async def post(command: RecordPostings, ctx: Ctx) -> Receipt:
    """Postings of the ERP, all or none; one that is known says nothing, one that was told otherwise is refused.

    Mistakes are taken back by a posting that reverses them. The receipt is of the first posting.
    """
    await carrying.require(ctx, carrying.POSTS)

    async def decide(work: Work) -> LedgerPosting:
        repository = ctx.kit.repository(LedgerPosting)
        told: dict[UUID, LedgerPosting] = {}
        for index, posting in enumerate(command.postings):
            pointer = f"/postings/{index}"
            id = posting_stream(ctx.tenant_id, posting.posting_id)
            known: LedgerPosting | None = told.get(id) or await repository.load(ctx.tenant_id, id)
            if known is None:
                try:
                    at, _ = carrying.moment(ctx, posting.on)
                except Refused as refused:
                    refused.pointer = f"{pointer}/on"
                    raise
                known = LedgerPosting.posted(posting, tenant_id=ctx.tenant_id, at=at)
            known.require_same(posting, pointer)
            told[id] = work.add(known)
        return next(iter(told.values()))

    return await BOOKS.together(ctx, decide)


@router.get(
    "/ledger/match",
    operation_id="ledger.match",
    tags=["billing"],
    response_model=LedgerMatch,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def match(ask: Ask, since: FromDay = None, until: ToDay = None) -> Any:
    """Our deliveries beside the postings of the ERP (物资台帐与财务帐目吻合度): both sides, what differs, the rate."""
    days(since, until)
    asking = await ask.of(DELIVERIES, POSTINGS, ORDER_LINES, STANDINGS, ACCOUNTS, UNITS)
    return ask.records(asking, await ledger.ledger_match(ask.pool, asking, since=since, until=until))
