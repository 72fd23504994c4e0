"""Commands on the month's split and on personal confirmations over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import APPROVES, moment, require_function
from services.kpi.month import first_day
from services.kpi.referring import known, require_unit_known
from services.kpi.splits import acting
from services.kpi.splits.acting import CONFIRMATIONS, SPLITS
from services.kpi.splits.commands import (
    AnswerObjection,
    ChangeSplit,
    ConfirmTarget,
    EditSplit,
    IssueSplit,
    ObjectToTarget,
    ProposeSplit,
    ReweighSplit,
)
from services.kpi.splits.confirmation import Confirmation
from services.kpi.splits.reads import router as reads
from services.kpi.splits.split import Split
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records import http as records
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.vaulted import keep

router = Router(prefix="/v1", tags=["splits"])

ROUTERS: tuple[Router, ...] = (router, reads)

CHANGES = refuses(403, 404, 409, 412, 422, 428)


# -- the split ---------------------------------------------------------------------------------------------


@router.post("/splits", status_code=201, operation_id="splits.propose", responses=refuses(403, 409, 422))
async def propose(command: ProposeSplit, ctx: Ctx) -> Receipt:
    """Split a unit's targets of a month by weight, as a draft (月度分解)."""
    month = first_day(command.month)
    id = Split.id_of(ctx.tenant_id, command.unit_id, month)

    async def decide(work: Work) -> Split:
        await require_function(ctx, APPROVES)
        require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, (command.unit_id,)), command.unit_id, "/unit_id")
        await acting.require_splitter(ctx, command.unit_id)
        if await ctx.kit.repository(Split).load(ctx.tenant_id, id) is not None:
            raise Refused("split_exists", "the unit's month has been split", pointer="/month")
        totals = await acting.totals_of(ctx, command.unit_id, month, command.totals, id)
        lines, weights, history = await acting.weighed_lines(ctx, command.unit_id, month, totals, command)
        now = moment(ctx, command.on)
        return work.add(
            Split.propose(
                id=id,
                month=month,
                unit_id=command.unit_id,
                by=now.by,
                totals=totals,
                lines=lines,
                weights=weights,
                history_share=command.history_share,
                history=history,
                at=now.at,
            )
        )

    return await SPLITS.together(ctx, decide, status=201, location=f"/v1/splits/{id}")


@router.post("/splits/{split_id}/reweigh", operation_id="splits.reweigh", responses=CHANGES)
async def reweigh(split_id: UUID, command: ReweighSplit, ctx: CtxMatch) -> Receipt:
    """Make the draft anew by weight, from the unit's targets as they are now."""

    async def decide(work: Work) -> Split:
        split = await _split(ctx, work, split_id)
        unit_id, month = split.standing["unit_id"], split.standing["month"]
        totals = await acting.totals_again(ctx, split, None)
        lines, weights, history = await acting.weighed_lines(ctx, unit_id, month, totals, command)
        now = moment(ctx, command.on, split)
        split.reweigh(totals, lines, weights, command.history_share, history, at=now.at)
        return split

    return await SPLITS.together(ctx, decide)


@router.post("/splits/{split_id}/edit", operation_id="splits.edit", responses=CHANGES)
async def edit(split_id: UUID, command: EditSplit, ctx: CtxMatch) -> Receipt:
    """Say the whole draft anew; it need not close yet."""

    async def decide(work: Work) -> Split:
        split = await _split(ctx, work, split_id)
        lines = await acting.lines_given(ctx, split.standing["unit_id"], command.lines)
        totals = await acting.totals_again(ctx, split, command.totals)
        split.edit(totals, lines, at=moment(ctx, command.on, split).at)
        return split

    return await SPLITS.together(ctx, decide)


@router.post("/splits/{split_id}/issue", operation_id="splits.issue", responses=CHANGES)
async def issue(split_id: UUID, command: IssueSplit, ctx: CtxMatch) -> Receipt:
    """Put the split in force (下达) when its sums close, and before everybody it names to confirm."""

    async def decide(work: Work) -> Split:
        split = await _split(ctx, work, split_id)
        now = moment(ctx, command.on, split)
        confirm_by = await acting.time_to_confirm(ctx, command.confirm_by, now.day)
        totals = await acting.totals_again(ctx, split, None)
        split.issue(totals, by=now.by, confirm_by=confirm_by, day=now.day, at=now.at)
        await acting.ask_people(ctx, work, split, confirm_by, now.at)
        return split

    return await SPLITS.together(ctx, decide)


