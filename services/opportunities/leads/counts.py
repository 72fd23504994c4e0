"""Visitor counts and spend over HTTP: recorded, corrected, taken back, listed. The rules are in figures.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.opportunities.fields import Code, Command, Number, Text
from services.opportunities.leads.commands import CountVisitors, RecordSpend
from services.opportunities.leads.figure_lists import figures, spend_row, visitors_row
from services.opportunities.leads.figure_views import CHANNEL_SPEND, VISITOR_COUNTS
from services.opportunities.leads.figures import Spend, Visitors, first_day, visitors_id
from services.opportunities.leads.intake import unit_given
from services.opportunities.leads.shown import units_of
from services.opportunities.routes.asked import Ask, TreeAsked, UnitId, days
from services.opportunities.views.units import UNITS
from shared.days import day_of, start_of
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import VoidFact
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["leads"])
CHANGES = refuses(404, 409, 412, 422, 428)
F = TypeVar("F", Visitors, Spend)
Channel = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


class CorrectFigure(Command):
    """A fact of a figure said something wrong."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 1, "changes": {"count": 12}, "reason": "录入错误"}]}
    )

    version: Number
    changes: Annotated[dict[Code, Any], Field(max_length=10)]
    reason: Text


class Counted(BaseModel):
    """The figures of a call, in its order."""

    ids: list[UUID]
    position: int = Field(description="Give it as `min_position` to read them back.")


class VisitorRow(BaseModel):
    """The visitors of a unit, channel and day: the last word."""

    id: UUID
    version: int
    unit_id: UUID
    unit: str | None
    channel: str
    channel_label: str
    day: date
    count: int = Field(title="来访人数")


class SpendRow(BaseModel):
    """An amount a channel cost a unit: of a day, or of a month beginning on it."""

    id: UUID
    version: int
    unit_id: UUID
    unit: str | None
    channel: str
    channel_label: str
    day: date
    period: str = Field(title="按日或按月")
    amount: str
    currency: str
    purpose: str | None = Field(title="用途")


async def _sees_own(ctx: CommandContext, figure: Visitors) -> bool:
    sight = await ctx.kit.sight(ctx.principal)
    return sight.everything or figure.about["unit_id"] in units_of(sight, own=True)


async def _sees_below(ctx: CommandContext, figure: Spend) -> bool:
    sight = await ctx.kit.sight(ctx.principal)
    return sight.everything or figure.about["unit_id"] in sight.unit_ids


VISITORS: Commands[Visitors] = Commands(Visitors, sees=_sees_own)
SPEND: Commands[Spend] = Commands(Spend, sees=_sees_below)


# -- commands ------------------------------------------------------------------------------------------------


@router.post("/visitor-counts", operation_id="visitor_counts.count", responses=refuses(403, 409, 422))
async def count(command: CountVisitors, ctx: Ctx) -> Counted:
    """Say how many visitors came, by unit, channel and day; all or nothing. Counted again, the last word holds."""
    ctx.require_dealing()
    ids: list[UUID] = []

    async def decide(work: Work) -> Visitors:
        ids.clear()
        figures: dict[UUID, Visitors] = {}
        units: dict[UUID | None, UUID] = {}
        for index, given in enumerate(command.counts):
            pointer = f"/counts/{index}"
            unit_id = units.get(given.unit_id)
            if unit_id is None:
                unit_id = units[given.unit_id] = await _unit(ctx, given.unit_id, pointer)
            _require_past(ctx, given.day, f"{pointer}/day")
            id = visitors_id(ctx.tenant_id, unit_id, given.channel, given.day)
            if id in figures:
                raise Refused("duplicate_count", "one count for a unit, channel and day", status=422, pointer=pointer)
            known: Visitors | None = await ctx.kit.repository(Visitors).load(ctx.tenant_id, id)
            at = start_of(given.day, ctx.principal.zone)
            figures[id] = work.add(Visitors.counted(known, given, id=id, unit_id=unit_id, at=at))
            ids.append(id)
        return figures[ids[0]]

    receipt = await VISITORS.together(ctx, decide)
    if not ids:  # a retry: the ids follow from the body
        for given in command.counts:
            unit_id = given.unit_id or ctx.principal.unit_id
            assert unit_id is not None  # else the first try was refused
            ids.append(visitors_id(ctx.tenant_id, unit_id, given.channel, given.day))
    return Counted(ids=ids, position=await _last(ctx, ids, receipt.position))


