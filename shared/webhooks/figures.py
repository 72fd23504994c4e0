"""How deliveries stand: how far behind, how old, how well. Reads flows, lanes, attempts, the log; decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.feed.reading import Question, read
from shared.feed.scopes import Scopes
from shared.webhooks.replaying import TEST_FLOW, Count, count

RECENT = timedelta(hours=24)
RECENT_ATTEMPTS = 10_000
"""Ratio and times are of the attempts of a day, of so many at most."""
LOOK_SECONDS = 0.5
"""How long events behind are counted one by one; then they are reckoned."""

FLOW = """
select f.flow_id, f.kind, f.state, f.epoch, f.position, f.pace, f.not_before, f.failing_since, f.failures, f.delivered,
       f.failed, f.moved_at, f.in_flight, cardinality(f.ahead) as ahead, w.events, w.beyond,
       coalesce(l.waiting, 0) as waiting, coalesce(l.parked, 0) as parked, l.oldest
  from delivery.flows f
  left join lateral (
       select count(*) filter (where l.state = 'waiting') as waiting,
              count(*) filter (where l.state = 'parked') as parked, min(l.event_at) as oldest
         from delivery.lanes l where l.tenant_id = f.tenant_id and l.flow_id = f.flow_id) as l on true
  left join lateral (
       select count(*) as events, count(*) filter (where w.position > f.position) as beyond
         from delivery.waiting w where w.tenant_id = f.tenant_id and w.flow_id = f.flow_id) as w on true
 where f.tenant_id = $1 and f.flow_id = $2
"""
# Faults of our own say nothing about the receiver.
RATED = f"""
select count(*) as attempts, count(*) filter (where status between 200 and 299) as delivered, min(at) as since,
       percentile_cont(array[0.5, 0.95, 0.99]) within group (order by took_ms) filter (where status is not null) as took
  from (select at, status, took_ms from delivery.attempts
         where tenant_id = $1 and endpoint_id = $2 and at > $3 and flow_id <> '{TEST_FLOW}'
           and (fault is null or fault not like 'own\\_%')
         order by at desc limit {RECENT_ATTEMPTS}) as recent
"""  # noqa: S608 - constants only
# One row a live flow. The cursor also passes what is not for the endpoint, so that the next position is the first one
# that may be undelivered.
ALL = """
select f.tenant_id, f.endpoint_id, f.state, f.failing_since, f.not_before,
       greatest(h.position - f.position, 0) as behind, n.recorded_at as next_at,
       coalesce(l.waiting, 0) as waiting, coalesce(l.parked, 0) as parked, l.oldest
  from delivery.flows f
 cross join lateral (
       select max(e.position) as position from es.events e where e.tenant_id = f.tenant_id) as h
  left join es.events n on n.tenant_id = f.tenant_id and n.position = f.position + 1
  left join lateral (
       select count(*) filter (where l.state = 'waiting') as waiting,
              count(*) filter (where l.state = 'parked') as parked, min(l.event_at) as oldest
         from delivery.lanes l where l.tenant_id = f.tenant_id and l.flow_id = f.flow_id) as l on true
 where f.kind = 'live'
"""
REPLAYS = """
select endpoint_id, count(*) as open, sum(greatest(upto - position, 0)) as behind
  from delivery.flows where kind = 'replay' and state in ('running', 'paused') group by endpoint_id
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies beyond a cursor: how many events, and when the first of them was recorded."""

    events: Count
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """How a receiver answered lately. Times in milliseconds, of attempts it answered; None where there are none."""

    attempts: int
    delivered: int
    since: datetime | None
    took_ms: tuple[float, float, float] | None

    @property
    def ratio(self) -> float | None:
        return self.delivered / self.attempts if self.attempts else None


async def flow(pool: Any, tenant_id: UUID, flow_id: UUID) -> Any | None:
    """One flow with its lanes counted, as a row of FLOW."""
    return await pool.fetchrow(FLOW, tenant_id, flow_id)


async def behind(
    pool: Any,
    tenant_id: UUID,
    epoch: int,
    question: Question,
    scopes: Scopes,
    *,
    after: int,
    upto: int,
    seconds: float = LOOK_SECONDS,
) -> Behind:
    """The events of a question between a cursor and the head."""
    if after >= upto:
        return Behind(Count(0))
    loop = asyncio.get_running_loop()
    end, place = loop.time() + seconds, after
    while place < upto and loop.time() < end:
        page = await read(pool, tenant_id, epoch, question, scopes, after=place, upto=upto, limit=1, lanes=False)
        if page.events:
            first = page.events[0]
            counted = await count(
                pool, tenant_id, epoch, question, scopes, after=first.position - 1, upto=upto, seconds=seconds
            )
            return Behind(counted, first.body["recorded_at"])
        place = page.upto
    return Behind(Count(0, exact=place >= upto))


async def rated(pool: Any, tenant_id: UUID, endpoint_id: UUID, *, at: datetime) -> Rated:
    """Ratio and times of the last day."""
    row = await pool.fetchrow(RATED, tenant_id, endpoint_id, at - RECENT)
    took = row["took"]
    return Rated(
        attempts=row["attempts"],
        delivered=row["delivered"],
        since=row["since"],
        took_ms=None if took is None or took[0] is None else (took[0], took[1], took[2]),
    )


async def all_live(pool: Any) -> Sequence[Any]:
    """Every live flow of every tenant as a row of ALL, for the worker's gauges."""
    found: Sequence[Any] = await pool.fetch(ALL)
    return found


async def all_replays(pool: Any) -> Sequence[Any]:
    """Replays that are not over, by endpoint."""
    found: Sequence[Any] = await pool.fetch(REPLAYS)
    return found
