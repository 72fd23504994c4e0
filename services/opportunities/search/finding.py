"""Finding records by what people remember of them: the statements. Decides no right; the terms are never written down.

What holds all signs and pairs of signs of the term is looked at; sight is by who is responsible today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.opportunities.reports.asking import Asking, Reads, Row, Sql
from services.opportunities.search.views import SEARCHED
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from shared.pinyin import folded

MOST_SIGNS = 40
"""Of a term: what is longer is found by its beginning."""
MOST_LOOKED_AT = 5_000
"""Records that hold the signs of a term: beyond it the shortest names are ranked."""

# Ranks: the whole first, then beginnings, then what holds it; shorter names before longer ones.
RANK = """
case when s.folded = {term} or s.codes @> array[{term}] then 0
     when starts_with(s.folded, {term}) then 1
     when s.initials = {term} or s.pinyin = {term} then 2
     when strpos(s.folded, {term}) > 0 then 3
     when exists (select from unnest(s.codes) as c(code) where starts_with(c.code, {term})) then 3
     when starts_with(s.initials, {term}) or starts_with(s.pinyin, {term}) then 4
     when strpos(s.pinyin, {term}) > 0 or strpos(s.initials, {term}) > 0 then 5
     when exists (select from unnest(s.codes) as c(code) where strpos(c.code, {term}) > 0) then 6 end
"""
FOUND = """
with held as materialized (
    select s.stream_id, s.kind, s.name, s.codes, length(s.folded) as size, {rank} as rank
      from {searched} as s
     where s.tenant_id = $1 and s.grams @> {grams}::text[] and s.kind = any({kinds}::text[])
     limit {most}
)
select h.stream_id, h.kind, h.name, h.rank, h.codes,
       coalesce(a.owner_id, o.owner_id) as owner_id, coalesce(a.unit_id, o.unit_id) as unit_id,
       o.account_id, o.status, a.credit_code, a.city, p.code, p.active
  from held as h
  left join {accounts} as a on h.kind = 'account' and a.tenant_id = $1 and a.stream_id = h.stream_id and a.to_at is null
  left join {standings} as o
    on h.kind = 'opportunity' and o.tenant_id = $1 and o.stream_id = h.stream_id and o.to_at is null
  left join {products} as p
    on h.kind = 'product' and p.tenant_id = $1 and p.stream_id = h.stream_id and p.to_at is null
 where h.rank is not null
   and case h.kind when 'account' then a.stream_id is not null and {account_seen}
                   when 'opportunity' then o.stream_id is not null and {opportunity_seen}
                   else true end
 order by h.rank, h.size, h.name, h.stream_id
 limit {limit}
"""
ACCOUNTS_SEEN = """
select a.stream_id, a.name from {accounts} as a
 where a.tenant_id = $1 and a.to_at is null and a.stream_id = any({ids}::uuid[]) and {seen}
"""
OPPORTUNITIES_SEEN = """
select o.stream_id, o.title as name from {standings} as o
 where o.tenant_id = $1 and o.to_at is null and o.stream_id = any({ids}::uuid[]) and {seen}
"""
RECORDS = ("account", "opportunity", "product")


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for, as it is compared."""

    text: str

    @classmethod
    def of(cls, given: str) -> Term:
        return cls(folded(given)[:MOST_SIGNS])

    @property
    def grams(self) -> list[str]:
        """Pairs of signs, and a sign that stands alone: single ones narrow little."""
        text = self.text
        pairs = {text[place : place + 2] for place in range(len(text) - 1)}
        paired = {sign for pair in pairs for sign in pair}
        return sorted(pairs | {sign for sign in text if sign not in paired})


async def records(reads: Reads, asking: Asking, term: Term, kinds: Sequence[str], limit: int) -> list[Row]:
    """Accounts, opportunities and products the asker sees that hold the term, the best first."""
    wanted = [kind for kind in kinds if kind in RECORDS]
    if not wanted or not term.text:
        return []
    sql = Sql(asking)
    statement = sql.text(
        FOUND,
        rank=RANK.replace("{term}", f"{sql(term.text)}::text"),
        searched=SEARCHED.table,
        grams=sql(term.grams),
        kinds=sql(wanted),
        most=str(MOST_LOOKED_AT),
        accounts=ACCOUNTS.table,
        account_seen=_account_seen(sql, "a"),
        standings=STANDINGS.table,
        opportunity_seen=sql.counted("o"),
        limit=f"{sql(limit)}::int",
    )
    return [dict(row) for row in await reads.fetch(statement, *sql.values)]


async def accounts_seen(reads: Reads, asking: Asking, ids: Sequence[UUID | None]) -> dict[UUID, str]:
    """Which of these accounts the asker sees today, with their names."""
    return await _seen(reads, asking, ACCOUNTS_SEEN, ids, lambda sql: _account_seen(sql, "a"))


async def opportunities_seen(reads: Reads, asking: Asking, ids: Sequence[UUID | None]) -> dict[UUID, str]:
    """The same of opportunities."""
    return await _seen(reads, asking, OPPORTUNITIES_SEEN, ids, lambda sql: sql.counted("o"))


async def _seen(reads: Reads, asking: Asking, statement: str, ids: Sequence[UUID | None], seen: Any) -> dict[UUID, str]:
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    sql = Sql(asking)
    text = sql.text(statement, ids=sql(wanted), seen=seen(sql))
    return {row["stream_id"]: row["name"] for row in await reads.fetch(text, *sql.values)}


def _account_seen(sql: Sql, alias: str) -> str:
    """Sight of an account as it stands: its owner, unit and support team."""
    said, given = sql.asking.sight.sql(
        len(sql.values) + 1, owner=f"{alias}.owner_id", unit=f"{alias}.unit_id", team=f"{alias}.support_team"
    )
    sql.values.extend(given)
    return said
