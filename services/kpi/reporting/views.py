"""Views of reporting, folded from the log: how reports and items stood at every instant, and issues of each month.

Whether something is missing or late is worked out when read: nothing here depends on today.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.reporting.events import CustomerReportIssued, IntelligenceFact, WorkReportFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

WORK_REPORTS = View(
    name="kpi.work_reports",
    version=1,
    stream_types=("work_report",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    kind text not null,
    period date not null,                    -- the day, or the first calendar day of the month
    owner_id uuid not null,
    unit_id uuid not null,                   -- of the owner when it was handed in
    status text not null,
    handed_in_on date not null,
    revised_on date,
    reviewed_on date,
    reviewed_by uuid
""",
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, period, kind)",
        "create index on {table} (tenant_id, owner_id, period) where to_at is null",
    ),
    rows=f"""{MERGED}
select tenant_id, stream_id, occurred_at, next_at, version,
       standing ->> 'kind', (standing ->> 'period')::date,
       (standing ->> 'owner_id')::uuid, (standing ->> 'unit_id')::uuid, standing ->> 'status',
       (standing ->> 'handed_in_on')::date, (standing ->> 'revised_on')::date,
       (standing ->> 'reviewed_on')::date, (standing ->> 'reviewed_by')::uuid
  from merged
 where next_at is distinct from occurred_at and standing ? 'kind'
""",  # noqa: S608 - constants only
    facts=(*get_args(WorkReportFact), FactCorrected, FactVoided),
)

INTELLIGENCE = View(
    name="kpi.intelligence",
    version=1,
    stream_types=("intelligence",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    category text not null,
    urgency text not null,
    title text not null,
    account_id uuid,
    competitor text,
    owner_id uuid not null,
    unit_id uuid not null,                   -- of the owner when it was told
    reported_on date not null,
    status text not null,
    outcome text,
    discussed_on date,
    discussed_by uuid,
    acknowledged uuid[] not null             -- who took notice
""",
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, reported_on, stream_id) where to_at is null",
        "create index on {table} (tenant_id, owner_id, reported_on) where to_at is null",
        "create index on {table} (tenant_id) where to_at is null and urgency = 'urgent'",
    ),
    rows="""
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'acknowledged') filter (where changes ? 'acknowledged') over so_far as acknowledged
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id, occurred_at, next_at, version,
       standing ->> 'category', standing ->> 'urgency', standing ->> 'title',
       (standing ->> 'account_id')::uuid, standing ->> 'competitor',
       (standing ->> 'owner_id')::uuid, (standing ->> 'unit_id')::uuid, (standing ->> 'reported_on')::date,
       standing ->> 'status', standing ->> 'outcome', (standing ->> 'discussed_on')::date,
       (standing ->> 'discussed_by')::uuid,
       array(select distinct (s.part ->> 'by')::uuid
               from jsonb_path_query(acknowledged, '$[*][*]') as s(part) order by 1)
  from merged
 where next_at is distinct from occurred_at and standing ? 'category'
""",
    facts=(*get_args(IntelligenceFact), FactCorrected, FactVoided),
)

CUSTOMER_REPORTS = View(
    name="kpi.customer_reports",
    version=1,
    stream_types=("customer_report",),
    columns="""
    version int not null,
    issued_at timestamptz not null,
    month date not null,                     -- first calendar day
    number int not null,
    item_ids uuid[] not null,
    issued_on date not null,
    issued_by uuid not null
""",
    key=("version",),
    indexes=("create index on {table} (tenant_id, month, number)",),
    rows="""
select tenant_id, stream_id, version, occurred_at,
       (changes ->> 'month')::date, (changes ->> 'number')::int,
       array(select jsonb_array_elements_text(changes -> 'item_ids'))::uuid[],
       (changes ->> 'issued_on')::date, (changes ->> 'issued_by')::uuid
  from corrected_facts
""",
    facts=(CustomerReportIssued, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (WORK_REPORTS, INTELLIGENCE, CUSTOMER_REPORTS)
