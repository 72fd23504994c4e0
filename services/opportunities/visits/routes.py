"""Commands on visits over HTTP; a logged visit and its judgements are one append. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.opportunities.events import Judged
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.duplicates import Moves, held
from services.opportunities.opportunity.routes.prospects import require_references, with_day
from services.opportunities.routes.acting import OPPORTUNITIES, VISITS, moment, settle
from services.opportunities.routes.references import (
    owner_and_unit,
    require_account,
    require_in_sight,
    require_people,
    require_products,
)
from services.opportunities.routes.rights import require_decider, require_supervisor
from services.opportunities.visits.commands import (
    CancelVisit,
    JudgementOfVisit,
    LogPlannedVisit,
    LogVisit,
    Outcome,
    PlanVisit,
    ReviewVisit,
)
from services.opportunities.visits.visit import Visit, concerned
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records.corrections import CorrectFact, corrected_time
from shared.records.vaulted import keep

router = Router(prefix="/v1/visits", tags=["visits"])

CHANGES = refuses(404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="visits.plan", responses=refuses(403, 409, 422))
async def plan(command: PlanVisit, ctx: Ctx) -> Receipt:
    """Plan a visit."""
    ctx.require_dealing()
    id = ctx.new_id(Visit.stream_type)

    async def decide(work: Work) -> Visit:
        owner_id, unit_id = await owner_and_unit(ctx, command.owner_id, command.unit_id)
        await require_in_sight(ctx, owner_id, unit_id)
        opportunities = await _opportunities(work, command.opportunity_ids)
        account_id = _account(command.account_id, opportunities)
        await require_account(ctx, account_id, of_opportunity=_is_of(account_id, opportunities))
        await require_people(ctx, command.participants, "/participants")
        return work.add(
            Visit.plan(command, id=id, account_id=account_id, owner_id=owner_id, unit_id=unit_id, at=ctx.now)
        )

    receipt = await VISITS.together(ctx, decide, status=201, location=f"/v1/visits/{id}")
    await keep(ctx, {id: {"preparation": command.preparation}}, Of("visit", id))
    return receipt


@router.post("/log", status_code=201, operation_id="visits.log_unplanned", responses=refuses(403, 409, 422))
async def log_unplanned(command: LogVisit, ctx: Ctx) -> Receipt:
    """Log a visit that was not planned, with its judgements, all or nothing."""
    ctx.require_dealing()
    id = ctx.new_id(Visit.stream_type)
    moves = Moves()
    tries = 0

    async def decide(work: Work) -> Visit:
        nonlocal tries
        tries += 1
        moves.clear()
        owner_id, unit_id = await owner_and_unit(ctx, command.owner_id, command.unit_id)
        await require_in_sight(ctx, owner_id, unit_id)
        opportunities = await _opportunities(work, concerned(command.opportunity_ids, command))
        account_id = _account(command.account_id, opportunities)
        await _require_met(ctx, account_id, command, of_opportunity=_is_of(account_id, opportunities))
        await require_people(ctx, command.participants, "/participants")
        judged = await _judge(ctx, work, command, id, moves, anew=tries > 1)
        now = await moment(ctx, command.on)
        return work.add(
            Visit.logged(
                command,
                id=id,
                account_id=account_id,
                owner_id=owner_id,
                unit_id=unit_id,
                judged=judged,
                at=now.at,
                day=now.day,
            )
        )

    receipt = await VISITS.together(
        ctx,
        decide,
        status=201,
        location=f"/v1/visits/{id}",
        claims=lambda _: moves.claims,
        releases=lambda _: moves.releases,
    )
    await keep(ctx, {id: {"preparation": command.preparation, "narrative": command.narrative}}, Of("visit", id))
    return receipt


@router.post("/{visit_id}/log", operation_id="visits.log", responses=refuses(404, 409, 412, 422))
async def log(visit_id: UUID, command: LogPlannedVisit, ctx: Ctx) -> Receipt:
    """Log a planned visit, with its judgements, all or nothing."""
    moves = Moves()
    tries = 0

    async def decide(work: Work) -> Visit:
        nonlocal tries
        tries += 1
        moves.clear()
        visit = await work.load(VISITS, visit_id, matched=True)
        planned = visit.about["opportunity_ids"] if command.opportunity_ids is None else command.opportunity_ids
        opportunities = await _opportunities(work, concerned(planned, command))
        await _require_met(ctx, _account(visit.about["account_id"], opportunities), command, of_opportunity=True)
        await require_people(ctx, command.participants or (), "/participants")
        now = await moment(ctx, command.on, visit)
        # judged last: whether the visit can be logged is the first question
        trial = visit.copy()
        trial.log_planned(command, judged=(), at=now.at, day=now.day)
        judged = await _judge(ctx, work, command, visit_id, moves, anew=tries > 1)
        visit.log_planned(command, judged=judged, at=now.at, day=now.day)
        return visit

    receipt = await VISITS.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)
    await keep(ctx, {visit_id: {"narrative": command.narrative}}, Of("visit", visit_id))
    return receipt


@router.post("/{visit_id}/review", operation_id="visits.review", responses=CHANGES | refuses(403))
async def review(visit_id: UUID, command: ReviewVisit, ctx: CtxMatch) -> Receipt:
    """Say that the head has read the report, with a comment."""
    await require_supervisor(ctx)

    async def decide(work: Work) -> Visit:
        visit = await work.load(VISITS, visit_id, matched=True)
        now = await moment(ctx, None, visit)
        visit.review(by=now.by, at=now.at, day=now.day)
        return visit

    receipt = await VISITS.together(ctx, decide)
    await keep(ctx, {visit_id: {"comment": command.comment}}, Of("visit", visit_id))
    return receipt


@router.post("/{visit_id}/cancel", operation_id="visits.cancel", responses=CHANGES)
async def cancel(visit_id: UUID, command: CancelVisit, ctx: CtxMatch) -> Receipt:
    """Call a planned visit off, or take back a logged one that never took place, with its judgements."""

    async def decide(work: Work) -> Visit:
        visit = await work.load(VISITS, visit_id, matched=True)
        for judged in visit.cancel(command, at=ctx.now):
            opportunity = await work.load(OPPORTUNITIES, judged.opportunity_id)
            opportunity.void(judged.version, reason=command.reason, at=ctx.now)
        return visit

    return await VISITS.together(ctx, decide)


@router.post("/{visit_id}/correct", operation_id="visits.correct", responses=CHANGES)
async def correct(visit_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a visit's fact said, or its day."""

    async def decide(work: Work) -> Visit:
        visit = await work.load(VISITS, visit_id, matched=True)
        await require_decider(ctx, visit, command.version)
        await require_references(ctx, command.changes)
        now = await moment(ctx, None, visit)
        occurred_at = corrected_time(command, ctx, visit)
        visit.correct(
            command.version,
            with_day(command.changes, visit.ledger.get(command.version), occurred_at, now),
            occurred_at=occurred_at,
            reason=command.reason,
            at=now.at,
        )
        await _require_corrected(ctx, work, visit, command)
        return visit

    return await VISITS.together(ctx, decide)


