"""What became of requests (审批): figures of approval, and the defeats customer service still has to call back about.

A request counts on its day, with who was responsible then; what was decided counts as far as it was by the day asked
about. The work list is shown to who sees the deal today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.opportunities.approvals.calls import LATEST_CALL, waits
from services.opportunities.policies.level_policy import NEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.days import end_of, start_of
from shared.records.paging import Order, Page, next_of, paged
from shared.records.places import joined, places

GroupBy = Literal["kind", "category", "reason", "owner", "org_unit", "branch", "region", "level", "month"]
KEYS: Mapping[GroupBy, str] = {
    "kind": "r.kind",
    "category": "r.category",
    "reason": "r.reason",
    "owner": "r.owner_id::text",
    "org_unit": "r.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "level": f"coalesce(r.level, '{NEW}')",
    "month": "to_char(r.requested_at at time zone {zone}, 'YYYY-MM')",
}
COUNTS = ("requests", "waiting", "approved", "automatic", "rejected", "frozen", "given", "withdrawn")
CALLS = ("verified", "confirmed", "still_buying", "other_reason", "not_reached")

FIGURES = """
with asked as (
    select {keys} as keys, case when r.decided_at <= {at} then r.decision end as decision, r.decided_by, v.verdict,
           (r.requested_at at time zone {zone})::date as requested_on,
           case when r.decided_at <= {at} then (r.decided_at at time zone {zone})::date end as decided_on
      from {requests} as r {joins} {call}
     where r.tenant_id = $1 and {period} and {seen} and {wanted}
)
select keys, count(*)::int as requests,
       count(*) filter (where decision is null)::int as waiting,
       count(*) filter (where decision = 'approved')::int as approved,
       count(*) filter (where decision = 'approved' and decided_by is null)::int as automatic,
       count(*) filter (where decision = 'rejected')::int as rejected,
       count(*) filter (where decision = 'frozen')::int as frozen,
       count(*) filter (where decision = 'given')::int as given,
       count(*) filter (where decision = 'withdrawn')::int as withdrawn,
       coalesce(sum(decided_on - requested_on), 0)::int as days_decided,
       coalesce(sum({day} - requested_on) filter (where decision is null), 0)::int as days_waiting,
       count(verdict)::int as verified,
       count(*) filter (where verdict = 'confirmed')::int as confirmed,
       count(*) filter (where verdict = 'still_buying')::int as still_buying,
       count(*) filter (where verdict = 'other_reason')::int as other_reason,
       count(*) filter (where verdict = 'not_reached')::int as not_reached
  from asked
 group by 1
"""
TO_VERIFY = """
select r.stream_id, r.requested_by, (r.requested_at at time zone {zone})::date as requested_on, r.defeat_kind,
       r.category, r.reason, r.other_reasons, r.evidence, r.competitor_brand, r.competitor_model, r.bought_on,
       v.verdict, v.verified_on, calls.attempts, s.title, s.account_id, s.owner_id, s.unit_id, s.level, s.channel,
       s.key_person_id, s.units, s.amount, s.currency, {sort_value} as sort_value
  from {requests} as r {call}
  join {standings} as s on s.stream_id = r.stream_id and {holds}
  left join lateral (select sum(c.attempts)::int as attempts from {verifications} as c
                      where c.tenant_id = $1 and c.stream_id = r.stream_id and c.request_version = r.version
                        and c.verified_at <= {at}) as calls on true
 where r.tenant_id = $1 and r.kind = 'defeat' and {waits} and coalesce(v.verdict, 'not_reached') = 'not_reached'
   and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
VERSIONS = """
select e.stream_id, max(e.version) as version
  from es.events as e where e.tenant_id = $1 and e.stream_id = any($2::uuid[])
 group by 1
"""
ORDERS: Mapping[str, Order] = {"requested_at": Order("r.requested_at", "timestamptz")}
ALL = Filters()


