"""What the engine's routes answer: definitions, figures, records behind them. Typed rows; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Day
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.http.columns import AMOUNT

Figure = Annotated[str, AMOUNT, Field(description="Decimal text: a count, an amount of money or a ratio (6 places).")]


class ParameterShown(BaseModel):
    """What may be published otherwise, and how it stands."""

    name: str
    zh: str
    en: str
    default: int | Sequence[str] | None
    value: int | Sequence[str] | None = Field(description="In force on the day asked about.")
    least: int
    most: int
    is_set_of_codes: bool


class DefinitionShown(BaseModel):
    """A KPI as reckoned on the day asked about: what is divided by what, counted in what, on which date."""

    id: str = Field(title="指标编号")
    version: int = Field(title="口径版本")
    name: str = Field(title="指标")
    zh: str = Field(title="中文名")
    en: str = Field(title="英文名")
    formula: str = Field(title="算法")
    formula_zh: str = Field(title="中文算法")
    formula_en: str = Field(title="英文算法")
    kind: str = Field(title="计算方式")
    unit: str = Field(title="分子单位", description="What the numerator counts.")
    per: str | None = Field(title="分母单位", description="What the denominator counts; null without one.")
    date: str = Field(title="计入日期", description="The date that counts.")
    other_dates: Sequence[str] = Field(title="其他日期", description="Further dates its parts go by.")
    dimensions: Sequence[str] = Field(title="可分维度")
    better: str = Field(title="好的方向", description="higher or lower")
    target: str | None = Field(title="对应目标", description="The planned measure it is held against.")
    source: str = Field(title="数据来源")
    has_source: bool = Field(
        title="已有数据来源", description="false: no facts for it are recorded yet; every figure says no_source."
    )
    parameters: Sequence[ParameterShown] = Field(title="参数")
    versions: Sequence[int] = Field(title="全部版本", description="All versions of its definition.")
    effective_from: Day | None = Field(title="生效日", description="Since when it is reckoned so; null as shipped.")


class Definitions(BaseModel):
    """Every KPI, in one page."""

    items: Sequence[DefinitionShown]
    next: str | None = None


class FigureRow(BaseModel):
    """One figure. Only the columns of the dimensions asked for are filled."""

    model_config = ConfigDict(populate_by_name=True)

    kpi: str = Field(title="指标编号")
    name: str = Field(title="指标")
    version: int = Field(title="口径版本")
    period: str
    since: Day = Field(serialization_alias="from", title="起始日", description="First day.")
    to: Day = Field(title="截止日", description="Last day.")
    complete: bool = Field(title="期间已结束", description="The period is over at the instant asked about.")
    person: UUID | None = Field(default=None, description="Who was responsible at the time.")
    person_label: str | None = None
    unit: UUID | None = Field(
        default=None, title="组织编号", description="The unit at the time, without those below it."
    )
    unit_label: str | None = Field(default=None, title="组织")
    branch: UUID | None = None
    branch_label: str | None = None
    region: UUID | None = None
    region_label: str | None = None
    channel: str | None = None
    channel_label: str | None = None
    product: str | None = None
    product_label: str | None = None
    account_kind: str | None = None
    account_kind_label: str | None = None
    segment: str | None = Field(default=None, title="行业细分", description="The sector of the account.")
    segment_label: str | None = Field(default=None, title="行业细分名称")
    currency: str | None
    numerator: Figure | None = Field(title="分子")
    denominator: Figure | None = Field(title="分母")
    factor: Figure | None = Field(title="乘数", description="Of a cost: what it is multiplied by.")
    value: Figure | None = Field(title="指标值", description="null unless state is ok.")
    state: str = Field(title="状态", description="ok, zero_denominator, no_source")
    target: Figure | None = Field(title="目标")
    attainment: Figure | None = Field(title="达成率")
    gap: Figure | None = Field(title="与目标差额", description="value - target")
    previous: Figure | None = Field(title="上期", description="The value of the period before.")
    same_period_last_year: Figure | None = Field(title="去年同期")
    official: Figure | None = Field(
        title="定版值", description="As known when the month was closed; with basis=official."
    )
    restated: Figure | None = Field(title="重述值", description="As known now, of a closed month.")
    difference: Figure | None = Field(title="差异", description="restated - official")


class Figures(BaseModel):
    """Figures, in order of KPIs, periods and groups."""

    rows: Sequence[FigureRow]
    group_by: Sequence[str]
    period: str
    basis: str
    as_of: datetime
    position: int


class ComparedRow(BaseModel):
    """A figure by several versions of its definition."""

    model_config = ConfigDict(populate_by_name=True)

    kpi: str = Field(title="指标编号")
    period: str
    since: Day = Field(serialization_alias="from", title="起始日")
    to: Day = Field(title="截止日")
    person: UUID | None = None
    person_label: str | None = None
    unit: UUID | None = Field(default=None, title="组织编号")
    unit_label: str | None = Field(default=None, title="组织")
    branch: UUID | None = None
    branch_label: str | None = None
    region: UUID | None = None
    region_label: str | None = None
    channel: str | None = None
    channel_label: str | None = None
    product: str | None = None
    product_label: str | None = None
    account_kind: str | None = None
    account_kind_label: str | None = None
    segment: str | None = Field(default=None, title="行业细分", description="The sector of the account.")
    segment_label: str | None = Field(default=None, title="行业细分名称")
    currency: str | None
    version_a: int = Field(title="口径甲")
    value_a: Figure | None = Field(title="甲值")
    state_a: str = Field(title="甲状态")
    version_b: int = Field(title="口径乙")
    value_b: Figure | None = Field(title="乙值")
    state_b: str = Field(title="乙状态")
    difference: Figure | None = Field(title="差异（乙－甲）", description="b - a")


class Compared(BaseModel):
    """Two versions of a definition side by side."""

    rows: Sequence[ComparedRow]
    group_by: Sequence[str]
    versions: Sequence[int]
    as_of: datetime
    position: int


class Behind(BaseModel):
    """One record behind a figure, and how much of the figure it is.

    Records you do not see today are counted in one item without id: so the amounts sum to the figure.
    """

    kind: str = Field(
        title="记录类别", description="opportunity, account, lead, visit, …; hidden: what you do not see today"
    )
    id: UUID | None
    path: str | None
    title: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None = Field(description="Who was responsible at the time.")
    owner: str | None
    unit_id: UUID | None = Field(description="The unit at the time.")
    unit: str | None
    on: Day | None = Field(title="计入日", description="The day it is counted on; of stock since when it stood so.")
    currency: str | None
    amount: Figure = Field(title="计入数", description="Counted, as a part of the figure.")
    measure: str = Field(title="计量项")


class Items(BaseModel):
    """The records behind one part of one figure; all pages sum to `counted`."""

    items: Sequence[Behind]
    next: str | None
    kpi: str
    version: int
    period: str
    part: str
    counted: Figure | None
    state: str
    as_of: datetime
    position: int
