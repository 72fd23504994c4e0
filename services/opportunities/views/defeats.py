"""Why we lose: one row per approved defeat, with what was known of the deal then. Says nothing of today.

Read by the defeat table and its analysis. A deal that is reopened and later won keeps its defeat in its month;
`reopened_at` and `won_at` tell what became of it (both to be compared with the instant asked about).
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from services.opportunities.views.standings import FIGURES
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version int not null,
    lost_at timestamptz not null,            -- approval: the day it counts on
    captured_at timestamptz,
    level text,                              -- declared, just before
    kind text,
    category text,
    reason text,
    other_reasons text[] not null,
    reason_given text,
    competitor_brand text,
    competitor_model text,
    competitor_price numeric,
    bought_on date,
    requested_on date,
    requested_by uuid,
    reviewed_by uuid,
    evidence text,
    verdict text,                            -- of the latest call-back before the approval; null: none
    verify_attempts int,
    verify_reached boolean,
    reason_found text,
    verify_comment text,
    verified_by uuid,
    verified_on date,
    recall_on date,
    owner_id uuid,                           -- at that time
    unit_id uuid,
    account_id uuid,
    channel text,
    title text,
    lines jsonb not null,
    units int,
    amount numeric,
    currency text,
    reopened_at timestamptz,                 -- the first time after it
    won_at timestamptz
"""

# Merging costs most, and half of the streams never lost: they are left out before it.
ROWS = """
with told as (
    select *, bool_or(type = 'DealLost') over (partition by tenant_id, stream_id) as lost_once from corrected_facts
),
merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           case when type = 'DealLost' then es.merge(changes) over so_far end as standing,
           min(version) over so_far = 1 as captured,
           null::jsonb as deliveries,
           null::jsonb as cancellations,
           min(occurred_at) filter (where version = 1) over stream as captured_at,
           min(case when type = 'DealReopened' then occurred_at end) over later as reopened_at,
           min(case when type = 'DealWon' then occurred_at end) over later as won_at
      from told
     where lost_once
    window stream as (partition by tenant_id, stream_id),
           so_far as (partition by tenant_id, stream_id order by occurred_at, version),
           later as (so_far rows between 1 following and unbounded following)
)
select tenant_id, stream_id, version,
       occurred_at as lost_at,
       captured_at,
       standing ->> 'level' as level,
       standing ->> 'defeat_kind' as kind,
       standing ->> 'defeat_category' as category,
       standing ->> 'defeat_reason' as reason,
       array(select jsonb_array_elements_text(
                 case jsonb_typeof(standing -> 'defeat_other_reasons')
                     when 'array' then standing -> 'defeat_other_reasons' else '[]' end)) as other_reasons,
       standing ->> 'reason_given' as reason_given,
       standing ->> 'competitor_brand' as competitor_brand,
       standing ->> 'competitor_model' as competitor_model,
       (standing ->> 'competitor_price')::numeric as competitor_price,
       (standing ->> 'bought_on')::date as bought_on,
       (standing ->> 'requested_on')::date as requested_on,
       (standing ->> 'defeat_requested_by')::uuid as requested_by,
       (standing ->> 'reviewed_by')::uuid as reviewed_by,
       standing ->> 'defeat_evidence' as evidence,
       standing ->> 'verdict' as verdict,
       (standing ->> 'verify_attempts')::int as verify_attempts,
       (standing ->> 'verify_reached')::boolean as verify_reached,
       standing ->> 'reason_found' as reason_found,
       standing ->> 'verify_comment' as verify_comment,
       (standing ->> 'verified_by')::uuid as verified_by,
       (standing ->> 'verified_on')::date as verified_on,
       (standing ->> 'recall_on')::date as recall_on,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'account_id')::uuid as account_id,
       standing ->> 'channel' as channel,
       standing ->> 'title' as title,
       coalesce(figures -> 'lines', '[]') as lines,
       (figures ->> 'units')::int as units,
       (figures ->> 'amount')::numeric as amount,
       standing ->> 'currency' as currency,
       reopened_at,
       won_at
  from merged
 cross join lateral ({FIGURES}) as figured(figures)
 where type = 'DealLost' and captured
""".replace("{FIGURES}", FIGURES)

DEFEATS = View(
    name="opportunities.defeats",
    version=3,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, lost_at, stream_id)",),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.DealLost,),
)
