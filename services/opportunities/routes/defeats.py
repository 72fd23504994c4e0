"""Reports beside the defeat table, over HTTP: what was set aside, revival, recalls, call-backs, approvals. No SQL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from services.opportunities.policies.approval_policy import ApprovalPolicies, ApprovalPolicy
from services.opportunities.policies.views.reason_catalogues import REASON_CATALOGUES
from services.opportunities.reports import recalls as recall_list
from services.opportunities.reports import reviews as review_table
from services.opportunities.reports import revival as revival_table
from services.opportunities.reports import set_aside as set_aside_table
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.defeat_shapes import RecallRow, Reviews, Revival, SetAside, ToVerifyRow
from services.opportunities.reports.defeats import Defeats
from services.opportunities.routes.asked import Ask, Asked, Which, days, dimensions
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.defeats import DEFEATS
from services.opportunities.views.requests import REQUESTS, VERIFICATIONS
from services.opportunities.views.set_aside import SET_ASIDE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.route import Router
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["reports"])

HEAVY = [Depends(limited("heavy"))]
GroupBy = Annotated[str | None, Query(max_length=100, description="One or two dimensions, by comma.")]
Text = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


@router.get(
    "/defeats/set-aside",
    operation_id="reports.set_aside",
    response_model=SetAside,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def set_aside(
    ask: Ask,
    which: Which,
    since: FromDay = None,
    until: ToDay = None,
    kind: Literal["freeze", "contact_lost"] | None = None,
    became: Literal["still", "resumed", "ordered", "defeated", "disposed"] | None = None,
) -> Any:
    """Frozen and lost contact beside defeats (冷冻、失控), with what became of each by the day asked about.

    `from` and `to` are of the freeze or loss. `summary` counts by kind and fate. Contact lost for longer than the
    approval policy of the day allows is proposed as a defeat.
    """
    days(since, until)
    asking = await ask.of(SET_ASIDE, STANDINGS, ACCOUNTS, UNITS)
    report = await set_aside_table.set_aside(
        ask.pool,
        asking,
        ask.labels,
        which=set_aside_table.Which(since, until, kind, became, which),
        lost_contact_days=(await _policy(ask, asking)).lost_contact_days,
    )
    return ask.records(asking, report)


@router.get(
    "/defeats/revival",
    operation_id="reports.revival",
    response_model=Revival,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def revival(
    ask: Ask,
    which: Which,
    cohort: Literal["month"] = "month",
    within: Annotated[int, Query(ge=0, le=3_650, description="Calendar days.")] = revival_table.DAYS,
    group_by: GroupBy = None,
    since: FromDay = None,
    until: ToDay = None,
    category: Text = None,
    reason: Text = None,
) -> Any:
    """Revival by cohort (再激活率): of the defeats of each month, reopened, and won, within so many days.

    Dimensions: category, reason, competitor, owner, org_unit, branch, region, level (before). A rate is null for none.
    """
    days(since, until)
    by = dimensions(group_by, revival_table.DIMENSIONS)
    asking = await ask.of(DEFEATS, ACCOUNTS, UNITS, REASON_CATALOGUES)
    wanted = Defeats(since, until, category, reason, which)
    report = await revival_table.revival(ask.pool, asking, ask.labels, which=wanted, within=within, group_by=by)
    return ask.answer(asking, {**report, "cohort": cohort})


@router.get(
    "/defeats/approvals",
    operation_id="reports.defeat_approvals",
    response_model=Reviews,
    responses=refuses(422),
    dependencies=HEAVY,
)
async def defeat_approvals(
    ask: Ask,
    which: Which,
    group_by: GroupBy = None,
    since: FromDay = None,
    until: ToDay = None,
    kind: Literal["defeat", "freeze"] | None = None,
    category: Text = None,
    reason: Text = None,
) -> Any:
    """What became of requests (审批): approved, rejected, frozen, given to others, with their age and call-backs.

    `from` and `to` are of the request; it counts for who was responsible then. Dimensions: kind, category, reason,
    owner, org_unit, branch, region, level (before), month.
    """
    days(since, until)
    by = dimensions(group_by, review_table.KEYS)
    asking = await ask.of(REQUESTS, VERIFICATIONS, ACCOUNTS, UNITS, REASON_CATALOGUES)
    wanted = review_table.Which(since, until, kind, category, reason, which)
    return ask.answer(asking, await review_table.reviews(ask.pool, asking, ask.labels, which=wanted, group_by=by))


@router.get(
    "/defeats/to-verify",
    operation_id="reports.to_verify",
    response_model=Listed[ToVerifyRow],
    responses=refuses(422),
)
async def to_verify(ask: Ask, page: Paged, which: Which) -> Any:
    """Defeats that wait and that no call-back has settled (客服核实): the oldest first."""
    asking = await ask.of(REQUESTS, VERIFICATIONS, STANDINGS, ACCOUNTS, UNITS, REASON_CATALOGUES)
    items, after = await review_table.to_verify(
        ask.pool,
        asking,
        ask.labels,
        filters=which,
        required=(await _policy(ask, asking)).verifies,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get("/recalls", operation_id="reports.recalls", response_model=Listed[RecallRow], responses=refuses(422))
async def recalls(
    ask: Ask,
    page: Paged,
    which: Which,
    until: Annotated[
        date | None, Query(description="To be asked again by this day; default the day asked about.")
    ] = None,
    status: Literal["frozen", "lost_contact", "defeated"] | None = None,
) -> Any:
    """Whom to ask again (再联系): frozen, out of contact or defeated, with a recall day that has come."""
    asking = await ask.of(STANDINGS, SET_ASIDE, DEFEATS, ACCOUNTS, UNITS, REASON_CATALOGUES)
    items, after = await recall_list.recalls(
        ask.pool,
        asking,
        ask.labels,
        which=recall_list.Which(until or asking.day, status, which),
        page=page_of(page),
    )
    return listed(page, items, after)


async def _policy(ask: Asked, asking: Asking) -> ApprovalPolicy:
    """The approval policy of the day asked about, as known then."""
    kit, id = ask.read.kit, ApprovalPolicies.id_of(asking.tenant_id)
    stored = await kit.store.load(asking.tenant_id, id, until_position=asking.known_at)
    return ApprovalPolicies.on(kit.repository(ApprovalPolicies).replay(stored), asking.day)
