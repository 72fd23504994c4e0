"""The account file: one row per account and standing, key persons without names. Read by GET /v1/accounts."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import KEY_PERSON_FIELD, AccountFact
from services.accounts.views.standings import COMPARABLE, STANDINGS
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz, opened_at timestamptz not null,
    name text not null, name_key text collate "C" not null, kinds text[] not null, sector text, credit_code text,
    owner_id uuid, owner_since timestamptz, unit_id uuid, parent_id uuid, support_team jsonb not null,
    team uuid[] not null, channel text, grade text, relationship text, region text, city text,
    external_refs jsonb not null, file jsonb not null, key_persons jsonb not null, layers text[] not null
"""

# owner_since: from when the owner of this row has been it, without a break
ROWS = f"""
{STANDINGS},
owners as (
    select *,
           case when lag(standing ->> 'owner_id') over w is distinct from standing ->> 'owner_id' then from_at end
               as owner_from
      from standings
    window w as (partition by tenant_id, stream_id order by from_at, version)
)
select tenant_id, stream_id, version, from_at, to_at, opened_at,
       standing ->> 'name', {COMPARABLE.format(text="standing ->> 'name'")},
       array(select jsonb_array_elements_text(standing -> 'kinds')), standing ->> 'sector', standing ->> 'credit_code',
       (standing ->> 'owner_id')::uuid,
       case when standing ->> 'owner_id' is not null then
           max(owner_from) over (partition by tenant_id, stream_id order by from_at, version rows unbounded preceding)
       end,
       (standing ->> 'unit_id')::uuid, (standing ->> 'parent_id')::uuid,
       coalesce(standing -> 'support_team', '[]'),
       array(select distinct (m ->> 'person_id')::uuid
               from jsonb_array_elements(standing -> 'support_team') as t(m) order by 1),
       standing ->> 'channel', standing ->> 'grade', standing ->> 'relationship', standing ->> 'region',
       standing ->> 'city', standing -> 'external_refs',
       (select coalesce(jsonb_object_agg(k, v), '{{}}') from jsonb_each(standing) as f(k, v)
         where not starts_with(k, '{KEY_PERSON_FIELD}') and v <> 'null'
           and k not in ('name', 'kinds', 'sector', 'credit_code', 'owner_id', 'unit_id', 'parent_id', 'support_team',
                         'channel', 'grade', 'relationship', 'region', 'city', 'external_refs')),
       (select coalesce(jsonb_agg(v order by k), '[]') from jsonb_each(standing) as f(k, v)
         where starts_with(k, '{KEY_PERSON_FIELD}') and v <> 'null'),
       array(select distinct v ->> 'layer' from jsonb_each(standing) as f(k, v)
              where starts_with(k, '{KEY_PERSON_FIELD}') and v <> 'null' order by 1)
  from owners
 where standing ? 'name'
"""  # noqa: S608 - constants only

ACCOUNTS = View(
    name="accounts.accounts",
    version=1,
    stream_types=("account",),
    columns=COLUMNS,
    key=("version",),
    indexes=(
        "create index on {table} (tenant_id, name_key, stream_id) where to_at is null",
        "create index on {table} (tenant_id, owner_id) where to_at is null",
        "create index on {table} (tenant_id, unit_id) where to_at is null",
        "create index on {table} (tenant_id, parent_id) where to_at is null",
        "create index on {table} using gin (external_refs jsonb_path_ops) where to_at is null",
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at))",
    ),
    rows=ROWS,
    facts=(*get_args(AccountFact), FactCorrected, FactVoided),
)
