"""How every meeting stood at every instant: one row per meeting and interval of business time.

Late is worked out when read: nothing here depends on today.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.meetings.events import MeetingFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    kind text not null,
    title text not null,
    held_on date not null,
    unit_id uuid not null,
    owner_id uuid not null,                  -- who chairs it
    participants uuid[] not null,
    people uuid[] not null,                  -- who else sees it: participants, and who has an instruction
    previous_id uuid,
    known_at bigint not null,
    tables jsonb not null,                   -- [{name, query}]
    decisions jsonb not null,                -- [{number, text, on}]
    instructions jsonb not null,             -- [{number, text, owner_id, due_on, given_on, state, on, …}], last steps
    minutes_on date,
    closed_on date
"""

# What adds up is gathered over all facts so far; an instruction's last step counts.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           jsonb_agg(changes -> 'decisions') filter (where changes ? 'decisions') over so_far as decisions,
           jsonb_agg(changes -> 'instructions') filter (where changes ? 'instructions') over so_far as instructions
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       m.standing ->> 'kind' as kind,
       m.standing ->> 'title' as title,
       (m.standing ->> 'held_on')::date as held_on,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       array(select jsonb_array_elements_text(m.standing -> 'participants'))::uuid[] as participants,
       array(select t.id::uuid from jsonb_array_elements_text(m.standing -> 'participants') as t(id)
             union
             select (i.step ->> 'owner_id')::uuid from jsonb_array_elements(given.instructions) as i(step)
             order by 1) as people,
       (m.standing ->> 'previous_id')::uuid as previous_id,
       (m.standing ->> 'known_at')::bigint as known_at,
       m.standing -> 'tables' as tables,
       coalesce(jsonb_path_query_array(m.decisions, '$[*][*]'), '[]') as decisions,
       given.instructions,
       (m.standing ->> 'minutes_on')::date as minutes_on,
       (m.standing ->> 'closed_on')::date as closed_on
  from merged m
 cross join lateral (
      select coalesce(jsonb_agg(k.step order by (k.step ->> 'number')::int), '[]') as instructions
        from (select distinct on (s.step ->> 'number') s.step
                from jsonb_path_query(m.instructions, '$[*][*]') with ordinality as s(step, place)
               order by s.step ->> 'number', s.place desc) as k
 ) as given
 where m.next_at is distinct from m.occurred_at and m.standing ? 'title'  -- from its beginning on
"""

MEETINGS = View(
    name="kpi.meetings",
    version=1,
    stream_types=("meeting",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, unit_id, held_on) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(MeetingFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (MEETINGS,)
