"""Leads: one row per lead and interval of business time, with who answered first and what became of it.

Holds no promise kept or broken: whether an answer is overdue is worked out when read. Who asked is in the vault.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text,                             -- open, follow_up, record, no_intention, duplicate
    stage text not null,                     -- the same, open told apart: unassigned, assigned, contacted
    channel text,
    source text,
    account_id uuid,
    account_name text,                       -- of an organisation not on file
    interests jsonb not null,                -- [{product, said, units}]
    owner_id uuid,
    unit_id uuid,
    assigned_how text,
    answer_hours numeric,                    -- promised, from receipt
    external_refs jsonb,
    received_at timestamptz not null,
    received_unit_id uuid,                   -- the unit it came to
    assigned_at timestamptz,                 -- the first time
    assigned_owner_id uuid,
    assigned_unit_id uuid,
    contacted_at timestamptz,                -- the first time, reached or not
    contacted_by uuid,
    contacted_owner_id uuid,                 -- responsible then, else who answered
    contacted_unit_id uuid,
    contacts int not null,
    disposed_at timestamptz,                 -- the latest time
    disposed_owner_id uuid,
    disposed_unit_id uuid,
    opportunity_id uuid,
    duplicate_of_lead_id uuid,
    duplicate_of_opportunity_id uuid,
    follow_up_on date,
    reason text
"""

# `es.merge` is strict: a null changes nothing. A fact before the receipt (told late, mended) begins no row.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           es.merge(changes) over so_far as standing,
           min(version) over so_far = 1 as received
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
noted as (
    select tenant_id, stream_id, version, occurred_at, standing,
           lead(occurred_at) over so_far as next_at,
           first_value(occurred_at) over so_far as received_at,
           first_value(standing ->> 'unit_id') over so_far as received_unit_id,
           jsonb_agg(jsonb_build_object(
               'at', occurred_at, 'owner_id', standing -> 'owner_id', 'unit_id', standing -> 'unit_id'))
               filter (where type = 'LeadAssigned') over so_far -> 0 as assigned,
           jsonb_agg(jsonb_build_object(
               'at', occurred_at, 'by', changes -> 'contacts' -> 0 -> 'by', 'unit_id', standing -> 'unit_id',
               'owner_id', coalesce(nullif(standing -> 'owner_id', 'null'), changes -> 'contacts' -> 0 -> 'by')))
               filter (where type = 'LeadContacted') over so_far -> 0 as contacted,
           count(*) filter (where type = 'LeadContacted') over so_far as contacts,
           es.merge(case when type = 'LeadDisposed' then jsonb_build_object(
               'at', occurred_at, 'owner_id', standing -> 'owner_id', 'unit_id', standing -> 'unit_id') end)
               over so_far as ended
      from merged
     where received
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       case when standing ->> 'status' <> 'open' then standing ->> 'status'
            when contacted is not null then 'contacted'
            when standing ->> 'owner_id' is not null then 'assigned'
            else 'unassigned' end as stage,
       standing ->> 'channel' as channel,
       standing ->> 'source' as source,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'account_name' as account_name,
       coalesce(standing -> 'interests', '[]') as interests,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       standing ->> 'assigned_how' as assigned_how,
       (standing ->> 'answer_hours')::numeric as answer_hours,
       standing -> 'external_refs' as external_refs,
       received_at,
       received_unit_id::uuid as received_unit_id,
       (assigned ->> 'at')::timestamptz as assigned_at,
       (assigned ->> 'owner_id')::uuid as assigned_owner_id,
       (assigned ->> 'unit_id')::uuid as assigned_unit_id,
       (contacted ->> 'at')::timestamptz as contacted_at,
       (contacted ->> 'by')::uuid as contacted_by,
       (contacted ->> 'owner_id')::uuid as contacted_owner_id,
       (contacted ->> 'unit_id')::uuid as contacted_unit_id,
       contacts::int as contacts,
       (ended ->> 'at')::timestamptz as disposed_at,
       (ended ->> 'owner_id')::uuid as disposed_owner_id,
       (ended ->> 'unit_id')::uuid as disposed_unit_id,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       (standing ->> 'duplicate_of_lead_id')::uuid as duplicate_of_lead_id,
       (standing ->> 'duplicate_of_opportunity_id')::uuid as duplicate_of_opportunity_id,
       (standing ->> 'follow_up_on')::date as follow_up_on,
       standing ->> 'reason' as reason
  from noted
 where next_at is distinct from occurred_at
"""

LEADS = View(
    name="opportunities.leads",
    version=1,
    stream_types=("lead",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, received_at, stream_id)",
        "create index on {table} (tenant_id, owner_id) where to_at is null",
        "create index on {table} (tenant_id, unit_id) where to_at is null",
        "create index on {table} (tenant_id, opportunity_id) where to_at is null and opportunity_id is not null",
    ),
    rows=ROWS,
    facts=(*get_args(events.LeadFact), FactCorrected, FactVoided),
)