@dataclass(frozen=True, slots=True)
class Which:
    """Which requests: asked for within these days (inclusive; None: open), of this kind, category or reason."""

    since: date | None = None
    until: date | None = None
    kind: str | None = None
    category: str | None = None
    reason: str | None = None
    filters: Filters = ALL

    def parts(self, sql: Sql) -> dict[str, str]:
        zone = sql.asking.zone
        period = [f"r.requested_at <= {sql.named('at')}"]
        if self.since is not None:
            period.append(f"r.requested_at >= {sql(start_of(self.since, zone))}")
        if self.until is not None:
            period.append(f"r.requested_at <= {sql(end_of(self.until, zone))}")
        wanted = [self.filters.predicate(sql, "r")]
        for name in ("kind", "category", "reason"):
            if (value := getattr(self, name)) is not None:
                wanted.append(f"r.{name} = {sql(value)}")
        return {"period": " and ".join(period), "wanted": " and ".join(wanted), "seen": sql.counted("r")}


async def reviews(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, group_by: Sequence[GroupBy] = ()
) -> Row:
    """One row per group, and `total` of all of them; a request is in one group."""
    rolled = await places(reads, Sql(asking), group_by)
    sql = Sql(asking)
    columns = ", ".join(KEYS[dimension] for dimension in group_by)
    if "month" in group_by:
        columns = columns.format(zone=sql.named("zone"))
    statement = sql.text(
        FIGURES,
        keys=f"array[{columns}]::text[]",
        joins=joined(sql, rolled, "r.unit_id"),
        call=sql.text(LATEST_CALL),
        **which.parts(sql),
    )
    found = await reads.fetch(statement, *sql.values)
    names = await labels.of_groups(reads, asking, group_by, [row["keys"] for row in found])
    total = {name: sum(row[name] for row in found) for name in (*COUNTS, *CALLS, "days_decided", "days_waiting")}
    rows = [{**names.columns(row["keys"]), **_figures(row)} for row in found]
    rows.sort(key=lambda row: (-row["requests"], *(str(row[name]) for name in group_by)))
    return {"rows": rows if group_by else [_figures(total)], "total": _figures(total)}


def _figures(row: Mapping[str, Any]) -> Row:
    decided = row["requests"] - row["waiting"]
    return {
        **{name: row[name] for name in COUNTS},
        "rejection_rate": rounded((row["rejected"] + row["given"]) / row["requests"]) if row["requests"] else None,
        "mean_age_days": rounded(row["days_decided"] / decided) if decided else None,
        "mean_waiting_days": rounded(row["days_waiting"] / row["waiting"]) if row["waiting"] else None,
        **{name: row[name] for name in CALLS},
    }


async def to_verify(
    reads: Reads, asking: Asking, labels: Labels, *, filters: Filters, required: bool, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of defeats that wait and are not settled by a call-back, the oldest first."""
    sql = Sql(asking)
    statement = sql.text(
        TO_VERIFY,
        call=sql.text(LATEST_CALL),
        waits=waits(sql),
        holds=sql.holds("s"),
        shown=sql.shown("s"),
        wanted=filters.predicate(sql, "s"),
        **paged(sql, ORDERS, "requested_at", page, "r.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    ids = [row["stream_id"] for row in found]
    versions = {row["stream_id"]: row["version"] for row in await reads.fetch(VERSIONS, asking.tenant_id, ids)}
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    reasons = await labels.reasons(reads, asking)
    people = await labels.people(
        asking.tenant_id, {row[role] for row in found for role in ("owner_id", "requested_by", "key_person_id")}
    )
    items = [
        {
            "id": row["stream_id"],
            "opportunity_id": row["stream_id"],
            "version": versions.get(row["stream_id"]),
            "required": required,
            "requested_on": row["requested_on"],
            "age_days": (asking.day - row["requested_on"]).days,
            "requested_by": row["requested_by"],
            "requested_by_name": people.get(row["requested_by"]),
            "kind": row["defeat_kind"],
            "category": row["category"],
            "category_label": reasons.get(row["category"] or "", row["category"]),
            "reason": row["reason"],
            "reason_label": reasons.get(row["reason"] or "", row["reason"]),
            "other_reasons": row["other_reasons"],
            "evidence": row["evidence"],
            "competitor_brand": row["competitor_brand"],
            "competitor_model": row["competitor_model"],
            "bought_on": row["bought_on"],
            "key_person_id": row["key_person_id"],
            "key_person": people.get(row["key_person_id"]),
            "attempts": row["attempts"] or 0,
            "verdict": row["verdict"],
            "verified_on": row["verified_on"],
            "title": row["title"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "units": row["units"],
            "amount": money(row["amount"]),
            "currency": row["currency"],
            "level_before": row["level"] or NEW,
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "channel": row["channel"],
        }
        for row in found
    ]
    return items, after
