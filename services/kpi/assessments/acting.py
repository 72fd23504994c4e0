"""How commands on assessments and commissions are carried out, and by whom. Decides no rule of any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar
from uuid import UUID

from services.kpi.acting import Moment, moment, require_line, require_unit
from services.kpi.assessments.assessment import Assessment, asked_to_rate
from services.kpi.assessments.commission import Commission
from services.kpi.assessments.life import Result
from services.kpi.assessments.sight import sees_pay, sees_personal
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.identity.approval import holds
from shared.identity.principal import FINANCE, HR
from shared.privacy.vault import Of
from shared.records.vaulted import keep

R = TypeVar("R", bound=Result)
Right = Callable[[CommandContext, R], Awaitable[None]]

PREPARES_ASSESSMENTS = frozenset((HR,))
PREPARES_COMMISSIONS = frozenset((HR, FINANCE))
"""Open and compute beside the reporting line; the line alone signs off."""


async def _sees(ctx: CommandContext, record: Result) -> bool:
    return sees_personal(await ctx.kit.sight(ctx.principal), record.standing)


async def _sees_or_rates(ctx: CommandContext, record: Assessment) -> bool:
    asked = asked_to_rate(record.standing.get("raters", ()), (ctx.principal.person_id, ctx.principal.acting_for))
    return bool(asked) or await _sees(ctx, record)


ASSESSMENTS: Commands[Assessment] = Commands(Assessment, sees=_sees)
RATINGS: Commands[Assessment] = Commands(Assessment, sees=_sees_or_rates)


async def _sees_pay(ctx: CommandContext, record: Commission) -> bool:
    return await sees_pay(ctx.kit, ctx.principal, record)


COMMISSIONS: Commands[Commission] = Commands(Commission, sees=_sees_pay)


# -- rights ------------------------------------------------------------------------------------------------


async def require_signing(ctx: CommandContext, record: Result) -> None:
    """The person's reporting line, never they themselves. Raises Problem 403."""
    owner_id = record.standing["owner_id"]
    await require_line(ctx, owner_id, requested_by=(owner_id,))


async def require_preparing(ctx: CommandContext, owner_id: UUID, unit_id: UUID, also: Collection[str]) -> None:
    """The person's reporting line, or these functions with the unit in sight; nobody their own. Raises Problem 403."""
    sight = await ctx.kit.sight(ctx.principal)
    if owner_id not in (ctx.principal.person_id, ctx.principal.acting_for) and holds(sight, also):
        await require_unit(ctx, unit_id, also)
    else:
        await require_line(ctx, owner_id, requested_by=(owner_id,))


async def require_the_person(ctx: CommandContext, record: Result) -> None:
    """Who the result is of, and nobody for them. Raises Problem 403 `only_the_person`."""
    if record.standing["owner_id"] != ctx.principal.person_id:
        raise Problem(403, "only_the_person")


def said_by_whom(version: int) -> Right[R]:
    """Who takes back or corrects a fact: what the person said the person, all else the reporting line."""

    async def right(ctx: CommandContext, record: R) -> None:
        entry = record.entry_about(version)
        if entry is not None and entry.type in (f"{record.noun}Acknowledged", f"{record.noun}Appealed"):
            await require_the_person(ctx, record)
        else:
            await require_signing(ctx, record)

    return right


# -- commands ----------------------------------------------------------------------------------------------


async def act(
    ctx: CommandContext, commands: Commands[R], id: UUID, step: Callable[[R, Moment], None], *, right: Right[R]
) -> Receipt:
    """Carry out one command on one result; `right` refuses who may not."""

    async def decide(work: Work) -> R:
        record = await work.load(commands, id, matched=True)
        await right(ctx, record)
        step(record, moment(ctx, None, record))
        return record

    return await commands.together(ctx, decide)


async def words(ctx: CommandContext, kind: str, id: UUID, **said: str) -> None:
    """Keep what was said in the vault, as texts of the result."""
    await keep(ctx, {id: said}, Of(kind, id))
