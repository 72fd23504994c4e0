"""Follow-up read over HTTP: the list of duties and the report of timeliness. Computes nothing itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query

from services.opportunities.follow_ups.contacts import contacts
from services.opportunities.follow_ups.listing import FollowUps, State, follow_ups
from services.opportunities.follow_ups.report import GroupBy, timeliness
from services.opportunities.follow_ups.rules import Rules, rules
from services.opportunities.follow_ups.shapes import ContactRow, FollowUpRow, TimelinessReport
from services.opportunities.follow_ups.views import CONTACTS_MADE, FOLLOW_UP_POLICIES
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.levels import UnknownPolicy
from services.opportunities.reports.shapes import Report
from services.opportunities.routes.acting import sees
from services.opportunities.routes.asked import Ask, Asked, PolicyCode, Which, days
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.route import Router
from shared.records import pages

router = Router(prefix="/v1")

VIEWS = (STANDINGS, CONTACTS, CONTACTS_MADE, ACCOUNTS, LEVEL_POLICIES, FOLLOW_UP_POLICIES, UNITS)
"""What these reads, and the day of a person, have to have seen."""
Level = Annotated[str | None, Query(max_length=40, pattern="^[^\\x00]*$", description="Declared; N and O too.")]


async def rules_asked(ask: Asked, asking: Asking, policy: str | None) -> Rules:
    """The rules a read applies. Raises Problem 422 `unknown_policy`."""
    try:
        return await rules(ask.pool, asking, policy)
    except UnknownPolicy as unknown:
        raise Problem(
            422,
            "unknown_policy",
            errors=(At("/policy", "unknown_policy", params={"policy": unknown.code}, where="query"),),
        ) from None


@router.get(
    "/follow-ups",
    operation_id="follow_ups.list",
    tags=["opportunities"],
    response_model=Listed[FollowUpRow],
    responses=refuses(422),
)
async def listed(
    ask: Ask,
    page: Paged,
    which: Which,
    state: Annotated[
        State | None, Query(description="Default: all that is open. `done`: the duties done on the days asked for.")
    ] = None,
    level: Level = None,
    since: FromDay = None,
    until: ToDay = None,
    escalated: Annotated[bool | None, Query(description="Overdue so long that they are the head's, too.")] = None,
    policy: PolicyCode = None,
    sort: Literal["due_on", "-due_on", "planned_on"] = "due_on",
) -> Any:
    """Follow-up duties (跟进): who is to be contacted by when. `from` and `to` are of the due day, or the day done.

    One row per opportunity in stock, by its open duty; the longest overdue first. With `state=done` one per duty done,
    by default on the day asked about, the latest first.
    """
    days(since, until)
    asking = await ask.of(*VIEWS)
    items, following = await follow_ups(
        ask.pool,
        asking,
        await rules_asked(ask, asking, policy),
        ask.labels,
        which=FollowUps(state, level, since, until, escalated, which),
        sort=sort,
        page=pages.page_of(page),
    )
    return pages.listed(page, items, following)


@router.get(
    "/opportunities/{opportunity_id}/contacts",
    operation_id="opportunities.contacts",
    tags=["opportunities"],
    response_model=Report[ContactRow],
    responses=refuses(404, 422),
)
async def made(opportunity_id: UUID, ask: Ask) -> Any:
    """The contacts with the customer about an opportunity, the latest first: calls, messages, visits, and tries."""
    read = ask.read
    opportunity: Opportunity | None = await read.kit.repository(Opportunity).load(read.tenant_id, opportunity_id)
    if opportunity is None or not await sees(read.kit, read.principal, opportunity.standing):
        raise Problem(404, "not_found")
    asking = await ask.of(CONTACTS, CONTACTS_MADE)
    return ask.records(asking, await contacts(ask.pool, asking, ask.labels, opportunity_id))


@router.get(
    "/reports/follow-ups",
    operation_id="reports.follow_ups",
    tags=["reports"],
    response_model=TimelinessReport,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def report(
    ask: Ask,
    which: Which,
    group_by: GroupBy = "owner",
    since: FromDay = None,
    until: ToDay = None,
    policy: PolicyCode = None,
) -> Any:
    """Follow-up timeliness (跟进及时率): duties that fell due, done on time, late, not done; default this month so far.

    A duty counts on its due day, or the earlier day it was done, for the owner and unit at the end of that day.
    """
    asking = await ask.of(*VIEWS)
    last = until or asking.day
    first = since or last.replace(day=1)
    days(first, last)
    found = await timeliness(
        ask.pool,
        asking,
        await rules_asked(ask, asking, policy),
        ask.labels,
        group_by=group_by,
        since=first,
        until=last,
        filters=which,
    )
    return ask.answer(asking, {**found, "policy": policy})
