"""The pipeline board (漏斗): the open stock by level, O beside it; and who would move under another policy.

Holds no rule of levels: a level is what the policy says, worked out here and now. Rows are complete: every level of
the policy is there, with zero where nothing stands. One set of rows per currency and group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from services.opportunities.policies.level_policy import NEW, ORDERED, OVERDUE, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import board_codes, bucket, code_of
from shared.records.places import joined, places

LevelKind = Literal["declared", "computed"]
Weight = Literal["policy", "level", "history", "declared"]
"""`level` is another word for `policy`: the rate of the level, as the policy has it."""
GroupBy = Literal["owner", "org_unit", "branch", "region", "product", "channel", "account_kind"]

# Per dimension: the key of a row, and what must be joined to have it. A deal of two products, or of an account of two
# kinds, is in both groups.
KEYS: Mapping[GroupBy, str] = {
    "owner": "s.owner_id::text",
    "org_unit": "s.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "product": "p.product",
    "channel": "s.channel",
    "account_kind": "k.kind",
}
PRODUCTS = """
  left join lateral (
      select line ->> 'product' as product,
             sum((line ->> 'open_units')::int)::int as open_units,
             sum((line ->> 'open_amount')::numeric) as open_amount
        from jsonb_array_elements(s.lines) as line
       group by 1) as p on true
"""
KINDS = """
  left join {accounts} as a on a.stream_id = s.account_id and {account_holds}
  left join lateral unnest(a.kinds) as k(kind) on true
"""

BOARD = """
select {keys} as keys, s.currency, s.stock, s.level, {bucket} as bucket,
       count(*)::int as count,
       coalesce(sum({units}), 0)::int as units,
       coalesce(sum({amount}), 0) as amount,
       coalesce(sum({amount} * s.probability), 0) as declared_weighted,
       coalesce(sum({amount}) filter (where s.probability is null), 0) as not_declared
  from {standings} as s {joins}
 where {in_stock} and {counted} and {wanted}
 group by 1, 2, 3, 4, 5
"""

STOCK = """
select s.currency, s.stock,
       count(*)::int as count,
       coalesce(sum(s.open_units), 0)::int as units,
       coalesce(sum(s.open_amount), 0) as amount
  from {standings} as s
 where {in_stock} and {counted} and {wanted}
 group by 1, 2
"""

# The tenant's own rate: of all that was decided in the 12 closed months before the day, by the level it was decided
# from. A standing that begins when its outcome does is a decision; what came after it (reopened, won at last) is
# another one, so that a closed month never changes.
HISTORY = """
select coalesce(s.level, 'N') as level,
       count(*) filter (where s.outcome = 'won')::numeric / count(*) as rate
  from {standings} as s
 where s.tenant_id = $1 and s.from_at <= {at} and s.from_at = s.outcome_at and s.outcome in ('won', 'lost')
   and (s.outcome_at at time zone {zone})::date >= date_trunc('month', {day})::date - interval '12 months'
   and (s.outcome_at at time zone {zone})::date < date_trunc('month', {day})::date
 group by 1
