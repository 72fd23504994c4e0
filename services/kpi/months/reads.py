"""Months, read: which are closed, at which position, by whom. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.kpi.asked import Ask
from services.kpi.month import MonthAsked, first_day, later, said
from services.kpi.months.closes import month_standings
from services.kpi.months.closing import Standing, State
from services.kpi.months.rights import may_close
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.reading import KnownAtText, Listed, Paged, Reading
from shared.http.route import Router

router = Router(prefix="/v1/months", tags=["months"])

SHOWN = 24
"""Months listed where nothing is said."""


class MonthShown(BaseModel):
    """One month: its days, whether it is closed, at which position of the log, and what can be done now."""

    month: str
    first_day: date = Field(title="首日")
    last_day: date = Field(title="末日")
    closes_on: date = Field(
        title="默认月结日", description="The first working day after it: at its end the month closes by default."
    )
    state: State = Field(
        title="状态",
        description="running; due: over, not closed yet; closed; reopened: the close was taken back; waiting: for an "
        "earlier month that was; before_log: nothing was recorded yet when it would have closed.",
    )
    closed_how: Literal["command", "default"] | None = Field(default=None, title="月结方式")
    position: int | None = Field(
        default=None, title="日志位置", description="Official figures count what the log held up to here."
    )
    closed_at: datetime | None = Field(default=None, title="月结时间")
    decided_by: UUID | None = Field(
        default=None, title="决定人编号", description="Who closed it, or took the close back."
    )
    decided_by_name: str | None = Field(default=None, title="决定人")
    reason: str | None = None
    allowed_actions: list[str] = Field(description="Commands possible now for you: POST to the month's path plus this.")


@router.get("", operation_id="months.list", responses=refuses(422))
async def months(
    ask: Ask,
    page: Paged,
    from_month: Annotated[MonthAsked, Query(alias="from")] = None,
    to_month: Annotated[MonthAsked, Query(alias="to")] = None,
    known_at: KnownAtText = None,
) -> Listed[MonthShown]:
    """Months, the latest first: closed or not, and the log position that each close fixed (月结)."""
    read = ask.read
    asking = await ask.of()
    first = None if from_month is None else first_day(from_month)
    last = None if to_month is None else first_day(to_month)
    found = await month_standings(ask.pool, asking, now=read.kit.clock(), since=first)
    first = first or later(found[-1].month, 1 - SHOWN)
    wanted = [one for one in reversed(found) if first <= one.month and (last is None or one.month <= last)]
    if (after := page.after(str)) is not None:
        wanted = [one for one in wanted if one.month < first_day(after[0])]
    shown, following = page.of(wanted, key=lambda one: (said(one.month),))
    names = await people_names(read.kit, read.tenant_id, (one.said.by for one in shown if one.said is not None))
    allowed = known_at is None and await _may_close(read)
    return Listed(items=[_shown(one, names, found, allowed=allowed) for one in shown], next=following)


async def _may_close(read: Reading) -> bool:
    return not read.principal.only_looks and may_close(await read.sight())


def _shown(one: Standing, names: dict[UUID, str], all_of_them: Sequence[Standing], *, allowed: bool) -> MonthShown:
    close, told = one.close, one.said
    by = None if told is None else told.by
    return MonthShown(
        month=said(one.month),
        first_day=one.first_day,
        last_day=one.last_day,
        closes_on=one.closes_on,
        state=one.state,
        closed_how=None if close is None else close.by,
        position=None if close is None else close.position,
        closed_at=None if close is None else close.closed_at,
        decided_by=by,
        decided_by_name=None if by is None else names.get(by),
        reason=None if told is None else told.reason,
        allowed_actions=_actions(one, all_of_them) if allowed else [],
    )


def _actions(one: Standing, all_of_them: Sequence[Standing]) -> list[str]:
    if one.close is not None:
        return ["reopen"] if all(other.close is None for other in all_of_them if other.month > one.month) else []
    waits = any(other.state in ("reopened", "waiting") for other in all_of_them if other.month < one.month)
    return [] if one.state == "running" or waits else ["close"]
