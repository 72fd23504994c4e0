"""The product catalogue: one row per product and interval. Referred to by code."""

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
    code text,
    name text,
    name_en text,
    series text,
    list_price numeric,
    currency text,
    active boolean,
    external_refs jsonb
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'code' as code,
       standing ->> 'name' as name,
       standing ->> 'name_en' as name_en,
       standing ->> 'series' as series,
       (standing ->> 'list_price')::numeric as list_price,
       standing ->> 'currency' as currency,
       (standing ->> 'active')::boolean as active,
       standing -> 'external_refs' as external_refs
  from merged
 where next_at is distinct from occurred_at
""".replace("{MERGED}", MERGED)

PRODUCTS = View(
    name="opportunities.products",
    version=1,
    stream_types=("product",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, code) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(events.ProductFact), FactCorrected, FactVoided),
)
