"""Flows: which there are, who holds them, how far they are. One row each in `delivery.flows`.

A flow is held by one worker at a time. Its lease only saves double work; what keeps a worker that was frozen from
acknowledging is the token, which every claim raises and every write of the holder names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from shared.feed.reading import Question
from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.replaying import narrowed, wish
from shared.webhooks.standing import Standing

LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.0
MARGIN_SECONDS = 1.0
"""So long before the end of a lease nothing more is sent."""

Key = tuple[UUID, UUID]
"""Tenant and flow."""

# An endpoint that is new gets its live flow, at the place its fact says.
MAKE = """
insert into delivery.flows (tenant_id, flow_id, endpoint_id, kind, epoch, position)
select t, e, e, 'live', epoch, position
  from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) as n(t, e, epoch, position)
on conflict do nothing
"""
# What we stopped ourselves goes on when its fact is in the log and somebody resumed it after that.
FOLLOW = """
update delivery.flows f
   set state = case when s.open then 'running' else 'paused' end,
       paused_by = case when not s.open then f.paused_by end,
       paused_version = case when not s.open then f.paused_version end,
       moved_at = clock_timestamp()
  from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bool[]) as s(tenant_id, endpoint_id, version, open)
 where f.tenant_id = s.tenant_id and f.flow_id = s.endpoint_id and f.state in ('running', 'paused')
   and (f.state = 'running') <> s.open
   and (not s.open or f.paused_by is null or f.paused_version < s.version)
"""
UNTOLD = """
select tenant_id, endpoint_id, paused_by from delivery.flows
 where kind = 'live' and paused_by is not null and paused_version is null
"""
TOLD = """
update delivery.flows set paused_version = $3
 where tenant_id = $1 and flow_id = $2 and paused_by is not null and paused_version is null
"""
# The endpoint is gone, and what it waited for with it.
CANCEL = """
with gone as (
    update delivery.flows f
       set state = 'cancelled', finished_at = clock_timestamp(), holder = null, until = null, token = token + 1
      from unnest($1::uuid[], $2::uuid[]) as e(tenant_id, endpoint_id)
     where f.tenant_id = e.tenant_id and f.endpoint_id = e.endpoint_id and f.state in ('running', 'paused')
    returning f.tenant_id, f.flow_id),
    freed as (delete from delivery.lanes l using gone g where l.tenant_id = g.tenant_id and l.flow_id = g.flow_id)
delete from delivery.waiting w using gone g where w.tenant_id = g.tenant_id and w.flow_id = g.flow_id
"""
# Somebody moved the cursor: up to the place nothing is to be delivered any more, what comes after it is, again.
SKIP = """
with moved as (
    update delivery.flows
       set position = $4, epoch = $5, ahead = '{}', seen_version = $3, failures = 0, failing_since = null,
           alarmed_at = null, not_before = null, holder = null, until = null, token = token + 1,
           moved_at = clock_timestamp()
     where tenant_id = $1 and flow_id = $2 and seen_version < $3
    returning tenant_id, flow_id),
    freed as (delete from delivery.lanes l using moved m where l.tenant_id = m.tenant_id and l.flow_id = m.flow_id)
delete from delivery.waiting w using moved m where w.tenant_id = m.tenant_id and w.flow_id = m.flow_id
"""
SKIPPED = (
    "select tenant_id, flow_id, seen_version from delivery.flows where kind = 'live' and flow_id = any($1::uuid[])"
)
# A restore forked history: of what was there before the fork all stands, what came after is not there any more. After
# several restores what stands is what was there before the lowest fork.
FORK = """
with forks as (
    select f.tenant_id, f.flow_id, max(n.epoch) as epoch, min(n.from_position) as from_position
      from delivery.flows f join es.epochs n on n.tenant_id = f.tenant_id and n.epoch > f.epoch
     group by 1, 2),
    forked as (
    update delivery.flows f
       set epoch = n.epoch, position = least(f.position, n.from_position - 1), ahead = '{}',
           upto = case when f.upto is not null then least(f.upto, n.from_position - 1) end,
           holder = null, until = null, token = token + 1
      from forks n
     where (f.tenant_id, f.flow_id) = (n.tenant_id, n.flow_id) and f.epoch < n.epoch
    returning f.tenant_id, f.flow_id, n.from_position),
    freed as (delete from delivery.lanes l using forked f
               where l.tenant_id = f.tenant_id and l.flow_id = f.flow_id and l.position >= f.from_position)
