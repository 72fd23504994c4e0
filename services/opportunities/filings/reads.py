"""Filings, read: one with its history, the list with its deadlines, ordered / delivered / reported side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from services.opportunities import events
from services.opportunities.events import FilingStatus
from services.opportunities.filings import listing, reported
from services.opportunities.filings.acting import ANSWERS, may_answer
from services.opportunities.filings.filing import ACTIONS, Filing
from services.opportunities.filings.policy import (
    FilingPolicies,
    FilingPolicy,
    PublishFilingPolicy,
)
from services.opportunities.filings.shapes import FilingPolicyShown, FilingRow, Reported
from services.opportunities.filings.views import FILINGS, SUPPORT_CLAIMS, UNIT_FLOW, UNIT_REPORTS
from services.opportunities.products.view import PRODUCTS
from services.opportunities.routes import records
from services.opportunities.routes.asked import Ask, Asked, TreeAsked, UnitId, Which, days, dimensions
from services.opportunities.routes.records import RecordShown
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import day_of
from shared.http.context import Ctx
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import publishing
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")

Word = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


@router.get(
    "/filings", operation_id="filings.list", tags=["filings"], response_model=Listed[FilingRow], responses=refuses(422)
)
async def filings(
    ask: Ask,
    page: Paged,
    status: FilingStatus | None = None,
    due: Annotated[
        listing.Due | None,
        Query(description="overdue; lapsing: within the policy's days of warning; due: any deadline."),
    ] = None,
    opportunity_id: UUID | None = None,
    account_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    customer_type: Word = None,
    sort: Literal["-drafted_at", "drafted_at", "next_due_on"] = "-drafted_at",
) -> Any:
    """Filings with units and money, and what is due next: completion, report or claim, by the policy of the day."""
    asking = await ask.of(FILINGS, UNIT_REPORTS, SUPPORT_CLAIMS, UNIT_FLOW, STANDINGS, ACCOUNTS, UNITS)
    items, after = await listing.filings(
        ask.pool,
        asking,
        await policy(ask),
        ask.labels,
        which=listing.Filings(status, due, opportunity_id, account_id, owner_id, unit_id, customer_type),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get("/filings/{filing_id}", operation_id="filings.read", tags=["filings"], responses=refuses(404))
async def filing(filing_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One filing as of a day, with its units, claims and history."""
    answers = await may_answer(reading.kit, reading.principal)

    def actions(filing: Filing) -> Iterable[str]:
        return (
            name
            for name, fact in ACTIONS.items()
            if filing.can(getattr(events, fact)) and (answers or name not in ANSWERS)
        )

    return await records.shown(reading, response, Filing, filing_id, actions=actions)


@router.get(
    "/reports/reported",
    operation_id="reports.reported",
    tags=["reports"],
    response_model=Reported,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def units_reported(
    ask: Ask,
    which: Which,
    since: FromDay = None,
    until: ToDay = None,
    group_by: Annotated[str | None, Query(max_length=100, description="One or two dimensions, by comma.")] = "owner",
) -> Any:
    """Units ordered, cancelled, delivered (AAK) and reported (系统提报) side by side, each by its own day.

    Reported counts units whose report was accepted, on the day they were reported. Credit goes to owner and unit at
    the time of each. Dimensions: owner, org_unit, branch, region, product, account, month.
    """
    days(since, until)
    by = dimensions(group_by, reported.KEYS) or ("owner",)
    asking = await ask.of(FILINGS, UNIT_REPORTS, UNIT_FLOW, STANDINGS, ACCOUNTS, UNITS, PRODUCTS)
    report = await reported.reported(ask.pool, asking, ask.labels, group_by=by, since=since, until=until, filters=which)
    return ask.answer(asking, report)


# -- deadlines -----------------------------------------------------------------------------------------------


@router.get("/filing-policies", operation_id="filing_policies.read", tags=["rules"])
async def filing_policy(ask: Ask) -> FilingPolicyShown:
    """The manufacturer's deadlines in force on a day, as known then."""
    found = await policy(ask)
    return FilingPolicyShown(on=ask.read.day, **{name: getattr(found, name) for name in FilingPolicy.__struct_fields__})


@router.post(
    "/filing-policies",
    status_code=201,
    operation_id="filing_policies.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish(command: PublishFilingPolicy, ctx: Ctx) -> Receipt:
    """Publish the manufacturer's deadlines from a day on."""
    return await publishing.publish(
        ctx,
        FilingPolicies,
        FilingPolicies.id_of(ctx.tenant_id),
        lambda stream: FilingPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


async def policy(ask: Asked) -> FilingPolicy:
    """The policy in force on the day asked about, of those the log held at the position asked about."""
    read = ask.read
    kit = read.kit
    stored = await kit.store.load(read.tenant_id, FilingPolicies.id_of(read.tenant_id), until_position=read.known_at)
    return FilingPolicies.on(kit.repository(FilingPolicies).replay(stored), day_of(read.as_of, read.zone))
