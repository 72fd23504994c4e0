"""How commands on splits and confirmations are carried out: who may, what is split, who is asked. Decides no rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

from services.kpi.acting import APPROVES, belonging, require_line, require_unit
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import working_days
from services.kpi.month import later
from services.kpi.plans.targets import target_rows
from services.kpi.splits.commands import LineGiven, SplitMeasure, TargetGiven, Weighing
from services.kpi.splits.confirmation import Confirmation, targets_of
from services.kpi.splits.events import PersonalTarget, SplitLine, SplitTotal, SplitWeight
from services.kpi.splits.shares import weighed
from services.kpi.splits.split import Split
from services.kpi.splits.weights import parts_of, past_of, people_of, receivers, require_parts
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext
from shared.http.problem import Problem

SPLITS = belonging(Split)
CONFIRMATIONS = belonging(Confirmation)

MEASURES = ("orders", "deliveries", "reported", "amount")
"""What a month is split in, in this order."""
TO_CONFIRM = 3
"""Working days from issuing to the end of the time to confirm, where nothing is said; ours."""

PLANNED = """
select t.measure, t.target, t.stretch, t.product, t.currency, t.source, t.record_id
  from {targets} as t
 where t.month = {month} and t.unit_id = {unit} and t.person_id is null and t.measure = any({measures}::text[])
 order by array_position({measures}::text[], t.measure), t.product nulls first, t.currency
