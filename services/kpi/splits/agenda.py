"""What splits put on an agenda: the next month's split at month end, targets to confirm, objections to answer.

Due is at month end what heads split (domain §1, two rhythms); it is late where the unit has a target or a draft, and no
split is issued. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.month import later, said
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from services.kpi.splits.views import CONFIRMATIONS, SPLITS
from shared.identity.approval import APPROVES

MONTH_END_DAYS: Final = 5
"""The last working days of a month (000), in which the next one is split."""

# Of each unit in sight: whether its month is split, and whether there is something to split.
STANDING = """
select u.stream_id as unit_id,
       exists (select from {splits} as s where s.unit_id = u.stream_id and s.month = {month} and {split_holds}
                  and s.status = 'issued') as issued,
       exists (select from {splits} as s where s.unit_id = u.stream_id and s.month = {month} and {split_holds})
       or u.stream_id in (select t.unit_id from {targets} as t where t.month = {month} and t.person_id is null
                             and t.measure <> 'leads') as wanted
  from {units} as u
 where {unit_holds} and u.status = 'open' and ({everything} or u.stream_id = any({seen}::uuid[]))
"""
ASKED = """
select c.stream_id, c.owner_id, c.unit_id, c.month, c.status, c.confirm_by, c.objected_on, c.verdict
  from {confirmations} as c
 where {holds} and c.status in ('asked', 'objected', 'answered') and {sight}
   and not exists (select from {people} as p where p.stream_id = c.owner_id and {left_holds} and p.status = 'left')
 order by c.confirm_by, c.stream_id
"""


async def due(whose: Whose) -> Due:
    """What the asker owes, and what is late of those they supervise."""
    read = whose.read
    await read.wait(SPLITS, CONFIRMATIONS, *TARGET_VIEWS)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    mine: list[Item] = []
    late: list[Item] = []
    if not whose.functions.isdisjoint(APPROVES):
        month, due_on = split_due(calendar, whose.day)
        for unit_id, issued, wanted in await _standing(whose, asking, month):
            own, over = unit_id == whose.unit_id, whose.day > due_on
            if issued or not (wanted or (own and not over)):
                continue
            if own:
                mine.append(_split(month, due_on, unit_id, whose))
            elif over:
                late.append(_split(month, due_on, unit_id, whose))
    sql = Sql(asking)
    statement = sql.text(
        ASKED, holds=sql.holds("c"), left_holds=sql.holds("p"), sight=sql.counted("c", account="null::uuid")
    )
    for row in await read.pool.fetch(statement, *sql.values):
        own = row["owner_id"] == whose.person_id
        if own and row["status"] != "objected":
            mine.append(_confirm(row, whose))
        elif not own and row["confirm_by"] < whose.day and row["status"] != "objected":
            late.append(_confirm(row, whose))
        elif not own and row["status"] == "objected" and not whose.functions.isdisjoint(APPROVES):
            mine += _answer(row, whose)
    return Due(mine, late)


def split_due(calendar: WorkingDays, day: date) -> tuple[date, date]:
    """Which month is to be split on a day, and by when: from the last working days on the next one."""
    month = calendar.month_of(day)
    if day < month_end(calendar, month)[0]:
        month = later(month, -1)
    return later(month), month_end(calendar, month)[-1]


def month_end(calendar: WorkingDays, month: date) -> Sequence[date]:
    """The days of the month-end rhythm; of a month nobody works in its last day."""
    return calendar.last_working(month, MONTH_END_DAYS) or (calendar.month_bounds(month)[1],)


async def _standing(whose: Whose, asking: Asking, month: date) -> list[tuple[UUID, bool, bool]]:
    sql = Sql(asking)
    seen = set(whose.sight.unit_ids) | ({whose.unit_id} if whose.unit_id is not None else set())
    statement = sql.text(
        STANDING,
        month=sql(month),
        targets=target_rows(sql),
        split_holds=sql.holds("s"),
        unit_holds=sql.holds("u"),
        everything="true" if whose.sight.everything else "false",
        seen=sql(list(seen)),
    )
    return [tuple(row) for row in await whose.read.pool.fetch(statement, *sql.values)]


# -- items -------------------------------------------------------------------------------------------------


def _split(month: date, due_on: date, unit_id: UUID, whose: Whose) -> Item:
    title = f"分解 {said(month)} 目标" if _zh(whose) else f"Split the targets of {said(month)}"
    return Item(
        kind="split_month", title=title, due_on=due_on, days_late=_late(due_on, whose), unit_id=unit_id,
        person_id=whose.person_id if unit_id == whose.unit_id else None, path=f"/v1/splits?month={said(month)}",
    )  # fmt: skip


def _confirm(row: Any, whose: Whose) -> Item:
    month = said(row["month"])
    return Item(
        kind="confirm_target", title=f"确认 {month} 个人目标" if _zh(whose) else f"Confirm the targets of {month}",
        due_on=row["confirm_by"], days_late=_late(row["confirm_by"], whose), person_id=row["owner_id"],
        unit_id=row["unit_id"], path=f"/v1/confirmations/{row['stream_id']}",
    )  # fmt: skip


def _answer(row: Any, whose: Whose) -> Iterator[Item]:
    if row["verdict"] is not None:
        title = "异议已接受，调整分解" if _zh(whose) else "An objection was accepted: change the split"
    else:
        title = "答复目标异议" if _zh(whose) else "Answer an objection to targets"
    due_on = max(row["confirm_by"], row["objected_on"])
    yield Item(
        kind="answer_objection", title=f"{title} ({said(row['month'])})", due_on=due_on, days_late=_late(due_on, whose),
        person_id=whose.person_id, unit_id=row["unit_id"], path=f"/v1/confirmations/{row['stream_id']}",
    )  # fmt: skip


def _late(due_on: date, whose: Whose) -> int:
    return max(0, (whose.day - due_on).days)


def _zh(whose: Whose) -> bool:
    return whose.language.startswith("zh")
