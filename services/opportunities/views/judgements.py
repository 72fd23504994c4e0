"""Every judgement of a level (潜客判定), with the level before it: one row per ProspectQualified. No policy, no today.

`level_before` is worked out from the facts in the order of business time, so a late or voided judgement moves it.
Read by the visit tracking table: a visit has no level of its own.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version int not null,
    judged_at timestamptz not null,
    level_before text,
    level text,
    expected_before date,
    expected_on date,
    judged_by uuid,
    visit_id uuid,                           -- the visit that carried it
    owner_id uuid,                           -- at that time
    unit_id uuid
"""

ROWS = """
with judged as (
    select tenant_id, stream_id, version, type, occurred_at, data,
           es.merge(changes) over so_far as standing,
           es.merge(changes) over (so_far rows between unbounded preceding and 1 preceding) as before
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id, version,
       occurred_at as judged_at,
       before ->> 'level' as level_before,
       standing ->> 'level' as level,
       (before ->> 'expected_on')::date as expected_before,
       (standing ->> 'expected_on')::date as expected_on,
       (standing ->> 'judged_by')::uuid as judged_by,
       (data ->> 'visit_id')::uuid as visit_id,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id
  from judged
 where type = 'ProspectQualified'
"""

JUDGEMENTS = View(
    name="opportunities.judgements",
    version=2,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, visit_id) where visit_id is not null",),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.ProspectQualified,),
)
