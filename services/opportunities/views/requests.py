"""What was asked for and decided, and what customer service found: a row per request, a row per call-back. No today."""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from services.opportunities.views.standings import FIGURES
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

FACTS = (*get_args(events.OpportunityFact), FactCorrected, FactVoided)

REQUEST_COLUMNS = """
    version int not null,
    kind text not null,                      -- defeat, freeze
    requested_at timestamptz not null,
    requested_by uuid,
    entered_by uuid,                         -- who entered it, perhaps for somebody else
    captured_at timestamptz,
    status text,                             -- of the opportunity then
    level text,                              -- declared, just before
    defeat_kind text,
    category text,
    reason text,                             -- of the catalogue
    other_reasons text[] not null,
    freeze_reason text,                      -- in words
    evidence text,
    competitor_brand text,
    competitor_model text,
    competitor_price numeric,
    bought_on date,
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
    decided_at timestamptz,
    decision text,                           -- approved, rejected, frozen, given, withdrawn (by an order)
    decided_by uuid,                         -- null: automatic, or withdrawn
    finding text,                            -- of a defeat rejected or given
    given_to uuid
"""

# A request lasts until the first fact after it that decides; the next request begins another.
REQUEST_ROWS = """
with told as (
    select *, bool_or(type in ('DefeatRequested', 'FreezeRequested')) over (partition by tenant_id, stream_id) as asked
      from corrected_facts
),
merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes, data, metadata,
           case when type in ('DefeatRequested', 'FreezeRequested') then es.merge(changes) over so_far end as standing,
           min(version) over so_far = 1 as captured,
           min(occurred_at) filter (where version = 1) over stream as captured_at,
           null::jsonb as deliveries,
           null::jsonb as cancellations,
           count(*) filter (where type in ('DefeatRequested', 'FreezeRequested')) over so_far as request
      from told
     where asked
    window stream as (partition by tenant_id, stream_id),
           so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
ended as (
    select *, (array_agg(version) filter (where type in ('DealLost', 'DefeatRejected', 'ProspectFrozen',
                                                         'FreezeRejected', 'DealWon')) over whole)[1] as decided
      from merged
    window whole as (partition by tenant_id, stream_id, request order by occurred_at, version
                     rows between unbounded preceding and unbounded following)
)
select m.tenant_id, m.stream_id, m.version,
       case m.type when 'DefeatRequested' then 'defeat' else 'freeze' end as kind,
       m.occurred_at as requested_at,
       (case m.type when 'DefeatRequested' then m.standing ->> 'defeat_requested_by'
                    else m.standing ->> 'freeze_requested_by' end)::uuid as requested_by,
       (m.metadata ->> 'actor')::uuid as entered_by,
       m.captured_at,
       m.standing ->> 'status' as status,
       m.standing ->> 'level' as level,
       case m.type when 'DefeatRequested' then m.standing ->> 'defeat_kind' end as defeat_kind,
       case m.type when 'DefeatRequested' then m.standing ->> 'defeat_category' end as category,
       case m.type when 'DefeatRequested' then m.standing ->> 'defeat_reason' end as reason,
       array(select jsonb_array_elements_text(
                 case when m.type = 'DefeatRequested'
                       and jsonb_typeof(m.standing -> 'defeat_other_reasons') = 'array'
                     then m.standing -> 'defeat_other_reasons' else '[]' end)) as other_reasons,
       case m.type when 'FreezeRequested' then m.standing ->> 'freeze_reason' end as freeze_reason,
       case m.type when 'DefeatRequested' then m.standing ->> 'defeat_evidence' end as evidence,
       case m.type when 'DefeatRequested' then m.standing ->> 'competitor_brand' end as competitor_brand,
       case m.type when 'DefeatRequested' then m.standing ->> 'competitor_model' end as competitor_model,
       case m.type when 'DefeatRequested' then (m.standing ->> 'competitor_price')::numeric end as competitor_price,
       case m.type when 'DefeatRequested' then (m.standing ->> 'bought_on')::date end as bought_on,
       (m.standing ->> 'recall_on')::date as recall_on,
       (m.standing ->> 'owner_id')::uuid as owner_id,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       (m.standing ->> 'account_id')::uuid as account_id,
       m.standing ->> 'channel' as channel,
       m.standing ->> 'title' as title,
       coalesce(m.figures -> 'lines', '[]') as lines,
       (m.figures ->> 'units')::int as units,
       (m.figures ->> 'amount')::numeric as amount,
       m.standing ->> 'currency' as currency,
       d.occurred_at as decided_at,
       case d.type when 'DealLost' then 'approved'
                   when 'DefeatRejected' then case when d.data ->> 'given_to' is null then 'rejected' else 'given' end
                   when 'ProspectFrozen' then case m.type when 'DefeatRequested' then 'frozen' else 'approved' end
                   when 'FreezeRejected' then 'rejected'
                   when 'DealWon' then 'withdrawn' end as decision,
       case when d.type <> 'DealWon' then (d.changes ->> 'reviewed_by')::uuid end as decided_by,
       d.data ->> 'finding' as finding,
       (d.data ->> 'given_to')::uuid as given_to
  from (select * from ended
         cross join lateral ({FIGURES}) as figured(figures)
         where type in ('DefeatRequested', 'FreezeRequested') and captured) as m
  left join merged as d on d.tenant_id = m.tenant_id and d.stream_id = m.stream_id and d.version = m.decided
""".replace("{FIGURES}", FIGURES)

