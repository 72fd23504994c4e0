"""How commands on annual plans are carried out, and by whom. The rules of one plan are in `plan.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.kpi.acting import APPROVES, Moment, belonging, entered, moment, require_line, require_unit
from services.kpi.asking import Asking
from services.kpi.calendar.working_days import working_days
from services.kpi.month import said
from services.kpi.plans.commands import MOST_UNITS, CascadePlan, ChangePlan, ProposePlan
from services.kpi.plans.events import PlanBasis, PlanMeasure, PlanRow, PlanSpread, PlanStatus
from services.kpi.plans.lines import (
    difference,
    divided,
    grown,
    growths_of,
    merged,
    require_sound_rows,
    rows_of,
)
from services.kpi.plans.outcomes import SOURCES, Tree, bases, tree_of
from services.kpi.plans.plan import AnnualPlan, months_of, plan_id
from services.kpi.referring import known, require_unit_known
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.identity.principal import BACK_OFFICE, FINANCE
from shared.identity.sight import Sight

PROPOSES: Final = APPROVES | {BACK_OFFICE}
"""Propose, revise and submit plans of units they see."""
REVIEWS: Final = APPROVES | {FINANCE}

PLANS: Commands[AnnualPlan] = belonging(AnnualPlan)
ANY: Commands[AnnualPlan] = Commands(AnnualPlan)
"""For the plans a command touches beside the one it names."""

Step = Callable[[AnnualPlan, Moment], None]


def question(ctx: CommandContext, at: datetime | None = None) -> Asking:
    """What a command computes from: all there is, of an instant of business time or the latest."""
    return Asking(ctx.tenant_id, ctx.principal.zone, at or ctx.now, Sight(everything=True), latest=at is None)


# -- the proposal ------------------------------------------------------------------------------------------


async def propose(ctx: CommandContext, command: ProposePlan) -> Receipt:
    """Open the plan of a unit and year. Raises Refused 409 `plan_exists`, 422; Problem 403."""
    unit_id = command.unit_id or ctx.principal.unit_id
    if unit_id is None:
        raise Refused("unknown_unit", "of which unit?", status=422, pointer="/unit_id")
    await require_unit(ctx, unit_id, PROPOSES)
    id = plan_id(ctx.tenant_id, unit_id, command.year)

    async def decide(work: Work) -> AnnualPlan:
        require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, [unit_id]), unit_id, "/unit_id")
        if await _plan(ctx, id) is not None:
            raise Refused("plan_exists", "that unit and year has a plan", pointer="/year")
        now = moment(ctx, command.on)
        growths, stated = growths_of(command.growths), rows_of(command.rows)
        require_sound_rows(stated, months_of(command.year))
        basis: tuple[PlanBasis, ...] = ()
        if growths:
            pool = ctx.kit.pool
            days, tree = await working_days(pool, ctx.tenant_id), await tree_of(pool, question(ctx))
            asking = question(ctx, None if command.on is None else now.at)  # a plan told late foresees nothing
            found = await bases(pool, asking, days, year=command.year, units=[unit_id], tree=tree)
            wanted = {growth.measure for growth in growths}
            basis = tuple(one for one in found[unit_id] if one.measure in wanted)
        return work.add(
            AnnualPlan.propose(
                id=id,
                year=command.year,
                unit_id=unit_id,
                owner_id=ctx.principal.acting_for,
                rows=merged(grown(growths, basis), stated),
                growths=growths,
                basis=basis,
                at=now.at,
            )
        )

    return await PLANS.together(ctx, decide, status=201, location=f"/v1/plans/{id}")


# -- one plan ----------------------------------------------------------------------------------------------


async def act(ctx: CommandContext, id: UUID, step: Step, right: Right, *, on: date | None = None) -> Receipt:
    """Carry out one command on one plan."""

    async def decide(work: Work) -> AnnualPlan:
        plan = await work.load(PLANS, id, matched=True)
        await right(ctx, plan)
        step(plan, moment(ctx, on, plan))
        return plan

    return await PLANS.together(ctx, decide)


Right = Callable[[CommandContext, AnnualPlan], Any]


async def may_propose(ctx: CommandContext, plan: AnnualPlan) -> None:
    await require_unit(ctx, plan.standing["unit_id"], PROPOSES)


async def may_review(ctx: CommandContext, plan: AnnualPlan) -> None:
    """Heads above and at the unit, and finance; nobody what they submitted."""
    await require_unit(ctx, plan.standing["unit_id"], REVIEWS)
    if ctx.principal.person_id in await _submitted_by(ctx, plan):
        raise Problem(403, "not_in_reporting_line")


async def may_approve(ctx: CommandContext, plan: AnnualPlan) -> None:
    """The reporting line of who proposed it; nobody what they proposed or submitted, or entered for others."""
    if (owner_id := plan.standing.get("owner_id")) is None:
        await require_unit(ctx, plan.standing["above_id"])
        return
    proposed = {owner_id, *await entered(ctx, plan, "AnnualPlanProposed")}
    await require_line(ctx, owner_id, requested_by=proposed | await _submitted_by(ctx, plan))


async def _submitted_by(ctx: CommandContext, plan: AnnualPlan) -> set[UUID]:
    """In whose name it was submitted, and who entered that."""
    said = plan.standing.get("submitted_by")
    return {*(() if said is None else (said,)), *await entered(ctx, plan, "AnnualPlanSubmitted")}


async def may_correct(ctx: CommandContext, plan: AnnualPlan) -> None:
    """While it is a draft, who proposes; afterwards who stands above it."""
    if plan.standing["status"] in (PlanStatus.DRAFT, PlanStatus.RETURNED):
        await may_propose(ctx, plan)
    elif plan.standing["status"] is PlanStatus.HANDED_DOWN:
        await require_unit(ctx, plan.standing["above_id"])
    else:
        await may_approve(ctx, plan)


# -- those below -------------------------------------------------------------------------------------------


async def root_of(ctx: CommandContext, plan: AnnualPlan) -> AnnualPlan:
    """The plan it was cascaded from in the end; itself when it was not."""
    root_id = plan.standing.get("root_id")
    root = plan if root_id is None else await _plan(ctx, root_id)
    return root or plan


async def cascade(ctx: CommandContext, id: UUID, command: CascadePlan) -> Receipt:
    """Divide a plan among the units below it, all of their plans in one append."""

    async def decide(work: Work) -> AnnualPlan:
        plan = await work.load(PLANS, id, matched=True)
        await require_unit(ctx, plan.standing["unit_id"], APPROVES)
        root = await root_of(ctx, plan)
        status = root.standing["status"]
        if status not in (PlanStatus.APPROVED, PlanStatus.ISSUED):
            raise Refused("plan_not_approved", "it is not approved", status_now=str(status))
        given = await _parts(ctx, plan, command, issued=status is PlanStatus.ISSUED)
        below = {unit: await _plan(ctx, plan_id(ctx.tenant_id, unit, plan.standing["year"])) for unit in given}
        if status is PlanStatus.ISSUED and any(
            part is not None and part.standing["status"] is PlanStatus.HANDED_DOWN for part in below.values()
        ):
            raise Refused("plan_issued", "one of them has its part", pointer="/units")
        if command.difference_reason is None:
            before = [rows for unit, rows in (await _rows_below(ctx, plan)).items() if unit not in given]
            _require_sums(plan, [*before, *given.values()])
        now = moment(ctx, command.on, plan)
        plan.cascade(tuple(given), spread=command.spread, difference_reason=command.difference_reason, at=now.at)
        for unit, rows in given.items():
            child = plan_id(ctx.tenant_id, unit, plan.standing["year"])
            if below[unit] is None:
                work.add(AnnualPlan.part(id=child, above=plan, unit_id=unit, rows=rows, at=now.at))
            else:
                (await work.load(ANY, child)).take_part(plan, rows, at=now.at)
        return plan

    return await PLANS.together(ctx, decide)


async def issue(ctx: CommandContext, id: UUID, on: date | None) -> Receipt:
    """Put a plan and all below it in force. Raises Refused 422 `parts_do_not_sum`."""

    async def decide(work: Work) -> AnnualPlan:
        plan = await work.load(PLANS, id, matched=True)
        await may_approve(ctx, plan)
        waiting = [plan]
        while waiting:
            above = waiting.pop()
            below = await _below(ctx, above)
            if below and above.standing.get("difference_reason") is None:
                _require_sums(above, [one.standing["rows"] for one in below])
            waiting.extend(below)
        now = moment(ctx, on, plan)
        plan.issue(by=now.by, at=now.at)
        return plan

    return await PLANS.together(ctx, decide)


async def change(ctx: CommandContext, id: UUID, command: ChangePlan) -> Receipt:
    """The next numbered version of a plan in force."""

    async def decide(work: Work) -> AnnualPlan:
        plan = await work.load(PLANS, id, matched=True)
        root = await root_of(ctx, plan)
        if plan.standing["status"] is PlanStatus.HANDED_DOWN:
            await require_unit(ctx, plan.standing["above_id"])
        else:
            await require_line(ctx, plan.standing["owner_id"])
        if root.standing["status"] is not PlanStatus.ISSUED:
            raise Refused("plan_not_issued", "it is not in force", status_now=str(root.standing["status"]))
        now = moment(ctx, command.on, plan)
        plan.change(command, by=now.by, at=now.at, today=day_of(ctx.now, now.zone))
        return plan

    return await PLANS.together(ctx, decide)


async def _parts(
    ctx: CommandContext, plan: AnnualPlan, command: CascadePlan, *, issued: bool
) -> Mapping[UUID, tuple[PlanRow, ...]]:
    """What each unit gets. Raises Refused 409 `nobody_below`, 422 `not_below`, `parts_stated` and of rows."""
    tree = await tree_of(ctx.kit.pool, question(ctx))
    stated = command.spread is PlanSpread.STATED
    named = [part.unit_id for part in command.units] if stated else list(command.unit_ids)
    wrong = bool(command.unit_ids) if stated else bool(command.units) or issued
    if wrong or len(set(named)) < len(named) or (stated and not named):
        raise Refused("parts_stated", "parts are given when they are stated", status=422, pointer="/units")
    children = tree.children(plan.standing["unit_id"])
    for unit in named:
        if unit not in children:
            raise Refused("not_below", "that unit is not directly below", status=422, pointer="/units")
    if stated:
        given = {part.unit_id: rows_of(part.rows) for part in command.units}
        for place, rows in enumerate(given.values()):
            require_sound_rows(rows, months_of(plan.standing["year"]), f"/units/{place}/rows")
        return given
    if not (units := tuple(named) or children):
        raise Refused("nobody_below", "there is no unit below")
    if len(units) > MOST_UNITS:
        raise Refused("too_many_units", "name fewer", status=422, pointer="/unit_ids", most=MOST_UNITS)
    asking = question(ctx, None if command.on is None else moment(ctx, command.on).at)
    weights = await weights_of(ctx.kit.pool, asking, plan.standing, units, tree, command.spread)
    return {unit: tuple(rows) for unit, rows in divided(plan.standing["rows"], weights).items()}


async def weights_of(
    pool: Any, asking: Asking, standing: Mapping[str, Any], units: Sequence[UUID], tree: Tree, spread: PlanSpread
) -> Mapping[tuple[date, PlanMeasure], Mapping[UUID, Decimal]]:
    """By month and measure, the weight of each unit. Leads and amounts follow the orders."""
    even = dict.fromkeys(units, Decimal(1))
    cells = {(row.month, row.measure) for row in standing["rows"]}
    if spread is PlanSpread.EVEN:
        return dict.fromkeys(cells, even)
    days = await working_days(pool, asking.tenant_id)
    found = await bases(pool, asking, days, year=standing["year"], units=units, tree=tree)
    by: dict[tuple[date, PlanMeasure], dict[UUID, Decimal]] = {}
    for unit in units:
        for one in found[unit]:
            by.setdefault((one.month, one.measure), {})[unit] = one.outcome
    return {
        (month, measure): by[month, measure if measure in SOURCES else PlanMeasure.ORDERS] for month, measure in cells
    }


async def _plan(ctx: CommandContext, id: UUID) -> AnnualPlan | None:
    found: AnnualPlan | None = await ctx.kit.repository(AnnualPlan).load(ctx.tenant_id, id)
    return found


async def _below(ctx: CommandContext, plan: AnnualPlan) -> list[AnnualPlan]:
    """The plans cascaded from this one."""
    units = plan.standing.get("cascaded_to", ())
    found = [await _plan(ctx, plan_id(ctx.tenant_id, unit, plan.standing["year"])) for unit in units]
    return [one for one in found if one is not None and one.standing.get("parent_id") == plan.id]


async def _rows_below(ctx: CommandContext, plan: AnnualPlan) -> Mapping[UUID, tuple[PlanRow, ...]]:
    return {one.standing["unit_id"]: one.standing["rows"] for one in await _below(ctx, plan)}


def _require_sums(plan: AnnualPlan, parts: Sequence[Sequence[PlanRow]]) -> None:
    if (found := difference(plan.standing["rows"], parts)) is not None:
        (month, measure, _, _), missing = found
        raise Refused(
            "parts_do_not_sum",
            f"{measure} of {said(month)}: {missing} missing",
            status=422,
            pointer="/units",
            month=said(month),
            measure=str(measure),
            missing=format(missing, "f"),
        )