@router.post("/splits/{split_id}/change", operation_id="splits.change", responses=CHANGES)
async def change(split_id: UUID, command: ChangeSplit, ctx: CtxMatch) -> Receipt:
    """Change an issued split, by number: whose targets change confirms anew."""

    async def decide(work: Work) -> Split:
        split = await _split(ctx, work, split_id)
        lines = await acting.lines_given(ctx, split.standing["unit_id"], command.lines)
        totals = await acting.totals_again(ctx, split, command.totals)
        now = moment(ctx, command.on, split)
        confirm_by = await acting.time_to_confirm(ctx, command.confirm_by, now.day)
        if split.change(totals, lines, reason=command.reason, confirm_by=confirm_by, day=now.day, at=now.at):
            await acting.ask_people(ctx, work, split, confirm_by, now.at)
        return split

    return await SPLITS.together(ctx, decide)


@router.post("/splits/{split_id}/correct", operation_id="splits.correct", responses=CHANGES)
async def correct(split_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the day of an earlier fact, a reason or a deadline; targets are changed by number."""
    return await records.correct(ctx, SPLITS, split_id, command, right=acting.require_splitter_of)


@router.post("/splits/{split_id}/void", operation_id="splits.void", responses=CHANGES)
async def void(split_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back an edit of a draft, or a correction; what was issued stays."""
    return await records.void(ctx, SPLITS, split_id, command, right=acting.require_splitter_of)


async def _split(ctx: CommandContext, work: Work, split_id: UUID) -> Split:
    split = await work.load(SPLITS, split_id, matched=True)
    await acting.require_splitter_of(ctx, split)
    return split


# -- personal confirmation -----------------------------------------------------------------------------------


@router.post("/confirmations/{confirmation_id}/confirm", operation_id="confirmations.confirm", responses=CHANGES)
async def confirm(confirmation_id: UUID, command: ConfirmTarget, ctx: CtxMatch) -> Receipt:
    """Confirm one's own targets of the month (目标确认)."""

    async def decide(work: Work) -> Confirmation:
        confirmation = await work.load(CONFIRMATIONS, confirmation_id, matched=True)
        await acting.require_own(ctx, confirmation)
        now = moment(ctx, command.on, confirmation)
        confirmation.confirm(at=now.at, day=now.day)
        return confirmation

    return await CONFIRMATIONS.together(ctx, decide)


@router.post("/confirmations/{confirmation_id}/object", operation_id="confirmations.object", responses=CHANGES)
async def object_to(confirmation_id: UUID, command: ObjectToTarget, ctx: CtxMatch) -> Receipt:
    """Object to one's own targets (异议), with what one holds possible."""

    async def decide(work: Work) -> Confirmation:
        confirmation = await work.load(CONFIRMATIONS, confirmation_id, matched=True)
        await acting.require_own(ctx, confirmation)
        now = moment(ctx, command.on, confirmation)
        confirmation.object(acting.wanted_given(command.wanted), at=now.at, day=now.day)
        return confirmation

    receipt = await CONFIRMATIONS.together(ctx, decide)
    words = {f"objection_{receipt.version}": command.objection}
    await keep(ctx, {confirmation_id: words}, Of("confirmation", confirmation_id))
    return receipt


@router.post("/confirmations/{confirmation_id}/answer", operation_id="confirmations.answer", responses=CHANGES)
async def answer(confirmation_id: UUID, command: AnswerObjection, ctx: CtxMatch) -> Receipt:
    """Answer an objection: the target is kept and to be confirmed, or the split will be changed."""

    async def decide(work: Work) -> Confirmation:
        confirmation = await work.load(CONFIRMATIONS, confirmation_id, matched=True)
        await acting.require_above(ctx, confirmation)
        now = moment(ctx, command.on, confirmation)
        confirmation.answer(command.verdict, by=now.by, at=now.at, day=now.day)
        return confirmation

    receipt = await CONFIRMATIONS.together(ctx, decide)
    words = {f"answer_{receipt.version}": command.answer}
    await keep(ctx, {confirmation_id: words}, Of("confirmation", confirmation_id))
    return receipt


@router.post("/confirmations/{confirmation_id}/correct", operation_id="confirmations.correct", responses=CHANGES)
async def correct_confirmation(confirmation_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the day of an earlier fact, or what was held possible."""
    return await records.correct(ctx, CONFIRMATIONS, confirmation_id, command, right=acting.require_own_or_above)


@router.post("/confirmations/{confirmation_id}/void", operation_id="confirmations.void", responses=CHANGES)
async def void_confirmation(confirmation_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a confirmation, an objection or an answer."""

    async def right(ctx: CommandContext, confirmation: Confirmation) -> None:
        entry = confirmation.entry_about(command.version)
        if entry is not None and entry.type == "ObjectionAnswered":
            await acting.require_above(ctx, confirmation)
        else:
            await acting.require_own_or_above(ctx, confirmation)

    return await records.void(ctx, CONFIRMATIONS, confirmation_id, command, right=right)
