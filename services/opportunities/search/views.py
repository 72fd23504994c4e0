"""What records are found by: one row per account, opportunity and product as it stands. Read by GET /v1/search.

No extension: signs and pairs of signs of all a record is found by are an array under a GIN index, and what holds them
all is looked at. Names of persons are in the vault and found there.
"""

from __future__ import annotations

from typing import get_args

from services.accounts.events import AccountChanged, AccountFact, AccountOpened
from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    version int not null,
    kind text not null,              -- account, opportunity, product
    name text,
    folded text not null,            -- the name without width, case and blanks
    pinyin text not null,            -- how it is read, in letters
    initials text not null,
    codes text[] not null,           -- credit code, order reference, product code, references in other systems; folded
    grams text[] not null
"""

ROWS = """
{MERGED},
named as (
    select tenant_id, stream_id, version,
           coalesce(standing ->> 'name', standing ->> 'title') as name,
           es.folded(coalesce(standing ->> 'name', standing ->> 'title', '')) as folded,
           array(select distinct es.folded(code)
                   from unnest(array[standing ->> 'credit_code', standing ->> 'order_ref', standing ->> 'code']
                               || array(select ref #>> '{{}}' from jsonb_each(
                                            case jsonb_typeof(standing -> 'external_refs')
                                                 when 'object' then standing -> 'external_refs' else '{{}}' end)
                                          as r(system, ref))) as c(code)
                  where code <> '' order by 1) as codes
      from merged
     where next_at is null
),
kinds as (
    select distinct on (f.tenant_id, f.stream_id) f.tenant_id, f.stream_id, f.stream_type
      from corrected_facts f order by f.tenant_id, f.stream_id
),
spelt as (
    select n.*, k.stream_type,
           array_to_string(s.syllables, '') as pinyin,
           (select coalesce(string_agg(left(syllable, 1), '' order by place), '')
              from unnest(s.syllables) with ordinality as u(syllable, place)) as initials
      from named n
      join kinds k using (tenant_id, stream_id)
      cross join lateral (select es.syllables(n.folded) as syllables) s
)
select tenant_id, stream_id, version, stream_type as kind, name, folded, pinyin, initials, codes,
       es.grams(variadic array[folded, pinyin, initials] || codes) as grams
  from spelt
 where folded <> '' or codes <> '{{}}'
""".replace("{MERGED}", MERGED).replace("{{}}", "{}")

SEARCHED = View(
    name="opportunities.searched",
    version=1,
    stream_types=("account", "opportunity", "product"),
    columns=COLUMNS,
    key=("version",),
    indexes=(
        "create index on {table} using gin (grams) with (fastupdate = off)",
        "create index on {table} using gin (codes) with (fastupdate = off)",
    ),
    rows=ROWS,
    facts=(
        *get_args(AccountFact),
        *get_args(events.OpportunityFact),
        *get_args(events.ProductFact),
        FactCorrected,
        FactVoided,
    ),
    reads=(  # those that name a record, or give it a code
        AccountOpened,
        AccountChanged,
        events.ProspectCaptured,
        events.DealWon,
        events.OrderAmended,
        events.OpportunityReferred,
        events.ProductAdded,
        events.ProductChanged,
    ),
)

VIEWS: tuple[View, ...] = (SEARCHED,)
