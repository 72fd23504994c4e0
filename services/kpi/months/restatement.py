"""What a closed month looks like now beside its close: KPIs that changed, and what was told late. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field

from services.kpi.answers import Figure
from services.kpi.asked import Ask
from services.kpi.asking import Asking
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.answers import names, text
from services.kpi.engine.asked import wanted
from services.kpi.engine.definition import Definition, Dimension
from services.kpi.engine.official import beside, official
from services.kpi.engine.question import EVERYTHING
from services.kpi.engine.shipped import BY_ID
from services.kpi.engine.values import Value, values
from services.kpi.month import PATTERN, first_day, said
from services.kpi.months.closes import closes, month_standings
from shared.days import day_of, end_of, start_of
from shared.http.call import call_of
from shared.http.limits import limited
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now, Paged
from shared.http.route import Router

router = Router(prefix="/v1/months", tags=["months"], dependencies=[Depends(limited("heavy"))])

MonthInPath = Annotated[str, Path(pattern=PATTERN, description="Such as 2026-03.")]
By = Annotated[
    Literal["person", "unit", "branch", "region"] | None,
    Query(description="Who was responsible at the time; KPIs that are not told apart by it are left out."),
]
PATHS: Final = {"opportunity": "opportunities", "visit": "visits", "lead": "leads", "account": "accounts"}
"""Where a record of a kind is read, by stream type."""
OF_COMPANY: Final = ("unit", "person", "product", "tenant", "level_policy", "reason_catalogue", "month")
"""Streams that are no figures of a month."""

# Facts of the month told after its close; corrections and voids of facts of the month, whenever they were made.
LATE = """
select e.position, e.recorded_at, e.stream_type, e.stream_id, e.type, e.occurred_at,
       (e.metadata ->> 'actor')::uuid as actor, a.type as about, a.occurred_at as about_at,
       e.data ->> 'reason' as reason
  from es.events as e
  left join es.events as a
    on e.type in ('FactCorrected', 'FactVoided')
   and a.tenant_id = $1 and a.stream_id = e.stream_id and a.version = (e.data ->> 'version')::int
 where e.tenant_id = $1 and e.position > $2
   and coalesce(a.occurred_at, e.occurred_at) >= $3 and coalesce(a.occurred_at, e.occurred_at) <= $4
   and e.stream_type <> all($5::text[])
 order by e.position
 limit $6
