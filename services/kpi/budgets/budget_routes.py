"""Budgets over HTTP: proposal, inquiry, revision, decision, amendment. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from services.kpi.acting import APPROVES, Moment, belonging, entered, moment, require_line, require_unit
from services.kpi.budgets.budget import Budget, claims
from services.kpi.budgets.commands import (
    AmendBudget,
    ApproveBudget,
    HoldInquiry,
    ProposeBudget,
    ReturnBudget,
    ReviseBudget,
)
from services.kpi.referring import known, require_person_known, require_unit_known
from services.kpi.reporting.views import INTELLIGENCE
from services.kpi.views.people import PEOPLE
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import FINANCE
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/budgets", tags=["budgets"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)
ASKS = APPROVES | {FINANCE}
"""Hold an inquiry: heads and finance."""

OF_FINANCE = f"""
select exists (select from {PEOPLE.table}
                where tenant_id = $1 and stream_id = any($2::uuid[]) and to_at is null and $3 = any(functions))
"""  # noqa: S608 - constants only
ITEMS = f"""
select stream_id, owner_id, unit_id from {INTELLIGENCE.table}
 where tenant_id = $1 and to_at is null and stream_id = any($2::uuid[])
"""  # noqa: S608 - constants only


def _taken(claim: Claim) -> Refused:
    return Refused("budget_there", "that unit has a budget of that year")


BUDGETS: Commands[Budget] = belonging(Budget, taken=_taken)

Step = Callable[[Budget, Moment], None]
Right = Callable[[Budget], Awaitable[None]]


@router.post("", status_code=201, operation_id="budgets.propose", responses=refuses(403, 409, 422))
async def propose(command: ProposeBudget, ctx: Ctx) -> Receipt:
    """Propose the budget of a unit for a year, from collected information: its head or who stands above."""
    id = ctx.new_id(Budget.stream_type)

    async def decide(work: Work) -> Budget:
        await require_unit(ctx, command.unit_id)
        require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, [command.unit_id]), command.unit_id, "/unit_id")
        await _require_items(ctx, command)
        now = moment(ctx, command.on)
        return work.add(Budget.propose(command, id=id, owner_id=now.by, at=now.at))

    return await BUDGETS.together(ctx, decide, claims=claims, status=201, location=f"/v1/budgets/{id}")


@router.post("/{budget_id}/hold-inquiry", operation_id="budgets.hold_inquiry", responses=CHANGES)
async def hold_inquiry(budget_id: UUID, command: HoldInquiry, ctx: CtxMatch) -> Receipt:
    """Ask about a proposal in a meeting with finance (质询会)."""

    async def right(budget: Budget) -> None:
        await require_unit(ctx, budget.standing["unit_id"], ASKS)
        found = await known(ctx.kit.pool, ctx.tenant_id, command.participants)
        for index, person in enumerate(command.participants):
            require_person_known(found, person, f"/participants/{index}")
        there = [ctx.principal.acting_for, *command.participants]
        if not ctx.principal.has(FINANCE) and not await ctx.kit.pool.fetchval(
            OF_FINANCE, ctx.tenant_id, there, FINANCE
        ):
            raise Refused("finance_missing", "nobody of finance", status=422, pointer="/participants")

    return await _act(
        ctx, budget_id, lambda budget, now: budget.ask(command, by=now.by, at=now.at, day=now.day), right, command.on
    )


@router.post("/{budget_id}/revise", operation_id="budgets.revise", responses=CHANGES)
async def revise(budget_id: UUID, command: ReviseBudget, ctx: CtxMatch) -> Receipt:
    """Other lines before the decision."""

    async def right(budget: Budget) -> None:
        await require_unit(ctx, budget.standing["unit_id"])

    return await _act(ctx, budget_id, lambda budget, now: budget.revise(command, at=now.at), right, command.on)


@router.post("/{budget_id}/approve", operation_id="budgets.approve", responses=CHANGES)
async def approve(budget_id: UUID, command: ApproveBudget, ctx: CtxMatch) -> Receipt:
    """Approve a budget finance was asked about: who stands above its proposer."""
    return await _act(
        ctx,
        budget_id,
        lambda budget, now: budget.approve(by=now.by, at=now.at, day=now.day),
        lambda budget: _line(ctx, budget),
        command.on,
    )


@router.post("/{budget_id}/return", operation_id="budgets.return", responses=CHANGES)
async def give_back(budget_id: UUID, command: ReturnBudget, ctx: CtxMatch) -> Receipt:
    """Give a proposal back to be revised."""
    return await _act(
        ctx,
        budget_id,
        lambda budget, now: budget.give_back(command.reason, at=now.at),
        lambda budget: _line(ctx, budget),
        command.on,
    )


@router.post("/{budget_id}/amend", operation_id="budgets.amend", responses=CHANGES)
async def amend(budget_id: UUID, command: AmendBudget, ctx: CtxMatch) -> Receipt:
    """Change an approved budget, under the next number; never below what is used."""
    return await _act(
        ctx,
        budget_id,
        lambda budget, now: budget.amend(command.lines, command.reason, by=now.by, at=now.at, day=now.day),
        lambda budget: _line(ctx, budget),
        command.on,
    )


@router.post("/{budget_id}/correct", operation_id="budgets.correct", responses=CHANGES)
async def correct(budget_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct a fact of a budget; its lines, once approved, are amended instead."""

    async def right(_: CommandContext, budget: Budget) -> None:
        await require_unit(ctx, budget.standing["unit_id"])
        if not budget.standing["number"]:
            return
        if "lines" in command.changes:
            raise Refused("budget_decided", "the budget was approved: amend it", pointer="/changes/lines")
        if command.on is not None or command.occurred_at is not None:  # in another order other lines would count
            await _line(ctx, budget)

    return await http.correct(ctx, BUDGETS, budget_id, command, right=right)


