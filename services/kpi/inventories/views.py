"""Views of inventories, folded from the log: prospects as they stood, and the sheets. Holds no finding and no policy.

What is overdue, unreachable or told otherwise than computed is worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.inventories.events import InventoryFact
from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

# -- prospects ---------------------------------------------------------------------------------------------

# Contacts, deliveries, instructions change none of this: only these facts are read.
TOLD = (
    events.ProspectCaptured,
    events.ProspectQualified,
    events.DefeatRequested,
    events.DealLost,
    events.DefeatRejected,
    events.DealReopened,
    events.FreezeRequested,
    events.ProspectFrozen,
    events.FreezeRejected,
    events.ContactLost,
    events.ProspectResumed,
    events.ProspectDisposed,
    events.DealWon,
    events.OrderAmended,
    events.UnitsCancelled,
    events.OpportunityTransferred,
)

PROSPECTS = View(
    name="kpi.prospects",
    version=1,
    stream_types=("opportunity",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,
    position bigint not null,                -- of the fact that made it so
    fact text not null,                      -- its name
    status text not null,
    review text,                             -- defeat, freeze: what waits for approval
    level text not null,                     -- declared; N before the first judgement
    owner_id uuid not null,
    unit_id uuid not null,
    account_id uuid,
    title text,
    expected_on date,
    reachable boolean not null,              -- a number that reaches somebody is on file
    units int not null,                      -- of its lines
    captured_at timestamptz not null
""",
    key=("version",),
    indexes=(
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at)) where status = 'open'",
        "create index on {table} (tenant_id, unit_id, from_at)",
        "create index on {table} (tenant_id, from_at)",
    ),
    rows="""
with merged as (
    select tenant_id, stream_id, version, position, type, occurred_at,
           es.merge(changes) over steps as standing,
           min(version) over steps = 1 as captured,
           min(case when version = 1 then occurred_at end) over (partition by tenant_id, stream_id) as captured_at,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version, position,
       type as fact,
       standing ->> 'status' as status,
       standing ->> 'review' as review,
       coalesce(standing ->> 'level', 'N') as level,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'title' as title,
       (standing ->> 'expected_on')::date as expected_on,
       not coalesce(standing -> 'missing', '[]') ? 'reachable' as reachable,
       coalesce((select sum(units)::int from jsonb_to_recordset(standing -> 'lines') as line_of(units int)), 0)
           as units,
       captured_at
  from merged
 where captured and standing ? 'owner_id' and standing ? 'status'
""",
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    reads=TOLD,
)

# -- sheets ------------------------------------------------------------------------------------------------

INVENTORIES = View(
    name="kpi.inventories",
    version=1,
    stream_types=("inventory",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    unit_id uuid not null,
    month date not null,
    stock_on date not null,
    position bigint not null,
    opening_position bigint,
    no_contact_days int not null,
    sheet int not null,
    opened_by uuid not null,
    signed_by uuid,
    signed_on date,
    lines int,
    unconfirmed int
""",
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, month, unit_id) where to_at is null",),
    rows=MERGED
    + """
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'month')::date as month,
       (standing ->> 'stock_on')::date as stock_on,
       (standing ->> 'position')::bigint as position,
       (standing ->> 'opening_position')::bigint as opening_position,
       (standing ->> 'no_contact_days')::int as no_contact_days,
       (standing ->> 'sheet')::int as sheet,
       (standing ->> 'opened_by')::uuid as opened_by,
       (standing ->> 'signed_by')::uuid as signed_by,
       (standing ->> 'signed_on')::date as signed_on,
       (standing ->> 'lines')::int as lines,
       (standing ->> 'unconfirmed')::int as unconfirmed
  from merged
 where next_at is distinct from occurred_at and standing ? 'unit_id'
""",
    facts=(*get_args(InventoryFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (PROSPECTS, INVENTORIES)
