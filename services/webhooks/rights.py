"""Who may do what with webhook endpoints, and who sees which. An endpoint sees no more than who makes it may give.

Who sees the whole company makes endpoints of the company, with personal fields where the agreement lists them. A
tenant administrator makes them without: as with API keys, personal data are for those who see customers themselves. A
branch or regional manager makes them of their own units. Operations look after all of them and make none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import At, Problem
from shared.identity.principal import (
    AUDITOR,
    BRANCH_MANAGER,
    DIRECTOR,
    HEAD_OFFICE,
    INTEGRATION,
    OPERATIONS,
    REGIONAL_MANAGER,
    TENANT_ADMIN,
    Principal,
)
from shared.identity.scopes import PERSONAL

OF_THE_COMPANY = (HEAD_OFFICE, DIRECTOR, TENANT_ADMIN)
OF_UNITS = (REGIONAL_MANAGER, BRANCH_MANAGER)
MAKES = (*OF_THE_COMPANY, *OF_UNITS)
TENDS = (*MAKES, OPERATIONS)
"""Prove, pause, resume, skip, remove, replay."""
LOOKS = (*TENDS, AUDITOR, INTEGRATION)
SEES_ALL = frozenset((*OF_THE_COMPANY, OPERATIONS, AUDITOR, INTEGRATION))

EVENTS = "events:read"
"""The scope without which nobody is sent events: an endpoint is no way around it."""


def require_looks(principal: Principal) -> None:
    """Raises Problem 403 for who has nothing to do with endpoints."""
    if not principal.has(*LOOKS):
        raise Problem(403, "forbidden")


def require_tends(principal: Principal) -> None:
    """Raises Problem 403 for who does not look after endpoints."""
    if not principal.has(*TENDS):
        raise Problem(403, "forbidden")


def require_makes(ctx: CommandContext) -> None:
    """Raises Problem 403 for who makes no endpoints; machines make none: what they get they could widen."""
    if not ctx.principal.has(*MAKES):
        raise Problem(403, "forbidden")
    if ctx.principal.machine:
        raise Problem(403, "persons_only")
    if not ctx.principal.may(EVENTS):
        raise Problem(403, "scope_missing", params={"scope": EVENTS}, extra={"scope": EVENTS})


async def sees(kit: Kit, principal: Principal, unit_id: UUID | None) -> bool:
    """Whether an endpoint of this unit (None: of the company) is there for the principal."""
    if principal.has(*SEES_ALL):
        return True
    return unit_id is not None and unit_id in await own_units(kit, principal)


async def own_units(kit: Kit, principal: Principal) -> Collection[UUID]:
    """The units of a manager: their own and those below; of nobody they stand in for."""
    if not principal.has(*OF_UNITS):
        return frozenset()
    sight = await kit.sight(principal)
    return sight.seats[0].unit_ids


async def sees_endpoint(ctx: CommandContext, endpoint: Any) -> bool:
    """The sight rule of commands."""
    return await sees(ctx.kit, ctx.principal, endpoint.standing["unit_id"])


async def require_grants(ctx: CommandContext, unit_id: UUID | None, personal: Collection[str]) -> None:
    """Raises Problem 403 for who would have more sent than they may give: other units, or personal fields."""
    principal = ctx.principal
    field = None
    if not principal.has(*OF_THE_COMPANY) and (unit_id is None or unit_id not in await own_units(ctx.kit, principal)):
        field = "/unit_id"
    elif (personal and not (principal.may(PERSONAL) and principal.has(HEAD_OFFICE, DIRECTOR, *OF_UNITS))) or (
        personal and not principal.has(HEAD_OFFICE, DIRECTOR) and unit_id not in await own_units(ctx.kit, principal)
    ):
        field = "/personal"
    if field is not None:
        raise Problem(403, "grants_more_than_held", errors=(At(field, "grants_more_than_held"),))
