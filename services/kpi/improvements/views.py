"""How improvement loops and training needs stood at every instant: one row per record and interval of business time.

Late measures are worked out when read: nothing here depends on today.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.improvements.defeats_view import DEFEAT_REASONS
from services.kpi.improvements.events import ImprovementFact, TrainingFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    loop int not null,
    title text not null,
    source text not null,
    kpi text,
    target numeric,
    owner_id uuid not null,
    unit_id uuid not null,
    due_on date not null,
    before jsonb,                            -- {kpi, since, until, value, …}
    after jsonb,
    effect text,
    decision text,
    measures jsonb not null                  -- [{number, loop, text, owner_id, due_on, done_on, result}], last steps
"""
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'measures') filter (where changes ? 'measures') over so_far as measures
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       (m.standing ->> 'loop')::int as loop,
       m.standing ->> 'title' as title,
       m.standing ->> 'source' as source,
       m.standing ->> 'kpi' as kpi,
       (m.standing ->> 'target')::numeric as target,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       (m.standing ->> 'due_on')::date as due_on,
       nullif(m.standing -> 'kpi_before', 'null') as before,
       nullif(m.standing -> 'kpi_after', 'null') as after,
       m.standing ->> 'effect' as effect,
       m.standing ->> 'decision' as decision,
       given.measures
  from merged m
 cross join lateral (
      select coalesce(jsonb_agg(k.step order by (k.step ->> 'number')::int), '[]') as measures
        from (select distinct on (s.step ->> 'number') s.step
                from jsonb_path_query(m.measures, '$[*][*]') with ordinality as s(step, place)
               order by s.step ->> 'number', s.place desc) as k
 ) as given
 where m.next_at is distinct from m.occurred_at and m.standing ? 'title'  -- from its planning on
"""

IMPROVEMENTS = View(
    name="kpi.improvements",
    version=1,
    stream_types=("improvement",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, unit_id) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(ImprovementFact), FactCorrected, FactVoided),
)

TRAINING_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    owner_id uuid not null,
    unit_id uuid not null,
    post text not null,
    topic text not null,
    source text not null,
    reason text,
    course text,
    planned_on date,
    held_on date,
    hours numeric,
    result text,
    effect text,
    before jsonb,
    after jsonb,
    proposed_at timestamptz not null
"""
TRAINING_ROWS = f"""{MERGED}
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       m.standing ->> 'post' as post,
       m.standing ->> 'topic' as topic,
       m.standing ->> 'source' as source,
       m.standing ->> 'reason' as reason,
       m.standing ->> 'course' as course,
       (m.standing ->> 'planned_on')::date as planned_on,
       (m.standing ->> 'held_on')::date as held_on,
       (m.standing ->> 'hours')::numeric as hours,
       m.standing ->> 'result' as result,
       m.standing ->> 'effect' as effect,
       nullif(m.standing -> 'kpi_before', 'null') as before,
       nullif(m.standing -> 'kpi_after', 'null') as after,
       first.at as proposed_at
  from merged m
 cross join lateral (
      select f.occurred_at as at from merged f
       where f.tenant_id = m.tenant_id and f.stream_id = m.stream_id and f.version = 1
 ) as first
 where m.next_at is distinct from m.occurred_at and m.standing ? 'topic'
"""  # noqa: S608 - constants only

TRAINING = View(
    name="kpi.training_needs",
    version=1,
    stream_types=("training_need",),
    columns=TRAINING_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, owner_id) where to_at is null",),
    rows=TRAINING_ROWS,
    facts=(*get_args(TrainingFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (IMPROVEMENTS, TRAINING, DEFEAT_REASONS)