"""


class RestatedRow(BaseModel):
    """A KPI of the month that is another now than at the close."""

    kpi: str = Field(title="指标代码")
    name: str = Field(title="指标")
    person: UUID | None = None
    person_label: str | None = None
    unit: UUID | None = Field(default=None, title="组织编号")
    unit_label: str | None = Field(default=None, title="组织")
    branch: UUID | None = None
    branch_label: str | None = None
    region: UUID | None = None
    region_label: str | None = None
    currency: str | None
    official: Figure | None = Field(title="月结数", description="As known at the close.")
    restated: Figure | None = Field(title="重述数", description="As known now.")
    difference: Figure | None = Field(
        title="差异", description="restated - official; null where one of them is no number."
    )


class Restatement(BaseModel):
    """Official and restated figures of a month, those that differ."""

    rows: list[RestatedRow]
    month: str
    closed_how: Literal["command", "default"]
    closed_at: datetime
    closed_position: int = Field(description="Official figures count what the log held up to here.")
    as_of: datetime
    position: int


class LateEntry(BaseModel):
    """Something told after the close about a day of the month."""

    position: int = Field(title="日志位置")
    told_at: datetime = Field(title="录入时间")
    told_by: UUID | None
    told_by_name: str | None = Field(title="录入人")
    fact: str = Field(title="事实")
    on: date = Field(description="Of a correction or void: the day of the fact it is about, as first told.")
    about: str | None = Field(title="所更正的事实", description="Of a correction or void: which fact.")
    reason: str | None = Field(description="Of a correction or void.")
    kind: str = Field(title="记录种类", description="opportunity, visit, lead …")
    id: UUID
    path: str | None


@router.get(
    "/{month}/restatement",
    operation_id="months.restatement",
    response_model=Restatement,
    responses=refuses(404, 422),
)
async def restatement(month: MonthInPath, ask: Ask, request: Request, group_by: By = None) -> Any:
    """KPIs of a closed month whose official and restated figures differ (月结数与重述数), of what you see."""
    read = ask.read
    asking = await ask.of()
    closed = await closes(ask.pool, asking, now=read.kit.clock())
    close = closed.get(first_day(month))
    if close is None:
        raise Problem(404, "not_found")
    kpis = [id for id, versions in BY_ID.items() if all(_told_apart(one, group_by) for one in versions.values())]
    first, _ = (await working_days(ask.pool, read.tenant_id)).month_bounds(close.month)
    asked = await wanted(ask, ",".join(kpis), "month", first, first, group_by, EVERYTHING)
    told: dict[str, Any] = {"group_by": asked.group_by, "filters": EVERYTHING, "months": asked.months}
    found = await values(ask.pool, asked.asking, asked.chosen, asked.periods, compare=False, targets=False, **told)
    fixed = await official(ask.pool, asked.asking, asked.chosen, asked.periods, closed, **told)
    pairs = beside(found, fixed, asked.periods, closed, asked.months)
    changed = [(one, then) for one, then in pairs if then is not None and then.value != one.value]
    labels = await names(ask.pool, asked.asking, ask.labels, asked.group_by, [one for one, _ in changed])
    language = call_of(request.scope).language
    rows = [_row(one, then, labels.columns(one.keys), language) for one, then in changed]
    about = {"month": said(close.month), "closed_how": close.by, "closed_at": close.closed_at}
    return ask.answer(asked.asking, {"rows": rows, **about, "closed_position": close.position})


def _told_apart(definition: Definition, by: Dimension | None) -> bool:
    return bool(definition.numerator) and (by is None or by in definition.dimensions)


def _row(now: Value, then: Value, group: Mapping[str, Any], language: str) -> dict[str, Any]:
    definition = now.chosen.definition
    is_money = definition.value_is_money
    return {
        "kpi": definition.id,
        "name": definition.zh if language == "zh-CN" else definition.en,
        **group,
        "currency": now.currency,
        "official": text(then.value, is_money=is_money),
        "restated": text(now.value, is_money=is_money),
        "difference": None
        if now.value is None or then.value is None
        else text(now.value - then.value, is_money=is_money),
    }


@router.get("/{month}/late-entries", operation_id="months.late_entries", responses=refuses(403, 404, 422))
async def late_entries(month: MonthInPath, read: Now, page: Paged) -> Listed[LateEntry]:
    """What was told after the close about days of the month, corrections and voids too, in the order told."""
    if not (await read.sight()).everything:
        raise Problem(403, "forbidden")
    now = read.kit.clock()
    asking = Asking(read.tenant_id, read.zone, now, await read.sight(), latest=True)
    standing = {one.month: one for one in await month_standings(read.pool, asking, now=now)}.get(first_day(month))
    if standing is None or standing.close is None:
        raise Problem(404, "not_found")
    after = page.after(int)
    position = standing.close.position if after is None else after[0]
    first, last = start_of(standing.first_day, read.zone), end_of(standing.last_day, read.zone)
    rows = await read.pool.fetch(LATE, read.tenant_id, position, first, last, list(OF_COMPANY), page.limit + 1)
    found, following = page.of(rows, key=lambda one: (one["position"],))
    people = await people_names(read.kit, read.tenant_id, (one["actor"] for one in found))
    return Listed(items=[_entry(one, people, read.zone) for one in found], next=following)


def _entry(one: Any, people: Mapping[UUID, str], zone: ZoneInfo) -> LateEntry:
    kind, path = one["stream_type"], PATHS.get(one["stream_type"])
    return LateEntry(
        position=one["position"],
        told_at=one["recorded_at"],
        told_by=one["actor"],
        told_by_name=people.get(one["actor"]),
        fact=one["type"],
        on=day_of(one["about_at"] or one["occurred_at"], zone),
        about=one["about"],
        reason=one["reason"] if one["about"] is not None else None,
        kind=kind,
        id=one["stream_id"],
        path=None if path is None else f"/v1/{path}/{one['stream_id']}",
    )
