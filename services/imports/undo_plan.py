"""What an import recorded that still counts, and what stands in the way of taking it back. Records nothing.

A record the import created goes as a whole, unless somebody recorded something on it since, or a fact that counts names
it from elsewhere. A record it changed loses what the import said of it, unless somebody corrected just that since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.event_store.command import Claim, StoredFact
from shared.event_store.stream import Refused

ORDER = ("opportunity", "account", "product", "person", "unit")
"""What names others goes before what is named. Any other kind goes first."""

PRODUCT_CODE = "product.code"
"""Scope of the claim on a product's code: lines name products by it."""
VOIDED = "FactVoided"
CORRECTED = "FactCorrected"

Facts = Mapping[UUID, Collection[int]]
"""Stream → versions."""

KINDS = """
select distinct stream_type from es.events where tenant_id = $1 and position > $2 and metadata ->> 'operation' = $3
"""
# One row per stream of a kind that the import recorded something on which still counts.
TOLD = """
with told as materialized (
    select distinct stream_id from es.events
     where tenant_id = $1 and position > $2 and metadata ->> 'operation' = $3 and stream_type = $4
),
facts as materialized (
    select e.*
      from told t
      cross join lateral (
        select e.stream_id, e.version, e.type, e.metadata, e.recorded_at,
               coalesce(e.metadata ->> 'operation' = $3, false) as ours,
               case when e.type in ('FactVoided', 'FactCorrected') then (e.data ->> 'version')::int end as about
          from es.events e
         where e.tenant_id = $1 and e.stream_id = t.stream_id offset 0) e
),
marked as (
    select *, coalesce(array_agg(about) filter (where type = 'FactVoided') over stream, '{}') as voided
      from facts
    window stream as (partition by stream_id)
),
counting as (
    select * from marked where type <> 'FactVoided' and version <> all (voided)
)
select stream_id,
       bool_or(version = 1 and ours) as created,
       array_agg(version order by version) filter (where ours) as ours,
       array_agg(version order by version) filter (where not ours) as others,
       array_agg(about order by version) filter (where not ours and about is not null) as corrected,
       (array_agg(metadata ->> 'actor' order by version desc) filter (where not ours))[1] as by,
       (array_agg(metadata ->> 'operation' order by version desc) filter (where not ours))[1] as operation,
       (array_agg(recorded_at order by version desc) filter (where not ours))[1] as at
  from counting
 group by stream_id
having bool_or(ours)
 order by stream_id
"""
# Facts that count and name one of these records, by id anywhere in what they say, or as who did it.
NAMED_BY = """
with found as materialized (
    select e.stream_type, e.stream_id, e.version, match[1]::uuid as id
      from es.events e
      cross join lateral regexp_matches(
          concat_ws(' ', e.data - 'standing', e.metadata ->> 'actor', e.metadata ->> 'on_behalf_of'),
          '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'g') as m(match)
     where e.tenant_id = $1 and e.position > $2 and e.type <> 'FactVoided'
),
named as materialized (
    select distinct f.stream_type, f.stream_id, f.version, f.id
      from found f
     where f.id in (select unnest($3::uuid[])) and f.id <> f.stream_id
)
select n.* from named n
 where not exists (select from es.events v
                    where v.tenant_id = $1 and v.stream_id = n.stream_id and v.type = 'FactVoided'
                      and (v.data ->> 'version')::int = n.version)
"""
# Facts that count and have a line of one of these products, by code.
SOLD_BY = """
with named as materialized (
    select distinct e.stream_type, e.stream_id, e.version, found.product #>> '{}' as code
      from es.events e
      cross join lateral jsonb_path_query(e.data - 'standing', '$.**.product') as found(product)
     where e.tenant_id = $1 and e.position > $2 and e.type <> 'FactVoided'
       and found.product #>> '{}' = any($3::text[])
)
select n.* from named n
 where not exists (select from es.events v
                    where v.tenant_id = $1 and v.stream_id = n.stream_id and v.type = 'FactVoided'
                      and (v.data ->> 'version')::int = n.version)
"""
CLAIMS = "select scope, key, stream_id from es.claims where tenant_id = $1 and stream_id = any($2::uuid[])"


@dataclass(frozen=True, slots=True)
class Told:
    """What an import said of one record that still counts: versions of its stream, corrections included."""

    stream_id: UUID
    created: bool
    ours: tuple[int, ...]
    others: tuple[int, ...] = ()
    corrected: frozenset[int] = frozenset()
    """Facts that others corrected."""
    since: Mapping[str, Any] = field(default_factory=dict)
    """Who said the latest that is not the import's."""

    def in_the_way(self, *, force: bool) -> Refused | None:
        """What was said of the record itself since, if it keeps the import's facts where they are."""
        if force:
            return None
        if self.created and self.others:
            return Refused("worked_on_since", "somebody recorded something on it since", **self.since)
        if not self.created and not self.corrected.isdisjoint(self.ours):
            return Refused("corrected_since", "somebody corrected what the import said of it", **self.since)
        return None

    def versions(self, *, force: bool) -> tuple[int, ...]:
        """What goes."""
        if self.created:
            return (*self.ours, *self.others) if force else self.ours
        return self.ours


@dataclass(frozen=True, slots=True)
class Naming:
    """A fact that names a record of the import."""

    stream_type: str
    stream_id: UUID
    version: int
    named: UUID


