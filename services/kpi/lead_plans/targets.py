"""The lead targets that issued lead plans give, as a SQL relation: one row per month and unit, all channels summed."""

from __future__ import annotations

from services.kpi.asking import Sql
from services.kpi.lead_plans.views import LEAD_TARGETS
from shared.projections.view import View

LEAD_TARGET_VIEWS: tuple[View, ...] = (LEAD_TARGETS,)
"""What a read of these waits for."""

RELATION = """(
    select 1 as rank, l.month, 'leads'::text as measure, l.unit_id, null::uuid as person_id, null::text as product,
           sum(l.leads) as target, null::numeric as stretch, null::text as currency, 'leads'::text as source,
           l.stream_id as record_id, max(l.from_at) as from_at
      from {lead_targets} as l
     where {holds}
     group by l.month, l.unit_id, l.stream_id
)"""


def lead_target_rows(sql: Sql) -> str:
    """The relation, to be given an alias: rank, month, measure (`leads`), unit_id, person_id, product, target, stretch,
    currency, source (`leads`), record_id, from_at."""
    return sql.text(RELATION, holds=sql.holds("l"))
