"""The targets that issued splits give, as a SQL relation: one row per month, measure, unit, person, product, currency.

What the split above gives a unit overrides its plans (`rank` 1), as does what a person is given. A unit's own total is
what it split: it counts only where no plan and no split above gives the unit a target (`rank` 9), so that a changed
plan shows, and the split is seen to differ from it.
"""

from __future__ import annotations

from services.kpi.asking import Sql
from services.kpi.splits.views import SPLIT_TARGETS
from shared.projections.view import View

SPLIT_TARGET_VIEWS: tuple[View, ...] = (SPLIT_TARGETS,)
"""What a read of these waits for."""

# A unit that moved stands in two splits of a month: the latest issued or changed counts.
RELATION = """(
    select distinct on (t.month, t.measure, t.unit_id, t.person_id, t.product, t.currency)
           case when t.part = 'own' then 9 else 1 end as rank,
           t.month, t.measure, t.unit_id, t.person_id, t.product, t.target, t.stretch, t.currency,
           'split'::text as source, t.stream_id as record_id, t.from_at
      from {split_targets} as t
     where {holds}
     order by t.month, t.measure, t.unit_id, t.person_id, t.product, t.currency,
              (t.part = 'own'), t.from_at desc, t.stream_id
)"""


def split_rows(sql: Sql) -> str:
    """The relation, to be given an alias: rank, month, measure, unit_id, person_id, product, target, stretch, currency,
    source (`split`), record_id, from_at."""
    return sql.text(RELATION, holds=sql.holds("t"))