delete from delivery.waiting w using forked f
 where w.tenant_id = f.tenant_id and w.flow_id = f.flow_id and w.position >= f.from_position
"""

SEEN = """
with gone as (delete from delivery.workers where seen_at < clock_timestamp() - interval '1 minute')
insert into delivery.workers (key, seen_at) values ($1, clock_timestamp())
on conflict (key) do update set seen_at = excluded.seen_at
"""
GONE = "delete from delivery.workers where key = $1"
# A dead session frees its flows at once; the time limit is for a process that hangs with its session open.
CLAIM = """
with alive as materialized (
    select key from delivery.workers
     where key = $1 or (seen_at > clock_timestamp() - make_interval(secs => $2) and es.present(key))),
wanted as materialized (
    select f.tenant_id, f.flow_id, f.holder
      from delivery.flows f
      join unnest($3::uuid[], $4::uuid[]) as e(tenant_id, endpoint_id) using (tenant_id, endpoint_id)
     where f.state = 'running'),
share as (
    select greatest(0, ceil(count(*)::numeric / (select count(*) from alive))::int
                       - count(*) filter (where holder = $1)::int) as room
      from wanted),
free as (
    select f.tenant_id, f.flow_id from delivery.flows f join wanted w using (tenant_id, flow_id)
     where f.state = 'running'
       and (f.holder is null or f.until < clock_timestamp() or f.holder not in (select key from alive))
     order by f.moved_at
     limit (select room from share)
       for update of f skip locked)
update delivery.flows f
   set holder = $1, token = f.token + 1, until = clock_timestamp() + make_interval(secs => $2)
  from free where (f.tenant_id, f.flow_id) = (free.tenant_id, free.flow_id)
returning f.*
"""
RENEW = """
with mine as (
    select f.tenant_id, f.flow_id
      from delivery.flows f join unnest($2::uuid[], $3::uuid[], $4::bigint[]) as h(tenant_id, flow_id, token)
           using (tenant_id, flow_id)
     where f.holder = $1 and f.token = h.token
     order by 1, 2 for update of f)
update delivery.flows f set until = clock_timestamp() + make_interval(secs => $5)
  from mine where (f.tenant_id, f.flow_id) = (mine.tenant_id, mine.flow_id)
returning f.tenant_id, f.flow_id, f.state
"""
SURPLUS = """
with alive as materialized (
    select key from delivery.workers
     where key = $1 or (seen_at > clock_timestamp() - make_interval(secs => $2) and es.present(key)))
select greatest(0, count(*) filter (where f.holder = $1)::int
                   - ceil(count(*)::numeric / (select count(*) from alive))::int)
  from delivery.flows f join unnest($3::uuid[], $4::uuid[]) as e(tenant_id, endpoint_id) using (tenant_id, endpoint_id)
 where f.state = 'running'
"""
FREE = "update delivery.flows set holder = null, until = null where holder = $1"
RELEASE = """
update delivery.flows set holder = null, until = null
 where tenant_id = $1 and flow_id = $2 and holder = $3 and token = $4
