"""What waits for a decision: the inbox of heads, in one place, and many decisions at once, over HTTP. Holds no rule."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query

from services.opportunities.approvals.deciding import DecideTogether, Outcomes, decide_together
from services.opportunities.approvals.inbox import Which as Requests
from services.opportunities.approvals.inbox import inbox
from services.opportunities.approvals.registry import KINDS
from services.opportunities.approvals.shapes import ApprovalRow
from services.opportunities.policies.in_force import rules_in_force
from services.opportunities.policies.views.reason_catalogues import REASON_CATALOGUES
from services.opportunities.routes.asked import Ask, Which
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.context import Ctx
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Paged
from shared.http.route import Router
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["approvals"])


@router.get("/approvals", operation_id="approvals.list", response_model=Listed[ApprovalRow], responses=refuses(422))
async def approvals(
    ask: Ask,
    page: Paged,
    which: Which,
    kind: Annotated[str | None, Query(max_length=40, description="Of this kind only: defeat, freeze …")] = None,
    older_than: Annotated[int | None, Query(ge=0, le=36_500, description="Waiting for more than so many days.")] = None,
    waiting_for: Annotated[
        Literal["me", "anybody"], Query(description="`anybody`: all that waits, of what the caller sees.")
    ] = "me",
) -> Any:
    """What waits for the caller's decision (审批), the oldest first."""
    if kind is not None and kind not in KINDS:
        known = ", ".join(KINDS)
        raise Problem(
            422, "unknown_kind", errors=(At("/kind", "unknown_kind", params={"known": known}, where="query"),)
        )
    kinds = [KINDS[kind]] if kind is not None else list(KINDS.values())
    views = {view.name: view for asked in kinds for view in asked.views}
    asking = await ask.of(STANDINGS, ACCOUNTS, UNITS, REASON_CATALOGUES, *views.values())
    items, last = await inbox(
        ask.pool,
        ask.read.kit,
        asking,
        await rules_in_force(ask.read.kit, asking.tenant_id),
        ask.labels,
        kinds=kinds,
        which=Requests(older_than, waiting_for == "anybody", which),
        page=page_of(page),
    )
    if ask.read.principal.only_looks:
        items = [item | {"allowed": [], "paths": {}} for item in items]
    return listed(page, items, last)


@router.post("/approvals/decide", operation_id="approvals.decide", responses=refuses(422))
async def decide(command: DecideTogether, ctx: Ctx) -> Outcomes:
    """Decide up to a hundred requests at once; each has an outcome of its own."""
    return await decide_together(ctx, KINDS, command.items)
