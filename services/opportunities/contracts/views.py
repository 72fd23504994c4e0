"""The view of contracts: one row per contract and interval of business time."""

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
    title text,
    number text,
    draft int,
    lines jsonb not null,                    -- [{line, product, units, unit_price}]
    currency text,
    amount numeric,
    payment_terms jsonb not null,            -- [{share, after, days}]
    delivery_terms text,
    warranty_terms text,
    warranty_months int,
    starts_on date,
    ends_on date,
    drafted_by uuid,
    drafted_on date,
    submitted_by uuid,
    submitted_on date,
    waits text,                              -- contract, amendment; null: nothing waits for approval
    waiting_since timestamptz,
    needs text,                              -- the function whose limit covers it
    passed_by uuid,
    decided_by uuid,
    decided_on date,
    comment text,
    delegate_id uuid,
    delegate_until date,
    signed_by uuid,
    signed_on date,
    by_delegation boolean,
    amendment jsonb,                         -- that waits: {number, reason, terms}
    amendment_requested_by uuid,
    amendments int not null,                 -- that hold
    amended_on date,
    renewed_on date,
    terminated_on date,
    terminated_reason text
"""

ROWS = """
{MERGED},
told as (
    select tenant_id, stream_id, version,
           max(occurred_at) filter (where type = 'ContractSubmitted') over steps as submitted_at,
           max(occurred_at) filter (where type = 'AmendmentRequested') over steps as amendment_at,
           count(*) filter (where type = 'ContractAmended') over steps as amendments
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       version,
       m.standing ->> 'status' as status,
       (m.standing ->> 'opportunity_id')::uuid as opportunity_id,
       m.standing ->> 'title' as title,
       m.standing ->> 'number' as number,
       (m.standing ->> 'draft')::int as draft,
       coalesce(m.standing -> 'lines', '[]') as lines,
       m.standing ->> 'currency' as currency,
       (m.standing ->> 'amount')::numeric as amount,
       coalesce(m.standing -> 'payment_terms', '[]') as payment_terms,
       m.standing ->> 'delivery_terms' as delivery_terms,
       m.standing ->> 'warranty_terms' as warranty_terms,
       (m.standing ->> 'warranty_months')::int as warranty_months,
       (m.standing ->> 'starts_on')::date as starts_on,
       (m.standing ->> 'ends_on')::date as ends_on,
       (m.standing ->> 'drafted_by')::uuid as drafted_by,
       (m.standing ->> 'drafted_on')::date as drafted_on,
       (m.standing ->> 'submitted_by')::uuid as submitted_by,
       (m.standing ->> 'submitted_on')::date as submitted_on,
       w.waits,
       case w.waits when 'contract' then t.submitted_at when 'amendment' then t.amendment_at end as waiting_since,
       m.standing ->> 'needs' as needs,
       (m.standing ->> 'passed_by')::uuid as passed_by,
       (m.standing ->> 'decided_by')::uuid as decided_by,
       (m.standing ->> 'decided_on')::date as decided_on,
       m.standing ->> 'comment' as comment,
       (m.standing ->> 'delegate_id')::uuid as delegate_id,
       (m.standing ->> 'delegate_until')::date as delegate_until,
       (m.standing ->> 'signed_by')::uuid as signed_by,
       (m.standing ->> 'signed_on')::date as signed_on,
       (m.standing ->> 'by_delegation')::boolean as by_delegation,
       nullif(m.standing -> 'amendment', 'null') as amendment,
       (m.standing ->> 'amendment_requested_by')::uuid as amendment_requested_by,
       t.amendments::int as amendments,
       (m.standing ->> 'amended_on')::date as amended_on,
       (m.standing ->> 'renewed_on')::date as renewed_on,
       (m.standing ->> 'terminated_on')::date as terminated_on,
       m.standing ->> 'terminated_reason' as terminated_reason
  from merged m
  join told t using (tenant_id, stream_id, version)
 cross join lateral (
    select case when m.standing ->> 'status' = 'submitted' then 'contract'
                when m.standing ->> 'status' = 'signed' and m.standing ->> 'amendment' is not null then 'amendment'
           end as waits
 ) as w
 where m.next_at is distinct from m.occurred_at
   and m.standing ->> 'opportunity_id' is not null
""".replace("{MERGED}", MERGED.rstrip())

CONTRACTS = View(
    name="opportunities.contracts",
    version=1,
    stream_types=("contract",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, ends_on) where to_at is null",
        "create index on {table} (tenant_id, waits) where to_at is null and waits is not null",
    ),
    rows=ROWS,
    facts=(*get_args(events.ContractFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (CONTRACTS,)
