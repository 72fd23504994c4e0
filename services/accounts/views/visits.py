"""On-site visits to accounts and who took part: one row per visit. Read by GET /v1/accounts/visits-due.

Cadence counts on-site meetings only; what was said there is not here.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities.events import VisitFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    account_id uuid not null, visited_at timestamptz not null, visited_on date not null, participants uuid[] not null
"""

ROWS = """
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
"""

VISITS = View(
    name="accounts.visits",
    version=1,
    stream_types=("visit",),
    columns=COLUMNS,
    key=(),
    indexes=("create index on {table} (tenant_id, account_id, visited_on)",),
    rows=ROWS,
    facts=(*get_args(VisitFact), FactCorrected, FactVoided),
)
