"""Inventories, read: sheets, one with its history, its lines, its sums, how far each owner is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.asking import Labels, Row, Sql
from services.kpi.inventories.acting import Taken, seen_units, sees_inventory
from services.kpi.inventories.events import InventoryPart, InventoryStatus
from services.kpi.inventories.inventory import ACTIONS, Inventory
from services.kpi.inventories.levels import levels
from services.kpi.inventories.shapes import (
    Finding,
    InventoryRow,
    LineShown,
    Progress,
    ProgressRow,
    Sums,
    SumsRow,
)
from services.kpi.inventories.state import COMMANDS, STATES, State
from services.kpi.inventories.sums import sums, total
from services.kpi.inventories.views import INVENTORIES
from services.kpi.month import MonthAsked, first_day, said
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now, Paged, Reading, Report
from shared.http.route import Router

router = Router(prefix="/v1/inventories", tags=["inventories"])

LIST = """
select i.*, i.stream_id as id
  from {inventories} as i
 where {holds} and {seen} and {month} and {unit} and {status} and {beyond}
 order by i.month desc, i.stream_id desc
 limit {limit}
"""
OwnerId = Annotated[UUID | None, Query(description="Lines of this owner alone.")]
ACTED = ("opened_by", "signed_by")
"""Standing fields that name persons."""


@router.get("", operation_id="inventories.list", responses=refuses(422))
async def inventories(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    unit_id: Annotated[UUID | None, Query(description="Sheets of this unit.")] = None,
    status: InventoryStatus | None = None,
) -> Listed[InventoryRow]:
    """Inventory sheets of the units you see, and of the one you work in; the latest month first."""
    asking = await ask.of(INVENTORIES)
    sql = Sql(asking)
    sight = asking.sight
    seen = "true"
    if not sight.everything:
        units = await seen_units(ask.pool, asking.tenant_id, sight)
        seen = f"i.unit_id = any({sql(sorted(units))}::uuid[])"
    beyond = "true"
    if (after := page.after(str, UUID)) is not None:
        beyond = f"(i.month, i.stream_id) < ({sql(first_day(after[0]))}::date, {sql(after[1])}::uuid)"
    text = sql.text(
        LIST,
        holds=sql.holds("i"),
        seen=seen,
        month="true" if month is None else f"i.month = {sql(first_day(month))}::date",
        unit="true" if unit_id is None else f"i.unit_id = {sql(unit_id)}::uuid",
        status="true" if status is None else f"i.status = {sql(status.value)}",
        beyond=beyond,
        limit=f"{sql(page.limit + 1)}::int",
    )
    rows: Sequence[Any] = await ask.pool.fetch(text, *sql.values)
    found, following = page.of(rows, key=lambda row: (said(row["month"]), row["id"]))
    units_named = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in found))
    people = await ask.labels.people(asking.tenant_id, (row["signed_by"] for row in found))
    items = [
        InventoryRow(
            **{name: row[name] for name in ("id", "version", "unit_id", "stock_on", "position", "status")},
            **{name: row[name] for name in ("signed_by", "signed_on", "lines", "unconfirmed")},
            unit=units_named.get(row["unit_id"]),
            month=said(row["month"]),
            signed_by_name=people.get(row["signed_by"]),
            path=f"/v1/inventories/{row['id']}",
        )
        for row in found
    ]
    return Listed(items=items, next=following)


@router.get("/{inventory_id}", operation_id="inventories.read", responses=refuses(404))
async def inventory(inventory_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One sheet as of a day, with its decisions and history; to who works below its unit those of their own."""

    def actions(sheet: Inventory) -> Iterable[str]:
        yield from (name for name, fact in ACTIONS.items() if sheet.can(fact))
        yield from ("correct", "void")

    found = await shown(reading, response, Inventory, inventory_id, actions=actions, people=ACTED, seen=sees_inventory)
    sight = await reading.sight()
    if sight.everything or UUID(str(found.standing["unit_id"])) in sight.unit_ids:
        return found
    return of_owners(found, sight.owners)


def of_owners(found: RecordShown, owners: Collection[UUID]) -> RecordShown:
    """The same with the decisions of these persons alone: who works below a sheet's unit sees their own lines of it."""

    def cut(said: Mapping[str, Any] | None) -> dict[str, Any]:
        given = dict(said or {})
        if "decisions" in given:
            given["decisions"] = [one for one in given["decisions"] if UUID(str(one["by"])) in owners]
        return given

    history = []
    for fact in found.history:
        told = {name: cut(getattr(fact, name)) for name in ("said", "changes")}
        if fact.first_changes is not None:
            told["first_changes"] = cut(fact.first_changes)
        known = fact.actor in owners or fact.type != "InventoryLinesDecided"
        who: dict[str, Any] = {} if known else {"actor": None, "on_behalf_of": None}
        history.append(fact.model_copy(update={**told, **who}))
    standing = cut(found.standing)
    named = {UUID(str(standing[name])) for name in ACTED if name in standing} | set(owners)
    named |= {id for fact in history for id in (fact.actor, fact.on_behalf_of) if id is not None}
    people = {id: name for id, name in found.people.items() if id in named}
    return found.model_copy(update={"standing": standing, "history": history, "people": people})


