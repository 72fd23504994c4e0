"""Views of rolling, folded from the log: how each plan stood, each version, the rows in force month by month."""

from __future__ import annotations

from typing import get_args

from services.kpi.rolling.events import RollingPlanFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

FACTS = (*get_args(RollingPlanFact), FactCorrected, FactVoided)

PLAN_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    unit_id uuid not null,
    owner_id uuid,
    number int not null,                     -- of the latest version published; 0: none
    base_month date,
    firm_months int,
    outlook_months int,
    requested_by uuid,                       -- of the change that waits, or the last one
    requested_month date,
    requested_reason text
"""

PLANS = """
{MERGED}
select tenant_id, stream_id, occurred_at, next_at, version,
       standing ->> 'status',
       (standing ->> 'unit_id')::uuid,
       (standing ->> 'owner_id')::uuid,
       coalesce((standing ->> 'number')::int, 0),
       (standing ->> 'base_month')::date,
       (standing ->> 'firm_months')::int,
       (standing ->> 'outlook_months')::int,
       (standing ->> 'requested_by')::uuid,
       (standing ->> 'requested_month')::date,
       standing ->> 'requested_reason'
  from merged
 where next_at is distinct from occurred_at and standing ? 'unit_id'
""".replace("{MERGED}", MERGED)

ROLLING_PLANS = View(
    name="kpi.rolling_plans",
    version=1,
    stream_types=("rolling_plan",),
    columns=PLAN_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, unit_id)",),
    rows=PLANS,
    facts=FACTS,
)

VERSION_COLUMNS = """
    version int not null,                    -- of the fact
    at timestamptz not null,                 -- published
    unit_id uuid not null,
    owner_id uuid,
    number int not null,
    base_month date not null,                -- first day of the first firm month
    firm_months int not null,
    outlook_months int not null,
    reason text,
    published_by uuid,
    approved_by uuid,
    rows jsonb not null                      -- [{month, measure, target, stretch, product, currency}]
"""

VERSIONS = """
with opened as (
    select tenant_id, stream_id, changes from corrected_facts where type = 'RollingPlanOpened'
)
select f.tenant_id, f.stream_id, f.version, f.occurred_at,
       (o.changes ->> 'unit_id')::uuid,
       (o.changes ->> 'owner_id')::uuid,
       (f.changes ->> 'number')::int,
       (f.changes ->> 'base_month')::date,
       (f.changes ->> 'firm_months')::int,
       (f.changes ->> 'outlook_months')::int,
       f.changes ->> 'reason',
       (f.changes ->> 'published_by')::uuid,
       (f.changes ->> 'approved_by')::uuid,
       f.changes -> 'rows'
  from corrected_facts f
  join opened o on o.tenant_id = f.tenant_id and o.stream_id = f.stream_id
 where f.type = 'RollingVersionPublished'
"""

ROLLING_VERSIONS = View(
    name="kpi.rolling_versions",
    version=1,
    stream_types=("rolling_plan",),
    columns=VERSION_COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, base_month, unit_id)",),
    rows=VERSIONS,
    facts=FACTS,
)

TARGET_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- until another version covered the month
    version int not null,
    place int not null,                      -- of the row in the version
    unit_id uuid not null,
    month date not null,
    measure text not null,
    product text,
    currency text,
    target numeric not null,
    stretch numeric
"""

# covered: the months of each version; the next version that covers a month takes all of it over.
TARGETS = """
with opened as (
    select tenant_id, stream_id, changes from corrected_facts where type = 'RollingPlanOpened'
),
covered as (
    select f.tenant_id, f.stream_id, f.version, f.occurred_at, f.changes -> 'rows' as rows, c.month::date as month,
           lead(f.occurred_at) over (partition by f.tenant_id, f.stream_id, c.month
                                     order by f.occurred_at, f.version) as next_at
      from corrected_facts f
     cross join lateral generate_series(
         (f.changes ->> 'base_month')::timestamp,
         (f.changes ->> 'base_month')::timestamp
             + make_interval(months => (f.changes ->> 'firm_months')::int
                                       + (f.changes ->> 'outlook_months')::int - 1),
         interval '1 month') as c(month)
     where f.type = 'RollingVersionPublished'
)
select c.tenant_id, c.stream_id, c.occurred_at, c.next_at, c.version, r.place::int,
       (o.changes ->> 'unit_id')::uuid,
       c.month,
       r.part ->> 'measure',
       r.part ->> 'product',
       r.part ->> 'currency',
       (r.part ->> 'target')::numeric,
       (r.part ->> 'stretch')::numeric
  from covered c
  join opened o on o.tenant_id = c.tenant_id and o.stream_id = c.stream_id
 cross join lateral jsonb_array_elements(c.rows) with ordinality as r(part, place)
 where (r.part ->> 'month')::date = c.month and c.next_at is distinct from c.occurred_at
"""

ROLLING_TARGETS = View(
    name="kpi.rolling_targets",
    version=1,
    stream_types=("rolling_plan",),
    columns=TARGET_COLUMNS,
    key=("version", "place"),
    indexes=("create index on {table} (tenant_id, month, measure, unit_id)",),
    rows=TARGETS,
    facts=FACTS,
)

VIEWS: tuple[View, ...] = (ROLLING_PLANS, ROLLING_VERSIONS, ROLLING_TARGETS)
