"""Daily and monthly reports over HTTP, and who owes which. The rules are elsewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import Moment, moment, require_line
from services.kpi.month import first_day
from services.kpi.reporting.commands import (
    HandInDailyReport,
    HandInMonthlyReport,
    PublishReportingDuties,
    ReviewReport,
    ReviseReport,
)
from services.kpi.reporting.duties import PublishedDuties, duties_of
from services.kpi.reporting.events import ReportKind
from services.kpi.reporting.placing import filed, owner_and_unit
from services.kpi.reporting.work_report import WorkReport
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.publishing import publish
from shared.records.vaulted import keep

router = Router(prefix="/v1/work-reports", tags=["reporting"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)
TEXTS_OF = "work_report"
"""What the vault's texts are of."""


def _taken(claim: Claim) -> Refused:
    return Refused("already_handed_in", "that report was handed in: revise it")


WORK_REPORTS: Commands[WorkReport] = filed(WorkReport, taken=_taken)


@router.post("/daily", status_code=201, operation_id="work_reports.hand_in_daily", responses=refuses(403, 409, 422))
async def hand_in_daily(command: HandInDailyReport, ctx: Ctx) -> Receipt:
    """Hand in a day's report (日报); the back office and heads enter for others with `On-Behalf-Of`."""
    when = moment(ctx, command.on)
    return await _hand_in(ctx, ReportKind.DAILY, command.day or when.day, when, command.texts)


@router.post("/monthly", status_code=201, operation_id="work_reports.hand_in_monthly", responses=refuses(403, 409, 422))
async def hand_in_monthly(command: HandInMonthlyReport, ctx: Ctx) -> Receipt:
    """Hand in a month's report (月报)."""
    return await _hand_in(ctx, ReportKind.MONTHLY, first_day(command.month), moment(ctx, command.on), command.texts)


async def _hand_in(
    ctx: CommandContext, kind: ReportKind, period: date, when: Moment, texts: dict[str, str | None]
) -> Receipt:
    id = ctx.new_id(WorkReport.stream_type)

    async def decide(work: Work) -> WorkReport:
        owner_id, unit_id = await owner_and_unit(ctx)
        return work.add(
            WorkReport.hand_in(kind, period, id=id, owner_id=owner_id, unit_id=unit_id, at=when.at, day=when.day)
        )

    receipt = await WORK_REPORTS.together(
        ctx, decide, claims=WorkReport.claims, status=201, location=f"/v1/work-reports/{id}"
    )
    await keep(ctx, {id: texts}, Of(TEXTS_OF, id))
    return receipt


@router.post("/{report_id}/revise", operation_id="work_reports.revise", responses=CHANGES)
async def revise(report_id: UUID, command: ReviseReport, ctx: CtxMatch) -> Receipt:
    """Hand the same report in again with other words, until it is accepted."""

    async def decide(work: Work) -> WorkReport:
        report = await work.load(WORK_REPORTS, report_id, matched=True)
        await _own(ctx, report)
        when = moment(ctx, command.on, report)
        report.revise(at=when.at, day=when.day)
        return report

    receipt = await WORK_REPORTS.together(ctx, decide)
    await keep(ctx, {report_id: command.texts}, Of(TEXTS_OF, report_id))
    return receipt


@router.post("/{report_id}/review", operation_id="work_reports.review", responses=CHANGES)
async def review(report_id: UUID, command: ReviewReport, ctx: CtxMatch) -> Receipt:
    """Accept a report, or give it back: who stands above its author in the reporting line."""

    async def decide(work: Work) -> WorkReport:
        report = await work.load(WORK_REPORTS, report_id, matched=True)
        await _reviews(ctx, report)
        when = moment(ctx, command.on, report)
        report.review(command.result, by=when.by, at=when.at, day=when.day)
        return report

    receipt = await WORK_REPORTS.together(ctx, decide)
    await keep(ctx, {report_id: {"review": command.comment}}, Of(TEXTS_OF, report_id))
    return receipt


@router.post("/{report_id}/correct", operation_id="work_reports.correct", responses=CHANGES)
async def correct(report_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the day of a fact; of a review only who could have given it."""

    async def right(_: CommandContext, report: WorkReport) -> None:
        await _decided(ctx, report, command.version)

    return await http.correct(ctx, WORK_REPORTS, report_id, command, right=right)


@router.post("/{report_id}/void", operation_id="work_reports.void", responses=CHANGES)
async def void(report_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a report that was handed in by mistake, or a review."""

    async def decide(work: Work) -> WorkReport:
        report = await work.load(WORK_REPORTS, report_id, matched=True)
        await _decided(ctx, report, command.version)
        report.void(command.version, reason=command.reason, at=ctx.now)
        return report

    return await WORK_REPORTS.together(ctx, decide, releases=lambda report: () if report.standing else report.claims())


@router.post(
    "/publish-duties", status_code=201, operation_id="work_reports.publish_duties", responses=refuses(403, 422)
)
async def publish_duties(command: PublishReportingDuties, ctx: Ctx) -> Receipt:
    """Publish who hands in daily and monthly reports and intelligence, from a day on."""
    return await publish(
        ctx,
        PublishedDuties,
        PublishedDuties.id_of(ctx.tenant_id),
        lambda stream: PublishedDuties.published(stream, duties_of(command), tenant_id=ctx.tenant_id, at=ctx.now),
    )


async def _reviews(ctx: CommandContext, report: WorkReport) -> None:
    """Who stands above its author, never they themselves. Raises Problem 403."""
    owner = report.about["owner_id"]
    await require_line(ctx, owner, requested_by=(owner,))


async def _decided(ctx: CommandContext, report: WorkReport, version: int) -> None:
    """A review is corrected and taken back by who reviews. Raises Problem 403."""
    entry = report.entry_about(version)
    if entry is not None and entry.type == "WorkReportReviewed":
        await _reviews(ctx, report)


async def _own(ctx: CommandContext, report: WorkReport) -> None:
    """Raises Problem 403 unless it is entered by, or for, its author."""
    sight = await ctx.kit.sight(ctx.principal)
    owner = report.about["owner_id"]
    if owner != ctx.principal.acting_for and owner not in sight.selves:
        raise Problem(403, "forbidden")