"""
HEADS = """
select h.tenant_id, coalesce(e.position, 0) as position
  from es.heads h
  left join lateral (select position from es.events e
                      where e.tenant_id = h.tenant_id order by position desc limit 1) e on true
 where h.tenant_id = any($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """A row as it was claimed. The names of its columns."""

    tenant_id: UUID
    flow_id: UUID
    endpoint_id: UUID
    kind: Literal["live", "replay"]
    epoch: int
    position: int
    ahead: frozenset[int]
    upto: int | None
    question: Mapping[str, Any]
    rate: float | None
    token: int
    pace: float
    not_before: datetime | None
    failing_since: datetime | None
    failures: int
    alarmed_at: datetime | None
    backlog_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        said = {name: row[name] for name in cls.__slots__ if name != "ahead"}
        for name in ("tenant_id", "flow_id", "endpoint_id"):
            said[name] = UUID(bytes=said[name].bytes)  # asyncpg's own UUID class is slower to compare
        return cls(**said, ahead=frozenset(row["ahead"]))

    @property
    def key(self) -> Key:
        return self.tenant_id, self.flow_id

    @property
    def replay(self) -> bool:
        return self.kind == "replay"

    def standing(self) -> Standing:
        return Standing(self.pace, self.not_before, self.failing_since, self.failures, self.alarmed_at)

    def asked(self, endpoint: Endpoint, sight: Sight) -> Question:
        """What is delivered: what the endpoint asks for and may see; of that, for a replay, what it is narrowed to."""
        own = Question(sight=sight, types=endpoint.types, changed=endpoint.changed, imported=endpoint.imported)
        return narrowed(own, wish(self.question)) if self.replay else own


class Flows:
    """The flows of all tenants as one worker sees them. `pool` is the worker's; `key` names it among the living."""

    def __init__(self, pool: Any, key: int) -> None:
        self._pool = pool
        self.key = key
        self._made: set[Key] = set()

    async def follow(self, endpoints: Sequence[Endpoint]) -> None:
        """Give new endpoints their flow, carry out skips, stop and go as the registry says, forget who is removed."""
        there = [endpoint for endpoint in endpoints if endpoint.status != "removed"]
        new = [endpoint for endpoint in there if (endpoint.tenant_id, endpoint.endpoint_id) not in self._made]
        if new:
            places = [endpoint.start for endpoint in new]
            await self._pool.execute(MAKE, *_keys(new), [p.epoch for p in places], [p.position for p in places])
        self._made = {(endpoint.tenant_id, endpoint.endpoint_id) for endpoint in there}
        if len(there) < len(endpoints):
            await self._pool.execute(CANCEL, *_keys([e for e in endpoints if e.status == "removed"]))
        await self._pool.execute(FORK)
        if not there:
            return
        versions, open = [e.version for e in there], [e.status == "open" for e in there]
        await self._pool.execute(FOLLOW, *_keys(there), versions, open)
        skips = {(e.tenant_id, e.endpoint_id): e.skip for e in there if e.skip is not None}
        if not skips:
            return
        for tenant_id, flow_id, seen in await self._pool.fetch(SKIPPED, [flow_id for _, flow_id in skips]):
            skip = skips.get((tenant_id, flow_id))
            if skip is not None and skip.version > seen:
                place = skip.place
                await self._pool.execute(SKIP, tenant_id, flow_id, skip.version, place.position, place.epoch)

    async def untold(self) -> Sequence[tuple[UUID, UUID, str]]:
        """Endpoints we stopped of which no fact says so yet, and why."""
        return [(row[0], row[1], row[2]) for row in await self._pool.fetch(UNTOLD)]

    async def told(self, tenant_id: UUID, endpoint_id: UUID, version: int) -> None:
        """The fact is in the log: the endpoint's stream stood at this version after it."""
        await self._pool.execute(TOLD, tenant_id, endpoint_id, version)

    async def claim(self, endpoints: Sequence[Endpoint]) -> Sequence[Flow]:
        """Take flows of these endpoints that nobody holds, up to this worker's share."""
        await self._pool.execute(SEEN, self.key)
        return [Flow.of(row) for row in await self._pool.fetch(CLAIM, self.key, LEASE_SECONDS, *_keys(endpoints))]

    async def renew(self, held: Collection[Flow]) -> Mapping[Key, str]:
        """The states of the flows that are still held; the others are lost."""
        rows = await self._pool.fetch(
            RENEW,
            self.key,
            [flow.tenant_id for flow in held],
            [flow.flow_id for flow in held],
            [flow.token for flow in held],
            LEASE_SECONDS,
        )
        return {(row["tenant_id"], row["flow_id"]): row["state"] for row in rows}

    async def surplus(self, endpoints: Sequence[Endpoint]) -> int:
        """How many flows are held beyond this worker's share."""
        count: int = await self._pool.fetchval(SURPLUS, self.key, LEASE_SECONDS, *_keys(endpoints))
        return count

    async def release(self, flow: Flow) -> None:
        """Let others have it at once."""
        await self._pool.execute(RELEASE, flow.tenant_id, flow.flow_id, self.key, flow.token)

    async def begin(self) -> None:
        """Nothing is held yet: what this worker held before it lost the database is free."""
        await self._pool.execute(FREE, self.key)

    async def leave(self) -> None:
        """This worker ends."""
        await self._pool.execute(GONE, self.key)

    async def heads(self, tenant_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Where the logs end."""
        rows = await self._pool.fetch(HEADS, list(tenant_ids))
        return {row["tenant_id"]: row["position"] for row in rows}


def _keys(endpoints: Sequence[Endpoint]) -> tuple[list[UUID], list[UUID]]:
    return [endpoint.tenant_id for endpoint in endpoints], [endpoint.endpoint_id for endpoint in endpoints]
