"""What became of the leads that came in, by channel, person or unit; visitors and spend beside them. Reads no clock.

A cohort: of the leads received in the range, how they stood at the instant asked about. Each figure is credited to who
was responsible when it happened; a lead that came in to its first assignee and to the unit it came to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.opportunities.leads.lead_list import now
from services.opportunities.leads.shown import by_unit
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.labels import Labels
from shared.records.places import joined, places

GroupBy = Literal["channel", "owner", "org_unit", "branch", "region", "month"]
KEYS: Mapping[str, str] = {
    "channel": "{row}.channel",
    "owner": "c.owner_id::text",
    "org_unit": "{unit}::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "month": "to_char({day}, 'YYYY-MM')",
}

# A lead counts up to six ways, each with its own credit.
LEADS = """
with came as (
    select {key} as key, c.*
      from {leads} as l
      left join {standings} as o on o.stream_id = l.opportunity_id and l.status = 'record' and {order_holds}
     cross join lateral (
          select extract(epoch from l.contacted_at - l.received_at)::numeric / 3600 as hours,
                 (l.received_at at time zone {zone})::date as received_on) as t
     cross join lateral (values
          (l.assigned_owner_id, l.received_unit_id, 1, 0, 0, null::numeric, 0, 0, null::text, null::uuid),
          (l.assigned_owner_id, l.assigned_unit_id, 0, (l.assigned_at is not null)::int, 0, null, 0, 0, null, null),
          (l.contacted_owner_id, l.contacted_unit_id, 0, 0, (l.contacted_at is not null)::int, t.hours,
           coalesce((t.hours <= l.answer_hours)::int, 0), coalesce((t.hours > l.answer_hours)::int, 0), null, null),
          (l.owner_id, l.unit_id, 0, 0, 0, null, 0,
           coalesce((l.contacted_at is null and l.status in ('open', 'follow_up')
                     and l.received_at + l.answer_hours * interval '1 hour' < {now})::int, 0), null, null),
          (l.disposed_owner_id, l.disposed_unit_id, 0, 0, 0, null, 0, 0, nullif(l.status, 'open'), null),
          (o.outcome_owner_id, o.outcome_unit_id, 0, 0, 0, null, 0, 0, null,
           case when o.outcome = 'won' then o.stream_id end)
          ) as c(owner_id, unit_id, leads, assigned, contacted, hours, in_time, late, disposal, ordered)
     {rolled}
     where {holds} and leads + assigned + contacted + in_time + late + (disposal is not null)::int
                       + (ordered is not null)::int > 0
       and {counted} and {wanted}
)
select key,
       sum(leads)::int as leads, sum(assigned)::int as assigned, sum(contacted)::int as contacted,
       sum(in_time)::int as in_time, sum(late)::int as late,
       avg(hours) as hours_mean,
       percentile_cont(0.5) within group (order by hours) as hours_median,
       percentile_cont(0.9) within group (order by hours) as hours_p90,
       count(*) filter (where disposal = 'record')::int as records,
       count(*) filter (where disposal = 'no_intention')::int as no_intention,
       count(*) filter (where disposal = 'duplicate')::int as duplicates,
       count(*) filter (where disposal = 'follow_up')::int as follow_ups,
       count(distinct ordered)::int as orders
  from came
 group by 1
"""
VISITORS = """
select {key} as key, sum(f.count)::int as visitors
  from {visitor_counts} as f {rolled}
 where {holds} and {seen} and {wanted}
 group by 1
"""
# The part of an amount that falls into the range, day by day: parts of adjoining ranges sum to the whole, to the cent.
SPEND = """
select {key} as key, f.currency,
       sum(round(f.amount * t.upto / f.days, 2) - round(f.amount * t.before / f.days, 2)) as amount
  from {channel_spend} as f
 cross join lateral (
      select least(greatest({until} - f.day + 1, 0), f.days) as upto,
             least(greatest({since} - f.day, 0), f.days) as before) as t
 {rolled}
 where {holds} and {seen} and t.upto > t.before and {wanted}
 group by 1, 2
"""
COUNTS = (
    *("leads", "assigned", "contacted", "in_time", "late", "records", "no_intention", "duplicates", "follow_ups"),
    "orders",
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which leads. `unit_id` means the unit and all below it."""

    since: date | None = None
    until: date | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None
    channel: str | None = None


