"""Expense claims over HTTP; an approval and the use of the budget are one append. The rules are elsewhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.kpi.acting import belonging, entered, moment, require_line, require_unit
from services.kpi.budgets.budget import SCOPE, Budget
from services.kpi.budgets.commands import ApproveClaim, ClaimExpense, PayClaim, RefuseClaim, ReverseClaim
from services.kpi.budgets.events import BudgetStatus
from services.kpi.budgets.expense_claim import ExpenseClaim
from services.kpi.reporting.placing import owner_and_unit, require_account
from services.kpi.views.units import UNITS
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import FINANCE
from shared.records import http
from shared.records.corrections import CorrectFact

router = Router(prefix="/v1/budgets/claims", tags=["budgets"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)

CLAIMS: Commands[ExpenseClaim] = belonging(ExpenseClaim)
ANY_BUDGET: Commands[Budget] = Commands(Budget)
"""Budgets as claims use them: whoever claims or approves need not see the whole budget."""

# The unit and those above it, the nearest first.
UP = f"""
with recursive up as (
    select $2::uuid as unit_id, 0 as distance
    union all
    select u.parent_id, up.distance + 1
      from up join {UNITS.table} u on u.tenant_id = $1 and u.stream_id = up.unit_id and u.to_at is null
     where u.parent_id is not null and up.distance < 30
)
select unit_id from up order by distance
"""  # noqa: S608 - constants only
# The budgets of these units and a year: what no other budget may be of says which they are, at once.
OF_UNITS = """
select c.stream_id
  from unnest($2::uuid[]) with ordinality as u(unit_id, place)
  join es.claims c on c.tenant_id = $1 and c.scope = $3 and starts_with(c.key, u.unit_id || '/' || $4 || '/')
 order by u.place, c.key
"""
LOGGED = "logged"
"""Of a visit that took place."""
VISIT = """
select e.data -> 'standing' as standing
  from es.events e
 where e.tenant_id = $1 and e.stream_id = $2 and e.stream_type = 'visit'
 order by e.version desc
 limit 1
"""


@router.post("", status_code=201, operation_id="budgets.claim", responses=refuses(403, 404, 409, 422))
async def claim(command: ClaimExpense, ctx: Ctx) -> Receipt:
    """Claim what was spent for an account or on a visit (报销); the back office claims for others."""
    id = ctx.new_id(ExpenseClaim.stream_type)

    async def decide(work: Work) -> ExpenseClaim:
        owner_id, unit_id = await owner_and_unit(ctx)
        account_id = await _account(ctx, command)
        now = moment(ctx, command.on)
        year = (command.spent_on or now.day).year
        budget = await _budget(ctx, unit_id, year, command.budget_id)
        budget.require_category(command.category)
        return work.add(
            ExpenseClaim.claim(
                command,
                id=id,
                budget_id=budget.id,
                currency=budget.standing["currency"],
                account_id=account_id,
                owner_id=owner_id,
                unit_id=unit_id,
                at=now.at,
                day=now.day,
            )
        )

    return await CLAIMS.together(ctx, decide, status=201, location=f"/v1/budgets/claims/{id}")


@router.post("/{claim_id}/approve", operation_id="budgets.approve_claim", responses=CHANGES)
async def approve(claim_id: UUID, command: ApproveClaim, ctx: CtxMatch) -> Receipt:
    """Approve a claim: the budget is used in the same append, and never beyond what is left."""

    async def decide(work: Work) -> ExpenseClaim:
        found = await _decided(ctx, work, claim_id)
        budget = await work.load(ANY_BUDGET, found.standing["budget_id"])
        now = moment(ctx, command.on, found)
        use = found.approve(by=now.by, at=now.at, day=now.day)
        if use is not None:
            if budget.standing["status"] is not BudgetStatus.APPROVED:
                raise Refused("budget_not_approved", "the budget was not approved yet")
            budget.use(use, at=moment(ctx, command.on, budget).at)
        return found

    return await CLAIMS.together(ctx, decide)


@router.post("/{claim_id}/refuse", operation_id="budgets.refuse_claim", responses=CHANGES)
async def refuse(claim_id: UUID, command: RefuseClaim, ctx: CtxMatch) -> Receipt:
    """Refuse a claim."""

    async def decide(work: Work) -> ExpenseClaim:
        found = await _decided(ctx, work, claim_id)
        now = moment(ctx, command.on, found)
        found.refuse(command.reason, by=now.by, at=now.at, day=now.day)
        return found

    return await CLAIMS.together(ctx, decide)


@router.post("/{claim_id}/pay", operation_id="budgets.pay_claim", responses=CHANGES)
async def pay(claim_id: UUID, command: PayClaim, ctx: CtxMatch) -> Receipt:
    """Finance paid an approved claim out."""

    async def decide(work: Work) -> ExpenseClaim:
        found = await work.load(CLAIMS, claim_id, matched=True)
        await _pays(ctx, found)
        now = moment(ctx, command.on, found)
        found.pay(command.ref, at=now.at, day=now.day)
        return found

    return await CLAIMS.together(ctx, decide)


@router.post("/{claim_id}/reverse", operation_id="budgets.reverse_claim", responses=CHANGES)
async def reverse(claim_id: UUID, command: ReverseClaim, ctx: CtxMatch) -> Receipt:
    """Take an approval back before it is paid: the budget has the amount again."""

    async def decide(work: Work) -> ExpenseClaim:
        found = await _decided(ctx, work, claim_id)
        budget = await work.load(ANY_BUDGET, found.standing["budget_id"])
        now = moment(ctx, command.on, found)
        use = found.reverse(command.reason, at=now.at, day=now.day)
        if use is not None:
            budget.use(use, at=moment(ctx, command.on, budget).at)
        return found

    return await CLAIMS.together(ctx, decide)


@router.post("/{claim_id}/correct", operation_id="budgets.correct_claim", responses=CHANGES)
async def correct(claim_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the words of a claim, or when it was paid; money is refused or reversed, and claimed anew."""

    async def right(_: CommandContext, found: ExpenseClaim) -> None:
        entry = found.entry_about(command.version)
        if entry is not None and entry.type == "ExpenseClaimPaid":
            await _pays(ctx, found)
        elif entry is not None and entry.type != "ExpenseClaimed":
            await _line(ctx, found)

    return await http.correct(ctx, CLAIMS, claim_id, command, right=right)