@dataclass(slots=True)
class Plan:
    """What is to be done with the import's records of one kind."""

    kind: str
    told: list[Told]
    left: dict[UUID, Refused] = field(default_factory=dict)
    claims: Mapping[UUID, Sequence[Claim]] = field(default_factory=dict)

    def going(self) -> list[Told]:
        return [one for one in self.told if one.stream_id not in self.left]

    def counts(self) -> Counter[str]:
        """Records `removed` as a whole, `restored` to what they were, and `left` as they are."""
        return Counter(
            "left" if one.stream_id in self.left else "removed" if one.created else "restored" for one in self.told
        )


class Survey:
    """What one import recorded. `after`: where the log ended when it began."""

    def __init__(self, pool: asyncpg.Pool, tenant_id: UUID, import_id: UUID, after: int, *, force: bool) -> None:
        self._pool = pool
        self._tenant_id = tenant_id
        self._import_id = import_id
        self._after = after
        self._force = force

    async def kinds(self) -> list[str]:
        """The kinds of record it touched, in the order in which they are taken back."""
        rows = await self._pool.fetch(KINDS, self._tenant_id, self._after, str(self._import_id))
        found = {row["stream_type"] for row in rows}
        return [*sorted(found - set(ORDER)), *(kind for kind in ORDER if kind in found)]

    async def plan(self, kind: str, gone: Facts | None = None) -> Plan:
        """What to do with the records of a kind; `gone`: facts that will not count any more when it comes to them."""
        rows = await self._pool.fetch(TOLD, self._tenant_id, self._after, str(self._import_id), kind)
        plan = Plan(kind, [_told(row) for row in rows])
        plan.claims = await claims_of(self._pool, self._tenant_id, [one.stream_id for one in plan.told])
        for one in plan.told:
            if (refused := one.in_the_way(force=self._force)) is not None:
                plan.left[one.stream_id] = refused
        created = [one.stream_id for one in plan.going() if one.created]
        self._keep_what_is_named(plan, await self.naming(kind, created, plan.claims), gone or {})
        return plan

    async def naming(
        self, kind: str, ids: Sequence[UUID], claims: Mapping[UUID, Sequence[Claim]], *, after: int | None = None
    ) -> list[Naming]:
        """Facts that count and name one of these records, recorded since the import began."""
        if not ids:
            return []
        since = self._after if after is None else after
        rows = await self._pool.fetch(NAMED_BY, self._tenant_id, since, list(ids))
        found = [
            Naming(row["stream_type"], _plain(row["stream_id"]), row["version"], _plain(row["id"])) for row in rows
        ]
        codes = {claim.key: id for id in ids for claim in claims.get(id, ()) if claim.scope == PRODUCT_CODE}
        if kind == "product" and codes:
            rows = await self._pool.fetch(SOLD_BY, self._tenant_id, since, list(codes))
            found += [
                Naming(row["stream_type"], _plain(row["stream_id"]), row["version"], codes[row["code"]]) for row in rows
            ]
        return found

    def _keep_what_is_named(self, plan: Plan, naming: Sequence[Naming], gone: Facts) -> None:
        """What a fact that stays names, stays; and so, in turn, what that one names."""
        going = {**gone, **facts_of(plan, force=self._force)}
        moved = True
        while moved:
            moved = False
            for one in naming:
                if one.named not in plan.left and one.version not in going.get(one.stream_id, ()):
                    plan.left[one.named] = Refused(
                        "in_use", "another record names it", by_kind=one.stream_type, by=str(one.stream_id)
                    )
                    going.pop(one.named, None)
                    moved = True


def facts_of(plan: Plan, *, force: bool) -> dict[UUID, frozenset[int]]:
    """What goes."""
    return {one.stream_id: frozenset(one.versions(force=force)) for one in plan.going()}


async def claims_of(pool: Any, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[Claim]]:
    """What these records hold for themselves."""
    found: dict[UUID, list[Claim]] = {}
    for row in await pool.fetch(CLAIMS, tenant_id, list(ids)) if ids else ():
        id = _plain(row["stream_id"])
        found.setdefault(id, []).append(Claim(row["scope"], row["key"], id))
    return found


def told_by(import_id: UUID, stored: Sequence[StoredFact]) -> Told | None:
    """The same of one stream as it was read just now; None when nothing of the import counts there any more."""
    voided = {fact.data["version"] for fact in stored if fact.type == VOIDED}
    counting = [fact for fact in stored if fact.type != VOIDED and fact.version not in voided]
    ours = [fact for fact in counting if fact.metadata.get("operation") == str(import_id)]
    others = [fact for fact in counting if fact.metadata.get("operation") != str(import_id)]
    if not ours:
        return None
    last = others[-1] if others else None
    return Told(
        _plain(ours[0].stream_id),
        ours[0].version == 1,
        tuple(fact.version for fact in ours),
        tuple(fact.version for fact in others),
        frozenset(fact.data["version"] for fact in others if fact.type == CORRECTED),
        {} if last is None else _since(last.metadata.get("actor"), last.metadata.get("operation"), last.recorded_at),
    )


def _told(row: asyncpg.Record) -> Told:
    others = tuple(row["others"] or ())
    return Told(
        _plain(row["stream_id"]),
        row["created"],
        tuple(row["ours"]),
        others,
        frozenset(row["corrected"] or ()),
        _since(row["by"], row["operation"], row["at"]) if others else {},
    )


def _since(by: str | None, operation: str | None, at: datetime) -> dict[str, Any]:
    said = {"by": by, "operation": operation, "at": at.isoformat()}
    return {name: value for name, value in said.items() if value is not None}


def _plain(id: UUID) -> UUID:
    return UUID(bytes=id.bytes)
