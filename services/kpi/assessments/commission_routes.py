"""Commission proposals over HTTP. The rules are elsewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import moment
from services.kpi.assessments.acting import (
    COMMISSIONS,
    PREPARES_COMMISSIONS,
    act,
    require_preparing,
    require_signing,
    require_the_person,
    said_by_whom,
    words,
)
from services.kpi.assessments.commands import (
    Acknowledge,
    AdjustCommission,
    AnswerAppeal,
    Appeal,
    Propose,
    ProposeCommission,
    Return,
    SignOff,
)
from services.kpi.assessments.commission import Commission, Computed
from services.kpi.assessments.commission_rule import CommissionRules, rule_of
from services.kpi.assessments.figures import Figures
from services.kpi.assessments.posts import Post, Posts, require_posts
from services.kpi.assessments.settling import BACK, NOTHING, Rule, settled
from services.kpi.month import first_day, later
from shared.days import end_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/commissions", tags=["assessments"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="commissions.propose", responses=refuses(403, 409, 422))
async def propose(command: ProposeCommission, ctx: Ctx) -> Receipt:
    """Compute what a person's sales of a closed month are paid (提成), late entries to earlier months included."""
    month = first_day(command.month)
    id = Commission.id_of(ctx.tenant_id, month, command.owner_id)

    async def decide(work: Work) -> Commission:
        posts = await require_posts(ctx.kit.pool, ctx.tenant_id, command.owner_id, "/owner_id")
        figures = await Figures.of(ctx)
        post = _post(posts, figures, month)
        await require_preparing(ctx, command.owner_id, post.unit_id, PREPARES_COMMISSIONS)
        if await ctx.kit.repository(Commission).load(ctx.tenant_id, id) is not None:
            raise Refused("already_proposed", "there is one already")
        computed = await _computed(ctx, figures, posts, month, command.owner_id)
        now = moment(ctx)
        return work.add(Commission.propose(computed, id=id, by=now.by, at=now.at))

    return await COMMISSIONS.together(ctx, decide, status=201, location=f"/v1/commissions/{id}")


@router.post("/{commission_id}/propose", operation_id="commissions.recompute", responses=CHANGES)
async def recompute(commission_id: UUID, command: Propose, ctx: CtxMatch) -> Receipt:
    """Compute it anew: before it is signed off, or after an appeal that was upheld."""

    async def decide(work: Work) -> Commission:
        record = await work.load(COMMISSIONS, commission_id, matched=True)
        standing = record.standing
        await require_preparing(ctx, standing["owner_id"], standing["unit_id"], PREPARES_COMMISSIONS)
        posts = await require_posts(ctx.kit.pool, ctx.tenant_id, standing["owner_id"], "/owner_id")
        computed = await _computed(ctx, await Figures.of(ctx), posts, standing["month"], standing["owner_id"])
        now = moment(ctx, None, record)
        record.recompute(computed, by=now.by, at=now.at)
        return record

    return await COMMISSIONS.together(ctx, decide)


def _post(posts: Posts, figures: Figures, month: date) -> Post:
    """The post at the month's end."""
    return posts.at(end_of(figures.days.month_bounds(month)[1], figures.zone))


async def _computed(ctx: CommandContext, figures: Figures, posts: Posts, month: date, owner_id: UUID) -> Computed:
    """See `settling.py`. Raises Refused 409 `month_not_closed`, `no_commission_rule`."""
    closed = figures.closed(month)
    stream = await ctx.kit.repository(CommissionRules).load(ctx.tenant_id, CommissionRules.id_of(ctx.tenant_id))
    published = CommissionRules.known(stream)
    known_before = figures.position(later(month, -1))
    earlier = [] if known_before is None else [later(month, -back) for back in range(1, BACK + 1)]
    rules: dict[date, Rule] = {}
    for one in (month, *earlier):
        if (rule := rule_of(published, _post(posts, figures, one).post, one)) is not None:
            rules[one] = rule
    post = _post(posts, figures, month)
    if month not in rules:
        raise Refused("no_commission_rule", "nothing is published for that post", given=post.post)
    asked = {(line.kpi, line.product) for rule in rules.values() for line in rule.lines}
    factors = {rule.factor.kpi for rule in rules.values() if rule.factor is not None}
    months = sorted(rules)
    now = await figures.of_months(months, closed.known_at, owner_id, asked, factors)
    before = NOTHING
    if known_before is not None:
        before = await figures.of_months(
            [one for one in months if one != month], known_before, owner_id, asked, factors
        )
    lines, due = settled(month, earlier, rules.get, now, before)
    return Computed(month, owner_id, post.unit_id, post.post, closed.known_at, known_before, lines, due)


@router.post("/{commission_id}/adjust", operation_id="commissions.adjust", responses=CHANGES)
async def adjust(commission_id: UUID, command: AdjustCommission, ctx: CtxMatch) -> Receipt:
    """Add or take away an amount, with a reason: the reporting line."""
    return await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.adjust(
            command.currency, command.amount, command.reason, by=now.by, at=now.at, day=now.day
        ),
        right=require_signing,
    )


@router.post("/{commission_id}/sign-off", operation_id="commissions.sign_off", responses=CHANGES)
async def sign_off(commission_id: UUID, command: SignOff, ctx: CtxMatch) -> Receipt:
    """The reporting line signs it off."""
    return await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.sign(by=now.by, at=now.at, day=now.day),
        right=require_signing,
    )


@router.post("/{commission_id}/return", operation_id="commissions.return", responses=CHANGES)
async def give_back(commission_id: UUID, command: Return, ctx: CtxMatch) -> Receipt:
    """The reporting line does not sign it."""
    return await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.give_back(command.reason, at=now.at),
        right=require_signing,
    )


@router.post("/{commission_id}/acknowledge", operation_id="commissions.acknowledge", responses=CHANGES)
async def acknowledge(commission_id: UUID, command: Acknowledge, ctx: CtxMatch) -> Receipt:
    """The person takes note of it."""
    return await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.acknowledge(at=now.at, day=now.day),
        right=require_the_person,
    )


@router.post("/{commission_id}/appeal", operation_id="commissions.appeal", responses=CHANGES)
async def appeal(commission_id: UUID, command: Appeal, ctx: CtxMatch) -> Receipt:
    """The person does not agree (申诉); the words are kept in the vault."""
    receipt = await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.appeal(at=now.at, day=now.day),
        right=require_the_person,
    )
    await words(ctx, Commission.stream_type, commission_id, appeal=command.appeal)
    return receipt


@router.post("/{commission_id}/answer-appeal", operation_id="commissions.answer_appeal", responses=CHANGES)
async def answer_appeal(commission_id: UUID, command: AnswerAppeal, ctx: CtxMatch) -> Receipt:
    """The reporting line answers: upheld, it is computed or adjusted anew; not upheld, it stands."""
    receipt = await act(
        ctx,
        COMMISSIONS,
        commission_id,
        lambda record, now: record.answer(upheld=command.upheld, by=now.by, at=now.at, day=now.day),
        right=require_signing,
    )
    await words(ctx, Commission.stream_type, commission_id, answer=command.answer)
    return receipt


@router.post("/{commission_id}/correct", operation_id="commissions.correct", responses=CHANGES)
async def correct(commission_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the reason, or the day, of an earlier fact; amounts are computed or adjusted anew instead."""
    return await http.correct(ctx, COMMISSIONS, commission_id, command, right=said_by_whom(command.version))


@router.post("/{commission_id}/void", operation_id="commissions.void", responses=CHANGES)
async def void(commission_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await http.void(ctx, COMMISSIONS, commission_id, command, right=said_by_whom(command.version))
