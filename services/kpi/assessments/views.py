"""How assessments and commissions stood at every instant: one row per record and interval of business time."""

from __future__ import annotations

from typing import get_args

from services.kpi.assessments.events import AssessmentFact, CommissionFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    cycle text not null,
    month date not null,                     -- the period's first month
    owner_id uuid not null,                  -- who is assessed
    unit_id uuid not null,
    post text not null,
    raters jsonb not null,                   -- [{person_id, rater}]
    rated uuid[] not null,                   -- who gave points
    score numeric,
    known_at bigint,
    parts jsonb not null,
    signed_by uuid,
    signed_on date,
    acknowledged_on date,
    appealed_on date,
    answered_on date
"""
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes - 'ratings') over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'ratings') filter (where changes ? 'ratings') over so_far as ratings
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       m.standing ->> 'cycle' as cycle,
       (m.standing ->> 'month')::date as month,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       m.standing ->> 'post' as post,
       m.standing -> 'raters' as raters,
       array(select distinct (r.one ->> 'by')::uuid from jsonb_path_query(m.ratings, '$[*][*]') as r(one) order by 1)
           as rated,
       (m.standing ->> 'score')::numeric as score,
       (m.standing ->> 'known_at')::bigint as known_at,
       coalesce(m.standing -> 'parts', '[]') as parts,
       (m.standing ->> 'signed_by')::uuid as signed_by,
       (m.standing ->> 'signed_on')::date as signed_on,
       (m.standing ->> 'acknowledged_on')::date as acknowledged_on,
       (m.standing ->> 'appealed_on')::date as appealed_on,
       (m.standing ->> 'answered_on')::date as answered_on
  from merged m
 where m.next_at is distinct from m.occurred_at and m.standing ? 'cycle'  -- from its opening on
"""

ASSESSMENTS = View(
    name="kpi.assessments",
    version=1,
    stream_types=("assessment",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, month, unit_id) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(AssessmentFact), FactCorrected, FactVoided),
)

COMMISSION_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    month date not null,
    owner_id uuid not null,
    unit_id uuid not null,
    post text not null,
    known_at bigint not null,
    lines jsonb not null,                    -- the computation, see CommissionLine
    due jsonb not null,                      -- [{currency, amount}]
    adjustments jsonb not null,              -- [{currency, amount, reason, on, by}]
    signed_by uuid,
    signed_on date,
    acknowledged_on date,
    appealed_on date,
    answered_on date
"""
COMMISSION_ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'adjustments') filter (where changes ? 'adjustments') over so_far as adjustments
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       (m.standing ->> 'month')::date as month,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       m.standing ->> 'post' as post,
       (m.standing ->> 'known_at')::bigint as known_at,
       m.standing -> 'lines' as lines,
       m.standing -> 'due' as due,
       coalesce(jsonb_path_query_array(m.adjustments, '$[*][*]'), '[]') as adjustments,
       (m.standing ->> 'signed_by')::uuid as signed_by,
       (m.standing ->> 'signed_on')::date as signed_on,
       (m.standing ->> 'acknowledged_on')::date as acknowledged_on,
       (m.standing ->> 'appealed_on')::date as appealed_on,
       (m.standing ->> 'answered_on')::date as answered_on
  from merged m
 where m.next_at is distinct from m.occurred_at and m.standing ? 'due'  -- from its first proposal on
"""

COMMISSIONS = View(
    name="kpi.commissions",
    version=1,
    stream_types=("commission",),
    columns=COMMISSION_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, month, unit_id) where to_at is null",),
    rows=COMMISSION_ROWS,
    facts=(*get_args(CommissionFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (ASSESSMENTS, COMMISSIONS)
