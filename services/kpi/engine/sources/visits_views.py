"""On-site visits and who is responsible for which account since when, as the cadence needs them. Knows no cadence."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import AccountFact
from services.opportunities.events import VisitFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

ON_SITE_VISITS = View(
    name="kpi.on_site_visits",
    version=1,
    stream_types=("visit",),
    columns="""
    account_id uuid not null, visited_at timestamptz not null, visited_on date not null, participants uuid[] not null
""",
    key=(),
    indexes=("create index on {table} (tenant_id, visited_on)",),
    rows="""
with visits as (
    select tenant_id, stream_id, es.merge(changes order by occurred_at, version) as standing,
           max(occurred_at) filter (where type = 'VisitLogged') as visited_at
      from corrected_facts
     group by tenant_id, stream_id
)
select tenant_id, stream_id, (standing ->> 'account_id')::uuid, visited_at, (standing ->> 'visited_on')::date,
       array(select p::uuid from jsonb_array_elements_text(standing -> 'participants') as t(p))
  from visits
 where visited_at is not null and standing ->> 'way' = 'on_site' and standing ->> 'account_id' is not null
""",
    facts=(*get_args(VisitFact), FactCorrected, FactVoided),
)

# owner_since: from when the owner of this row has been it, without a break.
OWNED_ACCOUNTS = View(
    name="kpi.owned_accounts",
    version=1,
    stream_types=("account",),
    columns="""
    from_at timestamptz not null,
    to_at timestamptz,
    opened_at timestamptz not null,
    owner_id uuid,
    owner_since timestamptz,
    unit_id uuid,
    kinds text[] not null
""",
    key=("from_at",),
    indexes=(),
    rows="""
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
owners as (
    select *,
           first_value(occurred_at) over steps as opened_at,
           case when lag(standing ->> 'owner_id') over steps is distinct from standing ->> 'owner_id'
                then occurred_at end as owner_from
      from merged
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
since as (
    select *,
           max(owner_from) over (partition by tenant_id, stream_id order by occurred_at, version) as owner_since
      from owners
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       opened_at,
       (standing ->> 'owner_id')::uuid as owner_id,
       case when standing ->> 'owner_id' is not null then owner_since end as owner_since,
       (standing ->> 'unit_id')::uuid as unit_id,
       array(select jsonb_array_elements_text(coalesce(standing -> 'kinds', '[]'))) as kinds
  from since
 where next_at is distinct from occurred_at and standing ? 'name'
""",
    facts=(*get_args(AccountFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (ON_SITE_VISITS, OWNED_ACCOUNTS)
