"""How budgets are used, category by category, and what last year's use would give. Reads views; holds no right."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from services.kpi.asking import Asking, Reads, Row, Sql

CENT = Decimal("0.01")

# Of a budget that is not approved yet nothing is budgeted. A category that an amendment left out cannot be in use.
USE = """
select b.stream_id as budget_id, b.unit_id, b.year, l.category, b.currency,
       case when b.status = 'approved' then l.amount else 0 end as budgeted,
       coalesce(sum(c.amount) filter (where c.status = 'claimed'), 0) as claimed,
       coalesce(sum(c.amount) filter (where c.status in ('approved', 'paid')), 0) as used,
       coalesce(sum(c.amount) filter (where c.status = 'paid'), 0) as paid
  from {budgets} b
 cross join lateral (
      select line ->> 'category' as category, (line ->> 'amount')::numeric as amount
        from jsonb_array_elements(b.lines) as line
 ) as l
  left join (select c.* from {expense_claims} c where {claim_holds}) as c
    on c.budget_id = b.stream_id and c.category = l.category
 where {holds} and b.year = {year}::int and {sight} and {wanted}
 group by b.stream_id, b.unit_id, b.year, l.category, b.currency, b.status, l.amount
 order by b.unit_id, b.currency, l.category collate "C"
"""
ITEMS = """
select i.unit_id, count(*) as items
  from {intelligence} i
 where {holds} and extract(year from i.reported_on) = {year}::int
 group by 1
"""


async def use_of(reads: Reads, asking: Asking, year: int, unit_id: UUID | None) -> list[Row]:
    """One row per budget and category: budgeted, claimed, used, paid, all of the budget's currency."""
    sql = Sql(asking)
    statement = sql.text(
        USE,
        holds=sql.holds("b"),
        claim_holds=sql.holds("c"),
        year=sql(year),
        sight=sql.counted("b", account="null::uuid"),
        wanted="true" if unit_id is None else sql.below("b.unit_id", unit_id),
    )
    return [dict(row) for row in await reads.fetch(statement, *sql.values)]


async def proposal_of(reads: Reads, asking: Asking, year: int, growth: Decimal, unit_id: UUID | None) -> list[Row]:
    """Per unit, category and currency of the year before: what was used, and that with the growth."""
    before = await use_of(reads, asking, year - 1, unit_id)
    sql = Sql(asking)
    counted = await reads.fetch(sql.text(ITEMS, holds=sql.holds("i"), year=sql(year - 1)), *sql.values)
    items = {row["unit_id"]: row["items"] for row in counted}
    return [
        {
            "unit_id": row["unit_id"],
            "category": row["category"],
            "currency": row["currency"],
            "budgeted_before": row["budgeted"],
            "used_before": row["used"],
            "proposed": (row["used"] * (1 + growth)).quantize(CENT, rounding=ROUND_HALF_UP),
            "intelligence_items": items.get(row["unit_id"], 0),
        }
        for row in before
    ]
