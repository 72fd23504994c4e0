"""Contacts with the customer about an opportunity: one row per logged visit, opportunity and interval.

Read for the last visit, the number of visits and the follow-up clock. Knows no cadence: that is the policy's.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    opportunity_id uuid not null,
    from_at timestamptz not null,
    to_at timestamptz,
    visited_on date not null,
    reached boolean not null,                -- resets the follow-up clock
    way text,
    purpose text,
    next_step text,
    next_on date,
    owner_id uuid
"""

ROWS = """
{MERGED}
select distinct tenant_id, stream_id,
       opportunity_id::uuid as opportunity_id,
       occurred_at as from_at,
       next_at as to_at,
       (standing ->> 'visited_on')::date as visited_on,
       coalesce((standing ->> 'reached')::boolean, false) as reached,
       standing ->> 'way' as way,
       standing ->> 'purpose' as purpose,
       standing ->> 'next_step' as next_step,
       (standing ->> 'next_on')::date as next_on,
       (standing ->> 'owner_id')::uuid as owner_id
  from merged
 cross join lateral jsonb_array_elements_text(coalesce(standing -> 'opportunity_ids', '[]')) as named(opportunity_id)
 where next_at is distinct from occurred_at
   and standing ->> 'status' = 'logged'
   and standing ->> 'visited_on' is not null
""".replace("{MERGED}", MERGED)

CONTACTS = View(
    name="opportunities.contacts",
    version=1,
    stream_types=("visit",),
    columns=COLUMNS,
    key=("opportunity_id", "from_at"),
    indexes=("create index on {table} (tenant_id, opportunity_id, visited_on, from_at)",),
    rows=ROWS,
    facts=(*get_args(events.VisitFact), FactCorrected, FactVoided),
)
