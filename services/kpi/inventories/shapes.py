"""What inventories look like when read. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.inventories.events import InventoryPart, InventoryStatus, LineDecided
from services.kpi.inventories.state import State

Finding = Literal["unreachable", "no_contact", "overdue", "disagrees"]


class InventoryRow(BaseModel):
    """One sheet: of which unit and month, fixed at which position, signed by whom."""

    id: UUID
    version: int
    unit_id: UUID
    unit: str | None = Field(title="单位")
    month: str
    stock_on: date = Field(title="盘点日", description="Stock at the end of that day.")
    position: int = Field(title="日志位置", description="Of the log: what it held up to here counts.")
    status: InventoryStatus
    signed_by: UUID | None
    signed_by_name: str | None = Field(title="签字人")
    signed_on: date | None = Field(title="签字日期")
    lines: int | None = Field(title="行数", description="When it was signed.")
    unconfirmed: int | None = Field(title="未确认行数", description="When it was signed.")
    path: str


class LineShown(BaseModel):
    """One line: as it stood when the sheet was fixed, what it gives rise to, and what became of it since."""

    part: InventoryPart = Field(title="部分")
    id: UUID = Field(description="Of the opportunity, or of the account in the part `owners`.")
    path: str
    title: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None = Field(title="负责人")
    unit_id: UUID | None
    unit: str | None = Field(title="单位")
    level: str | None = Field(default=None, title="申报级别", description="Declared. Of prospects.")
    computed_level: str | None = Field(default=None, title="推算级别", description="By the expected day. Of prospects.")
    review: str | None = Field(default=None, title="待审", description="What waits for approval: defeat, freeze.")
    expected_on: date | None = Field(default=None, title="预计成交日")
    captured_on: date | None = Field(default=None, title="留档日期")
    units: int = Field(title="台数", description="Of a prospect's lines; of an owner: the fleet we delivered.")
    first_delivered_on: date | None = Field(default=None, title="首次交车日")
    last_delivered_on: date | None = Field(default=None, title="最近交车日")
    age_months: float | None = Field(default=None, title="平均车龄（月）", description="Of the fleet, by units.")
    last_contact_on: date | None = Field(title="最近联系日")
    days_without_contact: int = Field(
        title="未联系天数", description="Since somebody was reached; never: since capture, or the last delivery."
    )
    findings: list[Finding] = Field(title="问题")
    state: State = Field(title="状态")
    decided: LineDecided | None = Field(title="盘点结论")
    decided_by: UUID | None
    decided_by_name: str | None = Field(title="确认人")
    decided_on: date | None = Field(title="确认日期")
    note: str | None = Field(title="备注")
    command: str | None = Field(title="待办命令", description="Where to tell what was decided and not done yet.")
    done_by_fact: str | None = Field(title="办理事实", description="The fact since then that made the line done.")
    done_at: datetime | None = Field(title="办理时间")
    done_position: int | None = Field(title="办理日志位置")
    done_by: UUID | None
    done_by_name: str | None = Field(title="办理人")


class SumsRow(BaseModel):
    """The prospects of one declared level; without a level: of all. opening + restated + in - out = closing."""

    level: str | None = Field(title="级别")
    opening: int = Field(title="期初", description="As the close of the month before knew it.")
    restated: int = Field(title="补录差异", description="Told later for days before the month, or units that moved.")
    new: int = Field(title="新增")
    reopened: int = Field(title="再激活")
    resumed: int = Field(title="恢复跟进")
    transferred_in: int = Field(title="转入")
    level_in: int = Field(title="级别转入")
    won: int = Field(title="成交")
    defeated: int = Field(title="战败")
    frozen: int = Field(title="冷冻")
    lost_contact: int = Field(title="失控")
    disposed: int = Field(title="撤销留档")
    cancelled: int = Field(title="退订")
    transferred_out: int = Field(title="转出")
    level_out: int = Field(title="级别转出")
    closing: int = Field(title="期末")


class Sums(BaseModel):
    """The sums of a sheet."""

    rows: list[SumsRow]
    total: SumsRow
    owners: int = Field(title="保有客户数", description="Accounts that took delivery.")
    fleet: int = Field(title="保有台数", description="Units they took.")
    position: int
    stock_on: date


class ProgressRow(BaseModel):
    """How far one owner is with their lines."""

    owner_id: UUID | None
    owner: str | None = Field(title="负责人")
    lines: int = Field(title="行数")
    unconfirmed: int = Field(title="未确认")
    confirmed: int = Field(title="已确认")
    asked: int = Field(title="待办理")
    done: int = Field(title="已办理")
    unreachable: int = Field(title="无有效联系方式")
    no_contact: int = Field(title="超期未联系")
    overdue: int = Field(title="预计日已过")
    disagrees: int = Field(title="级别不一致")


class Progress(BaseModel):
    """A row per owner who has lines, the least confirmed first."""

    rows: list[ProgressRow]
