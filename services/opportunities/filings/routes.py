"""Commands on filings over HTTP: ours, and the manufacturer's answers. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.opportunities.events import ReportState
from services.opportunities.filings.acting import FILINGS, NUMBER, Step, act, mend
from services.opportunities.filings.commands import (
    AcceptFiling,
    AcceptReports,
    AcceptSupport,
    ChangeFiling,
    ClaimSupport,
    DraftFiling,
    LapseFiling,
    PaySupport,
    RefuseFiling,
    RefuseReports,
    RefuseSupport,
    ReportUnits,
    ReturnFiling,
    ReturnReports,
    ReturnSupport,
    SubmitFiling,
    WithdrawFiling,
)
from services.opportunities.filings.filing import Filing
from services.opportunities.filings.reads import router as router
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment, moment
from services.opportunities.routes.records import require_opportunity
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.records.corrections import CorrectFact, VoidFact, corrected_time

CHANGES = refuses(404, 409, 412, 422, 428)
ANSWERED = CHANGES | refuses(403)


@router.post(
    "/filings", tags=["filings"], status_code=201, operation_id="filings.draft", responses=refuses(403, 409, 422)
)
async def draft(command: DraftFiling, ctx: Ctx) -> Receipt:
    """Begin a filing with the manufacturer (系统提报), and submit it at once if so said."""
    ctx.require_dealing()
    id = ctx.new_id(Filing.stream_type)

    async def decide(work: Work) -> Filing:
        opportunity = await require_opportunity(ctx, command.opportunity_id)
        now = await moment(ctx, command.on)
        then = opportunity.standing_at(now.at)
        if not then:
            raise Refused("before_captured", "the prospect was not on file then", pointer="/on")
        filing = Filing.draft(
            command,
            id=id,
            account_id=then.get("account_id"),
            known=then.get("lines", ()),
            promised_on=then.get("promised_on"),
            at=now.at,
            day=now.day,
        )
        return work.add(filing)

    return await FILINGS.together(
        ctx, decide, status=201, location=f"/v1/filings/{id}", claims=(Claim(NUMBER, command.number, id),)
    )


@router.post("/filings/{filing_id}/change", tags=["filings"], operation_id="filings.change", responses=CHANGES)
async def change(filing_id: UUID, command: ChangeFiling, ctx: CtxMatch) -> Receipt:
    """Change a draft, or complete a returned filing."""

    def step(filing: Filing, opportunity: Opportunity, now: Moment) -> None:
        known = (opportunity.standing_at(now.at) or opportunity.standing).get("lines", ())
        filing.change(command, known=known, at=now.at)

    return await act(ctx, filing_id, step, on=command.on)


@router.post("/filings/{filing_id}/submit", tags=["filings"], operation_id="filings.submit", responses=CHANGES)
async def submit(filing_id: UUID, command: SubmitFiling, ctx: CtxMatch) -> Receipt:
    """Send it to the manufacturer, for the first time or completed."""
    return await act(ctx, filing_id, _at(lambda filing, now: filing.submit(at=now.at, day=now.day)), on=command.on)


@router.post("/filings/{filing_id}/withdraw", tags=["filings"], operation_id="filings.withdraw", responses=CHANGES)
async def withdraw(filing_id: UUID, command: WithdrawFiling, ctx: CtxMatch) -> Receipt:
    """Take it back before it is accepted."""
    step = _at(lambda filing, now: filing.withdraw(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on)


# -- the manufacturer's answers ------------------------------------------------------------------------------


@router.post("/filings/{filing_id}/accept", tags=["filings"], operation_id="filings.accept", responses=ANSWERED)
async def accept(filing_id: UUID, command: AcceptFiling, ctx: CtxMatch) -> Receipt:
    """The manufacturer took it."""
    step = _at(lambda filing, now: filing.accept(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post("/filings/{filing_id}/return", tags=["filings"], operation_id="filings.return", responses=ANSWERED)
async def send_back(filing_id: UUID, command: ReturnFiling, ctx: CtxMatch) -> Receipt:
    """The manufacturer wants it completed."""
    step = _at(lambda filing, now: filing.send_back(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post("/filings/{filing_id}/refuse", tags=["filings"], operation_id="filings.refuse", responses=ANSWERED)
async def refuse(filing_id: UUID, command: RefuseFiling, ctx: CtxMatch) -> Receipt:
    """The manufacturer refused it."""
    step = _at(lambda filing, now: filing.refuse(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post("/filings/{filing_id}/lapse", tags=["filings"], operation_id="filings.lapse", responses=ANSWERED)
async def lapse(filing_id: UUID, command: LapseFiling, ctx: CtxMatch) -> Receipt:
    """Its time ran out at the manufacturer's."""
    step = _at(lambda filing, now: filing.lapse(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


# -- units ---------------------------------------------------------------------------------------------------


@router.post("/filings/{filing_id}/report", tags=["filings"], operation_id="filings.report", responses=CHANGES)
async def report(filing_id: UUID, command: ReportUnits, ctx: CtxMatch) -> Receipt:
    """Report delivered units by VIN and invoice (上报): each VIN at most once in the company."""

    def step(filing: Filing, opportunity: Opportunity, now: Moment) -> None:
        delivered = opportunity.standing.get("delivered", ())
        filing.report(command, delivered=delivered, at=now.at, day=now.day)

    return await act(ctx, filing_id, step, on=command.on)


@router.post(
    "/filings/{filing_id}/accept-reports", tags=["filings"], operation_id="filings.accept_reports", responses=ANSWERED
)
async def accept_reports(filing_id: UUID, command: AcceptReports, ctx: CtxMatch) -> Receipt:
    """The reports of these units count, on the day they were reported."""
    step = _at(lambda filing, now: filing.answer_reports(command, ReportState.ACCEPTED, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post(
    "/filings/{filing_id}/return-reports", tags=["filings"], operation_id="filings.return_reports", responses=ANSWERED
)
async def return_reports(filing_id: UUID, command: ReturnReports, ctx: CtxMatch) -> Receipt:
    """The reports of these units are to be completed and sent again."""
    step = _at(lambda filing, now: filing.answer_reports(command, ReportState.RETURNED, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post(
    "/filings/{filing_id}/refuse-reports", tags=["filings"], operation_id="filings.refuse_reports", responses=ANSWERED
)
async def refuse_reports(filing_id: UUID, command: RefuseReports, ctx: CtxMatch) -> Receipt:
    """The reports of these units were refused; their VINs are free again."""
    step = _at(lambda filing, now: filing.answer_reports(command, ReportState.REFUSED, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


# -- support -------------------------------------------------------------------------------------------------


@router.post(
    "/filings/{filing_id}/claim-support", tags=["filings"], operation_id="filings.claim_support", responses=CHANGES
)
async def claim_support(filing_id: UUID, command: ClaimSupport, ctx: CtxMatch) -> Receipt:
    """Ask for support (返利) for units whose report was accepted."""
    step = _at(lambda filing, now: filing.claim(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on)


@router.post(
    "/filings/{filing_id}/accept-support", tags=["filings"], operation_id="filings.accept_support", responses=ANSWERED
)
async def accept_support(filing_id: UUID, command: AcceptSupport, ctx: CtxMatch) -> Receipt:
    """The manufacturer will pay."""
    step = _at(lambda filing, now: filing.answer_support(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post(
    "/filings/{filing_id}/return-support", tags=["filings"], operation_id="filings.return_support", responses=ANSWERED
)
async def return_support(filing_id: UUID, command: ReturnSupport, ctx: CtxMatch) -> Receipt:
    """The claim is to be completed."""
    step = _at(lambda filing, now: filing.answer_support(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post(
    "/filings/{filing_id}/refuse-support", tags=["filings"], operation_id="filings.refuse_support", responses=ANSWERED
)
async def refuse_support(filing_id: UUID, command: RefuseSupport, ctx: CtxMatch) -> Receipt:
    """The claim was refused."""
    step = _at(lambda filing, now: filing.answer_support(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


@router.post(
    "/filings/{filing_id}/pay-support", tags=["filings"], operation_id="filings.pay_support", responses=ANSWERED
)
async def pay_support(filing_id: UUID, command: PaySupport, ctx: CtxMatch) -> Receipt:
    """Money came in for an accepted claim."""
    step = _at(lambda filing, now: filing.pay(command, at=now.at, day=now.day))
    return await act(ctx, filing_id, step, on=command.on, answer=True)


# -- corrections ---------------------------------------------------------------------------------------------


@router.post("/filings/{filing_id}/correct", tags=["filings"], operation_id="filings.correct", responses=ANSWERED)
async def correct(filing_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""

    def step(filing: Filing) -> None:
        occurred_at = corrected_time(command, ctx, filing)
        filing.correct(command.version, command.changes, occurred_at=occurred_at, reason=command.reason, at=ctx.now)

    return await mend(ctx, filing_id, command.version, step, command.changes)


@router.post("/filings/{filing_id}/void", tags=["filings"], operation_id="filings.void", responses=ANSWERED)
async def void(filing_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await mend(
        ctx, filing_id, command.version, lambda filing: filing.void(command.version, reason=command.reason, at=ctx.now)
    )


def _at(step: Callable[[Filing, Moment], None]) -> Step:
    """A step that needs nothing of the opportunity."""
    return lambda filing, _, now: step(filing, now)