"""


async def question(ctx: CommandContext) -> Asking:
    """What the views say now, asked for a command."""
    return Asking(ctx.tenant_id, ctx.principal.zone, ctx.now, await ctx.kit.sight(ctx.principal), latest=True)


# -- rights ------------------------------------------------------------------------------------------------


async def require_splitter(ctx: CommandContext, unit_id: UUID) -> None:
    """Heads of the unit or above. Raises Problem 403."""
    await require_unit(ctx, unit_id, APPROVES)


async def require_splitter_of(ctx: CommandContext, split: Split) -> None:
    await require_splitter(ctx, split.standing["unit_id"])


async def require_own(ctx: CommandContext, confirmation: Confirmation) -> None:
    """The person themselves, or who enters it for them. Raises Problem 403 `not_yours`."""
    if ctx.principal.acting_for != confirmation.standing["owner_id"]:
        raise Problem(403, "not_yours")


async def require_above(ctx: CommandContext, confirmation: Confirmation) -> None:
    """Who approves for the person, never they themselves. Raises Problem 403."""
    owner_id = confirmation.standing["owner_id"]
    await require_line(ctx, owner_id, requested_by=(owner_id,))


async def require_own_or_above(ctx: CommandContext, confirmation: Confirmation) -> None:
    """For taking back and correcting."""
    if ctx.principal.acting_for != confirmation.standing["owner_id"]:
        await require_above(ctx, confirmation)


# -- what is split -----------------------------------------------------------------------------------------


async def totals_of(
    ctx: CommandContext, unit_id: UUID, month: date, stated: Iterable[TargetGiven], split_id: UUID
) -> tuple[SplitTotal, ...]:
    """The unit's targets in force, and those stated by hand that no plan gives.

    Raises Refused 422 `planned_otherwise`, `currency_of_amounts`, `line_twice`, `nothing_to_split`.
    """
    sql = Sql(await question(ctx))
    statement = sql.text(
        PLANNED, targets=target_rows(sql), month=sql(month), unit=sql(unit_id), measures=sql(list(MEASURES))
    )
    found = [
        SplitTotal(row["measure"], row["target"], row["stretch"], row["product"], row["currency"], row["source"])
        for row in await ctx.kit.pool.fetch(statement, *sql.values)
        if row["record_id"] != split_id  # its own rows are no plan
    ]
    keys = {(total.measure, total.product, total.currency) for total in found}
    for index, one in enumerate(stated):
        pointer = f"/totals/{index}"
        _require_currency(one, pointer)
        key = (one.measure, one.product, one.currency)
        if key in keys:
            planned = any(
                (known.measure, known.product, known.currency) == key for known in found if known.source != "given"
            )
            code = "planned_otherwise" if planned else "line_twice"
            raise Refused(code, "that target is there", status=422, pointer=pointer, measure=one.measure)
        keys.add(key)
        found.append(SplitTotal(one.measure, one.target, one.stretch, one.product, one.currency, "given"))
    if not found:
        raise Refused("nothing_to_split", "the unit has no target of that month", status=422, pointer="/totals")
    return tuple(found)


def stated_of(totals: Sequence[SplitTotal]) -> list[TargetGiven]:
    """Those stated by hand before, to be stated again."""
    return [
        TargetGiven.model_construct(
            measure=cast(SplitMeasure, one.measure),
            target=one.target,
            stretch=one.stretch,
            product=one.product,
            currency=one.currency,
        )
        for one in totals
        if one.source == "given"
    ]


async def totals_again(
    ctx: CommandContext, split: Split, stated: Iterable[TargetGiven] | None
) -> tuple[SplitTotal, ...]:
    """The same of a split that is there; what was stated by hand stays unless stated anew or planned since."""
    standing = split.standing
    if stated is None:
        planned = await _planned_keys(ctx, standing["unit_id"], standing["month"], split.id)
        stated = [
            one for one in stated_of(standing["totals"]) if (one.measure, one.product, one.currency) not in planned
        ]
    return await totals_of(ctx, standing["unit_id"], standing["month"], stated, split.id)


async def _planned_keys(
    ctx: CommandContext, unit_id: UUID, month: date, split_id: UUID
) -> set[tuple[str, str | None, str | None]]:
    try:
        found = await totals_of(ctx, unit_id, month, (), split_id)
    except Refused:
        return set()
    return {(one.measure, one.product, one.currency) for one in found}


async def weighed_lines(
    ctx: CommandContext, unit_id: UUID, month: date, totals: Sequence[SplitTotal], by: Weighing
) -> tuple[tuple[SplitLine, ...], tuple[SplitWeight, ...], tuple[date, date]]:
    """The proposal: lines, what they went by, and the range of the history (its last day not included)."""
    asking, pool = await question(ctx), ctx.kit.pool
    parts = await parts_of(pool, asking, unit_id)
    given = await receivers(pool, asking, unit_id, parts, units=by.units, persons=by.persons)
    days = await working_days(pool, ctx.tenant_id)
    history = days.month_bounds(later(month, -by.history_months))[0], days.month_bounds(month)[0]
    measures = list(dict.fromkeys(total.measure for total in totals))
    past = await past_of(pool, asking, parts, given, measures, history)
    lines, weights = weighed(totals, given, past, Decimal(by.history_share))
    return lines, weights, history


async def lines_given(ctx: CommandContext, unit_id: UUID, given: Sequence[LineGiven]) -> tuple[SplitLine, ...]:
    """The lines as said. Raises Refused 422 `one_receiver`, `currency_of_amounts`, `not_a_part`."""
    for index, line in enumerate(given):
        if (line.unit_id is None) == (line.person_id is None):
            raise Refused("one_receiver", "one unit or one person", status=422, pointer=f"/lines/{index}")
        _require_currency(line, f"/lines/{index}")
    asking, pool = await question(ctx), ctx.kit.pool
    parts = await parts_of(pool, asking, unit_id)
    people = await people_of(pool, asking, list(parts))
    for index, line in enumerate(given):
        units = () if line.unit_id is None else (line.unit_id,)
        persons = () if line.person_id is None else (line.person_id,)
        pointer = f"/lines/{index}"
        require_parts(parts, people, units, persons, f"{pointer}/unit_id", f"{pointer}/person_id")
    return tuple(
        SplitLine(line.measure, line.target, line.stretch, line.unit_id, line.person_id, line.product, line.currency)
        for line in given
    )


def wanted_given(given: Sequence[TargetGiven]) -> tuple[PersonalTarget, ...]:
    """What a person holds possible. Raises Refused 422 `currency_of_amounts`."""
    for index, one in enumerate(given):
        _require_currency(one, f"/wanted/{index}")
    return tuple(PersonalTarget(one.measure, one.target, one.stretch, one.product, one.currency) for one in given)


def _require_currency(one: TargetGiven, pointer: str) -> None:
    if (one.measure == "amount") != (one.currency is not None):
        raise Refused("currency_of_amounts", "amounts have a currency", status=422, pointer=f"{pointer}/currency")


# -- who is asked ------------------------------------------------------------------------------------------


async def time_to_confirm(ctx: CommandContext, said: date | None, day: date) -> date:
    """The day said, or so many working days on."""
    if said is not None:
        return said
    days = await working_days(ctx.kit.pool, ctx.tenant_id)
    for _ in range(TO_CONFIRM):
        day = days.next_working(day + timedelta(days=1))
    return day


async def ask_people(ctx: CommandContext, work: Work, split: Split, confirm_by: date, at: datetime) -> None:
    """Put before each person what the split gives them; of those it names no longer the confirmation lapses."""
    standing = split.standing
    targets = targets_of(standing["lines"])
    before = {person_id for entry in split.entries() for person_id in targets_of(entry.changes.get("lines", ()))}
    repository = ctx.kit.repository(Confirmation)
    for person_id in sorted(before | targets.keys(), key=str):
        id = Confirmation.id_of(split.id, person_id)
        known: Confirmation | None = await repository.load(ctx.tenant_id, id)
        got = targets.get(person_id)
        if known is None:
            if got is not None:
                work.add(
                    Confirmation.ask(
                        split_id=split.id,
                        month=standing["month"],
                        unit_id=standing["unit_id"],
                        owner_id=person_id,
                        targets=got,
                        number=standing["number"],
                        confirm_by=confirm_by,
                        at=at,
                    )
                )
            continue
        instant = max(at, known.latest) if known.latest is not None else at
        if got is None:
            known.lapse(number=standing["number"], at=instant)
        else:
            known.renew(got, number=standing["number"], confirm_by=confirm_by, at=instant)
        if known.pending_events:
            work.add(known)
