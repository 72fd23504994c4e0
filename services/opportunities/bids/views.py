"""The view of bids: one row per bid and interval of business time."""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    opportunity_id uuid not null,
    tender_number text,
    tenderer text,
    currency text,
    published_on date,
    questions_until date,
    documents_bought_on date,
    opening_at timestamptz,
    bond_amount numeric,
    bond_due_on date,
    bond_paid_on date,
    bond_returned_on date,
    documents jsonb not null,                -- [{name, responsible, due_on}]
    documents_done text[] not null,          -- names
    recorded_by uuid,
    recorded_on date,
    recorded_at timestamptz,                 -- considered since then, while nobody has decided
    go boolean,
    decided_by uuid,
    decided_on date,
    submitted_on date,
    lines jsonb not null,                    -- ours: [{line, product, units, unit_price}]
    amount numeric,
    competitors jsonb not null,              -- [{name, price, rank, remark}]
    our_rank int,
    opened_on date,
    result_on date,
    result_reason text,
    winner text,
    winning_price numeric
"""

# Movements are added up: a late one takes its place among the others.
ROWS = """
{MERGED},
told as (
    select tenant_id, stream_id, version,
           jsonb_agg(changes -> 'documents_done') filter (where changes ? 'documents_done') over steps as done,
           min(occurred_at) filter (where type = 'TenderRecorded') over steps as recorded_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       standing ->> 'tender_number' as tender_number,
       standing ->> 'tenderer' as tenderer,
       standing ->> 'currency' as currency,
       (standing ->> 'published_on')::date as published_on,
       (standing ->> 'questions_until')::date as questions_until,
       (standing ->> 'documents_bought_on')::date as documents_bought_on,
       (standing ->> 'opening_at')::timestamptz as opening_at,
       (standing ->> 'bond_amount')::numeric as bond_amount,
       (standing ->> 'bond_due_on')::date as bond_due_on,
       (standing ->> 'bond_paid_on')::date as bond_paid_on,
       (standing ->> 'bond_returned_on')::date as bond_returned_on,
       coalesce(standing -> 'documents', '[]') as documents,
       array(select distinct document ->> 'name'
               from jsonb_array_elements(coalesce(done, '[]')) as d(documents)
              cross join lateral jsonb_array_elements(d.documents) as document
              order by 1) as documents_done,
       (standing ->> 'recorded_by')::uuid as recorded_by,
       (standing ->> 'recorded_on')::date as recorded_on,
       case when standing ->> 'status' = 'considered' then recorded_at end as recorded_at,
       (standing ->> 'go')::boolean as go,
       (standing ->> 'decided_by')::uuid as decided_by,
       (standing ->> 'decided_on')::date as decided_on,
       (standing ->> 'submitted_on')::date as submitted_on,
       coalesce(standing -> 'lines', '[]') as lines,
       (standing ->> 'amount')::numeric as amount,
       coalesce(standing -> 'competitors', '[]') as competitors,
       (standing ->> 'our_rank')::int as our_rank,
       (standing ->> 'opened_on')::date as opened_on,
       (standing ->> 'result_on')::date as result_on,
       standing ->> 'result_reason' as result_reason,
       standing ->> 'winner' as winner,
       (standing ->> 'winning_price')::numeric as winning_price
  from merged join told using (tenant_id, stream_id, version)
 where next_at is distinct from occurred_at
   and standing ->> 'opportunity_id' is not null
""".replace("{MERGED}", MERGED.rstrip())

BIDS = View(
    name="opportunities.bids",
    version=1,
    stream_types=("bid",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, opening_at) where to_at is null",
        "create index on {table} (tenant_id, status) where to_at is null",
    ),
    rows=ROWS,
    facts=(*get_args(events.BidFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (BIDS,)
