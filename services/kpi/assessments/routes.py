"""Assessments of persons over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import moment, require_line
from services.kpi.assessments import commission_routes, reads, rule_routes
from services.kpi.assessments.acting import (
    ASSESSMENTS,
    PREPARES_ASSESSMENTS,
    RATINGS,
    act,
    require_preparing,
    require_signing,
    require_the_person,
    said_by_whom,
    words,
)
from services.kpi.assessments.assessment import Assessment
from services.kpi.assessments.commands import (
    Acknowledge,
    AdjustAssessment,
    AnswerAppeal,
    Appeal,
    OpenAssessment,
    Propose,
    RateAssessment,
    Return,
    SignOff,
)
from services.kpi.assessments.figures import Figures, mean_of_months
from services.kpi.assessments.posts import require_posts
from services.kpi.assessments.scheme import AssessmentSchemes, Scheme, scheme_of
from services.kpi.assessments.scoring import Figure, mean_of
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.period import period_of
from services.kpi.events import Cycle, PartSource, Rater, RaterNamed
from services.kpi.month import first_day, later
from services.kpi.referring import known, require_person_known
from shared.days import end_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/assessments", tags=["assessments"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="assessments.open", responses=refuses(403, 409, 422))
async def open_assessment(command: OpenAssessment, ctx: Ctx) -> Receipt:
    """Assess a person for a month or a year (考核): the reporting line or HR; ratings are gathered from then on."""
    month = first_day(command.month)
    month = month.replace(month=1) if command.cycle is Cycle.YEAR else month
    id = Assessment.id_of(ctx.tenant_id, command.cycle, month, command.owner_id)

    async def decide(work: Work) -> Assessment:
        pool = ctx.kit.pool
        posts = await require_posts(pool, ctx.tenant_id, command.owner_id, "/owner_id")
        days = await working_days(pool, ctx.tenant_id)
        period = period_of(days.month_bounds(month)[0], command.cycle.value, days)
        now = moment(ctx)
        if now.day < period.first:
            raise Refused("period_not_begun", "the period has not begun", status=422, pointer="/month")
        post = posts.at(min(end_of(period.last, now.zone), now.at))
        await require_preparing(ctx, command.owner_id, post.unit_id, PREPARES_ASSESSMENTS)
        found = await known(pool, ctx.tenant_id, [one.person_id for one in command.raters])
        for index, one in enumerate(command.raters):
            require_person_known(found, one.person_id, f"/raters/{index}/person_id")
        if await ctx.kit.repository(Assessment).load(ctx.tenant_id, id) is not None:
            raise Refused("already_assessed", "there is one already")
        return work.add(
            Assessment.open(
                id=id,
                cycle=command.cycle,
                month=month,
                owner_id=command.owner_id,
                unit_id=post.unit_id,
                post=post.post,
                raters=[RaterNamed(one.person_id, one.rater) for one in command.raters],
                at=now.at,
            )
        )

    return await ASSESSMENTS.together(ctx, decide, status=201, location=f"/v1/assessments/{id}")


@router.post("/{assessment_id}/rate", operation_id="assessments.rate", responses=CHANGES)
async def rate(assessment_id: UUID, command: RateAssessment, ctx: CtxMatch) -> Receipt:
    """Give points for one aspect: as superior the reporting line, otherwise who is asked; nobody themself."""

    async def right(ctx: CommandContext, record: Assessment) -> None:
        owner = record.standing["owner_id"]
        selves = {ctx.principal.person_id, ctx.principal.acting_for}
        if owner in selves:
            raise Problem(403, "rates_not_asked")
        if RaterNamed(ctx.principal.acting_for, command.rater) in record.standing["raters"]:
            return
        if command.rater is not Rater.SUPERIOR:
            raise Problem(403, "rates_not_asked")
        await require_line(ctx, owner, requested_by=(owner,))

    return await act(
        ctx,
        RATINGS,
        assessment_id,
        lambda record, now: record.rate(command, by=now.by, at=now.at, day=now.day),
        right=right,
    )


@router.post("/{assessment_id}/propose", operation_id="assessments.propose", responses=CHANGES)
async def propose(assessment_id: UUID, command: Propose, ctx: CtxMatch) -> Receipt:
    """Compute the result from the official figures of the closed period and the ratings; kept with its computation."""

    async def decide(work: Work) -> Assessment:
        record = await work.load(ASSESSMENTS, assessment_id, matched=True)
        standing = record.standing
        await require_preparing(ctx, standing["owner_id"], standing["unit_id"], PREPARES_ASSESSMENTS)
        figures = await Figures.of(ctx)
        closed = figures.closed(standing["month"], standing["cycle"])
        schemes = await ctx.kit.repository(AssessmentSchemes).load(
            ctx.tenant_id, AssessmentSchemes.id_of(ctx.tenant_id)
        )
        known_schemes = AssessmentSchemes.known(schemes)
        scheme = scheme_of(known_schemes, standing["post"], standing["cycle"], closed.period.last)
        if scheme is None:
            raise Refused("no_scheme", "nothing is published for that post", given=standing["post"])
        found = await _figures(ctx, figures, record, scheme)
        now = moment(ctx, None, record)
        record.propose(
            scheme,
            found,
            known_at=closed.known_at,
            opening_known_at=closed.opening_known_at,
            by=now.by,
            at=now.at,
        )
        return record

    return await ASSESSMENTS.together(ctx, decide)


async def _figures(ctx: CommandContext, figures: Figures, record: Assessment, scheme: Scheme) -> dict[str, Figure]:
    """What each part of the scheme is worth, by its code."""
    standing = record.standing
    closed = figures.closed(standing["month"], standing["cycle"])
    kpis = [part for part in scheme.parts if part.source is PartSource.KPI]
    own = [part.kpi for part in kpis if part.kpi is not None and not part.of_unit]
    of_unit = [part.kpi for part in kpis if part.kpi is not None and part.of_unit]
    by_person = await figures.of_person(list(dict.fromkeys(own)), closed, person_id=standing["owner_id"])
    by_unit = await figures.of_person(list(dict.fromkeys(of_unit)), closed, unit_id=standing["unit_id"])
    found: dict[str, Figure] = {}
    for part in scheme.parts:
        if part.source is PartSource.KPI and part.kpi is not None:
            found[part.code] = (by_unit if part.of_unit else by_person)[part.kpi]
        elif part.source is PartSource.RATING and part.rater is not None and part.aspect is not None:
            found[part.code] = mean_of(standing.get("ratings", ()), part.rater, part.aspect)
        else:
            months = [later(standing["month"], number) for number in range(12)]
            ids = [Assessment.id_of(ctx.tenant_id, Cycle.MONTH, one, standing["owner_id"]) for one in months]
            found[part.code] = await mean_of_months(ctx.kit.pool, ctx.tenant_id, ids)
    return found


@router.post("/{assessment_id}/adjust", operation_id="assessments.adjust", responses=CHANGES)
async def adjust(assessment_id: UUID, command: AdjustAssessment, ctx: CtxMatch) -> Receipt:
    """Decide the points of one part otherwise, with a reason: the reporting line."""
    return await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.adjust(command.code, command.points, command.reason, at=now.at),
        right=require_signing,
    )


@router.post("/{assessment_id}/sign-off", operation_id="assessments.sign_off", responses=CHANGES)
async def sign_off(assessment_id: UUID, command: SignOff, ctx: CtxMatch) -> Receipt:
    """The reporting line signs the result off."""
    return await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.sign(by=now.by, at=now.at, day=now.day),
        right=require_signing,
    )


@router.post("/{assessment_id}/return", operation_id="assessments.return", responses=CHANGES)
async def give_back(assessment_id: UUID, command: Return, ctx: CtxMatch) -> Receipt:
    """The reporting line does not sign it: it is open again."""
    return await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.give_back(command.reason, at=now.at),
        right=require_signing,
    )


@router.post("/{assessment_id}/acknowledge", operation_id="assessments.acknowledge", responses=CHANGES)
async def acknowledge(assessment_id: UUID, command: Acknowledge, ctx: CtxMatch) -> Receipt:
    """The person takes note of the result."""
    return await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.acknowledge(at=now.at, day=now.day),
        right=require_the_person,
    )


@router.post("/{assessment_id}/appeal", operation_id="assessments.appeal", responses=CHANGES)
async def appeal(assessment_id: UUID, command: Appeal, ctx: CtxMatch) -> Receipt:
    """The person does not agree (申诉); the words are kept in the vault."""
    receipt = await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.appeal(at=now.at, day=now.day),
        right=require_the_person,
    )
    await words(ctx, Assessment.stream_type, assessment_id, appeal=command.appeal)
    return receipt


@router.post("/{assessment_id}/answer-appeal", operation_id="assessments.answer_appeal", responses=CHANGES)
async def answer_appeal(assessment_id: UUID, command: AnswerAppeal, ctx: CtxMatch) -> Receipt:
    """The reporting line answers: upheld, a new result is due; not upheld, the result stands."""
    receipt = await act(
        ctx,
        ASSESSMENTS,
        assessment_id,
        lambda record, now: record.answer(upheld=command.upheld, by=now.by, at=now.at, day=now.day),
        right=require_signing,
    )
    await words(ctx, Assessment.stream_type, assessment_id, answer=command.answer)
    return receipt


@router.post("/{assessment_id}/correct", operation_id="assessments.correct", responses=CHANGES)
async def correct(assessment_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the reason, or the day, of an earlier fact; results are computed or adjusted anew instead."""
    return await http.correct(ctx, ASSESSMENTS, assessment_id, command, right=said_by_whom(command.version))


@router.post("/{assessment_id}/void", operation_id="assessments.void", responses=CHANGES)
async def void(assessment_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await http.void(ctx, ASSESSMENTS, assessment_id, command, right=said_by_whom(command.version))


ROUTERS: tuple[Router, ...] = (rule_routes.router, reads.router, router, commission_routes.router)