"""

CURRENCY = "select data ->> 'currency' from es.events where tenant_id = $1 and stream_id = $1 and version = 1"
DEFAULT_CURRENCY = "CNY"


@dataclass(slots=True)
class Cell:
    """One row of the board in the making."""

    count: int = 0
    units: int = 0
    amount: Decimal = field(default_factory=Decimal)
    weighted: Decimal = field(default_factory=Decimal)


async def pipeline(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    *,
    level: LevelKind = "declared",
    weight: Weight = "policy",
    group_by: Sequence[GroupBy] = (),
    filters: Filters | None = None,
) -> Row:
    """The board at an instant: rows N C B A H, `overdue` if computed, and O; `stock` has the totals they sum to.

    Weights: `policy` (or `level`) is its win rate of the row's level, in `overdue` that of the declared level;
    `history` the tenant's own rate, where it has one; `declared` the deal's own probability, where one was declared.
    """
    rolled = await places(reads, Sql(asking), group_by)
    sql = Sql(asking)
    by_line = "product" in group_by
    statement = sql.text(
        BOARD,
        keys="array[" + ", ".join(KEYS[dimension] for dimension in group_by) + "]::text[]",
        bucket=bucket(sql, policy),
        units="case when p.product is null then s.open_units else p.open_units end" if by_line else "s.open_units",
        amount="case when p.product is null then s.open_amount else p.open_amount end" if by_line else "s.open_amount",
        joins=(PRODUCTS if by_line else "")
        + joined(sql, rolled, "s.unit_id")
        + (sql.text(KINDS, account_holds=sql.holds("a")) if "account_kind" in group_by else ""),
        in_stock=sql.in_stock("s"),
        counted=sql.counted("s"),
        wanted=(filters or Filters()).predicate(sql, "s"),
    )
    rates = {row["level"]: row["rate"] for row in await _history(reads, asking)} if weight == "history" else {}
    cells: dict[tuple[tuple[str | None, ...], str], dict[str, Cell]] = defaultdict(dict)
    for row in await reads.fetch(statement, *sql.values):
        declared = row["level"] or NEW
        code = ORDERED if row["stock"] == "ordered" else declared
        if level == "computed" and code != ORDERED:
            code = code_of(policy, row["bucket"])
        rated = declared if code == OVERDUE else code
        rate = rates.get(rated, policy.win_rate(rated)) if code != ORDERED else Decimal(1)
        cell = cells[(tuple(row["keys"]), row["currency"])].setdefault(code, Cell())
        cell.count += row["count"]
        cell.units += row["units"]
        cell.amount += row["amount"]
        if weight == "declared" and code != ORDERED:
            cell.weighted += row["declared_weighted"] + row["not_declared"] * rate
        else:
            cell.weighted += row["amount"] * rate
    if not cells and not group_by:
        currency = await reads.fetchval(CURRENCY, asking.tenant_id)
        cells[((), currency or DEFAULT_CURRENCY)] = {}
    known = (NEW, *board_codes(policy))
    if level == "computed":
        known = (*(code for code in known if code != NEW), OVERDUE, NEW)
    names = await labels.of_groups(reads, asking, group_by, [keys for keys, _ in cells])
    rows = []
    for (keys, currency), by_level in sorted(cells.items(), key=lambda item: _order(item[0])):
        others = tuple(sorted(code for code in by_level if code not in known and code != ORDERED))
        for code in (*known, *others, ORDERED):
            cell = by_level.get(code, Cell())
            rows.append(
                {
                    **names.columns(keys),
                    "currency": currency,
                    "level": code,
                    "count": cell.count,
                    "units": cell.units,
                    "amount": money(cell.amount),
                    "weighted_amount": money(cell.weighted.quantize(Decimal("0.01"))),
                }
            )
    overlapping = not {"product", "account_kind"}.isdisjoint(group_by)
    stock = await _stock(reads, asking, filters or Filters()) if overlapping else _sum(cells)
    return {"rows": rows, "stock": stock}


def _sum(cells: Mapping[tuple[tuple[str | None, ...], str], Mapping[str, Cell]]) -> list[Row]:
    totals: dict[str, dict[str, Cell]] = {}
    for (_, currency), by_level in cells.items():
        total = totals.setdefault(currency, {"open": Cell(), "ordered": Cell()})
        for code, cell in by_level.items():
            into = total["ordered" if code == ORDERED else "open"]
            into.count += cell.count
            into.units += cell.units
            into.amount += cell.amount
    return [
        {
            "currency": currency,
            **{
                stock: {"count": cell.count, "units": cell.units, "amount": money(cell.amount)}
                for stock, cell in total.items()
            },
        }
        for currency, total in sorted(totals.items())
    ]


def _order(key: tuple[tuple[str | None, ...], str | None]) -> tuple[Any, ...]:
    keys, currency = key
    return (currency or "", [(part is None, part or "") for part in keys])


async def _stock(reads: Reads, asking: Asking, filters: Filters) -> list[Row]:
    sql = Sql(asking)
    statement = sql.text(
        STOCK, in_stock=sql.in_stock("s"), counted=sql.counted("s"), wanted=filters.predicate(sql, "s")
    )
    found: dict[str, Row] = {}
    for row in await reads.fetch(statement, *sql.values):
        empty = {"count": 0, "units": 0, "amount": "0.00"}
        totals = found.setdefault(row["currency"], {"open": dict(empty), "ordered": dict(empty)})
        totals[row["stock"]] = {"count": row["count"], "units": row["units"], "amount": money(row["amount"])}
    return [{"currency": currency, **totals} for currency, totals in sorted(found.items())]


async def _history(reads: Reads, asking: Asking) -> list[Any]:
    sql = Sql(asking)
    return await reads.fetch(sql.text(HISTORY), *sql.values)


MOVERS = """
select s.stream_id, s.title, s.account_id, a.name as account, s.owner_id, s.unit_id, s.level, s.expected_on,
       s.expected_on - {day} as days_left, s.open_units as units, s.open_amount as amount, s.currency,
       {bucket_a} as bucket_a, {bucket_b} as bucket_b, {shown} as shown
  from {standings} as s
  left join {accounts} as a on a.stream_id = s.account_id and {account_holds}
 where {in_stock} and s.stock = 'open' and s.level is not null and {counted} and {wanted}
"""


async def pipeline_diff(
    reads: Reads,
    asking: Asking,
    policy_a: LevelPolicy,
    policy_b: LevelPolicy,
    labels: Labels,
    filters: Filters | None = None,
) -> Row:
    """Who would move: how many go from where to where, and each of them that the asker sees today."""
    sql = Sql(asking)
    inner = sql.text(
        MOVERS,
        bucket_a=bucket(sql, policy_a),
        bucket_b=bucket(sql, policy_b),
        shown=sql.shown("s"),
        account_holds=sql.holds("a"),
        in_stock=sql.in_stock("s"),
        counted=sql.counted("s"),
        wanted=(filters or Filters()).predicate(sql, "s"),
    )
    found = [
        (row, code_of(policy_a, row["bucket_a"]), code_of(policy_b, row["bucket_b"]))
        for row in await reads.fetch(inner, *sql.values)
    ]
    moved = sum(before != after for _, before, after in found)
    movers = [(row, before, after) for row, before, after in found if before != after and row["shown"]]
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row, _, _ in movers})
    units = await labels.units(reads, asking, {row["unit_id"] for row, _, _ in movers})
    rows = [
        {
            "opportunity_id": row["stream_id"],
            "title": row["title"],
            "account_id": row["account_id"],
            "account": row["account"],
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "declared": row["level"],
            "expected_on": row["expected_on"],
            "days_left": row["days_left"],
            "units": row["units"],
            "amount": money(row["amount"]),
            "currency": row["currency"],
            "level_a": before,
            "level_b": after,
        }
        for row, before, after in sorted(
            movers, key=lambda m: (m[0]["days_left"] is None, m[0]["days_left"] or 0, m[0]["stream_id"])
        )
    ]
    flow: dict[tuple[str, str], int] = defaultdict(int)
    for _, before, after in found:
        flow[before, after] += 1
    return {
        "rows": rows,
        "moved": moved,
        "compared": len(found),
        "flow": [{"level_a": a, "level_b": b, "count": count} for (a, b), count in sorted(flow.items())],
    }