REQUESTS = View(
    name="opportunities.requests",
    version=1,
    stream_types=("opportunity",),
    columns=REQUEST_COLUMNS,
    key=("version",),
    indexes=(
        "create index on {table} (tenant_id, requested_at, stream_id)",
        # The few that wait: the inbox reads nothing else.
        "create index on {table} (tenant_id, requested_at) where decided_at is null",
    ),
    rows=REQUEST_ROWS,
    facts=FACTS,
    born_of=(events.DefeatRequested, events.FreezeRequested),
)

VERIFICATION_COLUMNS = """
    version int not null,
    request_version int,                     -- the DefeatRequested it is about
    verified_at timestamptz not null,
    verdict text,
    attempts int,
    reached boolean,
    reason_found text,
    comment text,
    verified_by uuid,
    verified_on date,
    owner_id uuid,                           -- at that time
    unit_id uuid,
    account_id uuid
"""

VERIFICATION_ROWS = """
with told as (
    select *, bool_or(type = 'DefeatVerified') over (partition by tenant_id, stream_id) as called from corrected_facts
),
merged as (
    select tenant_id, stream_id, version, type, occurred_at, changes,
           case when type = 'DefeatVerified' then es.merge(changes) over so_far end as standing,
           es.merge(case when type = 'DefeatRequested' then jsonb_build_object('version', version) end)
               over so_far as request
      from told
     where called
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id, version,
       (request ->> 'version')::int as request_version,
       occurred_at as verified_at,
       changes ->> 'verdict' as verdict,
       (changes ->> 'verify_attempts')::int as attempts,
       (changes ->> 'verify_reached')::boolean as reached,
       changes ->> 'reason_found' as reason_found,
       changes ->> 'verify_comment' as comment,
       (changes ->> 'verified_by')::uuid as verified_by,
       (changes ->> 'verified_on')::date as verified_on,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'account_id')::uuid as account_id
  from merged
 where type = 'DefeatVerified'
"""

VERIFICATIONS = View(
    name="opportunities.verifications",
    version=1,
    stream_types=("opportunity",),
    columns=VERIFICATION_COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, stream_id, request_version)",),
    rows=VERIFICATION_ROWS,
    facts=FACTS,
    born_of=(events.DefeatVerified,),
)
