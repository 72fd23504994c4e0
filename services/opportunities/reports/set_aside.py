"""Frozen and lost contact beside defeats, with what became of them. Nothing leaves the stock unwatched.

Rows are shown to who sees the deal today; the summary counts what the asker's people and units set aside at that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.opportunities.policies.level_policy import NEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.days import end_of, start_of

STILL = "still"
KINDS = ("freeze", "contact_lost")
BECAME = (STILL, "resumed", "ordered", "defeated", "disposed")

# The latest that had come by then; of one instant the one that says more.
FATE = """
  left join lateral (
      select x.became, x.at
        from (values (1, 'resumed', a.resumed_at), (4, 'ordered', a.ordered_at),
                     (3, 'defeated', a.defeated_at), (2, 'disposed', a.disposed_at)) as x(weight, became, at)
       where x.at <= {at}
       order by x.at desc, x.weight desc
       limit 1) as f on true
"""
ROWS = """
select a.*, (a.set_aside_at at time zone {zone})::date as set_aside_on,
       (a.captured_at at time zone {zone})::date as captured_on,
       coalesce(f.became, 'still') as became, (f.at at time zone {zone})::date as became_on
  from {set_aside} as a {fate}
 where a.tenant_id = $1 and {period} and {seen} and {wanted}
 order by a.set_aside_at desc, a.stream_id, a.version
"""
SUMMARY = """
select a.kind, coalesce(f.became, 'still') as became, count(*)::int as count, coalesce(sum(a.units), 0)::int as units
  from {set_aside} as a {fate}
 where a.tenant_id = $1 and {period} and {seen} and {wanted}
 group by 1, 2
"""
ALL = Filters()


@dataclass(frozen=True, slots=True)
class Which:
    """Which: set aside within these days (inclusive; None: open), of this kind, with this fate."""

    since: date | None = None
    until: date | None = None
    kind: str | None = None
    became: str | None = None
    filters: Filters = ALL

    def parts(self, sql: Sql, *, rows: bool) -> dict[str, str]:
        zone = sql.asking.zone
        period = [f"a.set_aside_at <= {sql.named('at')}"]
        if self.since is not None:
            period.append(f"a.set_aside_at >= {sql(start_of(self.since, zone))}")
        if self.until is not None:
            period.append(f"a.set_aside_at <= {sql(end_of(self.until, zone))}")
        wanted = [self.filters.predicate(sql, "a")]
        if self.kind is not None:
            wanted.append(f"a.kind = {sql(self.kind)}")
        if self.became is not None:
            wanted.append(f"coalesce(f.became, 'still') = {sql(self.became)}")
        return {
            "fate": sql.text(FATE),
            "period": " and ".join(period),
            "wanted": " and ".join(wanted),
            "seen": sql.shown_by("a.stream_id") if rows else sql.counted("a"),
        }


async def set_aside(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which | None = None, lost_contact_days: int
) -> Row:
    """One row per freeze and contact lost, the latest first; and how many of each kind became what."""
    which = which or Which()
    sql = Sql(asking)
    found = await reads.fetch(sql.text(ROWS, **which.parts(sql, rows=True)), *sql.values)
    summed = Sql(asking)
    sums = await reads.fetch(summed.text(SUMMARY, **which.parts(summed, rows=False)), *summed.values)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(
        asking.tenant_id, {row[role] for row in found for role in ("owner_id", "requested_by", "reviewed_by")}
    )
    rows = []
    for row in found:
        days = (asking.day - row["set_aside_on"]).days
        still = row["became"] == STILL
        rows.append(
            {
                "opportunity_id": row["stream_id"],
                "version": row["version"],
                "kind": row["kind"],
                "title": row["title"],
                "account_id": row["account_id"],
                "account": accounts.get(row["account_id"]),
                "units": row["units"],
                "amount": money(row["amount"]),
                "currency": row["currency"],
                "level_before": row["level"] or NEW,
                "captured_on": row["captured_on"],
                "set_aside_on": row["set_aside_on"],
                "requested_by": row["requested_by"],
                "requested_by_name": people.get(row["requested_by"]),
                "reviewed_by": row["reviewed_by"],
                "reviewed_by_name": people.get(row["reviewed_by"]),
                "instead_of": row["instead_of"],
                "reason": row["reason"],
                "recall_on": row["recall_on"],
                "recall_overdue": still and row["recall_on"] is not None and row["recall_on"] < asking.day,
                "days_since": days,
                "became": row["became"],
                "became_on": row["became_on"],
                "proposal": "defeat" if still and row["kind"] == "contact_lost" and days > lost_contact_days else None,
                "owner_id": row["owner_id"],
                "owner": people.get(row["owner_id"]),
                "unit_id": row["unit_id"],
                "unit": units.get(row["unit_id"]),
                "channel": row["channel"],
            }
        )
    counted = {(row["kind"], row["became"]): row for row in sums}
    summary = [
        {
            "kind": kind,
            "became": became,
            "count": counted[kind, became]["count"] if (kind, became) in counted else 0,
            "units": counted[kind, became]["units"] if (kind, became) in counted else 0,
        }
        for kind in KINDS
        for became in BECAME
    ]
    return {"rows": rows, "summary": summary, "lost_contact_days": lost_contact_days}
