"""From a request for figures to a question: KPIs, periods, groups and filters as parameters. Computes no figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import Depends, Query

from services.kpi.asked import Asked
from services.kpi.asking import Asking
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.choices import chosen
from services.kpi.engine.definition import DIMENSIONS, Chosen, Dimension
from services.kpi.engine.period import CALENDAR, Grain, Months, Period, periods_between
from services.kpi.engine.question import Filters
from services.kpi.engine.shipped import views_of
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.products import PRODUCTS
from services.kpi.views.teams import TEAMS
from services.kpi.views.units import UNITS
from shared.http.problem import At, Problem
from shared.records import asked as shared_asked
from shared.records.asked import InCurrency, TreeAsked, UnitId

MOST_PERIODS = 130
Basis = Literal["current", "official"]

Kpis = Annotated[
    str,
    Query(
        max_length=2_000,
        pattern=r"^[a-z0-9_]+(,[a-z0-9_]+)*$",
        description="One or more KPIs by id, by comma.",
        openapi_examples={"two": {"value": "orders,prospect_conversion"}},
    ),
]
GroupBy = Annotated[str | None, Query(max_length=100, description=f"One or two of {', '.join(DIMENSIONS)}, by comma.")]
Version = Annotated[
    int | None, Query(ge=1, le=1_000, description="Of this version of the definition, whatever is published.")
]
Text = Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")]


def filters(
    tree: TreeAsked = "then",
    unit_id: UnitId = None,
    person_id: Annotated[UUID | None, Query(description="Who was responsible at the time.")] = None,
    channel: Text = None,
    product: Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$", description="A product code.")] = None,
    currency: InCurrency = None,
) -> Filters:
    """What is counted alone."""
    return Filters(unit_id, person_id, channel, product, currency)


Which = Annotated[Filters, Depends(filters)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is computed: definitions as chosen, whole periods, groups."""

    asking: Asking
    chosen: Sequence[Chosen]
    periods: Sequence[Period]
    group_by: Sequence[Dimension]
    months: Months


async def wanted(
    ask: Asked,
    kpi: str,
    grain: Grain,
    since: date | None,
    until: date | None,
    group_by: str | None,
    which: Filters,
    version: int | None = None,
) -> Wanted:
    """The same, once the views have seen what they must show. Raises Problem and Refused 422.

    Periods are whole: those with a day from `since` to `until`; without days that of the day asked about.
    """
    by = cast("Sequence[Dimension]", shared_asked.dimensions(group_by, dict.fromkeys(DIMENSIONS)))
    asking = await ask.of()
    picked = await chosen(ask.pool, asking, list(dict.fromkeys(kpi.split(","))), version)
    _offered(picked, by, which)
    last = until or max(asking.day, since or asking.day)
    first = since or last
    shared_asked.days(first, last)
    months: Months = CALENDAR
    if grain not in ("day", "week"):
        months = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    periods = periods_between(first, last, grain, months, most=MOST_PERIODS)
    if len(periods) > MOST_PERIODS:
        raise Problem(
            422,
            "too_many_periods",
            params={"most": MOST_PERIODS},
            errors=(At("/from", "too_many_periods", params={"most": MOST_PERIODS}, where="query"),),
        )
    asking = await ask.of(*views_of(picked), ACCOUNTS, TEAMS, PRODUCTS, UNITS)
    return Wanted(asking, picked, periods, by, months)


def _offered(picked: Sequence[Chosen], by: Sequence[Dimension], which: Filters) -> None:
    """Raises Problem 422 `kpi_dimension` for a group or filter that a KPI is not told apart by."""
    asked = [("/group_by", dimension) for dimension in by]
    given = (("channel", which.channel), ("product", which.product), ("person", which.person_id))
    asked += [(f"/{name}", cast(Dimension, name)) for name, value in given if value is not None]
    for one in picked:
        for pointer, dimension in asked:
            if dimension not in one.definition.dimensions:
                params = {"kpi": one.definition.id, "dimension": dimension}
                raise Problem(
                    422,
                    "kpi_dimension",
                    params=params,
                    errors=(At(pointer, "kpi_dimension", params=params, where="query"),),
                )
