"""Views of splits, folded from the log: how each stood, the targets issued ones give, personal confirmations.

Nothing here depends on today: what is late is worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.splits.events import ConfirmationFact, SplitFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

SPLIT_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    month date not null,
    unit_id uuid not null,
    owner_id uuid not null,
    number int not null,
    totals jsonb not null,                   -- [{measure, target, stretch, product, currency, source}]
    lines jsonb not null,                    -- [{measure, target, stretch, unit_id, person_id, product, currency}]
    weights jsonb not null,                  -- [{measure, history, pipeline, share, unit_id, person_id}]
    history_share numeric not null,
    history_from date not null,
    history_to date not null,
    confirm_by date,
    reason text
"""
SPLIT_ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'month')::date as month,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'number')::int as number,
       standing -> 'totals' as totals,
       standing -> 'lines' as lines,
       standing -> 'weights' as weights,
       (standing ->> 'history_share')::numeric as history_share,
       (standing ->> 'history_from')::date as history_from,
       (standing ->> 'history_to')::date as history_to,
       (standing ->> 'confirm_by')::date as confirm_by,
       standing ->> 'reason' as reason
  from merged
 where next_at is distinct from occurred_at and standing ? 'month'
""".replace("{MERGED}", MERGED)

TARGET_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    place int not null,                      -- of the row within the split
    part text not null,                      -- own: the unit's own; unit: given to one below; person
    month date not null,
    measure text not null,
    unit_id uuid not null,                   -- of a person's row the unit whose split it is
    person_id uuid,
    product text,
    target numeric not null,
    stretch numeric,
    currency text
"""
TARGET_ROWS = """
{MERGED},
issued as (
    select * from merged
     where next_at is distinct from occurred_at and standing ->> 'status' = 'issued' and standing ? 'month'
)
select i.tenant_id, i.stream_id,
       i.occurred_at as from_at,
       i.next_at as to_at,
       i.version,
       row_number() over (partition by i.tenant_id, i.stream_id, i.occurred_at order by g.kind, g.place)::int as place,
       case when g.kind = 0 then 'own' when g.one ->> 'person_id' is null then 'unit' else 'person' end as part,
       (i.standing ->> 'month')::date as month,
       g.one ->> 'measure' as measure,
       coalesce((g.one ->> 'unit_id')::uuid, (i.standing ->> 'unit_id')::uuid) as unit_id,
       (g.one ->> 'person_id')::uuid as person_id,
       g.one ->> 'product' as product,
       (g.one ->> 'target')::numeric as target,
       (g.one ->> 'stretch')::numeric as stretch,
       g.one ->> 'currency' as currency
  from issued i
 cross join lateral (
      select 0 as kind, t.place, t.one
        from jsonb_array_elements(i.standing -> 'totals') with ordinality as t(one, place)
      union all
      select 1, l.place, l.one
        from jsonb_array_elements(i.standing -> 'lines') with ordinality as l(one, place)
 ) as g
""".replace("{MERGED}", MERGED)

CONFIRMATION_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    split_id uuid not null,
    month date not null,
    unit_id uuid not null,
    owner_id uuid not null,
    targets jsonb not null,                  -- [{measure, target, stretch, product, currency}]
    number int not null,
    confirm_by date not null,
    asked_at timestamptz not null,           -- the latest time
    confirmed_on date,
    objected_on date,
    wanted jsonb not null,                   -- of the latest objection
    verdict text,
    answered_on date,
    answered_by uuid
"""
CONFIRMATION_ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           lead(occurred_at) over steps as next_at,
           max(occurred_at) filter (where type in ('ConfirmationRequested', 'ConfirmationRenewed'))
               over (partition by tenant_id, stream_id order by occurred_at, version) as asked_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'split_id')::uuid as split_id,
       (standing ->> 'month')::date as month,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'owner_id')::uuid as owner_id,
       standing -> 'targets' as targets,
       (standing ->> 'number')::int as number,
       (standing ->> 'confirm_by')::date as confirm_by,
       asked_at,
       (standing ->> 'confirmed_on')::date as confirmed_on,
       (standing ->> 'objected_on')::date as objected_on,
       coalesce(standing -> 'wanted', '[]') as wanted,
       standing ->> 'verdict' as verdict,
       (standing ->> 'answered_on')::date as answered_on,
       (standing ->> 'answered_by')::uuid as answered_by
  from merged
 where next_at is distinct from occurred_at and standing ? 'split_id' and asked_at is not null
"""

SPLITS = View(
    name="kpi.splits",
    version=1,
    stream_types=("split",),
    columns=SPLIT_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, month, unit_id) where to_at is null",),
    rows=SPLIT_ROWS,
    facts=(*get_args(SplitFact), FactCorrected, FactVoided),
)
SPLIT_TARGETS = View(
    name="kpi.split_targets",
    version=1,
    stream_types=("split",),
    columns=TARGET_COLUMNS,
    key=("from_at", "place"),
    indexes=("create index on {table} (tenant_id, month, unit_id)",),
    rows=TARGET_ROWS,
    facts=(*get_args(SplitFact), FactCorrected, FactVoided),
)
CONFIRMATIONS = View(
    name="kpi.confirmations",
    version=1,
    stream_types=("confirmation",),
    columns=CONFIRMATION_COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, month, unit_id) where to_at is null",
        "create index on {table} (tenant_id, owner_id, month) where to_at is null",
    ),
    rows=CONFIRMATION_ROWS,
    facts=(*get_args(ConfirmationFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (SPLITS, SPLIT_TARGETS, CONFIRMATIONS)
