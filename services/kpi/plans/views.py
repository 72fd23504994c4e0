"""Views of plans, folded from the log: how each plan stood at every instant, and its rows one by one.

A plan cascaded from another is in force while its root is issued: the two are joined when read.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.plans.events import AnnualPlanFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

FACTS = (*get_args(AnnualPlanFact), FactCorrected, FactVoided)

PLAN_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    status text not null,
    year int not null,
    unit_id uuid not null,
    owner_id uuid,
    root_id uuid not null,                   -- itself, unless it was handed down
    parent_id uuid,
    step int not null,                       -- 0: the root
    number int not null,                     -- of the version: 0 as issued, then one more with each change
    submitted_by uuid,
    approved_by uuid,
    change_reason text,
    comment text,
    cascaded_to uuid[] not null,
    rows jsonb not null                      -- [{month, measure, target, stretch, product, currency}]
"""

PLAN_ROWS = """
{MERGED}
select tenant_id, stream_id, occurred_at, next_at, version,
       standing ->> 'status',
       (standing ->> 'year')::int,
       (standing ->> 'unit_id')::uuid,
       (standing ->> 'owner_id')::uuid,
       coalesce((standing ->> 'root_id')::uuid, stream_id),
       (standing ->> 'parent_id')::uuid,
       coalesce((standing ->> 'step')::int, 0),
       coalesce((standing ->> 'number')::int, 0),
       (standing ->> 'submitted_by')::uuid,
       (standing ->> 'approved_by')::uuid,
       standing ->> 'change_reason',
       standing ->> 'comment',
       array(select jsonb_array_elements_text(coalesce(standing -> 'cascaded_to', '[]'))::uuid),
       standing -> 'rows'
  from merged
 where next_at is distinct from occurred_at and standing ?& array['year', 'status', 'rows']
""".replace("{MERGED}", MERGED)

ANNUAL_PLANS = View(
    name="kpi.annual_plans",
    version=1,
    stream_types=("annual_plan",),
    columns=PLAN_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, year, unit_id)",),
    rows=PLAN_ROWS,
    facts=FACTS,
)

TARGET_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    place int not null,                      -- of the row in the plan
    root_id uuid not null,
    unit_id uuid not null,
    month date not null,
    measure text not null,
    product text,
    currency text,
    target numeric not null,
    stretch numeric
"""

TARGET_ROWS = """
{MERGED}
select m.tenant_id, m.stream_id, m.occurred_at, m.next_at, m.version, r.place::int,
       coalesce((m.standing ->> 'root_id')::uuid, m.stream_id),
       (m.standing ->> 'unit_id')::uuid,
       (r.part ->> 'month')::date,
       r.part ->> 'measure',
       r.part ->> 'product',
       r.part ->> 'currency',
       (r.part ->> 'target')::numeric,
       (r.part ->> 'stretch')::numeric
  from merged m
 cross join lateral jsonb_array_elements(m.standing -> 'rows') with ordinality as r(part, place)
 where m.next_at is distinct from m.occurred_at and m.standing ?& array['year', 'status']
""".replace("{MERGED}", MERGED)

ANNUAL_TARGETS = View(
    name="kpi.annual_targets",
    version=1,
    stream_types=("annual_plan",),
    columns=TARGET_COLUMNS,
    key=("from_at", "place"),
    indexes=("create index on {table} (tenant_id, month, measure, unit_id)",),
    rows=TARGET_ROWS,
    facts=FACTS,
)

VIEWS: tuple[View, ...] = (ANNUAL_PLANS, ANNUAL_TARGETS)
