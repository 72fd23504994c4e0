"""Outcomes: what was captured, won, lost and is open, by a key and currency. Knows no level and no policy.

Captured counts by the day of record, won and lost by the day of the order or of the approved defeat, open is what is
neither at the end. Credit goes to the owner, unit and channel at that time: captured to who captured, won to who won;
so do the filters by owner and unit, and what the asker sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal

from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import BLANK, Labels
from shared.days import end_of
from shared.records.places import joined, places

GroupBy = Literal["owner", "org_unit", "office", "branch", "region", "product", "channel", "account", "sector", "month"]

# The key of what is counted: by its credit (owner and unit at that time), or as captured, as decided, as it stands.
CREDITED: Mapping[str, str] = {
    "owner": "c.owner_id::text",
    "org_unit": "c.unit_id::text",
    "office": "coalesce(office.place_id, c.unit_id)::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
}
KEYS: Mapping[str, tuple[str, str, str]] = {
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
NO_KEY = ("null::text", "null::text", "null::text")
PRODUCTS = """
  left join lateral (
      select line ->> 'product' as product, sum((line ->> 'amount')::numeric) as amount
        from jsonb_array_elements(s.lines) as line
       group by 1) as p on true
"""
ACCOUNTS = "left join {accounts} as a on a.stream_id = s.account_id and {account_holds}"

# A deal counts up to three ways, each with its own credit: as captured, as decided, as still open.
OUTCOMES = """
with came as (
    select {key} as key, c.captured, c.open, c.won, c.lost, c.amount_won, c.cycle_days, s.currency
      from {standings} as s {joins}
     cross join lateral (
          select (s.captured_at at time zone {zone})::date as captured_on,
                 (s.outcome_at at time zone {zone})::date as outcome_on) as days
     cross join lateral (values
          (s.captured_owner_id, s.captured_unit_id, {key_captured}, ({captured_in})::int, 0, 0, 0,
           null::numeric, null::int),
          (s.outcome_owner_id, s.outcome_unit_id, {key_decided}, 0, 0,
           (s.outcome = 'won' and {decided_in})::int, (s.outcome = 'lost' and {decided_in})::int,
           case when s.outcome = 'won' and {decided_in} then {amount} end,
           case when s.outcome = 'won' and {decided_in} then outcome_on - captured_on end),
          (s.owner_id, s.unit_id, {key_open}, 0, (s.outcome = 'open' and s.status <> 'disposed')::int, 0, 0, null, null)
          ) as c(owner_id, unit_id, key, captured, open, won, lost, amount_won, cycle_days)
     {rolled}
     where {holds} and captured + open + won + lost > 0 and {counted} and {wanted}
)
select key, currency,
       sum(captured)::int as captured, sum(open)::int as open, sum(won)::int as won, sum(lost)::int as lost,
       coalesce(sum(amount_won), 0) as amount_won,
       avg(cycle_days) as cycle_days_mean,
       percentile_cont(0.5) within group (order by cycle_days) as cycle_days_median
  from came
 group by 1, 2
"""


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

    `office` is the branch a unit belongs to, else the unit itself; `branch` and `region` are null without one. A deal
    of two products counts in both, with the amounts of their lines. `win_rate` = won / (won + lost), null when none;
    cycle days are calendar days of the won.
    """
    if until is not None and (end := end_of(until, asking.zone)) < asking.at:
        asking = replace(asking, at=end, latest=False)
    rolled = await places(reads, Sql(asking), (group_by,))
    sql = Sql(asking)
    captured, decided, still = KEYS.get(group_by, NO_KEY)
    joins = {"product": PRODUCTS, "sector": ACCOUNTS}.get(group_by, "")
    statement = sql.text(
        OUTCOMES,
        key=CREDITED.get(group_by, "c.key"),
        key_captured=captured,
        key_decided=decided,
        key_open=still,
        joins=sql.text(joins, account_holds=sql.holds("a")) if group_by == "sector" else joins,
        rolled=joined(sql, rolled, "c.unit_id"),
        amount="coalesce(p.amount, s.amount)" if group_by == "product" else "s.amount",
        holds=sql.holds("s"),
        counted=sql.counted("c", account="s.account_id"),
        wanted=(filters or Filters()).predicate(sql, "s", credit="c"),
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


__all__ = ["BLANK", "GroupBy", "outcomes"]