@dataclass(slots=True)
class Group:
    """One row in the making."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    hours: dict[str, Any] = field(default_factory=dict)
    visitors: int | None = None
    spend: dict[str, Decimal] = field(default_factory=dict)


async def leads_report(reads: Reads, asking: Asking, labels: Labels, *, group_by: GroupBy, which: Which) -> Row:
    """A row per key, and the total. Visitors and spend belong to units: by person they are null and empty."""
    rows = await _rows(reads, asking, labels, group_by, which)
    total = await _groups(reads, asking, None, which)
    return {"rows": rows, "total": _row(total.get(None, Group())), "group_by": group_by}


async def _rows(reads: Reads, asking: Asking, labels: Labels, group_by: GroupBy, which: Which) -> list[Row]:
    groups = await _groups(reads, asking, group_by, which)
    names = await labels.of_groups(reads, asking, (group_by,), [(key,) for key in groups])
    rows = [{"key": key, "label": names.label(group_by, key), **_row(group)} for key, group in groups.items()]
    rows.sort(key=lambda row: (row["key"] is None, row["label"], row["key"] or ""))
    return rows


async def _groups(reads: Reads, asking: Asking, group_by: GroupBy | None, which: Which) -> dict[str | None, Group]:
    found: dict[str | None, Group] = {}
    for row in await _leads(reads, asking, group_by, which):
        group = found.setdefault(row["key"], Group())
        group.counts = {name: row[name] for name in COUNTS}
        group.hours = {name: row[f"hours_{name}"] for name in ("mean", "median", "p90")}
    if group_by != "owner" and which.owner_id is None:
        for row in await _figures(reads, asking, group_by, which, VISITORS):
            found.setdefault(row["key"], Group()).visitors = row["visitors"]
        for row in await _figures(reads, asking, group_by, which, SPEND):
            found.setdefault(row["key"], Group()).spend[row["currency"]] = row["amount"]
    return found


async def _leads(reads: Reads, asking: Asking, group_by: GroupBy | None, which: Which) -> Sequence[Any]:
    rolled = await places(reads, Sql(asking), () if group_by is None else (group_by,))
    sql = Sql(asking)
    wanted = ["true"]
    if which.since is not None:
        wanted.append(f"t.received_on >= {sql(which.since)}")
    if which.until is not None:
        wanted.append(f"t.received_on <= {sql(which.until)}")
    if which.channel is not None:
        wanted.append(f"l.channel = {sql(which.channel)}")
    if which.owner_id is not None:
        wanted.append(f"c.owner_id = {sql(which.owner_id)}")
    if which.unit_id is not None:
        wanted.append(sql.below("c.unit_id", which.unit_id))
    statement = sql.text(
        LEADS,
        key=_key(group_by, row="l", unit="c.unit_id", day="t.received_on"),
        now=now(sql),
        order_holds=sql.holds("o"),
        rolled=joined(sql, rolled, "c.unit_id"),
        holds=sql.holds("l"),
        counted=sql.counted("c", account="l.account_id"),
        wanted=" and ".join(wanted),
    )
    return await reads.fetch(statement, *sql.values)


async def _figures(reads: Reads, asking: Asking, group_by: GroupBy | None, which: Which, select: str) -> Sequence[Any]:
    rolled = await places(reads, Sql(asking), () if group_by is None else (group_by,))
    sql = Sql(asking)
    until = asking.day if which.until is None else min(which.until, asking.day)
    wanted = ["true"]
    if select is VISITORS:
        wanted.append(f"f.day <= {sql(until)}")
        if which.since is not None:
            wanted.append(f"f.day >= {sql(which.since)}")
    if which.channel is not None:
        wanted.append(f"f.channel = {sql(which.channel)}")
    if which.unit_id is not None:
        wanted.append(sql.below("f.unit_id", which.unit_id))
    parts = {}
    if select is SPEND:
        parts = {"until": f"{sql(until)}::date", "since": f"{sql(which.since or date(1900, 1, 1))}::date"}
    statement = sql.text(
        select,
        key=_key(group_by, row="f", unit="f.unit_id", day="f.day"),
        rolled=joined(sql, rolled, "f.unit_id"),
        holds=sql.holds("f"),
        seen=by_unit(sql, "f.unit_id", own=select is VISITORS),
        wanted=" and ".join(wanted),
        **parts,
    )
    return await reads.fetch(statement, *sql.values)


def _key(group_by: GroupBy | None, **of: str) -> str:
    return "null::text" if group_by is None else KEYS[group_by].format(**of)


def _row(group: Group) -> Row:
    counts = group.counts
    promised = counts["in_time"] + counts["late"]
    came = counts["leads"] + (group.visitors or 0)
    return {
        **counts,
        "visitors": group.visitors,
        "response_hours_mean": rounded(group.hours.get("mean")),
        "response_hours_median": rounded(group.hours.get("median")),
        "response_hours_p90": rounded(group.hours.get("p90")),
        "in_time_rate": rounded(counts["in_time"] / promised) if promised else None,
        "record_rate": rounded(counts["records"] / came) if came else None,
        "spend": [
            {
                "currency": currency,
                "amount": money(amount),
                "per_lead": _per(amount, counts["leads"]),
                "per_record": _per(amount, counts["records"]),
                "per_order": _per(amount, counts["orders"]),
            }
            for currency, amount in sorted(group.spend.items())
        ],
    }


def _per(amount: Decimal, count: int) -> str | None:
    return money((amount / count).quantize(Decimal("0.01"))) if count else None
