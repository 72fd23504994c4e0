"""The tenant's level policies: one row per published version. Applies none: levels are computed when read."""

from __future__ import annotations

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version int not null,
    published_at timestamptz not null,
    code text not null,
    effective_from date not null,
    is_default boolean not null,
    policy jsonb not null                    -- the whole, as published
"""

ROWS = """
select tenant_id, stream_id, version,
       occurred_at as published_at,
       policy ->> 'code' as code,
       (policy ->> 'effective_from')::date as effective_from,
       coalesce((policy ->> 'default')::boolean, false) as is_default,
       policy
  from corrected_facts
 cross join lateral jsonb_array_elements(coalesce(changes -> 'policies', '[]')) as policy
"""

LEVEL_POLICIES = View(
    name="opportunities.level_policies",
    version=1,
    stream_types=("level_policy",),
    columns=COLUMNS,
    key=("version",),
    indexes=(),
    rows=ROWS,
    facts=(events.LevelPolicyPublished, FactCorrected, FactVoided),
)
