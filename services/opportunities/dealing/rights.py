"""Who decides on solutions, bids, prices and contracts: by reporting line and limit. Holds no rule of the records."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from services.accounts.events import Function
from services.opportunities.catalogues.collected import word
from services.opportunities.dealing.limits import Limit, needs
from services.opportunities.dealing.record import Dealing
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.references import STANDING, account_standing
from services.opportunities.routes.rights import ENTERED
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.approval import APPROVES, holds, stands_above
from shared.identity.principal import Principal
from shared.identity.sight import Seat


async def functions_of(kit: Kit, principal: Principal, person_id: UUID) -> frozenset[str]:
    """What somebody of the company is, as the log last said; the principal as the credential says.

    Empty for who is not on record, or has left.
    """
    if person_id == principal.person_id:
        return principal.functions
    text = await kit.pool.fetchval(STANDING, principal.tenant_id, person_id, "person")
    person = {} if text is None else json.loads(text)
    return frozenset() if person.get("status") == "left" else frozenset(person.get("functions") or ())


async def asked_by(kit: Kit, tenant_id: UUID, record: Dealing, types: Collection[str], *fields: str) -> frozenset[UUID]:
    """Whose request it is: in whose name (standing fields), and who entered the latest fact of these types."""
    named = {id for name in fields if (id := record.standing.get(name)) is not None}
    entry = record.latest_of(*types)
    actor = None if entry is None else await kit.pool.fetchval(ENTERED, tenant_id, record.id, entry.version)
    return frozenset({*named, *(() if actor is None else (UUID(actor),))})


async def deciding_seats(
    kit: Kit, principal: Principal, opportunity: Opportunity, asked: Collection[UUID]
) -> Sequence[Seat]:
    """The seats from which the principal decides for the owner, who stands below them; none for who asked."""
    sight = await kit.sight(principal)
    if kit.organisation is None or sight.person_id in asked:
        return ()
    line = await kit.organisation.line(kit.pool, principal.tenant_id, opportunity.standing["owner_id"])
    return tuple(
        seat
        for seat in sight.seats
        if (seat.person_id == sight.person_id or sight.person_id != line.of)
        and seat.person_id not in asked
        and stands_above(seat, line)
    )


async def require_decider(
    ctx: CommandContext, opportunity: Opportunity, asked: Collection[UUID], limit: Limit | None = None
) -> frozenset[str]:
    """The functions by which the principal decides. Raises Problem 403: `forbidden` for who holds no such function,
    `not_in_reporting_line`, and `above_limit` for what somebody else must decide.
    """
    if not holds(await ctx.kit.sight(ctx.principal), APPROVES):
        raise Problem(403, "forbidden")
    seats = await deciding_seats(ctx.kit, ctx.principal, opportunity, asked)
    if not seats:
        raise Problem(403, "not_in_reporting_line")
    functions = frozenset().union(*(seat.functions for seat in seats))
    if limit is not None and not limit.covers(functions):
        raise above(limit, functions)
    return functions


def above(limit: Limit, functions: Collection[str]) -> Problem:
    """403 `above_limit`, with the limit there is and the function that is needed."""
    said: dict[str, Any] = {"limit": limit.of(functions), "needs": needs(limit)}
    named = word("functions", said["needs"])
    return Problem(403, "above_limit", params=said | {"needs_zh": named.zh, "needs_en": named.en}, extra=said)


# -- solutions ---------------------------------------------------------------------------------------------


async def is_account_manager(
    kit: Kit, principal: Principal, opportunity: Opportunity, drafted: Collection[UUID]
) -> bool:
    """Whether the principal leads the account's team: who approves solutions (decision 0022).

    That is the account's owner, an account manager in its support team, or who stands above the opportunity's owner in
    the reporting line; never who drafted or handed in the solution, nor who entered that for them.
    """
    sight = await kit.sight(principal)
    if principal.person_id in drafted:
        return False
    seats = [seat for seat in sight.seats if seat.person_id not in drafted]
    account_id = opportunity.standing.get("account_id")
    account = {} if account_id is None else await account_standing(kit.pool, principal.tenant_id, account_id)
    owner = account.get("owner_id")
    team = {member["person_id"] for member in account.get("support_team") or ()}
    for seat in seats:
        if owner is not None and str(seat.person_id) == owner:
            return True
        if str(seat.person_id) in team and seat.has((Function.ACCOUNT_MANAGER,)):
            return True
    return bool(await deciding_seats(kit, principal, opportunity, drafted))


async def drafts(kit: Kit, principal: Principal) -> bool:
    """Whether the principal, somebody they stand in for, or who they enter for is technical support."""
    sight = await kit.sight(principal)
    if holds(sight, (Function.TECHNICAL_SUPPORT,)):
        return True
    behalf = principal.on_behalf_of
    return behalf is not None and Function.TECHNICAL_SUPPORT in await functions_of(kit, principal, behalf)
