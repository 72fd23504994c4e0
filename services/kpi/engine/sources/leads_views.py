"""Leads, visitor counts and spend as figures need them: one row per record and interval. Who asked is not here.

Copies of this service, folded from the facts of the opportunities service. Holds no promise kept or broken: whether an
answer came in time is worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

LEAD_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text,                             -- open, follow_up, record, no_intention, duplicate
    channel text,
    account_id uuid,
    answer_hours numeric,                    -- promised, from receipt
    received_at timestamptz not null,
    received_unit_id uuid,                   -- the unit it came to
    assigned_owner_id uuid,                  -- the first it was assigned to
    contacted_at timestamptz,                -- the first time, reached or not
    contacted_owner_id uuid,                 -- responsible then, else who answered
    contacted_unit_id uuid,
    disposed_owner_id uuid,                  -- the latest time
    disposed_unit_id uuid,
    opportunity_id uuid
"""

# `es.merge` is strict: a null changes nothing. A fact before the receipt (told late, mended) begins no row.
LEAD_ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes) over so_far as standing,
           min(version) over so_far = 1 as received
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
noted as (
    select tenant_id, stream_id, version, occurred_at, standing,
           lead(occurred_at) over so_far as next_at,
           first_value(occurred_at) over so_far as received_at,
           first_value(standing ->> 'unit_id') over so_far as received_unit_id,
           jsonb_agg(standing -> 'owner_id') filter (where type = 'LeadAssigned') over so_far ->> 0 as assigned,
           jsonb_agg(jsonb_build_object(
               'at', occurred_at, 'unit_id', standing -> 'unit_id',
               'owner_id', coalesce(nullif(standing -> 'owner_id', 'null'), changes -> 'contacts' -> 0 -> 'by')))
               filter (where type = 'LeadContacted') over so_far -> 0 as contacted,
           es.merge(case when type = 'LeadDisposed' then jsonb_build_object(
               'owner_id', standing -> 'owner_id', 'unit_id', standing -> 'unit_id') end) over so_far as ended
      from merged
     where received
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       standing ->> 'channel' as channel,
       (standing ->> 'account_id')::uuid as account_id,
       (standing ->> 'answer_hours')::numeric as answer_hours,
       received_at,
       received_unit_id::uuid as received_unit_id,
       assigned::uuid as assigned_owner_id,
       (contacted ->> 'at')::timestamptz as contacted_at,
       (contacted ->> 'owner_id')::uuid as contacted_owner_id,
       (contacted ->> 'unit_id')::uuid as contacted_unit_id,
       (ended ->> 'owner_id')::uuid as disposed_owner_id,
       (ended ->> 'unit_id')::uuid as disposed_unit_id,
       (standing ->> 'opportunity_id')::uuid as opportunity_id
  from noted
 where next_at is distinct from occurred_at
"""

LEADS = View(
    name="kpi.leads",
    version=1,
    stream_types=("lead",),
    columns=LEAD_COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, received_at)",
        "create index on {table} (tenant_id, opportunity_id) where opportunity_id is not null",
    ),
    rows=LEAD_ROWS,
    facts=(*get_args(events.LeadFact), FactCorrected, FactVoided),
)

VISITOR_COUNTS = View(
    name="kpi.visitor_counts",
    version=1,
    stream_types=("visitor_count",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    unit_id uuid,
    channel text,
    day date not null,
    count int
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, day)",),
    rows=MERGED
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'channel' as channel,
       (standing ->> 'day')::date as day,
       (standing ->> 'count')::int as count
  from merged
 where next_at is distinct from occurred_at and standing ->> 'day' is not null
""",
    facts=(events.VisitorsCounted, FactCorrected, FactVoided),
)

CHANNEL_SPEND = View(
    name="kpi.channel_spend",
    version=1,
    stream_types=("channel_spend",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    unit_id uuid,
    channel text,
    day date not null,                       -- of a month its first
    days int not null,                       -- the amount is of so many days: 1, or all of the month
    amount numeric,
    currency text
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, day)",),
    rows=MERGED
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'channel' as channel,
       (standing ->> 'day')::date as day,
       case when standing ->> 'period' = 'month'
            then ((standing ->> 'day')::date + interval '1 month')::date - (standing ->> 'day')::date
            else 1 end as days,
       (standing ->> 'amount')::numeric as amount,
       standing ->> 'currency' as currency
  from merged
 where next_at is distinct from occurred_at and standing ->> 'day' is not null
""",
    facts=(events.SpendRecorded, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (LEADS, VISITOR_COUNTS, CHANNEL_SPEND)
