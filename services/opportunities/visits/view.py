"""The visit tracking table (大用户走访跟踪表): one row per visit and interval of business time.

What was said in words is not here: it lies in the vault under the visit's id and is fetched when read.
"""

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
    status text,
    account_id uuid,
    opportunity_ids uuid[] not null,
    owner_id uuid,
    unit_id uuid,
    purpose text,
    way text,
    planned_on date,
    visited_on date,
    day date not null,                       -- visited, else planned, else when it was told
    reached boolean,
    participants uuid[] not null,
    persons_met jsonb not null,              -- [{person_id, layer, post}]
    expected_objections text[] not null,
    objections text[] not null,
    competitor text,
    rumours jsonb not null,                  -- [{claim, true, answer}]
    units_owned int,
    buying_plan text,
    next_step text,
    next_on date,
    reviewed_by uuid,
    reviewed_on date,
    cancel_reason text
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'account_id')::uuid as account_id,
       array(select jsonb_array_elements_text(coalesce(standing -> 'opportunity_ids', '[]'))::uuid) as opportunity_ids,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'purpose' as purpose,
       standing ->> 'way' as way,
       (standing ->> 'planned_on')::date as planned_on,
       (standing ->> 'visited_on')::date as visited_on,
       coalesce((standing ->> 'visited_on')::date, (standing ->> 'planned_on')::date,
                (occurred_at at time zone 'UTC')::date) as day,
       (standing ->> 'reached')::boolean as reached,
       array(select jsonb_array_elements_text(coalesce(standing -> 'participants', '[]'))::uuid) as participants,
       coalesce(standing -> 'persons_met', '[]') as persons_met,
       array(select jsonb_array_elements_text(coalesce(standing -> 'expected_objections', '[]')))
           as expected_objections,
       array(select jsonb_array_elements_text(coalesce(standing -> 'objections', '[]'))) as objections,
       standing ->> 'competitor' as competitor,
       coalesce(standing -> 'rumours', '[]') as rumours,
       (standing ->> 'units_owned')::int as units_owned,
       standing ->> 'buying_plan' as buying_plan,
       standing ->> 'next_step' as next_step,
       (standing ->> 'next_on')::date as next_on,
       (standing ->> 'reviewed_by')::uuid as reviewed_by,
       (standing ->> 'reviewed_on')::date as reviewed_on,
       standing ->> 'cancel_reason' as cancel_reason
  from merged
 where next_at is distinct from occurred_at
   and standing ->> 'status' is not null     -- else all that was said of it is void
""".replace("{MERGED}", MERGED)

VISITS = View(
    name="opportunities.visits",
    version=3,
    stream_types=("visit",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, day, stream_id)",
        "create index on {table} (tenant_id, account_id, day)",
        # What was planned ahead on a past day: the walk down the days begins at that day, and these lie beyond it.
        "create index on {table} using gist (tenant_id, day, from_at)"
        " where least(day - (from_at at time zone 'UTC')::date, 1) = 1",
        # Whose it is today: by the opportunities it names, by who took part, and by its owner when it names none.
        "create index on {table} using gin (opportunity_ids) where to_at is null",
        "create index on {table} using gin (participants)"
        " where to_at is null and array_remove(participants, owner_id) <> '{{}}'",
        "create index on {table} using gin (participants) where to_at is null and status = 'planned'",
        "create index on {table} (tenant_id, owner_id) where to_at is null and cardinality(opportunity_ids) = 0",
        "create index on {table} (tenant_id, unit_id) where to_at is null and cardinality(opportunity_ids) = 0",
        "create index on {table} (tenant_id, account_id) where to_at is null and cardinality(opportunity_ids) = 0",
    ),
    rows=ROWS,
    facts=(*get_args(events.VisitFact), FactCorrected, FactVoided),
)
