"""Month closes over HTTP: close, take back. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Final

from fastapi import Path

from services.kpi.acting import require_function
from services.kpi.asking import Asking
from services.kpi.month import PATTERN, first_day, said
from services.kpi.months.closes import EARLIEST, month_standings
from services.kpi.months.closing import Close, Standing
from services.kpi.months.commands import CloseMonth, ReopenMonth
from services.kpi.months.month import Month
from services.kpi.months.reads import router as reads
from services.kpi.months.restatement import router as restatement
from services.kpi.months.rights import CLOSES
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/months", tags=["months"])

MONTHS: Final = Commands(Month)

MonthInPath = Annotated[str, Path(pattern=PATTERN, description="Such as 2026-03.")]


@router.post("/{month}/close", operation_id="months.close", responses=refuses(403, 409, 422))
async def close(month: MonthInPath, command: CloseMonth, ctx: Ctx) -> Receipt:
    """Close a month (月结): official figures, assessment and commission count what the log held up to here."""
    await require_function(ctx, CLOSES)

    async def decide(work: Work) -> Month:
        standing, others = await _standing(ctx, first_day(month))
        stream = await _stream(ctx, standing.month)
        head = (await ctx.kit.store.head(ctx.tenant_id)).position
        position = closing_position(standing, others, command.position, head)
        return work.add(
            Month.closed(
                stream,
                standing.month,
                position=position,
                reason=command.reason,
                by=ctx.principal.acting_for,
                tenant_id=ctx.tenant_id,
                at=ctx.now,
            )
        )

    return await MONTHS.together(ctx, decide)


@router.post("/{month}/reopen", operation_id="months.reopen", responses=refuses(403, 409, 422))
async def reopen(month: MonthInPath, command: ReopenMonth, ctx: Ctx) -> Receipt:
    """Take a close back, with a reason; until it is closed again by a command the month has no official figures."""
    await require_function(ctx, CLOSES)

    async def decide(work: Work) -> Month:
        standing, others = await _standing(ctx, first_day(month))
        close = require_closed(standing, others)
        return work.add(
            Month.reopened(
                await _stream(ctx, standing.month),
                standing.month,
                position_before=close.position,
                reason=command.reason,
                by=ctx.principal.acting_for,
                tenant_id=ctx.tenant_id,
                at=ctx.now,
            )
        )

    return await MONTHS.together(ctx, decide)


# -- rules of several months -----------------------------------------------------------------------------------


def closing_position(standing: Standing, others: Mapping[date, Standing], given: int | None, head: int) -> int:
    """The position a close fixes. Raises Refused 409 `month_closed`, `earlier_month_open`; 422 `month_not_over`,
    `position_out_of_order`: closes follow one another as their months do."""
    month = standing.month
    if standing.state == "running":
        raise Refused(
            "month_not_over", "that month is not over", status=422, month=said(month),
            last_day=standing.last_day.isoformat(),
        )  # fmt: skip
    if standing.close is not None:
        raise Refused("month_closed", "that month is closed", month=said(month))
    for other in _before(month, others):
        if other.state in ("reopened", "waiting"):
            raise Refused("earlier_month_open", "an earlier month was taken back", month=said(other.month))
    least = max((other.close.position for other in _before(month, others) if other.close), default=1)
    most = min((other.close.position for other in _after(month, others) if other.close), default=head)
    position = most if given is None else given
    if not least <= position <= most:
        raise Refused(
            "position_out_of_order", "closes follow one another as their months do", status=422, pointer="/position",
            least=least, most=most,
        )  # fmt: skip
    return position


def require_closed(standing: Standing, others: Mapping[date, Standing]) -> Close:
    """What is taken back: the latest close. Raises Refused 409 `month_not_closed`, `later_month_closed`."""
    if standing.close is None:
        raise Refused("month_not_closed", "that month is not closed", month=said(standing.month))
    for other in _after(standing.month, others):
        if other.close is not None:
            raise Refused("later_month_closed", "a later month is closed", month=said(other.month))
    return standing.close


def _before(month: date, others: Mapping[date, Standing]) -> Sequence[Standing]:
    return [other for other in others.values() if other.month < month]


def _after(month: date, others: Mapping[date, Standing]) -> Sequence[Standing]:
    return [other for other in others.values() if other.month > month]


async def _standing(ctx: CommandContext, month: date) -> tuple[Standing, Mapping[date, Standing]]:
    """How the month stands, and all others. Raises Refused 422 `month_too_early`, `month_not_over`."""
    if month < EARLIEST:
        raise Refused("month_too_early", "months that long ago are not closed", status=422, earliest=said(EARLIEST))
    asking = Asking(ctx.tenant_id, ctx.principal.zone, ctx.now, await ctx.kit.sight(ctx.principal), latest=True)
    found = {
        standing.month: standing for standing in await month_standings(ctx.kit.pool, asking, now=ctx.now, since=month)
    }
    if month not in found:
        raise Refused("month_not_over", "that month is not over", status=422, month=said(month), last_day=said(month))
    return found[month], found


async def _stream(ctx: CommandContext, month: date) -> Month | None:
    """What was said about the month. Raises Problem 503 `newer_version`."""
    stream: Month | None = await ctx.kit.repository(Month).load(ctx.tenant_id, Month.id_of(ctx.tenant_id, month))
    if stream is not None and stream.read_only is not None:
        raise Problem(503, "newer_version", headers={"Retry-After": "30"})
    return stream


ROUTERS: tuple[Router, ...] = (router, reads, restatement)
