"""Frozen and lost contact, beside defeats: one row per freeze and per contact lost, with what became of it.

The days of what became of it are the first after it and before the next freeze or loss; each is to be compared with the
instant asked about. Says nothing of today.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from services.opportunities.views.standings import FIGURES
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version int not null,
    kind text not null,                      -- freeze, contact_lost
    set_aside_at timestamptz not null,
    captured_at timestamptz,
    requested_by uuid,
    reviewed_by uuid,                        -- null: approved automatically, or contact lost
    instead_of text,                         -- defeat: chosen by who reviewed one
    reason text,                             -- in words
    recall_on date,
    level text,                              -- declared, just before
    owner_id uuid,                           -- at that time
    unit_id uuid,
    account_id uuid,
    channel text,
    title text,
    lines jsonb not null,
    units int,
    amount numeric,
    currency text,
    resumed_at timestamptz,
    ordered_at timestamptz,
    defeated_at timestamptz,
    disposed_at timestamptz
"""

ROWS = """
with told as (
    select *, bool_or(type in ('ProspectFrozen', 'ContactLost')) over (partition by tenant_id, stream_id) as once
      from corrected_facts
),
merged as (
    select tenant_id, stream_id, version, type, occurred_at, data,
           case when type in ('ProspectFrozen', 'ContactLost') then es.merge(changes) over so_far end as standing,
           min(version) over so_far = 1 as captured,
           min(occurred_at) filter (where version = 1) over stream as captured_at,
           null::jsonb as deliveries,
           null::jsonb as cancellations,
           count(*) filter (where type in ('ProspectFrozen', 'ContactLost')) over so_far as place
      from told
     where once
    window stream as (partition by tenant_id, stream_id),
           so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
became as (
    select *,
           min(occurred_at) filter (where type = 'ProspectResumed') over whole as resumed_at,
           min(occurred_at) filter (where type = 'DealWon') over whole as ordered_at,
           min(occurred_at) filter (where type = 'DealLost') over whole as defeated_at,
           min(occurred_at) filter (where type = 'ProspectDisposed') over whole as disposed_at
      from merged
    window whole as (partition by tenant_id, stream_id, place)
)
select tenant_id, stream_id, version,
       case type when 'ProspectFrozen' then 'freeze' else 'contact_lost' end as kind,
       occurred_at as set_aside_at,
       captured_at,
       case type when 'ProspectFrozen' then (standing ->> 'freeze_requested_by')::uuid end as requested_by,
       case type when 'ProspectFrozen' then (standing ->> 'reviewed_by')::uuid end as reviewed_by,
       data ->> 'instead_of' as instead_of,
       case type when 'ProspectFrozen' then standing ->> 'freeze_reason'
                 else standing ->> 'contact_lost_reason' end as reason,
       (standing ->> 'recall_on')::date as recall_on,
       standing ->> 'level' as level,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'channel' as channel,
       standing ->> 'title' as title,
       coalesce(figures -> 'lines', '[]') as lines,
       (figures ->> 'units')::int as units,
       (figures ->> 'amount')::numeric as amount,
       standing ->> 'currency' as currency,
       resumed_at, ordered_at, defeated_at, disposed_at
  from became
 cross join lateral ({FIGURES}) as figured(figures)
 where type in ('ProspectFrozen', 'ContactLost') and captured
""".replace("{FIGURES}", FIGURES)

SET_ASIDE = View(
    name="opportunities.set_aside",
    version=1,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, set_aside_at, stream_id)",),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.ProspectFrozen, events.ContactLost),
)
