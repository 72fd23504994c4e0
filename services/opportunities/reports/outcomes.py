"""Outcomes: what was captured, won, lost and is open, by a key and currency. Knows no level and no policy.

Captured counts by the day of record, won and lost by the day of the order or of the approved defeat, open is what is
neither at the end. Credit goes to the owner, unit and channel at that time: captured to who captured, won to who won.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import BLANK, Labels
from shared.days import end_of

GroupBy = Literal["owner", "org_unit", "office", "product", "channel", "account", "sector", "month"]

# The key of a deal: as captured, as decided, as it stands.
KEYS: Mapping[GroupBy, tuple[str, str, str]] = {
    "owner": ("s.captured_owner_id::text", "s.outcome_owner_id::text", "s.owner_id::text"),
    "org_unit": ("s.captured_unit_id::text", "s.outcome_unit_id::text", "s.unit_id::text"),
    "office": ("s.captured_unit_id::text", "s.outcome_unit_id::text", "s.unit_id::text"),
    "product": ("p.product", "p.product", "p.product"),
    "channel": ("s.captured_channel", "s.channel", "s.channel"),
    "account": ("s.account_id::text", "s.account_id::text", "s.account_id::text"),
    "sector": ("a.sector", "a.sector", "a.sector"),
    "month": (
        "to_char(captured_on, 'YYYY-MM')",
        "to_char(outcome_on, 'YYYY-MM')",
        "to_char(captured_on, 'YYYY-MM')",
    ),
}
PRODUCTS = """
  left join lateral (
      select line ->> 'product' as product, sum((line ->> 'amount')::numeric) as amount
        from jsonb_array_elements(s.lines) as line
       group by 1) as p on true
"""
ACCOUNTS = "left join {accounts} as a on a.stream_id = s.account_id and {account_holds}"

# A deal counts up to three ways, each under a key of its own: as captured, as decided, as still open.
OUTCOMES = """
with {place}came as (
    select c.*, s.currency
      from {standings} as s {joins}
     cross join lateral (
          select (s.captured_at at time zone {zone})::date as captured_on,
                 (s.outcome_at at time zone {zone})::date as outcome_on) as days
     cross join lateral (values
          ({key_captured}, ({captured_in})::int, 0, 0, 0, null::numeric, null::int),
          ({key_decided}, 0, 0, (s.outcome = 'won' and {decided_in})::int, (s.outcome = 'lost' and {decided_in})::int,
           case when s.outcome = 'won' and {decided_in} then {amount} end,
           case when s.outcome = 'won' and {decided_in} then outcome_on - captured_on end),
          ({key_open}, 0, (s.outcome = 'open' and s.status <> 'disposed')::int, 0, 0, null, null)
          ) as c(key, captured, open, won, lost, amount_won, cycle_days)
     where {holds} and {visible} and {wanted} and captured + open + won + lost > 0
)
select key, currency,
       sum(captured)::int as captured, sum(open)::int as open, sum(won)::int as won, sum(lost)::int as lost,
       coalesce(sum(amount_won), 0) as amount_won,
       avg(cycle_days) as cycle_days_mean,
       percentile_cont(0.5) within group (order by cycle_days) as cycle_days_median
  from came
 group by 1, 2
"""

UNITS = "select u.stream_id as id, u.kind, u.parent_id from {units} as u where {holds}"
OFFICE = frozenset({"branch"})
PLACE = "office(unit_id, office_id) as (select * from unnest({units}::uuid[], {offices}::uuid[])), "
OFFICE_OF = "coalesce((select o.office_id from office as o where o.unit_id = {unit}), {unit})::text"


async def outcomes(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    group_by: GroupBy,
    since: date | None = None,
    until: date | None = None,
    filters: Filters | None = None,
) -> Row:
    """One row per key and currency. Without days: all. `until` before the instant asked about moves it back.

    `office` is the branch a unit belongs to, else the unit itself. A deal of two products counts in both, with the
    amounts of their lines. `win_rate` = won / (won + lost), null when none; cycle days are calendar days of the won.
    """
    if until is not None and (end := end_of(until, asking.zone)) < asking.at:
        asking = replace(asking, at=end, latest=False)
    sql = Sql(asking)
    captured, decided, still = KEYS[group_by]
    joins = {"product": PRODUCTS, "sector": ACCOUNTS}.get(group_by, "")
    place = ""
    if group_by == "office":
        offices = await _offices(reads, asking)
        place = PLACE.format(units=sql(list(offices)), offices=sql(list(offices.values())))
    statement = sql.text(
        OUTCOMES,
        place=place,
        key_captured=_at_office(group_by, captured),
        key_decided=_at_office(group_by, decided),
        key_open=_at_office(group_by, still),
        joins=sql.text(joins, account_holds=sql.holds("a")) if group_by == "sector" else joins,
        amount="coalesce(p.amount, s.amount)" if group_by == "product" else "s.amount",
        holds=sql.holds("s"),
        visible=sql.visible("s"),
        wanted=(filters or Filters()).predicate(sql, "s"),
        captured_in=_within(sql, "captured_on", since, until),
        decided_in=_within(sql, "outcome_on", since, until),
    )
    found = await reads.fetch(statement, *sql.values)
    names = await labels.of_groups(reads, asking, (group_by,), [(row["key"],) for row in found])
    rows = [
        {
            "key": row["key"],
            "label": names.label(group_by, row["key"]),
            "currency": row["currency"],
            "captured": row["captured"],
            "open": row["open"],
            "won": row["won"],
            "lost": row["lost"],
            "win_rate": rounded(row["won"] / (row["won"] + row["lost"])) if row["won"] + row["lost"] else None,
            "amount_won": money(row["amount_won"]),
            "cycle_days_mean": rounded(row["cycle_days_mean"]),
            "cycle_days_median": rounded(row["cycle_days_median"]),
        }
        for row in found
    ]
    rows.sort(key=lambda row: (row["key"] is None, row["label"], row["key"] or "", row["currency"]))
    return {"rows": rows}


def _within(sql: Sql, day: str, since: date | None, until: date | None) -> str:
    said = ["true"]
    if since is not None:
        said.append(f"{day} >= {sql(since)}")
    if until is not None:
        said.append(f"{day} <= {sql(until)}")
    return " and ".join(said)


def _at_office(group_by: GroupBy, key: str) -> str:
    """A unit's key as that of its office."""
    if group_by != "office":
        return key
    unit = key.removesuffix("::text")
    return OFFICE_OF.format(unit=unit)


async def _offices(reads: Reads, asking: Asking) -> dict[UUID, UUID]:
    """Each unit's branch: itself or the nearest above it, at the instant asked about; units without one are absent."""
    sql = Sql(asking)
    units = {row["id"]: row for row in await reads.fetch(sql.text(UNITS, holds=sql.holds("u")), *sql.values)}
    found: dict[UUID, UUID] = {}
    for unit in units:
        above: Any = unit
        seen: set[UUID] = set()
        while above in units and above not in seen:
            seen.add(above)
            if units[above]["kind"] in OFFICE:
                found[unit] = above
                break
            above = units[above]["parent_id"]
    return found


__all__ = ["BLANK", "GroupBy", "outcomes"]