# -- who and what it refers to -----------------------------------------------------------------------------


async def _decided(ctx: CommandContext, work: Work, id: UUID) -> ExpenseClaim:
    """The claim, for who stands above the claimant in the reporting line; nobody their own."""
    found = await work.load(CLAIMS, id, matched=True)
    await _line(ctx, found)
    return found


async def _line(ctx: CommandContext, claim: ExpenseClaim) -> None:
    """Who stands above the claimant; neither the claimant nor who entered the claim for them."""
    owner = claim.standing["owner_id"]
    await require_line(ctx, owner, requested_by={owner, *await entered(ctx, claim, "ExpenseClaimed")})


async def _pays(ctx: CommandContext, claim: ExpenseClaim) -> None:
    """Finance with the unit in sight; nobody their own. Raises Problem 403."""
    await require_unit(ctx, claim.standing["unit_id"], {FINANCE})
    if claim.standing["owner_id"] in (ctx.principal.person_id, ctx.principal.acting_for):
        raise Problem(403, "not_in_reporting_line")


async def _budget(ctx: CommandContext, unit_id: UUID, year: int, budget_id: UUID | None) -> Budget:
    """The budget named, or the approved one of the unit or the nearest above. Raises Refused 422 `no_budget`."""
    pool, tenant_id = ctx.kit.pool, ctx.tenant_id
    units = [UUID(bytes=row["unit_id"].bytes) for row in await pool.fetch(UP, tenant_id, unit_id)]
    candidates = [budget_id]
    if budget_id is None:
        rows = await pool.fetch(OF_UNITS, tenant_id, units, SCOPE, str(year))
        candidates = [UUID(bytes=row["stream_id"].bytes) for row in rows]
    for id in candidates:
        budget: Budget | None = await ctx.kit.repository(Budget).load(tenant_id, id)
        if budget is None or budget.standing.get("unit_id") not in units:
            continue
        if budget.standing["year"] == year and budget.standing["status"] is BudgetStatus.APPROVED:
            return budget
    raise Refused("no_budget", "no approved budget of that year", status=422, pointer="/budget_id", year=year)


async def _account(ctx: CommandContext, command: ClaimExpense) -> UUID | None:
    """The account it is for, the visit's if none is named. Raises Refused 422 `unknown_account`, `unknown_visit`."""
    await require_account(ctx, command.account_id)
    if command.visit_id is None:
        return command.account_id
    visit: dict[str, Any] | None = await ctx.kit.pool.fetchval(VISIT, ctx.tenant_id, command.visit_id)
    sight = await ctx.kit.sight(ctx.principal)
    if not visit or not sight.sees(
        owner_id=_id(visit.get("owner_id")),
        unit_id=_id(visit.get("unit_id")),
        team=map(UUID, visit.get("participants") or ()),
    ):
        raise Refused("unknown_visit", "there is no such visit", status=422, pointer="/visit_id")
    if visit.get("status") != LOGGED:
        raise Refused("visit_not_made", "the visit was not made", status=422, pointer="/visit_id")
    account = visit.get("account_id")
    if command.account_id is not None and account is not None and account != str(command.account_id):
        raise Refused("visit_elsewhere", "the visit was to another customer", status=422, pointer="/visit_id")
    return command.account_id or (None if account is None else UUID(account))


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
