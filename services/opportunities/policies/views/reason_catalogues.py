"""The tenant's catalogues of defeat reasons: one row per published version, with the texts of every code."""

from __future__ import annotations

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version int not null,
    published_at timestamptz not null,
    effective_from date not null,
    categories jsonb not null                -- [{code, zh, en, clear, training_need, reasons: [{code, zh, en}]}]
"""

ROWS = """
select tenant_id, stream_id, version,
       occurred_at as published_at,
       (catalogue ->> 'effective_from')::date as effective_from,
       catalogue -> 'categories' as categories
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'catalogues', '[]')) as catalogue
"""

REASON_CATALOGUES = View(
    name="opportunities.reason_catalogues",
    version=1,
    stream_types=("reason_catalogue",),
    columns=COLUMNS,
    key=("version",),
    indexes=(),
    rows=ROWS,
    facts=(events.ReasonCataloguePublished, FactCorrected, FactVoided),
)
