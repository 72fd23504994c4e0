"""Where the stock went between two days: level to level, with what entered, left and changed hands. Knows no level.

A row is where a deal was at the first instant, a column where it is at the second. The rows N … O sum to the stock of
the first instant, the columns N … O to the stock of the second, by count, units and amount, exactly as the board has
them. A deal that the second question no longer holds (other owner or unit, other currency) leaves by a column of its
own, and one that it holds newly enters by a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.opportunities.policies.level_policy import NEW, ORDERED, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import board_codes
from shared.days import end_of
from shared.records.places import Places, places

GroupBy = Literal["owner", "org_unit", "branch", "region", "channel"]
KEYS: Mapping[GroupBy, str] = {
    "owner": "{s}.owner_id::text",
    "org_unit": "{s}.unit_id::text",
    "branch": "{s}.unit_id::text",  # rolled up when read: at both instants along one tree
    "region": "{s}.unit_id::text",
    "channel": "{s}.channel",
}
ENTERED: Mapping[str | None, str] = {
    None: "captured",
    "frozen": "resumed",
    "lost_contact": "resumed",
    "delivered": "amended",
}
"""How what is out of stock at the first instant came in, by where it was; all else was `reopened`."""
IN = ("captured", "reopened", "resumed", "amended", "transferred_in", "reclassified_in")
OUT = (
    "delivered",
    "defeated",
    "frozen",
    "lost_contact",
    "cancelled",
    "disposed",
    "transferred_out",
    "reclassified_out",
)

TOLD = "told as materialized (select * from {standings} as s where s.tenant_id = $1),"
STATE = """case when {s}.stock = 'open' then coalesce({s}.level, 'N') when {s}.stock = 'ordered' then 'O'
                when {s}.status = 'ordered' then 'delivered' else {s}.status end"""
# What left nothing open has its whole amount in the column it left by.
VALUE = "case when b.stock is null and b.status in ('ordered', 'cancelled') then b.{whole} else b.{open} end"
FLOW = """
with {told} touched as materialized (
    select distinct s.stream_id
      from {relation} as s
     where s.tenant_id = $1 and s.stock is not null
       and tstzrange(s.from_at, s.to_at) && tstzrange({since}, {at}, '[]')
)
select {keys_a} as keys_a, {keys_b} as keys_b, a.currency as currency_a, b.currency as currency_b,
       {state_a} as state_a, {state_b} as state_b, a.stock is not null as stock_a, b.stock is not null as stock_b,
       coalesce({counted_a} and {wanted_a}, false) as in_a, coalesce({counted_b} and {wanted_b}, false) as in_b,
       (a.owner_id, a.unit_id) is distinct from (b.owner_id, b.unit_id) as moved,
       count(*)::int as count,
       coalesce(sum(a.open_units), 0)::int as units_a, coalesce(sum(a.open_amount), 0) as amount_a,
       coalesce(sum({units_b}), 0)::int as units_b, coalesce(sum({amount_b}), 0) as amount_b
  from touched as t
  left join {relation} as a on a.tenant_id = $1 and a.stream_id = t.stream_id
       and a.from_at <= {since} and (a.to_at is null or a.to_at > {since})
  join {relation} as b on b.stream_id = t.stream_id and {holds_b}
 group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""

Keys = tuple[str | None, ...]


@dataclass(slots=True)
class Cell:
    """One cell of the matrix in the making: the same deals, as they were worth at either instant."""

    count: int = 0
    units_from: int = 0
    amount_from: Decimal = Decimal(0)
    units_to: int = 0
    amount_to: Decimal = Decimal(0)


Matrix = dict[tuple[Keys, str], dict[tuple[str, str], Cell]]


def between(asking: Asking, since: date, until: date | None) -> tuple[datetime, Asking]:
    """The first instant, and the question at the second: the ends of these days, none after the day asked about."""
    if until is not None and (end := end_of(until, asking.zone)) < asking.at:
        asking = replace(asking, at=end, latest=False, tree_at=end)
    return min(end_of(since, asking.zone), asking.at), asking


