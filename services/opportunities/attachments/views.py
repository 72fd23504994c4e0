"""Attachments: one row per attachment and interval of business time. Neither name nor bytes; those are elsewhere."""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at, metadata,
           es.merge(changes) over so_far as standing,
           lead(occurred_at) over so_far as next_at,
           first_value(metadata ->> 'on_behalf_of') over told as behalf,
           first_value(metadata ->> 'actor') over told as actor
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version),
           told as (partition by tenant_id, stream_id order by version
                    rows between unbounded preceding and unbounded following)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       standing ->> 'record_kind' as record_kind,
       (standing ->> 'record_id')::uuid as record_id,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       standing ->> 'category' as category,
       standing ->> 'media_type' as media_type,
       (standing ->> 'size')::bigint as size,
       array(select jsonb_array_elements_text(coalesce(standing -> 'person_ids', '[]'))::uuid) as person_ids,
       coalesce(behalf, actor)::uuid as added_by,
       (standing ->> 'added_on')::date as added_on,
       (standing ->> 'removed_on')::date as removed_on,
       standing ->> 'removal_reason' as removal_reason
  from merged
 where next_at is distinct from occurred_at and standing ? 'record_id'
"""

ATTACHMENTS = View(
    name="opportunities.attachments",
    version=1,
    stream_types=("attachment",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    record_kind text not null,
    record_id uuid not null,
    opportunity_id uuid,
    category text,
    media_type text not null,
    size bigint not null,
    person_ids uuid[] not null,
    added_by uuid,
    added_on date not null,
    removed_on date,
    removal_reason text
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, record_id, added_on, stream_id)",),
    rows=ROWS,
    facts=(*get_args(events.AttachmentFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (ATTACHMENTS,)
