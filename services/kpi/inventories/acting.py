"""How a command on a sheet is carried out, who sees one, and how far its lines are. Decides no rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Row
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.sources.follow_ups_views import FOLLOW_UP_RUNS, LEVEL_POLICIES, VISIT_CONTACTS
from services.kpi.engine.sources.visits_views import ON_SITE_VISITS
from services.kpi.inventories import lines
from services.kpi.inventories.inventory import Decisions, Inventory, decisions_of
from services.kpi.inventories.levels import levels
from services.kpi.inventories.sheet import Sheet, sheet_of
from services.kpi.inventories.state import deeds, owner_state, state_of
from services.kpi.inventories.views import PROSPECTS
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.identity.principal import Principal
from shared.identity.sight import Sight
from shared.projections.waiting import wait_for

WAIT_SECONDS = 2.0
OF_LINES = (
    PROSPECTS, ACCOUNTS, FUNNEL, FOLLOW_UP_RUNS, VISIT_CONTACTS, ON_SITE_VISITS, LEVEL_POLICIES, UNITS, PEOPLE,
)  # fmt: skip
"""What the lines of a sheet are read from."""

# From where somebody works up to the head office.
ABOVE = f"""
with recursive above as (
    select u.stream_id, u.parent_id from {UNITS.table} as u
     where u.tenant_id = $1 and u.to_at is null and u.stream_id = any($2::uuid[])
    union
    select u.stream_id, u.parent_id from {UNITS.table} as u join above on u.stream_id = above.parent_id
     where u.tenant_id = $1 and u.to_at is null
)
select stream_id from above
"""  # noqa: S608 - constants only


async def seen_units(pool: Any, tenant_id: UUID, sight: Sight) -> frozenset[UUID]:
    """Units whose sheets somebody sees beside those in sight: where they work, and those above it."""
    places = sorted({seat.unit_id for seat in sight.seats if seat.unit_id is not None})
    rows = await pool.fetch(ABOVE, tenant_id, places)
    return sight.unit_ids | {UUID(bytes=row["stream_id"].bytes) for row in rows}


async def sees_inventory(kit: Kit, principal: Principal, inventory: Inventory) -> bool:
    """Who has a function at its unit or above, and who works there or below: lines may be theirs."""
    sight = await kit.sight(principal)
    unit_id = inventory.standing["unit_id"]
    if sight.everything or unit_id in sight.unit_ids:
        return True
    return unit_id in await seen_units(kit.pool, principal.tenant_id, sight)


async def _sees(ctx: CommandContext, inventory: Inventory) -> bool:
    return await sees_inventory(ctx.kit, ctx.principal, inventory)


INVENTORIES: Commands[Inventory] = Commands(Inventory, sees=_sees)


class Taken:
    """One sheet as somebody sees it: the question its lines answer, and what was decided of them."""

    def __init__(self, kit: Kit, asking: Asking, sheet: Sheet, decisions: Decisions) -> None:
        self.kit = kit
        self.asking = asking
        self.sheet = sheet
        self.decisions = decisions

    @classmethod
    async def of(cls, kit: Kit, principal: Principal, inventory: Inventory, *, min_position: int = 0) -> Taken:
        """The sheet, once the views hold what it is fixed at. Raises ViewBehind (503)."""
        standing = inventory.standing
        upto = max(standing["position"], min_position)
        await wait_for(kit.pool, OF_LINES, principal.tenant_id, upto, WAIT_SECONDS)
        calendar = await working_days(kit.pool, principal.tenant_id, known_at=standing["position"])
        sheet = sheet_of(standing, calendar.month_bounds(standing["month"])[0])
        asking = sheet.asking(principal.tenant_id, principal.zone, await kit.sight(principal))
        return cls(kit, asking, sheet, decisions_of(standing))

    async def prospects(self, ids: Collection[UUID] | None = None) -> Sequence[Row]:
        """A row per prospect, with what was decided and what became of it since."""
        pool, asking = self.kit.pool, self.asking
        rows = await lines.prospects(pool, asking, self.sheet, await levels(pool, asking), ids=ids)
        told = await deeds(pool, asking.tenant_id, [row["id"] for row in rows], self.sheet.position)
        for row in rows:
            decision = self.decisions.get((row["part"], row["id"]))
            row["state"], row["deed"] = state_of(decision, told.get(row["id"], ()))
            row["decision"] = decision
        return rows

    async def owners(self, ids: Collection[UUID] | None = None) -> Sequence[Row]:
        """A row per account that took delivery, with what was decided of it."""
        rows = await lines.owners(self.kit.pool, self.asking, self.sheet, ids=ids)
        for row in rows:
            row["decision"] = self.decisions.get((row["part"], row["id"]))
            row["state"], row["deed"] = owner_state(row["decision"]), None
        return rows
