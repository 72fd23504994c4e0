"""Nobody raises themselves: who organises is refused what could widen what they see or may do. No HTTP route."""

from __future__ import annotations

from uuid import UUID

from services.accounts.routes.rights import ORGANISES, require
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.identity.lookups import staff
from shared.identity.principal import SEES_EVERYTHING

MADE_BY = """
select exists (select from es.events
                where tenant_id = $1 and stream_id = $2 and stream_type = 'api_key' and metadata ->> 'actor' = $3
                  and type in ('ApiKeyIssued', 'ApiKeyRotated'))
"""


async def require_another(ctx: CommandContext, person_id: UUID) -> None:
    """Raises Problem 403 for who may not organise, or would place themselves: that could widen what they see."""
    require(ctx.principal, *ORGANISES)
    sight = await ctx.kit.sight(ctx.principal)
    if person_id in sight.stands_in_for and not sight.everything:  # their eyes are one's own for now
        raise Problem(403, "own_place")
    await require_not_own(ctx, person_id)


async def require_not_own(ctx: CommandContext, person_id: UUID) -> None:
    """Raises Problem 403 `own_place` for oneself, and, through an API key, for who made the key.

    Those who see everything already have nothing to gain.
    """
    principal = ctx.principal
    if principal.machine:
        if await ctx.kit.pool.fetchval(MADE_BY, ctx.tenant_id, principal.person_id, str(person_id)):
            maker = await staff(ctx.kit.pool, ctx.tenant_id, person_id)
            if maker is None or maker.functions.isdisjoint(SEES_EVERYTHING):
                raise Problem(403, "own_place")
    elif person_id == principal.person_id and not principal.sees_everything:
        raise Problem(403, "own_place")


async def require_no_wider(ctx: CommandContext, unit_id: UUID, parent_id: UUID) -> None:
    """Raises Problem 403 `own_place` for who would put a unit they do not see below one they do."""
    sight = await ctx.kit.sight(ctx.principal)
    if not sight.everything and parent_id in sight.unit_ids and unit_id not in sight.unit_ids:
        raise Problem(403, "own_place")
