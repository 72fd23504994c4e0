"""Webhook endpoints: one row per endpoint and standing, no secret. Read by GET /v1/webhooks and by the worker."""

from __future__ import annotations

from typing import get_args

from services.webhooks.events import NUMBERED_FIELD, WebhookEndpointFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz, made_at timestamptz not null,
    name text not null, url text not null, status text not null, paused_by text, unit_id uuid,
    start_epoch bigint not null, start_position bigint not null, skip jsonb,
    types text[], changed text[], imported boolean not null, payload text not null, fields text[] not null,
    personal text[] not null, schema_versions jsonb not null, rate double precision, ordered text not null,
    secrets jsonb not null, headers text[] not null, headers_version integer, notices boolean not null
"""

ROWS = f"""
with standings as (
    select tenant_id, stream_id, version, occurred_at as from_at,
           lead(occurred_at) over following as to_at,
           first_value(occurred_at) over so_far as made_at,
           es.merge(changes) over so_far as standing
      from corrected_facts
    window following as (partition by tenant_id, stream_id order by occurred_at, version),
           so_far as (partition by tenant_id, stream_id order by occurred_at, version rows unbounded preceding)
)
select tenant_id, stream_id, version, from_at, to_at, made_at,
       standing ->> 'name', standing ->> 'url', standing ->> 'status', standing ->> 'paused_by',
       (standing ->> 'unit_id')::uuid,
       (standing -> 'start' ->> 'epoch')::bigint, (standing -> 'start' ->> 'position')::bigint,
       nullif(standing -> 'skip', 'null'),
       {{types}}, {{changed}}, (standing ->> 'imported')::boolean, standing ->> 'payload', {{fields}}, {{personal}},
       standing -> 'schema_versions', (standing ->> 'rate')::double precision, standing ->> 'ordered',
       (select jsonb_object_agg(substr(name, {len(NUMBERED_FIELD) + 1}), value)
          from jsonb_each(standing) as f(name, value) where starts_with(name, '{NUMBERED_FIELD}')),
       {{headers}}, (standing ->> 'headers_version')::integer, (standing ->> 'notices')::boolean
  from standings
 where standing ? 'url'
"""  # noqa: S608 - constants only
LIST = "array(select jsonb_array_elements_text(standing -> '{name}'))"
LIST_OR_NULL = f"case when standing ->> '{{name}}' is not null then {LIST} end"

ENDPOINTS = View(
    name="webhooks.endpoints",
    version=1,
    stream_types=("webhook_endpoint",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, stream_id) where to_at is null and status <> 'removed'",),
    rows=ROWS.format(
        **{name: LIST.format(name=name) for name in ("fields", "personal", "headers")},
        **{name: LIST_OR_NULL.format(name=name) for name in ("types", "changed")},
    ),
    facts=(*get_args(WebhookEndpointFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (ENDPOINTS,)
