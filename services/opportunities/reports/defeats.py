"""The defeat table and its analysis (战败客户分析表). A defeat counts on the day of approval, for ever.

Shares count main reasons and add up to 1; mentions count other reasons too. Amounts are told per currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.opportunities.policies.level_policy import NEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.days import end_of, start_of
from shared.records.places import joined, places

GroupBy = Literal[
    "category", "reason", "competitor", "product", "owner", "org_unit", "branch", "region", "level", "month"
]

KEYS: Mapping[GroupBy, str] = {
    "category": "d.category",
    "reason": "d.reason",
    "competitor": "d.competitor_brand",
    "product": "p.product",
    "owner": "d.owner_id::text",
    "org_unit": "d.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "level": f"coalesce(d.level, '{NEW}')",
    "month": "to_char(d.lost_at at time zone {zone}, 'YYYY-MM')",
}
PRODUCTS = """
  left join lateral (
      select line ->> 'product' as product,
             sum((line ->> 'units')::int)::int as units,
             sum((line ->> 'amount')::numeric) as amount
        from jsonb_array_elements(d.lines) as line
       group by 1) as p on true
"""

ANALYSIS = """
select {keys} as keys, d.currency,
       count(*)::int as count,
       coalesce(sum({units}), 0)::int as units,
       coalesce(sum({amount}), 0) as amount,
       count(*) filter (where d.reopened_at <= {at})::int as reopened,
       count(*) filter (where d.won_at <= {at})::int as won_later
  from {defeats} as d {joins}
 where d.tenant_id = $1 and {period} and {seen} and {wanted}
 group by 1, 2
"""

# Each defeat once per reason (or category) it names, as the main one or another.
MENTIONS = """
select {keys} as keys, count(*)::int as mentions
  from {defeats} as d {joins}
 cross join lateral (
      select distinct r.reason, split_part(r.reason, '.', 1) as category
        from unnest(d.other_reasons || d.reason) as r(reason) where r.reason is not null) as m
 where d.tenant_id = $1 and {period} and {seen} and {wanted}
 group by 1
"""
MENTIONED_CATEGORIES = """
select {keys} as keys, count(*)::int as mentions
  from {defeats} as d {joins}
 cross join lateral (
      select distinct split_part(r.reason, '.', 1) as category
        from unnest(d.other_reasons || d.reason) as r(reason) where r.reason is not null) as m
 where d.tenant_id = $1 and {period} and {seen} and {wanted}
 group by 1
"""

TOTALS = """
select count(*)::int as defeats,
       count(*) filter (where d.reopened_at <= {at})::int as reopened,
       count(*) filter (where d.won_at <= {at})::int as won_later
  from {defeats} as d
 where d.tenant_id = $1 and {period} and {seen} and {wanted}
"""

ROWS = """
with d as materialized (
    select d.*, (d.lost_at at time zone {zone})::date as lost_on,
           (d.captured_at at time zone {zone})::date as captured_on
      from {defeats} as d
     where d.tenant_id = $1 and {period} and {seen} and {wanted}
),
visited as (
    select d.stream_id, d.version, count(*)::int as visits, max(c.visited_on) as last_visit_on
      from d join {contacts} as c on c.opportunity_id = d.stream_id and c.visited_on <= d.lost_on and {holds}
     group by 1, 2
)
select d.*, v.visits, v.last_visit_on
  from d left join visited as v on v.stream_id = d.stream_id and v.version = d.version
 order by d.lost_at desc, d.stream_id, d.version
