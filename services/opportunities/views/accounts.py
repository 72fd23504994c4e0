"""Accounts as this service knows them: one row per account and interval, with owner, support team and key persons.

Folded from accounts' facts. The name is of an organisation; persons are ids, their names are in the vault.
"""

from __future__ import annotations

from typing import get_args

from services.accounts import events
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
    credit_code text,
    owner_id uuid,
    unit_id uuid,
    parent_id uuid,
    grade text,
    region text,
    city text,
    external_refs jsonb,
    support_team uuid[] not null,            -- persons
    key_persons jsonb not null               -- {person_id: {layer, post, influence, attitude}}
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
       standing ->> 'credit_code' as credit_code,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'parent_id')::uuid as parent_id,
       standing ->> 'grade' as grade,
       standing ->> 'region' as region,
       standing ->> 'city' as city,
       standing -> 'external_refs' as external_refs,
       array(select distinct (member ->> 'person_id')::uuid
               from jsonb_array_elements(coalesce(standing -> 'support_team', '[]')) as member
              order by 1) as support_team,
       (select coalesce(jsonb_object_agg(substr(name, length('key_person.') + 1), person), '{}')
          from jsonb_each(standing) as field(name, person)
         where starts_with(name, 'key_person.') and jsonb_typeof(person) = 'object') as key_persons
  from merged
 where next_at is distinct from occurred_at
""".replace("{MERGED}", MERGED)

ACCOUNTS = View(
    name="opportunities.accounts",
    version=1,
    stream_types=("account",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, owner_id) where to_at is null",
        "create index on {table} using gin (support_team) where to_at is null",
    ),
    rows=ROWS,
    facts=(*get_args(events.AccountFact), FactCorrected, FactVoided),
)
