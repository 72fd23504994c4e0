"""Whether somebody sees one lead, as it stands. The same for many is in shown.py. Decides no right to act."""

from __future__ import annotations

from services.opportunities.leads.lead import Lead
from services.opportunities.leads.shown import pools
from services.opportunities.routes.records import sees_record
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.identity.principal import Principal


async def sees_lead(kit: Kit, principal: Principal, lead: Lead) -> bool:
    """Whether the principal sees a lead as it stands."""
    standing = lead.standing
    if standing.get("owner_id") is None and standing.get("opportunity_id") is None:
        sight = await kit.sight(principal)
        if standing.get("unit_id") in pools(sight):
            return True
    return await sees_record(kit, principal, lead)


async def seen(ctx: CommandContext, lead: Lead) -> bool:
    """The same for a command."""
    return await sees_lead(ctx.kit, ctx.principal, lead)
