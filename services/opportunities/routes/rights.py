"""Who may decide, instruct and hand over, by function and organisation. The rules of a record are elsewhere.

The reporting line approves, and nobody their own request; whoever supervises the owner by either edge instructs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from services.accounts.events import Function
from services.opportunities.events import Review
from services.opportunities.opportunity.opportunity import (
    FOR_APPROVERS,
    FOR_HEADS,
    FOR_SUPERVISORS,
    FOR_VERIFIERS,
    Opportunity,
)
from shared.event_store.stream import Stream
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.approval import APPROVES, HANDS_OVER, approves, holds
from shared.identity.principal import Principal

ENTERED = "select metadata ->> 'actor' from es.events where tenant_id = $1 and stream_id = $2 and version = $3"
REQUESTS: Mapping[Review, tuple[str, str]] = {
    Review.DEFEAT: ("DefeatRequested", "defeat_requested_by"),
    Review.FREEZE: ("FreezeRequested", "freeze_requested_by"),
}
"""The fact of a request that waits, and the standing field that says in whose name it was made."""
APPROVALS = frozenset({"DealLost", "DefeatRejected", "ProspectFrozen", "FreezeRejected"})
VERIFIES = frozenset({Function.CUSTOMER_SERVICE, Function.HEAD_OFFICE, Function.DIRECTOR})
"""Call the customer back before a defeat is approved: customer service, and head office with its director."""
OF_SUPERVISORS = frozenset({"InstructionGiven", "VisitReviewed"})
"""Facts that only those who could record them correct or take back."""


def require(principal: Principal, functions: Collection[str] = APPROVES) -> None:
    """Raises Problem 403 unless the principal holds one of these functions."""
    if not principal.has(*functions):
        raise Problem(403, "forbidden")


async def require_supervisor(ctx: CommandContext) -> None:
    """Raises Problem 403 unless the principal holds a head's function, or stands in for somebody who does."""
    if not holds(await ctx.kit.sight(ctx.principal), APPROVES):
        raise Problem(403, "forbidden")


async def require_hands_over(ctx: CommandContext, owner_id: UUID) -> None:
    """Raises Problem 403: `forbidden` for who hands nothing over, `outside_your_units` for a person out of sight."""
    sight = await ctx.kit.sight(ctx.principal)
    if not holds(sight, HANDS_OVER):
        raise Problem(403, "forbidden")
    if not sight.sees_person(owner_id):
        raise Problem(403, "outside_your_units")


async def require_decider(ctx: CommandContext, stream: Stream, version: int) -> None:
    """Raises Problem 403 for a decision, or its correction, in the hands of somebody who could not have taken it."""
    entry = stream.entry_about(version)
    if entry is not None and entry.type in APPROVALS and isinstance(stream, Opportunity):
        await require_in_line(ctx, stream)
    elif entry is not None and entry.type == "DefeatVerified" and isinstance(stream, Opportunity):
        await require_verifier(ctx, stream)
    elif entry is not None and entry.type in OF_SUPERVISORS:
        await require_supervisor(ctx)
    elif entry is not None and entry.type == "OpportunityTransferred" and isinstance(stream, Opportunity):
        await require_hands_over(ctx, stream.standing["owner_id"])


async def require_verifier(ctx: CommandContext, opportunity: Opportunity) -> None:
    """Raises Problem 403 `forbidden` for who calls nobody back, `own_request` for who asked for the defeat."""
    sight = await ctx.kit.sight(ctx.principal)
    if not holds(sight, VERIFIES):
        raise Problem(403, "forbidden")
    if sight.person_id in await requested_by(ctx.kit, ctx.tenant_id, opportunity):
        raise Problem(403, "own_request")


async def require_in_line(ctx: CommandContext, opportunity: Opportunity) -> None:
    """Raises Problem 403 `forbidden`, `not_in_reporting_line`: for who does not approve for the owner."""
    await require_supervisor(ctx)
    if not await in_line(ctx.kit, ctx.principal, opportunity):
        raise Problem(403, "not_in_reporting_line")


async def in_line(kit: Kit, principal: Principal, opportunity: Opportunity) -> bool:
    """Whether the principal stands above the owner in the reporting line, and asked for nothing here."""
    sight = await kit.sight(principal)
    if kit.organisation is None or not holds(sight, APPROVES):
        return False
    line = await kit.organisation.line(kit.pool, principal.tenant_id, opportunity.standing["owner_id"])
    return approves(sight, line, requested_by=await requested_by(kit, principal.tenant_id, opportunity))


async def requested_by(kit: Kit, tenant_id: UUID, opportunity: Opportunity) -> Collection[UUID]:
    """Who asked for what waits, or was decided last: in whose name, and who entered a request that waits."""
    standing = opportunity.standing
    review: Review | None = standing.get("review")
    if review is None:
        return {id for _, field in REQUESTS.values() if (id := standing.get(field)) is not None}
    type, field = REQUESTS[review]
    version = max((entry.version for entry in opportunity.entries() if entry.type == type), default=0)
    actor = await kit.pool.fetchval(ENTERED, tenant_id, opportunity.id, version)
    named = () if standing.get(field) is None else (standing[field],)
    return {*named, *(() if actor is None else (UUID(actor),))}


async def restricted_actions(kit: Kit, principal: Principal, opportunity: Opportunity) -> frozenset[str]:
    """Of the actions not open to everybody who sees the opportunity, those open to the principal."""
    sight = await kit.sight(principal)
    may: frozenset[str] = frozenset()
    if holds(sight, VERIFIES) and sight.person_id not in await requested_by(kit, principal.tenant_id, opportunity):
        may |= FOR_VERIFIERS
    if holds(sight, APPROVES):
        may |= FOR_SUPERVISORS
        if await in_line(kit, principal, opportunity):
            may |= FOR_APPROVERS
    return may | FOR_HEADS if holds(sight, HANDS_OVER) else may
