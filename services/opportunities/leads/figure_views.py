"""Visitor counts and spend: one row per figure and interval. Says nothing of leads."""

from __future__ import annotations

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

VISITOR_ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'channel' as channel,
       (standing ->> 'day')::date as day,
       (standing ->> 'count')::int as count
  from merged
 where next_at is distinct from occurred_at and standing ->> 'day' is not null
""".replace("{MERGED}", MERGED)

SPEND_ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'channel' as channel,
       (standing ->> 'day')::date as day,
       case when standing ->> 'period' = 'month'
            then ((standing ->> 'day')::date + interval '1 month')::date - (standing ->> 'day')::date
            else 1 end as days,
       (standing ->> 'amount')::numeric as amount,
       standing ->> 'currency' as currency,
       standing ->> 'purpose' as purpose
  from merged
 where next_at is distinct from occurred_at and standing ->> 'day' is not null
""".replace("{MERGED}", MERGED)

VISITOR_COUNTS = View(
    name="opportunities.visitor_counts",
    version=1,
    stream_types=("visitor_count",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    unit_id uuid,
    channel text,
    day date not null,
    count int
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, day, stream_id)",),
    rows=VISITOR_ROWS,
    facts=(events.VisitorsCounted, FactCorrected, FactVoided),
)

CHANNEL_SPEND = View(
    name="opportunities.channel_spend",
    version=1,
    stream_types=("channel_spend",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    unit_id uuid,
    channel text,
    day date not null,                       -- of a month its first
    days int not null,                       -- the amount is of so many days: 1, or all of the month
    amount numeric,
    currency text,
    purpose text
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, day, stream_id)",),
    rows=SPEND_ROWS,
    facts=(events.SpendRecorded, FactCorrected, FactVoided),
)
