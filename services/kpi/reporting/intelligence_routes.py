"""Intelligence items over HTTP, and the monthly customer-information report. The rules are elsewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import APPROVES, moment, require_function, require_unit
from services.kpi.calendar.working_days import working_days
from services.kpi.month import first_day
from services.kpi.reporting.commands import (
    AcknowledgeIntelligence,
    DiscussIntelligence,
    IssueCustomerReport,
    ReportIntelligence,
)
from services.kpi.reporting.intelligence import CustomerReport, Intelligence, customer_report_id, summary_id
from services.kpi.reporting.placing import filed, owner_and_unit, require_account
from services.kpi.reporting.views import INTELLIGENCE as VIEW
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import DIRECTOR, HEAD_OFFICE, REGIONAL_MANAGER
from shared.privacy.vault import Of
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.vaulted import keep

router = Router(prefix="/v1/intelligence", tags=["reporting"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)
TEXTS_OF = "intelligence"
"""What the vault's texts are of."""
ABOVE = frozenset((REGIONAL_MANAGER, DIRECTOR, HEAD_OFFICE))
"""To whom urgent items go at once (002): region and director."""
ISSUES = frozenset((DIRECTOR, HEAD_OFFICE))
"""Issue the monthly customer-information report."""

INTELLIGENCE: Commands[Intelligence] = filed(Intelligence)

TO_ISSUE = f"""
select stream_id from {VIEW.table}
 where tenant_id = $1 and to_at is null and reported_on between $2 and $3 and outcome = 'issue'
 order by reported_on, stream_id
"""  # noqa: S608 - constants only
THERE = """
select distinct on (e.stream_id) e.stream_id, e.data -> 'standing' = '{}' as gone
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and e.stream_type = 'intelligence'
 order by e.stream_id, e.version desc
"""


@router.post("", status_code=201, operation_id="intelligence.report", responses=refuses(403, 409, 422))
async def report(command: ReportIntelligence, ctx: Ctx) -> Receipt:
    """Report something worth telling (情报); what is urgent stands at once with the region and the director."""
    id = ctx.new_id(Intelligence.stream_type)

    async def decide(work: Work) -> Intelligence:
        owner_id, unit_id = await owner_and_unit(ctx)
        await require_account(ctx, command.account_id)
        when = moment(ctx, command.on)
        return work.add(
            Intelligence.report(command, id=id, owner_id=owner_id, unit_id=unit_id, at=when.at, day=when.day)
        )

    receipt = await INTELLIGENCE.together(ctx, decide, status=201, location=f"/v1/intelligence/{id}")
    await keep(ctx, {id: {"text": command.text}}, Of(TEXTS_OF, id))
    return receipt


@router.post("/{item_id}/acknowledge", operation_id="intelligence.acknowledge", responses=CHANGES)
async def acknowledge(item_id: UUID, command: AcknowledgeIntelligence, ctx: CtxMatch) -> Receipt:
    """Take notice of an urgent item: region and director."""

    async def decide(work: Work) -> Intelligence:
        item = await work.load(INTELLIGENCE, item_id, matched=True)
        await require_function(ctx, ABOVE)
        when = moment(ctx, command.on, item)
        item.acknowledge(by=when.by, at=when.at, day=when.day)
        return item

    return await INTELLIGENCE.together(ctx, decide)


@router.post("/{item_id}/discuss", operation_id="intelligence.discuss", responses=CHANGES)
async def discuss(item_id: UUID, command: DiscussIntelligence, ctx: CtxMatch) -> Receipt:
    """Say what becomes of an item: issued in the monthly report, kept on file, or dropped."""

    async def decide(work: Work) -> Intelligence:
        item = await work.load(INTELLIGENCE, item_id, matched=True)
        await require_unit(ctx, item.standing["unit_id"], APPROVES)
        when = moment(ctx, command.on, item)
        item.discuss(command, by=when.by, at=when.at, day=when.day)
        return item

    receipt = await INTELLIGENCE.together(ctx, decide)
    await keep(ctx, {item_id: {"conclusion": command.conclusion}}, Of(TEXTS_OF, item_id))
    return receipt


@router.post("/{item_id}/correct", operation_id="intelligence.correct", responses=CHANGES)
async def correct(item_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what an item says, or the day it was told."""
    return await http.correct(ctx, INTELLIGENCE, item_id, command, right=_right(command.version))


@router.post("/{item_id}/void", operation_id="intelligence.void", responses=CHANGES)
async def void(item_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back an item, or what became of it."""
    return await http.void(ctx, INTELLIGENCE, item_id, command, right=_right(command.version))


def _right(version: int) -> http.Right[Intelligence]:
    """What became of an item, and who took notice, is corrected and taken back by who could have said so."""

    async def right(ctx: CommandContext, item: Intelligence) -> None:
        entry = item.entry_about(version)
        if entry is not None and entry.type == "IntelligenceDiscussed":
            await require_unit(ctx, item.about["unit_id"], APPROVES)
        elif entry is not None and entry.type == "IntelligenceAcknowledged":
            await require_function(ctx, ABOVE)

    return right


@router.post(
    "/reports", status_code=201, operation_id="intelligence.issue_report", responses=refuses(403, 409, 422, 503)
)
async def issue(command: IssueCustomerReport, ctx: Ctx) -> Receipt:
    """Issue the customer-information report of a month (客户信息月报) to everybody of the company."""
    month = first_day(command.month)
    id = customer_report_id(ctx.tenant_id, month)

    async def decide(work: Work) -> CustomerReport:
        await require_function(ctx, ISSUES)
        items = await _items(ctx, command, month)
        stream: CustomerReport | None = await ctx.kit.repository(CustomerReport).load(ctx.tenant_id, id)
        if stream is not None and stream.read_only is not None:
            raise Problem(503, "newer_version", headers={"Retry-After": "30"})
        when = moment(ctx, command.on, stream)
        if stream is not None and stream.standing["issued_on"] > when.day:
            raise Refused("issued_later", "its last number is of a later day", pointer="/on")
        return work.add(
            CustomerReport.issued(stream, month, items, tenant_id=ctx.tenant_id, by=when.by, at=when.at, day=when.day)
        )

    receipt = await Commands(CustomerReport).together(
        ctx, decide, status=201, location=f"/v1/intelligence/reports/{command.month}"
    )
    await keep(ctx, {summary_id(id, receipt.version): {"summary": command.summary}}, Of("customer_report", id))
    return receipt


async def _items(ctx: CommandContext, command: IssueCustomerReport, month: date) -> tuple[UUID, ...]:
    """The items named, or all that were discussed to be issued. Raises Refused 422 `unknown_item`."""
    if command.item_ids is None:
        first, last = (await working_days(ctx.kit.pool, ctx.tenant_id)).month_bounds(month)
        rows = await ctx.kit.pool.fetch(TO_ISSUE, ctx.tenant_id, first, last)
        return tuple(UUID(bytes=row["stream_id"].bytes) for row in rows)
    rows = await ctx.kit.pool.fetch(THERE, ctx.tenant_id, list(command.item_ids))
    there = {UUID(bytes=row["stream_id"].bytes) for row in rows if not row["gone"]}
    for index, id in enumerate(command.item_ids):
        if id not in there:
            raise Refused("unknown_item", "there is no such item", status=422, pointer=f"/item_ids/{index}")
    return tuple(dict.fromkeys(command.item_ids))
