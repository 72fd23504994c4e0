"""Intelligence items, read: one with its history, the list, the monthly customer-information report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql
from services.kpi.calendar.working_days import working_days
from services.kpi.month import PATTERN, MonthAsked, first_day, said
from services.kpi.reporting.events import IntelligenceCategory, IntelligenceOutcome, IntelligenceStatus, Urgency
from services.kpi.reporting.intelligence import ACTIONS, Intelligence, summary_id
from services.kpi.reporting.placing import sees_filed
from services.kpi.reporting.views import CUSTOMER_REPORTS, INTELLIGENCE
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/intelligence", tags=["reporting"])

LIST = """
select i.stream_id, i.category, i.urgency, i.title, i.account_id, i.competitor, i.owner_id, i.unit_id, i.reported_on,
       i.status, i.outcome, i.discussed_on, cardinality(i.acknowledged) as acknowledged, {sort_value} as sort_value
  from {intelligence} i
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
REPORTS = """
select distinct on (r.month) r.stream_id, r.month, r.number, r.item_ids, r.issued_on, r.issued_by
  from {customer_reports} r
 where r.tenant_id = $1 and r.issued_at <= {at} and {wanted}
 order by r.month desc, r.number desc
"""
ITEMS = """
select i.stream_id, i.category, i.urgency, i.title, i.account_id, i.competitor, i.unit_id, i.reported_on
  from unnest({ids}::uuid[]) with ordinality as t(id, place)
  join {intelligence} i on i.stream_id = t.id and {holds}
 order by i.category, t.place
"""
ORDERS = {
    "-reported_on": Order("i.reported_on", "date", descending=True),
    "reported_on": Order("i.reported_on", "date"),
}
FIELDS = (
    "category", "urgency", "title", "account_id", "competitor", "owner_id", "unit_id", "reported_on", "status",
    "outcome", "discussed_on", "acknowledged",
)  # fmt: skip
ITEM_FIELDS = ("category", "urgency", "title", "account_id", "competitor", "unit_id", "reported_on")


class IntelligenceRow(BaseModel):
    """One item. What was told in more words is in the single record."""

    id: UUID
    category: IntelligenceCategory
    urgency: Urgency
    title: str
    account_id: UUID | None
    account: str | None
    competitor: str | None
    owner_id: UUID
    owner: str | None
    unit_id: UUID
    unit: str | None
    reported_on: date
    status: IntelligenceStatus
    outcome: IntelligenceOutcome | None
    discussed_on: date | None = Field(title="讨论日期")
    acknowledged: int = Field(title="签收人数", description="Persons above who took notice of an urgent item.")


