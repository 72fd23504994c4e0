"""The targets in force, as one SQL relation: whoever compares with a target reads this. Computes no attainment.

Rows: `month date` (its first day), `measure text`, `unit_id uuid`, `person_id uuid` (null: the unit's own),
`product text` (null: all), `target numeric`, `stretch numeric`, `currency text` (of amounts), `source text`,
`record_id uuid`; exactly one per (month, measure, unit_id, person_id, product, currency). A parent's target is a row of
its own, never the sum of its children's. The month's split counts before the rolling plan, that before the annual plan.
"""

from __future__ import annotations

from services.kpi.asking import Sql
from services.kpi.lead_plans.targets import LEAD_TARGET_VIEWS, lead_target_rows
from services.kpi.plans.views import ANNUAL_PLANS, ANNUAL_TARGETS
from services.kpi.rolling.views import ROLLING_TARGETS
from services.kpi.splits.targets import SPLIT_TARGET_VIEWS, split_rows
from shared.projections.view import View

TARGET_VIEWS: tuple[View, ...] = (
    ANNUAL_PLANS,
    ANNUAL_TARGETS,
    ROLLING_TARGETS,
    *SPLIT_TARGET_VIEWS,
    *LEAD_TARGET_VIEWS,
)
"""What a read of targets waits for."""

TARGETS = """(
select distinct on (g.month, g.measure, g.unit_id, g.person_id, g.product, g.currency)
       g.month, g.measure, g.unit_id, g.person_id, g.product, g.target, g.stretch, g.currency, g.source, g.record_id
  from (
    select 3 as rank, t.month, t.measure, t.unit_id, null::uuid as person_id, t.product, t.target, t.stretch,
           t.currency, 'annual' as source, t.stream_id as record_id, t.from_at
      from {annual_targets} as t
      join {annual_plans} as root on root.tenant_id = t.tenant_id and root.stream_id = t.root_id
       and root.status = 'issued' and {root_holds}
     where {annual_holds}
    union all
    select 2, r.month, r.measure, r.unit_id, null, r.product, r.target, r.stretch, r.currency, 'rolling',
           r.stream_id, r.from_at
      from {rolling_targets} as r
     where {rolling_holds}
    union all
    select s.rank, s.month, s.measure, s.unit_id, s.person_id, s.product, s.target, s.stretch, s.currency, s.source,
           s.record_id, s.from_at
      from {split} as s
    union all
    select l.rank, l.month, l.measure, l.unit_id, l.person_id, l.product, l.target, l.stretch, l.currency, l.source,
           l.record_id, l.from_at
      from {leads} as l
  ) as g
 order by g.month, g.measure, g.unit_id, g.person_id, g.product, g.currency, g.rank, g.from_at desc, g.record_id
)"""


def target_rows(sql: Sql) -> str:
    """The relation of the targets in force at the question's instant, as known then; it needs an alias.

    Wait for `TARGET_VIEWS` first.
    """
    return sql.text(
        TARGETS,
        root_holds=sql.holds("root"),
        annual_holds=sql.holds("t"),
        rolling_holds=sql.holds("r"),
        split=split_rows(sql),
        leads=lead_target_rows(sql),
    )
