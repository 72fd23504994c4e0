"""The lists of this service, in pages: opportunities and visits, as of any day."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query

from services.opportunities.events import Review, Status, VisitStatus
from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.reports import opportunities as opportunity_list
from services.opportunities.reports.shapes import OpportunityRow, VisitRow
from services.opportunities.routes.asked import Ask, PolicyCode, TreeAsked, UnitId, Which, days
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.judgements import JUDGEMENTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from services.opportunities.visits import report as visit_list
from services.opportunities.visits.view import VISITS
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.route import Router
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")

Word = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


@router.get(
    "/opportunities",
    operation_id="opportunities.list",
    tags=["opportunities"],
    response_model=Listed[OpportunityRow],
    responses=refuses(422),
)
async def opportunities(
    ask: Ask,
    page: Paged,
    which: Which,
    status: Status | None = None,
    stock: Annotated[Literal["open", "ordered"] | None, Query(description="In stock, or ordered and not done.")] = None,
    review: Review | None = None,
    level: Annotated[str | None, Query(max_length=40, pattern="^[^\\x00]*$", description="Declared; N, O too.")] = None,
    since: FromDay = None,
    until: ToDay = None,
    policy: PolicyCode = None,
    sort: Literal["-captured_at", "captured_at", "expected_on", "-amount"] = "-captured_at",
) -> Any:
    """Opportunities the caller sees, as they stood. `from` and `to` are of the day of record."""
    days(since, until)
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    items, after = await opportunity_list.opportunities(
        ask.pool,
        asking,
        await ask.policy(asking, policy),
        ask.labels,
        which=opportunity_list.Which(status, stock, review, level, since, until, which),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get(
    "/visits", operation_id="visits.list", tags=["visits"], response_model=Listed[VisitRow], responses=refuses(422)
)
async def visits(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    owner_id: UUID | None = None,
    participant_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    opportunity_id: UUID | None = None,
    purpose: Word = None,
    way: Word = None,
    status: VisitStatus | None = None,
    sort: Literal["-day", "day"] = "-day",
) -> Any:
    """The visit tracking table (大用户走访跟踪表). The day of a visit is when it took place, else is planned."""
    days(since, until)
    asking = await ask.of(VISITS, STANDINGS, JUDGEMENTS, ACCOUNTS, UNITS)
    items, after = await visit_list.visits(
        ask.pool,
        asking,
        ask.labels,
        which=visit_list.Visits(
            since, until, owner_id, participant_id, unit_id, account_id, opportunity_id, purpose, way, status
        ),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)
