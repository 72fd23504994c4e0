"""Solutions: requests and their approval: over HTTP. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import Response

from services.opportunities.dealing import acting
from services.opportunities.dealing.listing import OfDeals, equals, listed
from services.opportunities.dealing.rights import asked_by, drafts, is_account_manager
from services.opportunities.events import SolutionStatus
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.asked import Ask
from services.opportunities.routes.records import RecordShown, belonging
from services.opportunities.routes.references import product_codes, require_products
from services.opportunities.solutions.commands import (
    ApproveSolution,
    DraftSolution,
    PresentSolution,
    RequestSolution,
    ReturnSolution,
    SubmitSolution,
    WithdrawSolution,
)
from services.opportunities.solutions.report import TABLE, SolutionRow
from services.opportunities.solutions.solution import Solution
from shared.event_store.stream import Refused
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged, Report
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/solutions", tags=["solutions"])

SOLUTIONS = belonging(Solution)
CHANGES = refuses(404, 409, 412, 422, 428)
DECISIONS = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="solutions.request", responses=refuses(403, 409, 422))
async def request(command: RequestSolution, ctx: Ctx) -> Receipt:
    """Ask technical support for a solution (方案需求)."""

    async def check(_: Opportunity) -> None:
        there = await product_codes(ctx.kit.pool, ctx.tenant_id, command.products)
        for index, code in enumerate(command.products):
            if code not in there:
                pointer = f"/products/{index}"
                raise Refused(
                    "unknown_product", f"there is no product {code}", status=422, pointer=pointer, product=code
                )

    def make(id: UUID, now: Moment, _: Opportunity) -> Solution:
        return Solution.request(command, id=id, by=now.by, at=now.at, day=now.day)

    return await acting.begin(ctx, SOLUTIONS, command.opportunity_id, make, on=command.on, check=check)


@router.post("/{solution_id}/draft", operation_id="solutions.draft", responses=DECISIONS)
async def draft(solution_id: UUID, command: DraftSolution, ctx: CtxMatch) -> Receipt:
    """Draw up the next version of the solution (方案): technical support."""

    async def right(_: Solution, __: Moment, ___: Opportunity) -> None:
        if not await drafts(ctx.kit, ctx.principal):
            raise Problem(403, "not_technical_support")

    async def check(_: Solution, __: Moment, ___: Opportunity) -> None:
        await require_products(ctx, command.lines)

    def step(solution: Solution, now: Moment, opportunity: Opportunity) -> None:
        currency = opportunity.standing["currency"]
        solution.draw_up(command, currency=currency, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on, right=right, check=check)


@router.post("/{solution_id}/submit", operation_id="solutions.submit", responses=CHANGES)
async def submit(solution_id: UUID, command: SubmitSolution, ctx: CtxMatch) -> Receipt:
    """Hand the draft in to the account manager."""

    def step(solution: Solution, now: Moment, _: Opportunity) -> None:
        solution.submit(by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on)


@router.post("/{solution_id}/approve", operation_id="solutions.approve", responses=DECISIONS)
async def approve(solution_id: UUID, command: ApproveSolution, ctx: CtxMatch) -> Receipt:
    """Approve the draft: the account manager, never who drafted it."""

    def step(solution: Solution, now: Moment, _: Opportunity) -> None:
        solution.approve(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on, right=_decider(ctx))


@router.post("/{solution_id}/return", operation_id="solutions.return", responses=DECISIONS)
async def give_back(solution_id: UUID, command: ReturnSolution, ctx: CtxMatch) -> Receipt:
    """Return the draft to technical support, with a comment."""

    def step(solution: Solution, now: Moment, _: Opportunity) -> None:
        solution.give_back(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on, right=_decider(ctx))


@router.post("/{solution_id}/present", operation_id="solutions.present", responses=CHANGES)
async def present(solution_id: UUID, command: PresentSolution, ctx: CtxMatch) -> Receipt:
    """Say that the customer was shown the approved solution, with the reaction."""

    def step(solution: Solution, now: Moment, _: Opportunity) -> None:
        solution.present(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on)


@router.post("/{solution_id}/withdraw", operation_id="solutions.withdraw", responses=CHANGES)
async def withdraw(solution_id: UUID, command: WithdrawSolution, ctx: CtxMatch) -> Receipt:
    """Say that the solution is wanted no more."""

    def step(solution: Solution, now: Moment, _: Opportunity) -> None:
        solution.withdraw(command, at=now.at)

    return await acting.act(ctx, SOLUTIONS, solution_id, step, on=command.on)


@router.post("/{solution_id}/correct", operation_id="solutions.correct", responses=DECISIONS)
async def correct(solution_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a fact said, or its day; what was approved only by who could approve it."""
    return await acting.correct(ctx, SOLUTIONS, solution_id, command, decider=_decider(ctx))


@router.post("/{solution_id}/void", operation_id="solutions.void", responses=DECISIONS)
async def void(solution_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await acting.void(ctx, SOLUTIONS, solution_id, command, decider=_decider(ctx))


# -- reading -----------------------------------------------------------------------------------------------


@router.get("", operation_id="solutions.list", response_model=Listed[SolutionRow], responses=refuses(422))
async def solutions(
    ask: Ask,
    page: Paged,
    which: OfDeals,
    status: SolutionStatus | None = None,
    sort: Literal["-requested_on", "wanted_by"] = "-requested_on",
) -> Any:
    """Solutions of the opportunities the caller sees."""
    return await listed(ask, page, TABLE, which, [equals("status", status)], sort)


@router.get("/{solution_id}", operation_id="solutions.read", responses=refuses(404))
async def solution_page(solution_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One solution with its drafts and its whole history."""

    async def may(solution: Solution, opportunity: Opportunity) -> Collection[str]:
        open_to: set[str] = {"draft"} if await drafts(reading.kit, reading.principal) else set()
        if await _manages(reading.kit, reading.principal, solution, opportunity):
            open_to |= {"approve", "return"}
        return open_to

    found, _ = await acting.page(
        reading,
        response,
        Solution,
        solution_id,
        may=may,
        people=_people,
        products=lambda said: said.get("products", ()),
    )
    return found


def _people(standing: Mapping[str, Any]) -> Collection[UUID | None]:
    names = ("requested_by", "drafted_by", "submitted_by", "decided_by", "presented_by")
    return [standing.get(name) for name in names]


# -- rights ------------------------------------------------------------------------------------------------


def _decider(ctx: CommandContext) -> acting.Right[Solution]:
    """Raises Problem 403 `not_account_manager`."""

    async def right(solution: Solution, _: Moment, opportunity: Opportunity) -> None:
        if not await _manages(ctx.kit, ctx.principal, solution, opportunity):
            raise Problem(403, "not_account_manager")

    return right


async def _manages(kit: Kit, principal: Principal, solution: Solution, opportunity: Opportunity) -> bool:
    drafted = await asked_by(kit, principal.tenant_id, solution, ("SolutionDrafted",), "drafted_by", "submitted_by")
    submitted = await asked_by(kit, principal.tenant_id, solution, ("SolutionSubmitted",))
    return await is_account_manager(kit, principal, opportunity, drafted | submitted)
