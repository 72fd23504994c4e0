"""The leads report over HTTP. Counts nothing itself."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from services.opportunities.leads.figure_views import CHANNEL_SPEND, VISITOR_COUNTS
from services.opportunities.leads.report import GroupBy, Which, leads_report
from services.opportunities.leads.view import LEADS
from services.opportunities.reports.shapes import Report as Rows
from services.opportunities.routes.asked import Ask, TreeAsked, UnitId, days
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, ToDay
from shared.http.route import Router

router = Router(prefix="/v1/reports", tags=["reports"], dependencies=[Depends(limited("heavy"))])


class SpendShown(BaseModel):
    """What was spent in one currency; costs are null where nothing came of it."""

    currency: str
    amount: str = Field(title="费用")
    per_lead: str | None = Field(title="单条线索成本")
    per_record: str | None = Field(title="单个留档成本")
    per_order: str | None = Field(title="单个订单成本")


class LeadFigures(BaseModel):
    """Of the leads received in the range, how they stood at the instant asked about."""

    leads: int = Field(title="线索数")
    visitors: int | None = Field(description="Null where none were counted, and by person.")
    assigned: int = Field(title="已分派")
    contacted: int
    response_hours_mean: float | None = Field(description="From receipt to the first contact, of those contacted.")
    response_hours_median: float | None
    response_hours_p90: float | None
    in_time: int = Field(title="按时答复", description="Answered within the hours promised when they came in.")
    late: int = Field(title="未按时答复", description="Answered later, or not yet although it was due.")
    in_time_rate: float | None = Field(title="按时答复率", description="in_time / (in_time + late).")
    records: int = Field(title="留档数", description="Became a prospect on file (留档).")
    no_intention: int
    duplicates: int
    follow_ups: int
    orders: int = Field(description="Of those prospects, ordered.")
    record_rate: float | None = Field(title="留档率", description="留档率: records / (leads + visitors).")
    spend: list[SpendShown] = Field(title="集客费用")


class LeadReportRow(LeadFigures):
    """The figures of one channel, person, unit or month; key null: nobody's, or in none."""

    key: str | None
    label: str


class LeadReport(Rows[LeadReportRow]):
    group_by: str
    total: LeadFigures


@router.get("/leads", operation_id="reports.leads", response_model=LeadReport, responses=refuses(422))
async def leads(
    ask: Ask,
    group_by: GroupBy = "channel",
    since: FromDay = None,
    until: ToDay = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    channel: Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")] = None,
) -> Any:
    """Leads by the day they came in: answered, disposed of, on file, ordered; with visitors, spend and costs."""
    days(since, until)
    asking = await ask.of(LEADS, VISITOR_COUNTS, CHANNEL_SPEND, STANDINGS, ACCOUNTS, UNITS)
    which = Which(since, until, owner_id, unit_id, channel)
    return ask.answer(asking, await leads_report(ask.pool, asking, ask.labels, group_by=group_by, which=which))
