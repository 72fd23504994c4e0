"""The month's workbook over HTTP. Holds no figure of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Depends, Request, Response

from services.kpi.asked import Ask, Asked
from services.kpi.asking import Asking
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.answers import names
from services.kpi.engine.choices import chosen
from services.kpi.engine.definition import Chosen, Dimension
from services.kpi.engine.official import official
from services.kpi.engine.period import period_of, shifted
from services.kpi.engine.question import Filters
from services.kpi.engine.shipped import shipped, views_of
from services.kpi.engine.values import Value, values
from services.kpi.month import MonthAsked, first_day
from services.kpi.months.closes import closes
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.products import PRODUCTS
from services.kpi.views.teams import TEAMS
from services.kpi.views.units import UNITS
from services.kpi.workbooks.month import BY_GROUP, OVERVIEW, SHOWN, TREND, WORDS, Month, written
from shared.http.call import call_of
from shared.http.limits import limited
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.route import Router
from shared.http.sheets import MEDIA
from shared.privacy.disclosure import EXPORTED, disclosure, record
from shared.records.asked import TreeAsked, UnitId

router = Router(prefix="/v1/kpi", tags=["engine"], dependencies=[Depends(limited("heavy"))])

MONTHS = 12
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA["xlsx"]: {"schema": {"type": "string", "format": "binary"}}}}
}


VIEWS_READ = (*views_of(Chosen(shipped(kpi)) for kpi in SHOWN), ACCOUNTS, TEAMS, PRODUCTS, UNITS)


async def figures_of(ask: Asked, asking: Asking, month: date, unit_id: UUID | None) -> Month:
    """The figures of a month, of a unit and all below it, or of all the asker sees."""
    picked = await chosen(ask.pool, asking, SHOWN)
    months = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    told: dict[str, Any] = {"filters": Filters(unit_id), "months": months}
    by_id = {one.definition.id: one for one in picked}
    period = period_of(month, "month", months)
    year = [period_of(shifted(month, -back), "month", months) for back in reversed(range(MONTHS))]
    shown = [by_id[kpi] for kpi in OVERVIEW]
    grouped = [by_id[kpi] for kpi in BY_GROUP]
    overview = await values(ask.pool, asking, shown, [period], **told)
    closed = await closes(ask.pool, asking, now=ask.read.kit.clock())
    fixed = await official(ask.pool, asking, shown, [period], closed, group_by=(), **told)
    branches = await values(ask.pool, asking, grouped, [period], group_by=("branch",), compare=False, **told)
    people = await values(ask.pool, asking, grouped, [period], group_by=("person",), compare=False, **told)
    labels = {
        **await _labels(ask, asking, "branch", branches),
        **await _labels(ask, asking, "person", people),
    }
    words = WORDS["en" if ask.labels.language == "en" else "zh-CN"]
    unit = (await ask.labels.units(ask.pool, asking, [unit_id])).get(unit_id) if unit_id is not None else None
    state = words["closed"] if month in closed else words["open"]
    subtitle = " · ".join(part for part in (f"{month:%Y-%m}", unit, state, f"{asking.day}") if part)
    return Month(
        subtitle=subtitle,
        chosen=picked,
        overview=overview,
        official={(one.chosen.definition.id, one.currency): one.value for one in fixed},
        trend=await values(ask.pool, asking, [by_id[kpi] for kpi in TREND], year, compare=False, **told),
        branches=branches,
        people=people,
        labels=labels,
        about=(),
    )


async def _labels(ask: Asked, asking: Asking, dimension: Dimension, figures: Sequence[Value]) -> dict[str, str]:
    found = await names(ask.pool, asking, ask.labels, (dimension,), figures)
    return dict(found.names[dimension])


@router.get(
    "/workbook",
    operation_id="kpi.workbook",
    response_class=Response,
    responses={**CONTENT, **refuses(422, 429)},
)
async def workbook(ask: Ask, request: Request, month: MonthAsked = None, unit_id: UnitId = None,
                   tree: TreeAsked = "then") -> Response:  # fmt: skip
    """The month as a workbook (月度工作簿): overview with targets, twelve months, branches, people, definitions.

    Default the month of the day asked about. Of a closed month official and restated figures stand side by side.
    """
    call, kit = call_of(request.scope), ask.read.kit
    asking = await ask.of(*VIEWS_READ)
    first = asking.day.replace(day=1) if month is None else first_day(month)
    figures = await figures_of(ask, asking, first, unit_id)
    by = await people_names(kit, call.who.tenant_id, (call.who.person_id,))
    about = [
        ("as_of", asking.at.astimezone(asking.zone).isoformat("T", "seconds")),
        ("position", str(ask.position)),
        ("by", by.get(call.who.person_id, str(call.who.person_id))),
    ]
    async with kit.making_files:
        file, rows = written(replace(figures, about=about), call.language)
    await kit.quotas.take(kit.pool, call, call.who, rows)
    if (disclosed := disclosure.get()) is not None:
        disclosed.action = EXPORTED
    await record(
        kit.pool, call.who, action=EXPORTED, subjects=[], fields=["kpi.workbook"], route="GET /v1/kpi/workbook",
        trace=call.trace.trace_id,
    )  # fmt: skip
    name = f'attachment; filename="month-{first:%Y-%m}.xlsx"'
    return Response(file, media_type=MEDIA["xlsx"], headers={"content-disposition": name})


ROUTERS: tuple[Router, ...] = (router,)
