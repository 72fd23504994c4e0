"""The views of follow-up: contacts made on opportunities, and the policies published. Neither holds a cadence."""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

MADE_COLUMNS = """
    version int not null,
    made_at timestamptz not null,
    way text,
    reached boolean not null,                -- resets the follow-up clock
    result text,
    contacted_by uuid,
    owner_id uuid,                           -- of the opportunity, at that time
    unit_id uuid
"""

MADE_ROWS = """
with told as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes) over (partition by tenant_id, stream_id order by occurred_at, version) as standing
      from corrected_facts
)
select tenant_id, stream_id, version,
       occurred_at as made_at,
       changes ->> 'contact_way' as way,
       coalesce((changes ->> 'contact_reached')::boolean, false) as reached,
       changes ->> 'contact_result' as result,
       (changes ->> 'contacted_by')::uuid as contacted_by,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id
  from told
 where type = 'ContactMade'
"""

CONTACTS_MADE = View(
    name="opportunities.contacts_made",
    version=1,
    stream_types=("opportunity",),
    columns=MADE_COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, made_at)",),
    rows=MADE_ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.ContactMade,),
)

POLICY_COLUMNS = """
    version int not null,
    published_at timestamptz not null,
    effective_from date not null,
    policy jsonb not null                    -- the whole, as published
"""

POLICY_ROWS = """
select tenant_id, stream_id, version,
       occurred_at as published_at,
       (policy ->> 'effective_from')::date as effective_from,
       policy
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'policies', '[]')) as policy
"""

FOLLOW_UP_POLICIES = View(
    name="opportunities.follow_up_policies",
    version=1,
    stream_types=("follow_up_policy",),
    columns=POLICY_COLUMNS,
    key=("version",),
    indexes=(),
    rows=POLICY_ROWS,
    facts=(events.FollowUpPolicyPublished, FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (CONTACTS_MADE, FOLLOW_UP_POLICIES)
