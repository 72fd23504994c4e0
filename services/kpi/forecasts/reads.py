"""Forecasts, read: the list, one with its history, its versions, what they come to beside target and outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.answers import figure
from services.kpi.asked import Ask
from services.kpi.calendar.working_days import working_days
from services.kpi.forecasts import listing
from services.kpi.forecasts.forecast import ACTIONS, Forecast
from services.kpi.forecasts.shapes import ForecastReport, ForecastRow, ForecastVersions
from services.kpi.forecasts.views import FORECASTS
from services.kpi.month import PATTERN, MonthAsked, first_day, said
from services.kpi.plans.targets import TARGET_VIEWS
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.units import UNITS
from services.kpi.words import MEASURES, word
from shared.days import day_of
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.identity.approval import APPROVES
from shared.identity.principal import Principal
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of

router = Router(prefix="/v1")


@router.get(
    "/forecasts",
    tags=["forecasts"],
    operation_id="forecasts.list",
    response_model=Listed[ForecastRow],
    responses=refuses(422),
)
async def forecasts(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    person_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month"] = "-month",
) -> Any:
    """Forecasts as they stood: the person's figure and the head's side by side."""
    asking = await ask.of(FORECASTS, UNITS)
    which = listing.Which(None if month is None else first_day(month), unit_id, person_id)
    items, after = await listing.forecasts(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


def _possible(principal: Principal) -> Callable[[Forecast], Iterable[str]]:
    """What can be done now, by this one: revised by the person, adjusted by heads, never by the person."""

    def actions(forecast: Forecast) -> Iterable[str]:
        own = principal.person_id == forecast.standing["owner_id"]
        never = "adjust" if own or not principal.has(*APPROVES) else "revise"
        return (
            name
            for name, fact in ACTIONS.items()
            if name != never and (own or name != "revise") and forecast.can(getattr(events, fact))
        )

    return actions


@router.get("/forecasts/{forecast_id}", tags=["forecasts"], operation_id="forecasts.read", responses=refuses(404))
async def forecast(forecast_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One person's forecast of a month as of a day, with its history."""
    return await shown(
        reading, response, Forecast, forecast_id, actions=_possible(reading.principal), people=("adjusted_by",)
    )


@router.get(
    "/forecasts/{forecast_id}/versions",
    tags=["forecasts"],
    operation_id="forecasts.versions",
    response_model=ForecastVersions,
    responses=refuses(404, 422),
)
async def versions(forecast_id: UUID, ask: Ask) -> Any:
    """Every call and adjustment of one forecast, in the order told, with who said it."""
    reading = ask.read
    found = await shown(
        reading, Response(), Forecast, forecast_id, actions=_possible(reading.principal), people=("adjusted_by",)
    )
    asking = await ask.of()
    record: Forecast = reading.kit.repository(Forecast).replay(
        await reading.kit.store.load(reading.tenant_id, forecast_id, until_position=reading.known_at)
    )
    told = {fact.version: fact for fact in found.history}
    rows = []
    number = 0
    for entry in record.entries():
        if entry.occurred_at > reading.as_of:
            continue
        adjusted = entry.type == "ForecastAdjusted"
        number = entry.changes.get("adjusted_number" if adjusted else "number", number)
        fact = told[entry.version]
        by = entry.changes["adjusted_by"] if adjusted else (fact.on_behalf_of or fact.actor)
        for line in entry.changes["adjusted" if adjusted else "lines"]:
            rows.append(
                {
                    "version": entry.version,
                    "kind": "adjusted" if adjusted else "called",
                    "number": number,
                    "by": by,
                    "by_name": None if by is None else found.people.get(by),
                    "on": day_of(entry.occurred_at, reading.zone),
                    "recorded_at": fact.recorded_at.astimezone(UTC),
                    "measure": line.measure,
                    "measure_label": word(MEASURES, line.measure, ask.labels.language),
                    "product": line.product,
                    "currency": line.currency,
                    "figure": figure(line.figure, line.currency),
                    "reason": entry.changes.get("reason"),
                    "corrected": bool(entry.corrections),
                }
            )
    standing = record.standing_at(reading.as_of)
    owner = standing["owner_id"]
    return ask.records(
        asking,
        {"rows": rows, "month": said(standing["month"]), "person_id": owner, "person": found.people.get(owner)},
    )


@router.get(
    "/kpi/forecasts",
    tags=["forecasts"],
    operation_id="kpi.forecasts",
    response_model=ForecastReport,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def report(
    ask: Ask,
    month: Annotated[
        str | None, Query(pattern=PATTERN, description="Default: the month of the day asked about.")
    ] = None,
    group_by: listing.GroupBy = "person",
    person_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
) -> Any:
    """What is forecast of a month beside target and outcome, by person, unit, branch or region."""
    asking = await ask.of(FORECASTS, FUNNEL, UNITS, *TARGET_VIEWS)
    days = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    of = days.month_of(asking.day) if month is None else first_day(month)
    found = await listing.report(
        ask.pool,
        asking,
        ask.labels,
        month=of,
        bounds=days.month_bounds(of),
        group_by=group_by,
        unit_id=unit_id,
        person_id=person_id,
    )
    return ask.answer(asking, found)