@router.post("/visitor-counts/{count_id}/correct", operation_id="visitor_counts.correct", responses=CHANGES)
async def correct_count(count_id: UUID, command: CorrectFigure, ctx: CtxMatch) -> Receipt:
    """Correct a count."""
    return await _correct(ctx, VISITORS, count_id, command)


@router.post("/visitor-counts/{count_id}/void", operation_id="visitor_counts.void", responses=CHANGES)
async def void_count(count_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a count: the one before holds again, if there was one."""
    return await VISITORS.act(
        ctx, count_id, lambda figure, now: figure.void(command.version, reason=command.reason, at=now)
    )


@router.post("/spend", status_code=201, operation_id="spend.record", responses=refuses(403, 409, 422))
async def spend(command: RecordSpend, ctx: Ctx) -> Receipt:
    """Say what a channel cost a unit on a day or in a month. Several amounts add up. For its heads."""
    ctx.require_dealing()

    async def decide(work: Work) -> Spend:
        unit_id = await _unit(ctx, command.unit_id, "")
        sight = await ctx.kit.sight(ctx.principal)
        if not (sight.everything or unit_id in sight.unit_ids):
            raise Problem(403, "outside_your_units")
        day = first_day(command)
        _require_past(ctx, day, "/day" if command.month is None else "/month")
        at = start_of(day, ctx.principal.zone)
        return work.add(Spend.recorded(command, id=ctx.new_id(Spend.stream_type), unit_id=unit_id, at=at))

    return await SPEND.together(ctx, decide, status=201)


@router.post("/spend/{spend_id}/correct", operation_id="spend.correct", responses=CHANGES)
async def correct_spend(spend_id: UUID, command: CorrectFigure, ctx: CtxMatch) -> Receipt:
    """Correct an amount, its channel, currency or purpose."""
    return await _correct(ctx, SPEND, spend_id, command)


@router.post("/spend/{spend_id}/void", operation_id="spend.void", responses=CHANGES)
async def void_spend(spend_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back an amount, or a correction of it."""
    return await SPEND.act(
        ctx, spend_id, lambda figure, now: figure.void(command.version, reason=command.reason, at=now)
    )


# -- lists ---------------------------------------------------------------------------------------------------


@router.get(
    "/visitor-counts",
    operation_id="visitor_counts.list",
    response_model=Listed[VisitorRow],
    responses=refuses(422),
)
async def visitor_counts(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    channel: Channel = None,
) -> Any:
    """Visitor counts of the units the caller sees and works at, the latest day first."""
    days(since, until)
    asking = await ask.of(VISITOR_COUNTS, UNITS)
    items, after = await figures(
        ask.pool,
        asking,
        ask.labels,
        "visitor_counts",
        visitors_row,
        page_of(page),
        own=True,
        filters=(since, until, unit_id, channel),
    )
    return listed(page, items, after)


@router.get("/spend", operation_id="spend.list", response_model=Listed[SpendRow], responses=refuses(422))
async def spends(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    channel: Channel = None,
) -> Any:
    """What channels cost the units below the caller, the latest first. `from` and `to` are of the first day."""
    days(since, until)
    asking = await ask.of(CHANNEL_SPEND, UNITS)
    items, after = await figures(
        ask.pool,
        asking,
        ask.labels,
        "channel_spend",
        spend_row,
        page_of(page),
        own=False,
        filters=(since, until, unit_id, channel),
    )
    return listed(page, items, after)


# -- what commands refer to ------------------------------------------------------------------------------------


async def _correct(ctx: CommandContext, commands: Commands[F], id: UUID, command: CorrectFigure) -> Receipt:
    changes: Mapping[str, Any] = command.changes
    return await commands.act(
        ctx, id, lambda figure, now: figure.correct(command.version, changes, reason=command.reason, at=now)
    )


async def _unit(ctx: CommandContext, unit_id: UUID | None, pointer: str) -> UUID:
    try:
        return await unit_given(ctx, unit_id)
    except Refused as refused:
        refused.pointer = f"{pointer}{refused.pointer}"
        raise


def _require_past(ctx: CommandContext, day: date, pointer: str) -> None:
    if day > day_of(ctx.now, ctx.principal.zone):
        raise Refused("in_the_future", f"{day} is not yet", status=422, pointer=pointer, on=day.isoformat())


LAST = "select max(position) from es.events where tenant_id = $1 and stream_id = any($2::uuid[])"


async def _last(ctx: CommandContext, ids: list[UUID], position: int) -> int:
    """The last of these figures' places in the log: the receipt knows the first figure's alone."""
    found: int | None = await ctx.kit.pool.fetchval(LAST, ctx.tenant_id, ids)
    return max(position, found or 0)
