"""How a command on a meeting is carried out, who sees one, and who leads it. Decides no rule of any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from services.kpi.acting import APPROVES, Moment, in_sight, moment, require_unit
from services.kpi.meetings.meeting import Meeting
from services.kpi.meetings.views import MEETINGS as VIEW
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.receipt import Receipt
from shared.identity.principal import BACK_OFFICE, Principal

LEADS = APPROVES | {BACK_OFFICE}
"""Hold the meetings of their units: heads; the back office writes the minutes (003)."""

PREVIOUS = f"""
select stream_id from {VIEW.table}
 where tenant_id = $1 and unit_id = $2 and kind = $3 and to_at is null and held_on <= $4
 order by held_on desc, from_at desc
 limit 1
"""  # noqa: S608 - constants only

Step = Callable[[Meeting, Moment], None]
Check = Callable[[Meeting], Awaitable[None]]


async def sees_meeting(kit: Kit, principal: Principal, meeting: Meeting) -> bool:
    """Who has its unit or its chair in sight, who takes part, and who has an instruction of it."""
    sight = await kit.sight(principal)
    standing = meeting.standing
    people = {*standing.get("participants", ()), *(step.owner_id for step in standing.get("instructions", ()))}
    return in_sight(sight, standing) or not sight.selves.isdisjoint(people)


async def _sees(ctx: CommandContext, meeting: Meeting) -> bool:
    return await sees_meeting(ctx.kit, ctx.principal, meeting)


MEETINGS: Commands[Meeting] = Commands(Meeting, sees=_sees)


async def require_lead(ctx: CommandContext, meeting: Meeting) -> None:
    """Who chairs it, or leads meetings at its unit. Raises Problem 403 `forbidden`, `outside_your_units`."""
    sight = await ctx.kit.sight(ctx.principal)
    if meeting.standing["owner_id"] not in sight.selves:
        await require_unit(ctx, meeting.standing["unit_id"], LEADS)


async def act(
    ctx: CommandContext, id: UUID, step: Step, *, on: date | None = None, right: Check | None = None
) -> Receipt:
    """Carry out one command on one meeting; `right` refuses who may not, by default all but who leads it."""

    async def decide(work: Work) -> Meeting:
        meeting = await work.load(MEETINGS, id, matched=True)
        if right is None:
            await require_lead(ctx, meeting)
        else:
            await right(meeting)
        step(meeting, moment(ctx, on, meeting))
        return meeting

    return await MEETINGS.together(ctx, decide)


async def previous_of(pool: Any, tenant_id: UUID, unit_id: UUID, kind: str, day: date) -> UUID | None:
    """The latest meeting of that unit and kind up to a day."""
    found: UUID | None = await pool.fetchval(PREVIOUS, tenant_id, unit_id, kind, day)
    return None if found is None else UUID(bytes=found.bytes)
