"""Why prospects were lost, credited to owner and unit at that time: one row per approved defeat. No texts."""

from __future__ import annotations

from typing import get_args

from services.opportunities.events import DealLost, OpportunityFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null,
    at timestamptz not null,                 -- of the approval
    owner_id uuid,
    unit_id uuid,
    category text,
    reason text,                             -- main
    reasons text[] not null                  -- main and others, each once
"""
# The fact alone says all about a defeat; owner and unit are those that stood then.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at as at, changes,
           es.merge(case when changes ?| array['owner_id', 'unit_id']
                         then jsonb_strip_nulls(jsonb_build_object('owner_id', changes -> 'owner_id',
                                                                   'unit_id', changes -> 'unit_id'))
                         else '{}' end) over (
               partition by tenant_id, stream_id order by occurred_at, version rows unbounded preceding) as s
      from corrected_facts
)
select tenant_id, stream_id, version, at,
       (s ->> 'owner_id')::uuid as owner_id,
       (s ->> 'unit_id')::uuid as unit_id,
       changes ->> 'defeat_category' as category,
       changes ->> 'defeat_reason' as reason,
       array(select distinct given.code
               from (select changes ->> 'defeat_reason' as code
                     union all
                     select jsonb_array_elements_text(
                         case jsonb_typeof(changes -> 'defeat_other_reasons')
                              when 'array' then changes -> 'defeat_other_reasons' else '[]' end)) as given
              where given.code is not null
              order by 1) as reasons
  from merged
 where type = 'DealLost'
"""

DEFEAT_REASONS = View(
    name="kpi.defeat_reasons",
    version=2,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, at)",),
    rows=ROWS,
    facts=(*get_args(OpportunityFact), FactCorrected, FactVoided),
    born_of=(DealLost,),
)