async def flow(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    *,
    since: datetime,
    group_by: Sequence[GroupBy] = (),
    filters: Filters | None = None,
) -> Row:
    """The matrix between `since` and the instant asked about, cells that hold something; and both stocks by level."""
    rolled = await places(reads, Sql(asking), group_by)
    found = await _found(reads, asking, since, group_by, filters or Filters())
    matrix: Matrix = defaultdict(dict)
    for row in found:
        _place(matrix, row, group_by, rolled)
    known = (NEW, *board_codes(policy))
    names = await labels.of_groups(reads, asking, group_by, [keys for keys, _ in matrix])
    rows, opening, closing = [], [], []
    for (keys, currency), cells in sorted(matrix.items(), key=_order):
        group = {**names.columns(keys), "currency": currency}
        said = {code for pair in cells for code in pair} - {*known, ORDERED, *IN, *OUT}
        stock = (*known, *sorted(said), ORDERED)
        order = {code: number for number, code in enumerate((*stock, *IN, *OUT))}
        for (was, is_), cell in sorted(cells.items(), key=lambda item: (order[item[0][0]], order[item[0][1]])):
            rows.append({**group, "from_state": was, "to_state": is_, **_shown(cell)})
        for code in stock:
            opening.append({**group, "level": code, **_sum(cells, 0, code)})
            closing.append({**group, "level": code, **_sum(cells, 1, code)})
    return {"rows": rows, "opening": opening, "closing": closing}


async def _found(
    reads: Reads, asking: Asking, since: datetime, group_by: Sequence[GroupBy], filters: Filters
) -> list[Any]:
    sql = Sql(asking)
    keys = {
        alias: "array[" + ", ".join(KEYS[one].format(s=alias) for one in group_by) + "]::text[]" for alias in ("a", "b")
    }
    refolded = asking.known_at is not None  # folded again once, not three times
    relation = "told" if refolded else "{standings}"
    statement = sql.text(
        FLOW.replace("{relation}", relation).replace("{told}", TOLD if refolded else ""),
        since=f"{sql(since)}::timestamptz",
        keys_a=keys["a"],
        keys_b=keys["b"],
        state_a=STATE.format(s="a"),
        state_b=STATE.format(s="b"),
        units_b=VALUE.format(whole="units", open="open_units"),
        amount_b=VALUE.format(whole="amount", open="open_amount"),
        counted_a=sql.counted("a"),
        counted_b=sql.counted("b"),
        wanted_a=filters.predicate(sql, "a"),
        wanted_b=filters.predicate(sql, "b"),
        holds_b=sql.holds("b"),
    )
    return await reads.fetch(statement, *sql.values)


def _place(matrix: Matrix, row: Any, group_by: Sequence[GroupBy], rolled: Places) -> None:
    """Put these deals into their one cell, or, when they changed hands or currency, into the two of either side."""
    a = (_keys(row["keys_a"], group_by, rolled), row["currency_a"])
    b = (_keys(row["keys_b"], group_by, rolled), row["currency_b"])
    was, is_ = row["state_a"], row["state_b"]
    if not row["stock_a"]:
        if row["in_b"]:
            _add(matrix, b, (ENTERED.get(was, "reopened"), is_), row, first=False)
        return
    if row["in_a"] and row["in_b"] and a == b:
        _add(matrix, a, (was, is_), row)
        return
    kind = "transferred" if row["moved"] else "reclassified"
    if row["in_a"]:
        _add(matrix, a, (was, f"{kind}_out"), row, second=False)
    if row["in_b"]:
        _add(matrix, b, (f"{kind}_in", is_), row, first=False)


def _add(
    matrix: Matrix, group: tuple[Keys, str], pair: tuple[str, str], row: Any, *, first: bool = True, second: bool = True
) -> None:
    cell = matrix[group].setdefault(pair, Cell())
    cell.count += row["count"]
    if first:
        cell.units_from += row["units_a"]
        cell.amount_from += row["amount_a"]
    if second:
        cell.units_to += row["units_b"]
        cell.amount_to += row["amount_b"]


def _keys(keys: Sequence[str | None], group_by: Sequence[GroupBy], rolled: Places) -> Keys:
    """The keys of a group, units rolled up."""
    return tuple(
        key
        if dimension not in rolled or key is None
        else (None if (place := rolled[dimension].get(UUID(key))) is None else str(place))
        for dimension, key in zip(group_by, keys, strict=True)
    )


def _sum(cells: Mapping[tuple[str, str], Cell], side: int, code: str) -> Row:
    """The stock of a level at one instant: what its row, or its column, sums to."""
    of = [cell for pair, cell in cells.items() if pair[side] == code]
    units = sum(cell.units_to if side else cell.units_from for cell in of)
    amount = sum((cell.amount_to if side else cell.amount_from for cell in of), Decimal(0))
    return {"count": sum(cell.count for cell in of), "units": units, "amount": money(amount)}


def _shown(cell: Cell) -> Row:
    return {
        "count": cell.count,
        "units_from": cell.units_from,
        "amount_from": money(cell.amount_from),
        "units_to": cell.units_to,
        "amount_to": money(cell.amount_to),
    }


def _order(item: Any) -> tuple[Any, ...]:
    keys, currency = item[0]
    return (currency or "", [(part is None, part or "") for part in keys])