@router.get("/{inventory_id}/lines", operation_id="inventories.lines", responses=refuses(404, 422))
async def lines(
    inventory_id: UUID,
    read: Now,
    page: Paged,
    part: InventoryPart | None = None,
    state: State | None = None,
    finding: Finding | None = None,
    owner_id: OwnerId = None,
) -> Listed[LineShown]:
    """The lines you see: prospects, the nearest order first, then owners; with findings, decision and what was done."""
    taken = await _taken(read, inventory_id)
    rows = [*await _of(taken, part, InventoryPart.PROSPECTS), *await _of(taken, part, InventoryPart.OWNERS)]
    wanted = [
        (place, row)
        for place, row in enumerate(rows)
        if (state is None or row["state"] == state)
        and (finding is None or finding in row["findings"])
        and (owner_id is None or row["owner_id"] == owner_id)
    ]
    if (after := page.after(int)) is not None:  # places never change: the sheet is fixed
        wanted = [(place, row) for place, row in wanted if place > after[0]]
    found, following = page.of(wanted, key=lambda item: (item[0],))
    return Listed(items=await _shown(read, taken, [row for _, row in found]), next=following)


@router.get(
    "/{inventory_id}/sums",
    operation_id="inventories.sums",
    responses=refuses(404, 422),
    dependencies=[Depends(limited("heavy"))],
)
async def sums_of(inventory_id: UUID, read: Now, owner_id: OwnerId = None) -> Sums:
    """Opening, new, won, defeated, frozen, lost contact, transferred, closing by declared level, of what you see."""
    taken = await _taken(read, inventory_id)
    pool, asking, sheet = read.pool, taken.asking, taken.sheet
    codes = (await levels(pool, asking)).codes
    rows = await sums(pool, asking, sheet, codes, owner_id=owner_id)
    fleet = [row for row in await taken.owners() if owner_id is None or row["owner_id"] == owner_id]
    return Sums(
        rows=[SumsRow(**row) for row in rows],
        total=SumsRow(**total(rows)),
        owners=len(fleet),
        fleet=sum(row["units"] for row in fleet),
        position=sheet.position,
        stock_on=sheet.stock_on,
    )


@router.get(
    "/{inventory_id}/progress",
    operation_id="inventories.progress",
    responses=refuses(404, 422),
    dependencies=[Depends(limited("heavy"))],
)
async def progress(inventory_id: UUID, read: Now) -> Progress:
    """How far each owner is: lines confirmed, asked for, done; findings. The least confirmed first."""
    taken = await _taken(read, inventory_id)
    counts: dict[UUID | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in [*await taken.prospects(), *await taken.owners()]:
        for name in ("lines", row["state"], *row["findings"]):
            counts[row["owner_id"]][name] += 1
    people = await _labels(read).people(read.tenant_id, counts)
    names = ("lines", *STATES, "unreachable", "no_contact", "overdue", "disagrees")
    rows = [
        ProgressRow(owner_id=owner, owner=people.get(owner) if owner else None, **{name: of[name] for name in names})
        for owner, of in counts.items()
    ]
    return Progress(rows=sorted(rows, key=lambda row: (-row.unconfirmed, str(row.owner_id))))


# -- how lines are shown -----------------------------------------------------------------------------------------


async def _taken(read: Reading, inventory_id: UUID) -> Taken:
    """The sheet, for who sees it. Raises Problem 404."""
    found: Inventory | None = await read.kit.repository(Inventory).load(read.tenant_id, inventory_id)
    if found is None or not await sees_inventory(read.kit, read.principal, found):
        raise Problem(404, "not_found")
    return await Taken.of(read.kit, read.principal, found, min_position=read.min_position or 0)


async def _of(taken: Taken, asked: InventoryPart | None, part: InventoryPart) -> Sequence[Row]:
    if asked not in (None, part):
        return ()
    return await taken.prospects() if part is InventoryPart.PROSPECTS else await taken.owners()


def _labels(read: Reading) -> Labels:
    return Labels(read.kit.vault)


async def _shown(read: Reading, taken: Taken, rows: Sequence[Row]) -> list[LineShown]:
    labels, asking = _labels(read), taken.asking
    accounts = await labels.accounts(read.pool, asking, (row["account_id"] for row in rows))
    units = await labels.units(read.pool, asking, (row["unit_id"] for row in rows))
    acted = {row["decision"].by for row in rows if row["decision"]} | {row["deed"].actor for row in rows if row["deed"]}
    people = await labels.people(read.tenant_id, {*acted, *(row["owner_id"] for row in rows)})
    return [_line(row, accounts, units, people) for row in rows]


def _line(row: Row, accounts: Mapping[UUID, str], units: Mapping[UUID, str], people: Mapping[UUID, str]) -> LineShown:
    decision, deed = row["decision"], row["deed"]
    kind = "opportunities" if row["part"] is InventoryPart.PROSPECTS else "accounts"
    path = f"/v1/{kind}/{row['id']}"
    verb = COMMANDS.get(decision.decided) if decision is not None and row["state"] == "asked" else None
    return LineShown(
        **{name: value for name, value in row.items() if name not in ("decision", "deed")},
        path=path,
        account=accounts.get(row["account_id"]),
        owner=people.get(row["owner_id"]),
        unit=units.get(row["unit_id"]),
        decided=None if decision is None else decision.decided,
        decided_by=None if decision is None else decision.by,
        decided_by_name=None if decision is None else people.get(decision.by),
        decided_on=None if decision is None else decision.on,
        note=None if decision is None else decision.note,
        command=None if verb is None else f"{path}/{verb}",
        done_by_fact=None if deed is None else deed.fact,
        done_at=None if deed is None else deed.at,
        done_position=None if deed is None else deed.position,
        done_by=None if deed is None else deed.actor,
        done_by_name=None if deed is None or deed.actor is None else people.get(deed.actor),
    )
