"""Proves that a tenant's log is whole: reads it, changes nothing. Views are verified by the projections.

In chunks, so that no statement holds a snapshot for long on a log of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from shared.event_store.store import EventStore

CHUNK = 20_000
"""Positions checked in one statement."""

MOST_PROBLEMS = 100

_HEAD = "select coalesce(max(position), 0) from es.events where tenant_id = $1"

_DENSE = """
select count(*) as events, count(*) filter (where position = expected) as dense,
       min(position) filter (where position <> expected) as first_wrong
  from (select position, $2 + row_number() over (order by position) as expected
          from es.events where tenant_id = $1 and position > $2 and position <= $3) as e
"""

# The event before the chunk is read with it: each hash is checked against the one before.
_CHAIN = """
select position from (
    select e.position, e.hash, e.recorded_at,
           lag(e.recorded_at) over w as recorded_before,
           es.chain(coalesce(lag(e.hash) over w, es.genesis(e.tenant_id)), e.position, e.stream_id, e.version,
                    e.occurred_at, e.recorded_at, e.schema_version, e.stream_type, e.type, e.data, e.metadata::text)
               as expected
      from es.events e
     where e.tenant_id = $1 and e.position >= $2 and e.position <= $3
    window w as (order by e.position)) as chained
 where position > $2 and (hash <> expected or recorded_at < recorded_before)
 order by position limit $4
"""

_VERSIONS = """
select e.position from es.events e
 where e.tenant_id = $1 and e.position > $2 and e.position <= $3 and e.version > 1
   and not exists (select from es.events p
                    where p.tenant_id = e.tenant_id and p.stream_id = e.stream_id and p.version = e.version - 1
                      and p.position < e.position and p.stream_type = e.stream_type)
 order by e.position limit $4
"""

# An answer names events that are there, carry its key, and are its own: no key has two effects.
_ANSWERS = """
select c.key, c.first_position from es.commands c
 where c.tenant_id = $1 and c.first_position > $2 and c.first_position <= $3
   and (select count(*) from es.events e
         where e.tenant_id = c.tenant_id and e.position between c.first_position and c.last_position)
       <> c.last_position - c.first_position + 1
 order by c.first_position limit $4
"""


class Fetches(Protocol):
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a position of the log. `kind`: hole, chain, versions, answer."""

    kind: str
    position: int
    detail: str


@dataclass(slots=True)
class Report:
    """What was found in one tenant's log up to `head`, the position at which the check began."""

    tenant_id: UUID
    head: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    def add(self, kind: str, position: int, detail: str) -> None:
        if len(self.faults) < MOST_PROBLEMS:
            self.faults.append(Fault(kind, position, detail))


async def verify(store: EventStore | Fetches, tenant_id: UUID, *, chunk: int = CHUNK) -> Report:
    """Check positions, versions, the hash chain and the stored answers of a tenant's log.

    `store` may also be an asyncpg connection or pool. Events appended meanwhile are left for the next time.
    """
    source: Fetches = store.all_tenants if isinstance(store, EventStore) else store
    report = Report(tenant_id)
    report.head = (await source.fetch(_HEAD, tenant_id))[0][0]
    for after in range(0, report.head, chunk):
        upto = min(after + chunk, report.head)
        dense = (await source.fetch(_DENSE, tenant_id, after, upto))[0]
        report.events += dense["events"]
        if dense["dense"] != upto - after:
            at = dense["first_wrong"] or after + dense["events"] + 1
            report.add("hole", at, f"positions {after + 1} to {upto} hold {dense['events']} events")
        for row in await source.fetch(_CHAIN, tenant_id, after, upto, MOST_PROBLEMS):
            report.add("chain", row["position"], "its hash or time does not follow from the event before it")
        for row in await source.fetch(_VERSIONS, tenant_id, after, upto, MOST_PROBLEMS):
            report.add("versions", row["position"], "the version before it is not before it in its stream")
        for row in await source.fetch(_ANSWERS, tenant_id, after, upto, MOST_PROBLEMS):
            report.add("answer", row["first_position"], f"events answered under key {row['key']} are missing")
    return report
