"""The view of solutions: one row per solution and interval of business time."""

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
    status text not null,
    opportunity_id uuid not null,
    need text,
    wanted_by date,
    products text[] not null,
    requested_by uuid,
    requested_on date,
    draft int,
    summary text,
    lines jsonb not null,                    -- [{line, product, units, unit_price}]
    currency text,
    amount numeric,
    cost numeric,
    drafted_by uuid,
    drafted_on date,
    submitted_by uuid,
    submitted_on date,
    waiting_since timestamptz,               -- submitted then, and not decided
    decided_by uuid,
    decided_on date,
    comment text,
    presented_on date,
    reaction text
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'opportunity_id')::uuid as opportunity_id,
       standing ->> 'need' as need,
       (standing ->> 'wanted_by')::date as wanted_by,
       array(select jsonb_array_elements_text(coalesce(standing -> 'products', '[]'))) as products,
       (standing ->> 'requested_by')::uuid as requested_by,
       (standing ->> 'requested_on')::date as requested_on,
       (standing ->> 'draft')::int as draft,
       standing ->> 'summary' as summary,
       coalesce(standing -> 'lines', '[]') as lines,
       standing ->> 'currency' as currency,
       (standing ->> 'amount')::numeric as amount,
       (standing ->> 'cost')::numeric as cost,
       (standing ->> 'drafted_by')::uuid as drafted_by,
       (standing ->> 'drafted_on')::date as drafted_on,
       (standing ->> 'submitted_by')::uuid as submitted_by,
       (standing ->> 'submitted_on')::date as submitted_on,
       case when standing ->> 'status' = 'submitted' then occurred_at end as waiting_since,
       (standing ->> 'decided_by')::uuid as decided_by,
       (standing ->> 'decided_on')::date as decided_on,
       standing ->> 'comment' as comment,
       (standing ->> 'presented_on')::date as presented_on,
       standing ->> 'reaction' as reaction
  from merged
 where next_at is distinct from occurred_at
   and standing ->> 'opportunity_id' is not null
""".replace("{MERGED}", MERGED)

SOLUTIONS = View(
    name="opportunities.solutions",
    version=1,
    stream_types=("solution",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, status) where to_at is null",
    ),
    rows=ROWS,
    facts=(*get_args(events.SolutionFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (SOLUTIONS,)