# -- what a visit refers to, and carries -------------------------------------------------------------------


async def _opportunities(work: Work, ids: Iterable[UUID]) -> Sequence[Opportunity]:
    """The opportunities a visit concerns. Raises Refused 422 `unknown_opportunity`."""
    found = []
    for index, id in enumerate(ids):
        try:
            found.append(await work.load(OPPORTUNITIES, id))
        except Problem as problem:
            if problem.status != 404:
                raise
            raise Refused(
                "unknown_opportunity", "there is no such opportunity", status=422, pointer=f"/opportunity_ids/{index}"
            ) from None
    return found


async def _require_corrected(ctx: CommandContext, work: Work, visit: Visit, command: CorrectFact) -> None:
    """What a correction brings in must exist and be in sight, as when it is logged. Raises Refused 422."""
    entry = visit.ledger[command.version]
    for name in command.changes:
        said = set(entry.original_changes[name]) if isinstance(entry.original_changes[name], tuple) else set()
        match name:
            case "opportunity_ids":
                await _opportunities(work, [id for id in entry.changes[name] if id not in said])
            case "participants":
                new = [person for person in entry.changes[name] if person not in said]
                await require_people(ctx, new, "/changes/participants")
            case "persons_met":
                met = [(met.person_id, "/changes/persons_met") for met in entry.changes[name] if met not in said]
                await require_account(ctx, visit.about["account_id"], met, of_opportunity=True)
            case _:
                pass


def _account(account_id: UUID | None, opportunities: Sequence[Opportunity]) -> UUID | None:
    """The one account a visit is to. Raises Refused 422 `other_account`."""
    for index, opportunity in enumerate(opportunities):
        theirs: UUID | None = opportunity.standing.get("account_id")
        if account_id is None:
            account_id = theirs
        elif theirs is not None and theirs != account_id:
            raise Refused(
                "other_account",
                "that opportunity belongs to another account",
                status=422,
                pointer=f"/opportunity_ids/{index}",
            )
    return account_id


def _is_of(account_id: UUID | None, opportunities: Sequence[Opportunity]) -> bool:
    """Whether it is the account of one of these, which the principal sees."""
    return any(opportunity.standing.get("account_id") == account_id for opportunity in opportunities)


async def _require_met(ctx: CommandContext, account_id: UUID | None, command: Outcome, *, of_opportunity: bool) -> None:
    """`of_opportunity`: the account of an opportunity, or of a visit planned before, that the principal sees."""
    met = [(person.person_id, f"/persons_met/{index}/person_id") for index, person in enumerate(command.persons_met)]
    await require_account(ctx, account_id, met, of_opportunity=of_opportunity)


async def _judge(
    ctx: CommandContext, work: Work, command: LogVisit | LogPlannedVisit, visit_id: UUID, moves: Moves, *, anew: bool
) -> tuple[Judged, ...]:
    """Record the judgements a visit carries on their opportunities, as facts of the same append."""
    judged: list[Judged] = []
    seen: set[UUID] = set()
    for index, judgement in enumerate(command.judgements):
        pointer = f"/judgements/{index}"
        if judgement.opportunity_id in seen:
            raise Refused(
                "duplicate_judgement",
                "an opportunity is judged twice",
                status=422,
                pointer=f"{pointer}/opportunity_id",
            )
        seen.add(judgement.opportunity_id)
        judged += await _judge_one(ctx, work, command, judgement, visit_id, moves, pointer, anew=anew)
    return tuple(judged)


async def _judge_one(
    ctx: CommandContext,
    work: Work,
    command: LogVisit | LogPlannedVisit,
    judgement: JudgementOfVisit,
    visit_id: UUID,
    moves: Moves,
    pointer: str,
    *,
    anew: bool,
) -> list[Judged]:
    await require_products(ctx, judgement.lines, f"{pointer}/lines")
    opportunity = await work.load(OPPORTUNITIES, judgement.opportunity_id)
    before, version = held(opportunity), opportunity.version
    now = await moment(ctx, command.on, opportunity, anew=anew)
    opportunity.qualify(
        judgement, by=now.by, at=now.at, levels=now.rules.levels(now.day), visit_id=visit_id, pointer=pointer
    )
    await settle(ctx, moves, opportunity, before, now)
    return [Judged(opportunity.id, opportunity.version)] if opportunity.version > version else []
