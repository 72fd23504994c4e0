"""The views of filings: how each stands, each unit's report, each claim, and the units of orders they are held against.

Holds nothing that depends on today or on a policy: deadlines are worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

FILING_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    number text not null,
    opportunity_id uuid not null,
    account_id uuid,
    customer_type text,
    lines jsonb not null,                    -- [{line, product, units}]
    units int not null,
    expected_on date,
    documents text[] not null,
    missing text[] not null,
    drafted_at timestamptz not null,
    submitted_on date,
    returned_on date,
    times_returned int not null,
    return_reason text,
    decided_on date,
    manufacturer_ref text,
    valid_until date,
    refusal_reason text,
    lapsed_on date,
    lapse_reason text,
    withdrawn_on date,
    withdrawal_reason text
"""

# Several facts of one instant: only the last has an interval. What is counted over all is counted before.
FILING_ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           min(occurred_at) filter (where version = 1) over (partition by tenant_id, stream_id) as drafted_at,
           (count(*) filter (where type = 'FilingReturned') over so_far)::int as times_returned
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       standing ->> 'number' as number,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'customer_type' as customer_type,
       standing -> 'lines' as lines,
       (select coalesce(sum((filed ->> 'units')::int), 0)::int
          from jsonb_array_elements(standing -> 'lines') as lines_of(filed)) as units,
       (standing ->> 'expected_on')::date as expected_on,
       array(select jsonb_array_elements_text(coalesce(standing -> 'documents', '[]'))) as documents,
       array(select jsonb_array_elements_text(coalesce(standing -> 'missing', '[]'))) as missing,
       drafted_at,
       (standing ->> 'submitted_on')::date as submitted_on,
       (standing ->> 'returned_on')::date as returned_on,
       times_returned,
       standing ->> 'return_reason' as return_reason,
       (standing ->> 'decided_on')::date as decided_on,
       standing ->> 'manufacturer_ref' as manufacturer_ref,
       (standing ->> 'valid_until')::date as valid_until,
       standing ->> 'refusal_reason' as refusal_reason,
       (standing ->> 'lapsed_on')::date as lapsed_on,
       standing ->> 'lapse_reason' as lapse_reason,
       (standing ->> 'withdrawn_on')::date as withdrawn_on,
       standing ->> 'withdrawal_reason' as withdrawal_reason
  from merged
 where next_at is distinct from occurred_at and standing ? 'number'  -- from the draft on
"""

FILINGS = View(
    name="opportunities.filings",
    version=1,
    stream_types=("filing",),
    columns=FILING_COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, drafted_at, stream_id) where to_at is null",
    ),
    rows=FILING_ROWS,
    facts=(*get_args(events.FilingFact), FactCorrected, FactVoided),
)

# -- units reported ------------------------------------------------------------------------------------------

# One row per unit and interval: how its report stood. What only the report says is carried to the answers.
REPORT_ROWS = """
with steps as (
    select f.tenant_id, f.stream_id, f.version, f.occurred_at, s.step, s.place
      from corrected_facts f
     cross join lateral jsonb_array_elements(coalesce(f.changes -> 'reports', '[]'))
           with ordinality as s(step, place)
),
told as (
    select *, step ->> 'vin' as vin,
           es.merge(case when step ->> 'state' = 'reported' then step || jsonb_build_object('at', occurred_at) end)
               over so_far as report,
           lead(occurred_at) over so_far as next_at
      from steps
    window so_far as (partition by tenant_id, stream_id, step ->> 'vin' order by occurred_at, version, place)
)
select tenant_id, stream_id, vin,
       occurred_at as from_at,
       next_at as to_at,
       version,
       step ->> 'state' as state,
       (report ->> 'line')::int as line,
       report ->> 'product' as product,
       (report ->> 'delivered_on')::date as delivered_on,
       report ->> 'invoice_no' as invoice_no,
       (report ->> 'invoiced_on')::date as invoiced_on,
       (report ->> 'on')::date as reported_on,
       (report ->> 'at')::timestamptz as reported_at,
       case when step ->> 'state' <> 'reported' then (step ->> 'on')::date end as answered_on,
       step ->> 'reason' as reason
  from told
 where next_at is distinct from occurred_at
"""

UNIT_REPORTS = View(
    name="opportunities.unit_reports",
    version=1,
    stream_types=("filing",),
    columns="""
    vin text not null,
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    state text not null,
    line int,
    product text,
    delivered_on date,
    invoice_no text,
    invoiced_on date,
    reported_on date,
    reported_at timestamptz,                 -- the business time of the report: credit is of then
    answered_on date,
    reason text
