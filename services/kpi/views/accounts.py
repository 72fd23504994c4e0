"""Accounts as this service knows them: one row per account and interval. Dimensions of figures, and names."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import AccountFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    name text,
    kinds text[] not null,
    sector text,
    owner_id uuid,
    unit_id uuid,
    parent_id uuid,
    grade text,
    support_team uuid[] not null             -- persons
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'name' as name,
       array(select jsonb_array_elements_text(coalesce(standing -> 'kinds', '[]'))) as kinds,
       standing ->> 'sector' as sector,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'parent_id')::uuid as parent_id,
       standing ->> 'grade' as grade,
       array(select distinct (member ->> 'person_id')::uuid
               from jsonb_array_elements(coalesce(standing -> 'support_team', '[]')) as member
              order by 1) as support_team
  from merged
 where next_at is distinct from occurred_at
""".replace("{MERGED}", MERGED)

ACCOUNTS = View(
    name="kpi.accounts",
    version=1,
    stream_types=("account",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} using gin (support_team) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(AccountFact), FactCorrected, FactVoided),
)