@router.post("/{budget_id}/void", operation_id="budgets.void", responses=CHANGES)
async def void(budget_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back an inquiry, a revision or a decision that never was; uses go with their claims."""

    async def right(_: CommandContext, budget: Budget) -> None:
        entry = budget.entry_about(command.version)
        if entry is not None and entry.type == "BudgetUsed":
            raise Refused("use_of_claim", "reverse the claim", pointer="/version")
        decided = entry is not None and entry.type in ("BudgetApproved", "BudgetReturned", "BudgetAmended")
        if decided or budget.standing["number"]:  # what was approved was approved with all that was said before
            await _line(ctx, budget)
        await require_unit(ctx, budget.standing["unit_id"])

    return await http.void(ctx, BUDGETS, budget_id, command, right=right)


# -- who and what it refers to -----------------------------------------------------------------------------


async def _act(ctx: CommandContext, id: UUID, step: Step, right: Right, on: date | None) -> Receipt:
    async def decide(work: Work) -> Budget:
        budget: Budget = await work.load(BUDGETS, id, matched=True)
        await right(budget)
        step(budget, moment(ctx, on, budget))
        return budget

    return await BUDGETS.together(ctx, decide)


async def _line(ctx: CommandContext, budget: Budget) -> None:
    """Who stands above its proposer; neither the proposer nor who entered the proposal for them."""
    owner = budget.standing["owner_id"]
    await require_line(ctx, owner, requested_by={owner, *await entered(ctx, budget, "BudgetProposed")})


async def _require_items(ctx: CommandContext, command: ProposeBudget) -> None:
    """Raises Refused 422 `unknown_item` for intelligence that is not there, or out of sight."""
    if not command.item_ids:
        return
    sight = await ctx.kit.sight(ctx.principal)
    rows = await ctx.kit.pool.fetch(ITEMS, ctx.tenant_id, list(command.item_ids))
    seen = {
        UUID(bytes=row["stream_id"].bytes)
        for row in rows
        if sight.sees(owner_id=row["owner_id"], unit_id=row["unit_id"])
    }
    for index, id in enumerate(command.item_ids):
        if id not in seen:
            raise Refused("unknown_item", "there is no such item", status=422, pointer=f"/item_ids/{index}")