@router.get("", operation_id="intelligence.list", response_model=Listed[IntelligenceRow], responses=refuses(422))
async def items(
    ask: Ask,
    page: Paged,
    category: IntelligenceCategory | None = None,
    urgency: Urgency | None = None,
    status: IntelligenceStatus | None = None,
    outcome: IntelligenceOutcome | None = None,
    month: MonthAsked = None,
    account_id: UUID | None = None,
    owner_id: UUID | None = None,
    acknowledged: Annotated[bool | None, Query(description="Somebody above took notice, or nobody yet.")] = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Annotated[str, Query(pattern="^-?reported_on$")] = "-reported_on",
) -> Any:
    """Intelligence items (情报) as they stood, the latest first."""
    asking = await ask.of(INTELLIGENCE)
    sql = Sql(asking)
    wanted = ["true"]
    said_of = {
        "category": category, "urgency": urgency, "status": status, "outcome": outcome, "account_id": account_id,
        "owner_id": owner_id,
    }  # fmt: skip
    wanted += [f"i.{column} = {sql(value)}" for column, value in said_of.items() if value is not None]
    if month is not None:
        calendar = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
        first, last = calendar.month_bounds(first_day(month))
        wanted.append(f"i.reported_on between {sql(first)}::date and {sql(last)}::date")
    if acknowledged is not None:
        wanted.append(f"(cardinality(i.acknowledged) > 0) = {sql(acknowledged)}::boolean")
    if unit_id is not None:
        wanted.append(sql.below("i.unit_id", unit_id))
    at = page_of(page)
    parts = paged(sql, ORDERS, sort, at, "i.stream_id")
    sight = sql.counted("i", account="null::uuid")
    statement = sql.text(LIST, holds=sql.holds("i"), sight=sight, wanted=" and ".join(wanted), **parts)
    rows, after = next_of(await ask.pool.fetch(statement, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    accounts = await ask.labels.accounts(ask.pool, asking, (row["account_id"] for row in rows))
    people = await ask.labels.people(asking.tenant_id, (row["owner_id"] for row in rows))
    shown_rows = [
        {
            **{name: row[name] for name in FIELDS},
            "id": row["stream_id"],
            "account": accounts.get(row["account_id"]),
            "owner": people.get(row["owner_id"]),
            "unit": units.get(row["unit_id"]),
        }
        for row in rows
    ]
    return listed(page, shown_rows, after)


# -- the monthly customer-information report ----------------------------------------------------------------


class CustomerReportRow(BaseModel):
    """One month's report, its latest number."""

    month: str
    number: int = Field(title="期次", description="1; issued again, the next.")
    items: int = Field(title="条数")
    issued_on: date = Field(title="发布日期")
    issued_by: UUID = Field(title="发布人编号")
    issued_by_name: str | None = Field(title="发布人")


class CustomerReports(BaseModel):
    """The reports issued, the latest month first."""

    rows: Sequence[CustomerReportRow]


class ReportItem(BaseModel):
    """One item of the report; who told it is not said."""

    id: UUID
    category: IntelligenceCategory
    urgency: Urgency
    title: str
    account_id: UUID | None
    account: str | None
    competitor: str | None
    unit_id: UUID
    unit: str | None
    reported_on: date


class CustomerReportShown(BaseModel):
    """The customer-information report of a month (客户信息月报): its items by category."""

    rows: Sequence[ReportItem]
    month: str
    number: int = Field(description="0: not issued yet.")
    issued_on: date | None
    issued_by: UUID | None
    issued_by_name: str | None
    summary: str | None = Field(description="From the vault.")


@router.get(
    "/reports", operation_id="intelligence.list_reports", response_model=CustomerReports, responses=refuses(422)
)
async def customer_reports(ask: Ask) -> Any:
    """The monthly customer-information reports issued up to the day asked about."""
    asking = await ask.of(CUSTOMER_REPORTS)
    sql = Sql(asking)
    found = await ask.pool.fetch(sql.text(REPORTS, wanted="true"), *sql.values)
    people = await ask.labels.people(asking.tenant_id, (row["issued_by"] for row in found))
    rows = [
        {
            "month": said(row["month"]),
            "number": row["number"],
            "items": len(row["item_ids"]),
            "issued_on": row["issued_on"],
            "issued_by": row["issued_by"],
            "issued_by_name": people.get(row["issued_by"]),
        }
        for row in found
    ]
    return ask.answer(asking, {"rows": rows})


@router.get(
    "/reports/{month}",
    operation_id="intelligence.read_report",
    response_model=CustomerReportShown,
    responses=refuses(422),
)
async def customer_report(ask: Ask, month: Annotated[str, Path(pattern=PATTERN)]) -> Any:
    """The customer-information report of a month, as issued up to the day asked about; for everybody of the company."""
    asking = await ask.of(CUSTOMER_REPORTS, INTELLIGENCE)
    sql = Sql(asking)
    wanted = f"r.month = {sql(first_day(month))}::date"
    found = await ask.pool.fetchrow(sql.text(REPORTS, wanted=wanted), *sql.values)
    if found is None:
        nothing = dict.fromkeys(("issued_on", "issued_by", "issued_by_name", "summary"))
        return ask.answer(asking, {"rows": [], "month": month, "number": 0, **nothing})
    sql = Sql(asking)
    rows = await ask.pool.fetch(sql.text(ITEMS, ids=sql(found["item_ids"]), holds=sql.holds("i")), *sql.values)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    accounts = await ask.labels.accounts(ask.pool, asking, (row["account_id"] for row in rows))
    people = await ask.labels.people(asking.tenant_id, (found["issued_by"],))
    subject = summary_id(UUID(bytes=found["stream_id"].bytes), found["number"])
    texts = await ask.labels.texts(asking.tenant_id, [subject], ("summary",))
    return ask.answer(
        asking,
        {
            "rows": [
                {
                    **{name: row[name] for name in ITEM_FIELDS},
                    "id": row["stream_id"],
                    "account": accounts.get(row["account_id"]),
                    "unit": units.get(row["unit_id"]),
                }
                for row in rows
            ],
            "month": month,
            "number": found["number"],
            "issued_on": found["issued_on"],
            "issued_by": found["issued_by"],
            "issued_by_name": people.get(found["issued_by"]),
            "summary": texts.get(subject, {}).get("summary"),
        },
    )


@router.get("/{item_id}", operation_id="intelligence.read", responses=refuses(404))
async def item(item_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One item in its words, as of a day, with its history."""

    def actions(found: Intelligence) -> Iterable[str]:
        if not found.standing:
            return ()
        return (name for name, fact in ACTIONS.items() if found.can(getattr(events, fact)))

    return await shown(
        reading, response, Intelligence, item_id, actions=actions, people=("discussed_by",), seen=sees_filed
    )
