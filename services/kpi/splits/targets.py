"""The targets that issued splits give, as a SQL relation: one row per month, measure, unit, person, product, currency.

A unit below takes what the split above gives it; its own split stands for a unit nobody above has given anything.
"""

from __future__ import annotations

from services.kpi.asking import Sql

# A unit that moved stands in two splits of a month: the latest issued or changed counts.
RELATION = """(
    select distinct on (t.month, t.measure, t.unit_id, t.person_id, t.product, t.currency)
           t.month, t.measure, t.unit_id, t.person_id, t.product, t.target, t.stretch, t.currency,
           'split'::text as source, t.stream_id as record_id
      from {split_targets} as t
     where {holds}
     order by t.month, t.measure, t.unit_id, t.person_id, t.product, t.currency,
              (t.part = 'own'), t.from_at desc, t.stream_id
)"""


def split_rows(sql: Sql) -> str:
    """The relation, to be given an alias. Columns: month, measure, unit_id, person_id, product, target, stretch,
    currency, source (`split`), record_id."""
    return sql.text(RELATION, holds=sql.holds("t"))