"""


ALL = Filters()


@dataclass(frozen=True, slots=True)
class Defeats:
    """Which defeats: approved within these days (inclusive; None: open), of this category or reason."""

    since: date | None = None
    until: date | None = None
    category: str | None = None
    reason: str | None = None
    filters: Filters = ALL

    def period(self, sql: Sql) -> str:
        said = [f"d.lost_at <= {sql.named('at')}"]
        if self.since is not None:
            said.append(f"d.lost_at >= {sql(start_of(self.since, sql.asking.zone))}")
        if self.until is not None:
            said.append(f"d.lost_at <= {sql(end_of(self.until, sql.asking.zone))}")
        return " and ".join(said)

    def wanted(self, sql: Sql) -> str:
        said = [self.filters.predicate(sql, "d")]
        if self.category is not None:
            said.append(f"d.category = {sql(self.category)}")
        if self.reason is not None:
            said.append(f"d.reason = {sql(self.reason)}")
        return " and ".join(said)

    def parts(self, sql: Sql, *, rows: bool = False) -> dict[str, str]:
        """Figures are credited as at that time; rows are shown to who sees the deal today."""
        seen = sql.shown_by("d.stream_id") if rows else sql.counted("d")
        return {"period": self.period(sql), "seen": seen, "wanted": self.wanted(sql)}


async def defeat_analysis(
    reads: Reads, asking: Asking, labels: Labels, *, group_by: Sequence[GroupBy], which: Defeats | None = None
) -> Row:
    """One row per group, the most frequent first: count, share, cumulative share, units, amounts, mentions."""
    which = which or Defeats()
    found: dict[tuple[str | None, ...], Row] = {}
    totals = {"defeats": 0, "reopened": 0, "won_later": 0}
    for row in await _fetch(reads, asking, ANALYSIS, group_by, KEYS, which):
        totals["defeats"] += row["count"]
        totals["reopened"] += row["reopened"]
        totals["won_later"] += row["won_later"]
        group = found.setdefault(tuple(row["keys"]), _group())
        group["count"] += row["count"]
        group["units"] += row["units"]
        group["amounts"][row["currency"]] += row["amount"]
    reasons = not {"category", "reason"}.isdisjoint(group_by)
    if reasons:
        mentioned: Mapping[GroupBy, str] = {**KEYS, "reason": "m.reason", "category": "m.category"}
        statement = MENTIONS if "reason" in group_by else MENTIONED_CATEGORIES
        for row in await _fetch(reads, asking, statement, group_by, mentioned, which):
            found.setdefault(tuple(row["keys"]), _group())["mentions"] = row["mentions"]
    names = await labels.of_groups(reads, asking, group_by, list(found))
    total = sum(group["count"] for group in found.values())
    rows = []
    so_far = 0
    for keys, group in sorted(found.items(), key=lambda item: _order(*item)):
        so_far += group["count"]
        rows.append(
            {
                **names.columns(keys),
                "count": group["count"],
                "share": rounded(group["count"] / total) if total else None,
                "cumulative_share": rounded(so_far / total) if total else None,
                "units": group["units"],
                "amounts": [
                    {"currency": currency, "amount": money(amount)}
                    for currency, amount in sorted(group["amounts"].items())
                ],
                "mentions": group["mentions"] if reasons else None,
            }
        )
    if "product" in group_by:  # where a defeat may be in several groups
        sql = Sql(asking)
        totals = dict(await reads.fetchrow(sql.text(TOTALS, **which.parts(sql)), *sql.values))
    return {"rows": rows, **totals}


def _group() -> Row:
    return {"count": 0, "units": 0, "amounts": defaultdict(int), "mentions": 0}


def _order(keys: tuple[str | None, ...], group: Row) -> tuple[Any, ...]:
    return (-group["count"], -group["mentions"], [(key is None, key or "") for key in keys])


async def _fetch(
    reads: Reads,
    asking: Asking,
    statement: str,
    group_by: Sequence[GroupBy],
    keys: Mapping[GroupBy, str],
    which: Defeats,
) -> list[Any]:
    rolled = await places(reads, Sql(asking), group_by)
    sql = Sql(asking)
    columns = ", ".join(keys[dimension] for dimension in group_by)
    if "month" in group_by:
        columns = columns.format(zone=sql.named("zone"))
    by_line = "product" in group_by
    text = sql.text(
        statement,
        keys=f"array[{columns}]::text[]",
        units="case when p.product is null then d.units else p.units end" if by_line else "d.units",
        amount="case when p.product is null then d.amount else p.amount end" if by_line else "d.amount",
        joins=(PRODUCTS if by_line else "") + joined(sql, rolled, "d.unit_id"),
        **which.parts(sql),
    )
    return await reads.fetch(text, *sql.values)


async def defeats(reads: Reads, asking: Asking, labels: Labels, which: Defeats | None = None) -> Row:
    """One row per approved defeat, the latest first; `days_held` from the record to the approval."""
    sql = Sql(asking)
    found = await reads.fetch(
        sql.text(ROWS, **(which or Defeats()).parts(sql, rows=True), holds=sql.holds("c")), *sql.values
    )
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    reasons = await labels.reasons(reads, asking)
    products = await labels.products(reads, asking, {line["product"] for row in found for line in row["lines"]})
    people = await labels.people(
        asking.tenant_id,
        {row[role] for row in found for role in ("owner_id", "requested_by", "reviewed_by", "verified_by")},
    )
    return {"rows": [_row(row, asking, accounts, units, reasons, products, people) for row in found]}


def _row(
    row: Any,
    asking: Asking,
    accounts: Mapping[UUID, str],
    units: Mapping[UUID, str],
    reasons: Mapping[str, str],
    products: Mapping[str, str],
    people: Mapping[UUID, str],
) -> Row:
    def by_then(instant: Any) -> Any:
        return instant if instant is not None and (asking.latest or instant <= asking.at) else None

    return {
        "opportunity_id": row["stream_id"],
        "version": row["version"],
        "title": row["title"],
        "account_id": row["account_id"],
        "account": accounts.get(row["account_id"]),
        "lines": [
            {
                "line": line["line"],
                "product": line["product"],
                "product_label": products.get(line["product"], line["product"]),
                "units": line["units"],
                "unit_price": line["unit_price"],
            }
            for line in row["lines"]
        ],
        "units": row["units"],
        "amount": money(row["amount"]),
        "currency": row["currency"],
        "level_before": row["level"] or NEW,
        "captured_on": row["captured_on"],
        "requested_on": row["requested_on"],
        "requested_by": row["requested_by"],
        "requested_by_name": people.get(row["requested_by"]),
        "lost_on": row["lost_on"],
        "reviewed_by": row["reviewed_by"],
        "reviewed_by_name": people.get(row["reviewed_by"]),
        "review_outcome": "automatic" if row["reviewed_by"] is None else "approved",
        "evidence": row["evidence"],
        "verdict": row["verdict"],
        "verify_attempts": row["verify_attempts"],
        "verify_reached": row["verify_reached"],
        "reason_found": row["reason_found"],
        "reason_found_label": reasons.get(row["reason_found"] or "", row["reason_found"]),
        "verify_comment": row["verify_comment"],
        "verified_on": row["verified_on"],
        "verified_by": row["verified_by"],
        "verified_by_name": people.get(row["verified_by"]),
        "kind": row["kind"],
        "category": row["category"],
        "category_label": reasons.get(row["category"] or "", row["category"]),
        "reason": row["reason"],
        "reason_label": reasons.get(row["reason"] or "", row["reason"]),
        "reason_given": row["reason_given"],
        "other_reasons": row["other_reasons"],
        "other_reason_labels": [reasons.get(code, code) for code in row["other_reasons"]],
        "competitor_brand": row["competitor_brand"],
        "competitor_model": row["competitor_model"],
        "competitor_price": money(row["competitor_price"]),
        "bought_on": row["bought_on"],
        "visits": row["visits"] or 0,
        "last_visit_on": row["last_visit_on"],
        "days_held": (row["lost_on"] - row["captured_on"]).days if row["captured_on"] else None,
        "recall_on": row["recall_on"],
        "owner_id": row["owner_id"],
        "owner": people.get(row["owner_id"]),
        "unit_id": row["unit_id"],
        "unit": units.get(row["unit_id"]),
        "channel": row["channel"],
        "reopened_at": by_then(row["reopened_at"]),
        "won_at": by_then(row["won_at"]),
    }