""",
    key=("vin", "from_at"),
    indexes=("create index on {table} (tenant_id, reported_on) where state = 'accepted' and to_at is null",),
    rows=REPORT_ROWS,
    facts=(*get_args(events.FilingFact), FactCorrected, FactVoided),
)

# -- support -------------------------------------------------------------------------------------------------

# One row per claim and interval. A claim claimed again begins anew, but for what was paid.
CLAIM_ROWS = """
with steps as (
    select f.tenant_id, f.stream_id, f.version, f.occurred_at, s.step, s.place
      from corrected_facts f
     cross join lateral jsonb_array_elements(coalesce(f.changes -> 'support', '[]'))
           with ordinality as s(step, place)
),
told as (
    select *, step ->> 'ref' as ref, step ->> 'state' as state,
           es.merge(case step ->> 'state'
                        when 'claimed' then jsonb_build_object(
                            'claimed', step -> 'amount', 'currency', step -> 'currency', 'vins', step -> 'vins',
                            'claimed_on', step -> 'on', 'accepted', null, 'answered_on', null)
                        when 'accepted' then jsonb_build_object(
                            'accepted', step -> 'amount', 'answered_on', step -> 'on')
                        when 'paid' then jsonb_build_object('paid_on', step -> 'on')
                        else jsonb_build_object('answered_on', step -> 'on') end) over so_far as claim,
           coalesce(sum((step ->> 'amount')::numeric) filter (where step ->> 'state' = 'paid') over so_far, 0) as paid,
           lead(occurred_at) over so_far as next_at
      from steps
    window so_far as (partition by tenant_id, stream_id, step ->> 'ref' order by occurred_at, version, place)
)
select tenant_id, stream_id, ref,
       occurred_at as from_at,
       next_at as to_at,
       version, state,
       claim ->> 'currency' as currency,
       (claim ->> 'claimed')::numeric as claimed,
       (claim ->> 'accepted')::numeric as accepted,
       paid,
       (claim ->> 'claimed_on')::date as claimed_on,
       (claim ->> 'answered_on')::date as answered_on,
       (claim ->> 'paid_on')::date as paid_on,
       array(select jsonb_array_elements_text(coalesce(claim -> 'vins', '[]'))) as vins,
       step ->> 'reason' as reason
  from told
 where next_at is distinct from occurred_at
"""

SUPPORT_CLAIMS = View(
    name="opportunities.support_claims",
    version=1,
    stream_types=("filing",),
    columns="""
    ref text not null,
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    state text not null,
    currency text,
    claimed numeric,
    accepted numeric,
    paid numeric not null,                   -- all payments so far
    claimed_on date,
    answered_on date,
    paid_on date,
    vins text[] not null,
    reason text
""",
    key=("ref", "from_at"),
    indexes=(),
    rows=CLAIM_ROWS,
    facts=(*get_args(events.FilingFact), FactCorrected, FactVoided),
)

# -- units of orders -----------------------------------------------------------------------------------------

# One row per movement: units ordered (an amendment: what it adds or takes away), delivered, cancelled.
FLOW_ROWS = """
with ordering as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(jsonb_build_object('lines', changes -> 'lines')) filter (where changes ? 'lines')
               over (partition by tenant_id, stream_id order by occurred_at, version
                     rows between unbounded preceding and 1 preceding) as before
      from corrected_facts
),
moved as (
    select tenant_id, stream_id, version, occurred_at, 'ordered' as kind, m.line, m.product, m.units,
           null::date as on_day
      from ordering
     cross join lateral (
          select line, product, sum(units)::int as units
            from (select (l ->> 'line')::int as line, l ->> 'product' as product, (l ->> 'units')::int as units
                    from jsonb_array_elements(changes -> 'lines') as l
                  union all
                  select (l ->> 'line')::int, l ->> 'product', -(l ->> 'units')::int
                    from jsonb_array_elements(case when type = 'OrderAmended' then before -> 'lines' end) as l
                 ) as changed
           group by 1, 2) as m
     where type in ('DealWon', 'OrderAmended') and m.units <> 0
    union all
    select tenant_id, stream_id, version, occurred_at, 'delivered', (d ->> 'line')::int, l.product,
           sum((d ->> 'units')::int)::int, (d ->> 'on')::date
      from ordering
     cross join lateral jsonb_array_elements(coalesce(changes -> 'delivered', '[]')) as d
      left join lateral (select l ->> 'product' as product from jsonb_array_elements(before -> 'lines') as l
                          where l ->> 'line' = d ->> 'line' limit 1) as l on true
     group by 1, 2, 3, 4, 6, 7, 9
    union all
    select tenant_id, stream_id, version, occurred_at, 'cancelled', (d ->> 'line')::int, l.product,
           sum((d ->> 'units')::int)::int, (d ->> 'on')::date
      from ordering
     cross join lateral jsonb_array_elements(coalesce(changes -> 'cancelled', '[]')) as d
      left join lateral (select l ->> 'product' as product from jsonb_array_elements(before -> 'lines') as l
                          where l ->> 'line' = d ->> 'line' limit 1) as l on true
     group by 1, 2, 3, 4, 6, 7, 9
)
select tenant_id, stream_id, version,
       row_number() over (partition by tenant_id, stream_id, version
                          order by kind, line, product, on_day)::int as number,
       occurred_at as at, kind, line, product, units, on_day
  from moved
"""

UNIT_FLOW = View(
    name="opportunities.unit_flow",
    version=1,
    stream_types=("opportunity",),
    columns="""
    version int not null,
    number int not null,
    at timestamptz not null,
    kind text not null,                      -- ordered, delivered, cancelled
    line int,
    product text,
    units int not null,
    on_day date                              -- delivered or cancelled on; null: the day of `at` in the tenant's zone
""",
    key=("version", "number"),
    indexes=("create index on {table} (tenant_id, at)",),
    rows=FLOW_ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.DealWon, events.OrderAmended, events.UnitsDelivered, events.UnitsCancelled),
)

VIEWS: tuple[View, ...] = (FILINGS, UNIT_REPORTS, SUPPORT_CLAIMS, UNIT_FLOW)
