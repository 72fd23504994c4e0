"""How every project stood at every instant: one row per project and interval of business time.

What is late, overspent or open is worked out when read: nothing here depends on today.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    title text not null,
    opportunity_id uuid,
    account_id uuid,
    owner_id uuid not null,
    unit_id uuid not null,
    manager_id uuid not null,
    currency text not null,
    opened_at timestamptz not null,
    phases jsonb not null,                   -- [{code, title, start_on, end_on}]
    milestones jsonb not null,               -- [{code, title, phase, planned_on, first_planned_on, reached_on}]
    times_replanned int not null,
    budget jsonb not null,                   -- [{category, amount}]
    budget_amount numeric not null,
    costs jsonb not null,                    -- [{category, amount}], summed
    cost_amount numeric not null,
    reviews int not null,
    reviewed_on date,
    findings jsonb not null,                 -- of the last review
    risks jsonb not null,                    -- [{code, title, probability, impact, measure, owner_id, on, closed}]
    acceptance jsonb,                        -- {on, result, person_id}
    open_points jsonb not null,              -- [{code, title, due_on, done_on}]
    lessons int not null,
    closed_on date
"""

# What adds up is gathered over all facts so far; a code's last step counts, a milestone's first plan is kept.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at, type,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           min(occurred_at) filter (where version = 1) over (partition by tenant_id, stream_id) as opened_at,
           jsonb_agg(changes -> 'milestones') filter (where changes ? 'milestones') over so_far as plans,
           (count(*) filter (where type = 'ProjectReplanned') over so_far)::int as times_replanned,
           jsonb_agg(changes -> 'reached') filter (where changes ? 'reached') over so_far as reached,
           jsonb_agg(changes -> 'costs') filter (where changes ? 'costs') over so_far as costs,
           jsonb_agg(changes -> 'reviews') filter (where changes ? 'reviews') over so_far as reviews,
           jsonb_agg(changes -> 'risks') filter (where changes ? 'risks') over so_far as risks,
           jsonb_agg(changes -> 'open_points') filter (where changes ? 'open_points') over so_far as points,
           jsonb_agg(changes -> 'lessons') filter (where changes ? 'lessons') over so_far as lessons
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       m.standing ->> 'status' as status,
       m.standing ->> 'title' as title,
       (m.standing ->> 'opportunity_id')::uuid as opportunity_id,
       (m.standing ->> 'account_id')::uuid as account_id,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       (m.standing ->> 'manager_id')::uuid as manager_id,
       m.standing ->> 'currency' as currency,
       m.opened_at,
       coalesce(m.standing -> 'phases', '[]') as phases,
       planned.milestones,
       m.times_replanned,
       coalesce(m.standing -> 'budget', '[]') as budget,
       (select coalesce(sum((given.part ->> 'amount')::numeric), 0)
          from jsonb_array_elements(coalesce(m.standing -> 'budget', '[]')) as given(part)) as budget_amount,
       spent.costs,
       spent.amount as cost_amount,
       jsonb_array_length(coalesce(jsonb_path_query_array(m.reviews, '$[*][*]'), '[]')) as reviews,
       (jsonb_path_query_array(m.reviews, '$[*][*]') -> -1 ->> 'on')::date as reviewed_on,
       coalesce(jsonb_path_query_array(m.reviews, '$[*][*]') -> -1 -> 'findings', '[]') as findings,
       seen.risks,
       nullif(m.standing -> 'acceptance', 'null') as acceptance,
       left_open.open_points,
       jsonb_array_length(coalesce(jsonb_path_query_array(m.lessons, '$[*][*]'), '[]')) as lessons,
       (m.standing ->> 'closed_on')::date as closed_on
  from merged m
 cross join lateral (
      select coalesce(jsonb_agg(p.part || jsonb_build_object(
                 'first_planned_on', (select f.part -> 'planned_on'
                                        from jsonb_path_query(m.plans, '$[*][*]') with ordinality as f(part, place)
                                       where f.part ->> 'code' = p.part ->> 'code' order by f.place limit 1),
                 'reached_on', (select r.part -> 'reached_on'
                                  from jsonb_path_query(m.reached, '$[*][*]') with ordinality as r(part, place)
                                 where r.part ->> 'code' = p.part ->> 'code' order by r.place desc limit 1))
                 order by p.place), '[]') as milestones
        from jsonb_array_elements(coalesce(m.standing -> 'milestones', '[]')) with ordinality as p(part, place)
 ) as planned
 cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('category', c.category, 'amount', c.amount::text)
                                order by c.category), '[]') as costs,
             coalesce(sum(c.amount), 0) as amount
        from (select s.part ->> 'category' as category, sum((s.part ->> 'amount')::numeric) as amount
                from jsonb_path_query(m.costs, '$[*][*]') as s(part) group by 1) as c
 ) as spent
 cross join lateral (
      select coalesce(jsonb_agg(k.part order by k.part ->> 'code' collate "C"), '[]') as risks
        from (select distinct on (s.part ->> 'code') s.part
                from jsonb_path_query(m.risks, '$[*][*]') with ordinality as s(part, place)
               order by s.part ->> 'code', s.place desc) as k
 ) as seen
 cross join lateral (
      select coalesce(jsonb_agg(k.part order by k.part ->> 'code' collate "C"), '[]') as open_points
        from (select distinct on (s.part ->> 'code') s.part
                from jsonb_path_query(m.points, '$[*][*]') with ordinality as s(part, place)
               order by s.part ->> 'code', s.place desc) as k
 ) as left_open
 where m.next_at is distinct from m.occurred_at and m.standing ? 'title'  -- from its opening on
"""

PROJECTS = View(
    name="opportunities.projects",
    version=1,
    stream_types=("project",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, manager_id) where to_at is null",
        "create index on {table} (tenant_id, opened_at, stream_id) where to_at is null",
    ),
    rows=ROWS,
    facts=(*get_args(events.ProjectFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (PROJECTS,)
