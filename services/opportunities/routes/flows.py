"""How the stock moved: flow between two days, time in level, the funnel's shape; of any day, as known at any time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, Field

from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.reports import flow as flow_table
from services.opportunities.reports import shape as shapes
from services.opportunities.reports import time_in_level as stays
from services.opportunities.reports.pipeline import LevelKind
from services.opportunities.reports.shapes import Money
from services.opportunities.reports.shapes import Report as Rows
from services.opportunities.routes.asked import Ask, PolicyCode, Which, days, dimensions
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, ToDay, within
from shared.http.route import Router

router = Router(prefix="/v1/pipeline", tags=["reports"], dependencies=[Depends(limited("heavy"))])

FirstDay = Annotated[
    date, AfterValidator(within), Query(alias="from", description="The stock at the end of this day is where it began.")
]
LastDay = Annotated[
    date | None,
    AfterValidator(lambda day: None if day is None else within(day)),
    Query(
        alias="to", description="The stock at the end of this day is where it came to. Default: the day asked about."
    ),
]
GroupBy = Annotated[str | None, Query(max_length=100, description="One or two dimensions, by comma.")]
BoundOfStock = Annotated[Decimal, Query(ge=0, le=1, max_digits=5)]


class Grouping(BaseModel):
    """The keys a row is grouped by, each with its label; only those asked for are there."""

    owner: str | None = None
    owner_label: str | None = None
    org_unit: str | None = None
    org_unit_label: str | None = None
    branch: str | None = None
    branch_label: str | None = None
    region: str | None = None
    region_label: str | None = None
    channel: str | None = None
    channel_label: str | None = None


class FlowRow(Grouping):
    """The deals that went from one state to another, as they were worth at either instant."""

    currency: str
    from_state: str = Field(
        title="期初状态",
        description="N C B A H O, or how they came in: captured, reopened, resumed, amended (an order that was "
        "delivered got more units), transferred_in, reclassified_in (other currency, channel, product, account).",
    )
    to_state: str = Field(
        title="期末状态",
        description="N C B A H O, or how they left: delivered, defeated, frozen, lost_contact, cancelled, disposed, "
        "transferred_out, reclassified_out.",
    )
    count: int = Field(title="商机数")
    units_from: int = Field(title="期初台数")
    amount_from: Money = Field(title="期初金额")
    units_to: int = Field(title="期末台数")
    amount_to: Money = Field(title="期末金额")


class StockRow(Grouping):
    """The stock of one level, as on the board."""

    currency: str
    level: str
    count: int
    units: int
    amount: Money


class FlowReport(Rows[FlowRow]):
    opening: list[StockRow] = Field(description="Where it began: what the rows N … O sum to, by *_from.")
    closing: list[StockRow] = Field(description="Where it came to: what the columns N … O sum to, by *_to.")
    from_at: datetime
    to_at: datetime


class TimeInLevelRow(Grouping):
    """Stays at one level: those completed in the range, and those that last at its end."""

    level: str
    completed: int
    days_mean: float | None = Field(description="Calendar days of the completed.")
    days_median: float | None
    days_p90: float | None
    running: int
    running_days_mean: float | None
    running_days_median: float | None
    running_days_p90: float | None
    came_back: int = Field(
        title="往返次数", description="Stays of deals that had been at this level before, and at another since."
    )


class Finding(BaseModel):
    """What is found about a funnel's shape, in both languages."""

    code: str = Field(description="thin_top, bulge, thin_bottom, too_few, sound.")
    zh: str
    en: str


class ShapeRow(Grouping):
    """The open stock of one group in three parts; shares are null when it is empty."""

    count: int = Field(title="商机数")
    overdue: int = Field(
        title="预计日已过", description="By computed level: their expected day has gone by; in no part."
    )
    top: int = Field(title="上口", description="N and the policy's farthest level.")
    middle: int = Field(title="中段")
    bottom: int = Field(title="下口", description="The policy's hottest level.")
    top_share: float | None = Field(title="上口占比")
    middle_share: float | None = Field(title="中段占比")
    bottom_share: float | None = Field(title="下口占比")
    findings: list[Finding] = Field(title="判断")


class ShapeReport(Rows[ShapeRow]):
    policy: str
    level: str
    top_at_least: str
    middle_at_most: str
    bottom_at_least: str
    least: int


@router.get("/flow", operation_id="reports.flow", response_model=FlowReport, responses=refuses(422))
async def flow(ask: Ask, which: Which, since: FirstDay, until: LastDay = None, group_by: GroupBy = None) -> Any:
    """From level to level between two days. Rows and columns sum to the boards of the two days, exactly.

    Dimensions: owner, org_unit, branch, region, channel. With a group or filter, deals that changed hands leave by
    `transferred_out` and come in by `transferred_in`. A deal that was closed at both ends is there if it was open
    between.
    """
    by = dimensions(group_by, flow_table.KEYS)
    days(since, until)
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    first, asking = flow_table.between(asking, since, until)
    policy = await ask.policy(asking, None)
    report = await flow_table.flow(ask.pool, asking, policy, ask.labels, since=first, group_by=by, filters=which)
    return ask.answer(asking, {**report, "from_at": first, "to_at": asking.at})


@router.get(
    "/time-in-level",
    operation_id="reports.time_in_level",
    response_model=Rows[TimeInLevelRow],
    responses=refuses(422),
)
async def time_in_level(
    ask: Ask, which: Which, since: FromDay = None, until: ToDay = None, group_by: stays.GroupBy | None = None
) -> Any:
    """How many days deals stay at each level, completed and still running, and how often they come back to it."""
    days(since, until)
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    policy = await ask.policy(asking, None)
    report = await stays.time_in_level(
        ask.pool, asking, policy, ask.labels, group_by=group_by, since=since, until=until, filters=which
    )
    return ask.answer(asking, report)


@router.get("/shape", operation_id="reports.shape", response_model=ShapeReport, responses=refuses(422))
async def shape(
    ask: Ask,
    which: Which,
    policy: PolicyCode = None,
    level: LevelKind = "declared",
    group_by: GroupBy = None,
    top_at_least: BoundOfStock = Decimal("0.40"),
    middle_at_most: BoundOfStock = Decimal("0.50"),
    bottom_at_least: BoundOfStock = Decimal("0.10"),
    least: Annotated[int, Query(ge=1, le=1_000_000, description="Prospects; fewer have no shape.")] = 5,
) -> Any:
    """The funnel's shape (漏斗理论三种情况): thin top, bulge, thin bottom, by owner or unit; the bounds may be given.

    Dimensions, one or two: owner, org_unit, branch, region.
    """
    by = dimensions(group_by, shapes.DIMENSIONS)
    asking = await ask.of(STANDINGS, ACCOUNTS, LEVEL_POLICIES, UNITS)
    applied = await ask.policy(asking, policy)
    bounds = shapes.Bounds(top_at_least, middle_at_most, bottom_at_least, least)
    report = await shapes.shape(
        ask.pool, asking, applied, ask.labels, level=level, group_by=by, bounds=bounds, filters=which
    )
    said = {"top_at_least": top_at_least, "middle_at_most": middle_at_most, "bottom_at_least": bottom_at_least}
    return ask.answer(
        asking,
        {**report, "policy": applied.code, "level": level, "least": least}
        | {name: str(bound) for name, bound in said.items()},
    )
