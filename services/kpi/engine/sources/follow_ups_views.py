"""What follow-up duties are made of: the runs of every opportunity with the contacts made in them, contacts on visits,
and the level policies published. Holds no due day: that follows from the policy in force when a duty opened.

docs/follow-ups.md gives the rule. Days are the tenant's, so instants stand here.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

RUN_COLUMNS = """
    from_at timestamptz not null,            -- stock and declared level became what they are
    to_at timestamptz,                       -- and otherwise; null: still so
    level text not null,                     -- declared; N before the first judgement, O from the order on
    owner_id uuid,                           -- when the run began
    unit_id uuid,
    reached_at timestamptz[],                -- contacts that reached somebody, to a day after the run's end; null: none
    owned_from timestamptz[],                -- from when it was another's: the same place in the next two; null: never
    owner_ids uuid[],
    unit_ids uuid[]
"""

# An order is one level, O, whatever was declared before; with all its units delivered or cancelled it is in no stock.
# Of several facts of one instant the last counts. `turn` numbers the runs of an opportunity, those out of stock too.
RUN_ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes - 'delivered' - 'cancelled') over so_far as standing,
           jsonb_agg(moves.moved) filter (where moves.moved is not null) over so_far as moved,
           min(version) over so_far = 1 as captured
      from corrected_facts
     cross join lateral (
           select nullif(coalesce(changes -> 'delivered', '[]') || coalesce(changes -> 'cancelled', '[]'), '[]')
               as moved) as moves
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
stocked as (
    select tenant_id, stream_id, version, occurred_at, standing ->> 'owner_id' as owner_id,
           standing ->> 'unit_id' as unit_id,
           case standing ->> 'status'
               when 'open' then coalesce(standing ->> 'level', 'N')
               when 'ordered' then case when coalesce((
                   select sum(units - coalesce((select sum((move ->> 'units')::int)
                                                  from jsonb_path_query(moved, '$[*][*]') as move
                                                 where (move ->> 'line')::int = line), 0))
                     from jsonb_to_recordset(standing -> 'lines') as line_of(line int, units int)), 1) > 0
                   then 'O' end
           end as level
      from merged
     where captured
),
turned as (
    select *, lead(occurred_at) over steps as next_at,
           level is distinct from lag(level) over steps or lag(version) over steps is null as turns
      from stocked
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
numbered as (
    select *, count(*) filter (where turns) over (partition by tenant_id, stream_id order by occurred_at, version)
               as turn
      from turned
),
owned as (
    select *, (owner_id, unit_id) is distinct from (lag(owner_id) over steps, lag(unit_id) over steps)
               or lag(version) over steps is null as passed
      from numbered
     where next_at is distinct from occurred_at
    window steps as (partition by tenant_id, stream_id, turn order by occurred_at, version)
),
runs as (
    select tenant_id, stream_id, min(occurred_at) as from_at, nullif(max(coalesce(next_at, 'infinity')), 'infinity')
               as to_at,
           min(level) as level,
           array_agg(occurred_at order by occurred_at) filter (where passed) as owned_from,
           array_agg(owner_id::uuid order by occurred_at) filter (where passed) as owner_ids,
           array_agg(unit_id::uuid order by occurred_at) filter (where passed) as unit_ids
      from owned
     where level is not null
     group by tenant_id, stream_id, turn
),
contacts as (
    select tenant_id, stream_id, array_agg(occurred_at order by occurred_at) as reached_at
      from corrected_facts
     where type = 'ContactMade' and (changes ->> 'contact_reached')::boolean
     group by tenant_id, stream_id
)
select tenant_id, stream_id, from_at, to_at, level, owner_ids[1] as owner_id, unit_ids[1] as unit_id,
       nullif(array(select made_at from unnest(c.reached_at) as made_at
                     where made_at > from_at and (to_at is null or made_at < to_at + interval '1 day')), '{}')
           as reached_at,
       nullif(owned_from[2:], '{}') as owned_from, nullif(owner_ids[2:], '{}') as owner_ids,
       nullif(unit_ids[2:], '{}') as unit_ids
  from runs
  left join contacts as c using (tenant_id, stream_id)
"""

FOLLOW_UP_RUNS = View(
    name="kpi.follow_up_runs",
    version=1,
    stream_types=("opportunity",),
    columns=RUN_COLUMNS,
    key=("from_at",),
    indexes=(
        # Two years of runs by person are read from the index alone: nearly all have no list.
        "create index on {table} (tenant_id, coalesce(to_at, 'infinity')) include (to_at, from_at, stream_id, level,"
        " owner_id, unit_id, reached_at, owned_from, owner_ids, unit_ids)",
    ),
    rows=RUN_ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
)

VISIT_CONTACTS = View(
    name="kpi.visit_contacts",
    version=1,
    stream_types=("visit",),
    columns="""
    opportunity_id uuid not null,
    from_at timestamptz not null,
    to_at timestamptz,
    visited_on date not null
""",
    key=("opportunity_id", "from_at"),
    indexes=("create index on {table} (tenant_id, visited_on)",),
    rows=MERGED
    + """
select distinct tenant_id, stream_id,
       opportunity_id::uuid as opportunity_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'visited_on')::date as visited_on
  from merged
 cross join lateral jsonb_array_elements_text(coalesce(standing -> 'opportunity_ids', '[]')) as named(opportunity_id)
 where next_at is distinct from occurred_at
   and standing ->> 'status' = 'logged'
   and standing ->> 'visited_on' is not null
   and (standing ->> 'reached')::boolean
""",
    facts=(*get_args(events.VisitFact), FactCorrected, FactVoided),
)

LEVEL_POLICIES = View(
    name="kpi.level_policies",
    version=1,
    stream_types=("level_policy",),
    columns="""
    version int not null,
    published_at timestamptz not null,
    effective_from date not null,
    policy jsonb not null                    -- the whole, as published
""",
    key=("version",),
    indexes=(),
    rows="""
select tenant_id, stream_id, version,
       occurred_at as published_at,
       (policy ->> 'effective_from')::date as effective_from,
       policy
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'policies', '[]')) as policy
""",
    facts=(events.LevelPolicyPublished, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (FOLLOW_UP_RUNS, VISIT_CONTACTS, LEVEL_POLICIES)
