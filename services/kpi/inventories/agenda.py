"""What inventories put on an agenda at month end: a sheet to open, lines to confirm, a sheet to sign. Decides nothing.

Every branch owes a sheet a month; a company without branches owes one of its head office.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import DAY, WorkingDays, working_days
from services.kpi.inventories.acting import OF_LINES, Taken
from services.kpi.inventories.inventory import Inventory
from services.kpi.inventories.views import INVENTORIES
from services.kpi.month import later, said
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.days import day_of
from shared.identity.approval import APPROVES
from shared.identity.sight import Sight

MONTH_END_DAYS = 5
"""Working days (000) at the end of a month in which its customer base is taken stock of."""

SHEETS = """
select i.stream_id as id, i.unit_id, i.status
  from {inventories} as i
 where {holds} and i.month = {month}::date
"""
TREE = "select u.stream_id as id, u.kind, u.parent_id, u.status from {units} as u where {holds}"
OPENED = "select min(u.from_at) from {units} u where u.tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Days:
    """Of one month: when its inventory begins, when lines are confirmed, when it is signed."""

    month: date
    begins_on: date
    confirmed_on: date
    signed_on: date


async def due(whose: Whose) -> Due:
    """Sheets the asker opens and signs, lines they confirm; and what is late of those they supervise."""
    read = whose.read
    await read.wait(INVENTORIES, UNITS, PEOPLE)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    days = _days(calendar, whose.day)
    sql = Sql(asking)
    opened = await read.pool.fetchval(sql.text(OPENED), *sql.values)
    new = opened is None or day_of(opened, read.zone) > days.confirmed_on
    if new and not days.begins_on <= whose.day <= days.confirmed_on:  # nothing is late of months before the company
        return Due()
    units, owing = await _units(whose, asking)
    sql = Sql(asking)
    rows: Sequence[Any] = await read.pool.fetch(
        sql.text(SHEETS, holds=sql.holds("i"), month=sql(days.month)), *sql.values
    )
    sheets = {UUID(bytes=row["unit_id"].bytes): row for row in rows}
    mine: list[Item] = []
    late: list[Item] = []
    for unit in owing:
        _of_unit(whose, days, unit, _covering(unit, sheets, units), mine, late)
    sheet = _covering(whose.unit_id, sheets, units)  # of where the asker works: other sheets hold none of their lines
    if sheet is not None and sheet["status"] == "open" and read.known_at is None:
        await _of_lines(whose, days, UUID(bytes=sheet["id"].bytes), mine, late)
    return Due(mine, late)


# -- sheets --------------------------------------------------------------------------------------------------


def _of_unit(whose: Whose, days: Days, unit: UUID, sheet: Any, mine: list[Item], late: list[Item]) -> None:
    if whose.functions.isdisjoint(APPROVES) or (sheet is not None and sheet["status"] != "open"):
        return
    kind, due_on = ("open_inventory", days.confirmed_on) if sheet is None else ("sign_inventory", days.signed_on)
    path = "/v1/inventories" if sheet is None else f"/v1/inventories/{sheet['id']}"
    item = Item(
        kind=kind,
        title=_title(kind, days.month, whose.language),
        due_on=due_on,
        days_late=max(0, (whose.day - due_on).days),
        unit_id=unit,
        path=path,
    )
    if whose.unit_id == unit:
        item.person_id = whose.person_id
        mine.append(item)
    elif whose.day > due_on and (whose.sight.everything or unit in whose.sight.unit_ids):
        late.append(item)


async def _of_lines(whose: Whose, days: Days, id: UUID, mine: list[Item], late: list[Item]) -> None:
    """Lines of a sheet nobody decided: the asker's own, and once it is late those of whom they supervise."""
    read = whose.read
    inventory: Inventory | None = await read.kit.repository(Inventory).load(read.tenant_id, id)
    if inventory is None:
        return
    await read.wait(*OF_LINES)
    taken = await Taken.of(read.kit, read.principal, inventory)
    if whose.day <= days.confirmed_on:
        alone = Sight(everything=False, person_id=whose.person_id)
        taken = Taken(read.kit, taken.sheet.asking(read.tenant_id, read.zone, alone), taken.sheet, taken.decisions)
    counts: Counter[UUID] = Counter(
        row["owner_id"]
        for row in [*await taken.prospects(), *await taken.owners()]
        if row["state"] == "unconfirmed" and row["owner_id"] is not None
    )
    for owner, lines in counts.items():
        item = Item(
            kind="confirm_inventory_lines",
            title=_title("confirm_inventory_lines", days.month, whose.language, lines),
            due_on=days.confirmed_on,
            days_late=max(0, (whose.day - days.confirmed_on).days),
            person_id=owner,
            path=f"/v1/inventories/{id}/lines?state=unconfirmed&owner_id={owner}",
        )
        (mine if owner == whose.person_id else late).append(item)


# -- which units, which days -----------------------------------------------------------------------------------


Parents = Mapping[UUID, UUID | None]


async def _units(whose: Whose, asking: Asking) -> tuple[Parents, Sequence[UUID]]:
    """The unit above each, and the units that owe a sheet."""
    sql = Sql(asking)
    rows: Sequence[Any] = await whose.read.pool.fetch(sql.text(TREE, holds=sql.holds("u")), *sql.values)
    parents = {UUID(bytes=row["id"].bytes): row["parent_id"] for row in rows}
    branches = [row for row in rows if row["kind"] == "branch" and row["status"] != "closed"]
    owing = branches or [row for row in rows if row["parent_id"] is None]
    if not owing and whose.unit_id is not None:  # a day before there was any unit
        return parents, [whose.unit_id]
    return parents, [UUID(bytes=row["id"].bytes) for row in owing]


def _covering(unit: UUID | None, sheets: Mapping[UUID, Any], parents: Parents) -> Any:
    """The sheet of a unit, or of one above it; null without one."""
    above = unit
    passed: set[UUID] = set()
    while above is not None and above not in passed:
        if above in sheets:
            return sheets[above]
        passed.add(above)
        above = parents.get(above)
    return None


def _days(calendar: WorkingDays, day: date) -> Days:
    """Of the month that ends, else of the one before: what is still missing of it."""
    month = calendar.month_of(day)
    ends = _ends(calendar, month)
    if day < ends[0]:
        month = later(month, -1)
        ends = _ends(calendar, month)
    return Days(month, ends[0], ends[-1], calendar.next_working(calendar.month_bounds(month)[1] + DAY))


def _ends(calendar: WorkingDays, month: date) -> Sequence[date]:
    return calendar.last_working(month, MONTH_END_DAYS) or (calendar.month_bounds(month)[1],)


def _title(kind: str, month: date, language: str, lines: int = 0) -> str:
    zh, en = {
        "open_inventory": (f"{said(month)} 客户盘点：建盘点表", f"Open the inventory of {said(month)}"),
        "sign_inventory": (f"{said(month)} 客户盘点：签字", f"Sign the inventory of {said(month)}"),
        "confirm_inventory_lines": (
            f"{said(month)} 客户盘点：还有 {lines} 行待确认",
            f"Inventory of {said(month)}: {lines} lines to confirm",
        ),
    }[kind]
    return zh if language.startswith("zh") else en
