"""Replays: flows beside the live one, over events that were there before. Asked for, counted, opened; sends nothing.

A replay narrows its endpoint's own question and never widens what the endpoint may see. Its wish stands in the flow's
`question`, in the words of `Wish`; `narrowed` reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.feed.reading import Question, read
from shared.feed.scopes import Scopes
from shared.webhooks.endpoint import Place

State = Literal["running", "paused", "done", "cancelled"]
OPEN_STATES: tuple[State, ...] = ("running", "paused")

MOST_OPEN = 5
"""Replays of one endpoint that are not over at a time."""
MOST_FAILED = 100_000
"""Events one replay of failures takes: their places are kept with it."""
COUNT_SECONDS = 2.0
"""How long a count looks at events one by one; then it reckons from what it has seen."""
COUNT_PAGE = 1_000

COUNT_ALL = """
select count(*) from es.events
 where tenant_id = $1 and position > $2 and position <= $3 and ($4::text[] is null or type = any($4))
"""
# Places whose event failed and, as far as attempts are still on file, was delivered neither then nor later.
FAILED = """
select distinct a.position from delivery.attempts a
 where a.tenant_id = $1 and a.endpoint_id = $2 and a.position > $3 and a.position <= $4 and a.flow_id <> $5
   and (a.status between 200 and 299) is not true
   and not exists (
       select from delivery.attempts b
        where b.tenant_id = $1 and b.endpoint_id = $2 and b.position = a.position and b.flow_id <> $5
          and b.status between 200 and 299)
 order by a.position limit $6
"""
OPEN = """
insert into delivery.flows (tenant_id, flow_id, endpoint_id, kind, state, epoch, position, upto, question, rate, total,
                            made_by, made_at, moved_at)
select $1, $2, $3, 'replay', 'running', $4, $5, $6, $7, $8, $9, $10, $11, $11
 where (select count(*) from delivery.flows f
         where f.tenant_id = $1 and f.endpoint_id = $3 and f.kind = 'replay' and f.state in ('running', 'paused'))
       < $12
on conflict do nothing
"""
COLUMNS = """flow_id, endpoint_id, state, epoch, position, upto, question, rate, total, delivered, failed, made_by,
       made_at, moved_at, finished_at, failing_since, not_before,
       (select count(*) from delivery.lanes l
         where l.tenant_id = f.tenant_id and l.flow_id = f.flow_id and l.state = 'waiting') as waiting,
       (select count(*) from delivery.lanes l
         where l.tenant_id = f.tenant_id and l.flow_id = f.flow_id and l.state = 'parked') as parked"""
ONE = f"select {COLUMNS} from delivery.flows f where tenant_id = $1 and flow_id = $2 and kind = 'replay'"  # noqa: S608 - constants only
LIST = f"""
select {COLUMNS} from delivery.flows f
 where tenant_id = $1 and endpoint_id = $2 and kind = 'replay' and ($3::text[] is null or state = any($3))
   and ($4::timestamptz is null or (made_at, flow_id) < ($4, $5::uuid))
 order by made_at desc, flow_id desc limit $6
"""  # noqa: S608 - constants only
# What is on its way arrives, and is counted if whoever sends it still holds the flow.
MOVE = """
update delivery.flows
   set state = $4::text, moved_at = $5::timestamptz,
       finished_at = case when $4::text = 'cancelled' then $5::timestamptz end,
       not_before = case when $4::text = 'running' then null else not_before end
 where tenant_id = $1 and flow_id = $2 and kind = 'replay' and state = any($3)
returning flow_id
"""
TEST_FLOW = UUID(int=0)
"""Stands for no flow: attempts of tests, which count for nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a replay is to send, beside its range: each None for all. `positions`: these places alone (failures)."""

    types: frozenset[str] | None = None
    subject: UUID | None = None
    imported: bool | None = None
    failed: bool = False
    positions: frozenset[int] | None = None

    def stored(self) -> dict[str, Any]:
        """As it stands in the flow."""
        return {
            "types": None if self.types is None else sorted(self.types),
            "subject": None if self.subject is None else str(self.subject),
            "imported": self.imported,
            "failed": self.failed,
            "positions": None if self.positions is None else sorted(self.positions),
        }


def wish(stored: Mapping[str, Any]) -> Wish:
    """The wish that stands in a flow."""
    types, subject, positions = stored.get("types"), stored.get("subject"), stored.get("positions")
    return Wish(
        types=None if types is None else frozenset(types),
        subject=None if subject is None else UUID(subject),
        imported=stored.get("imported"),
        failed=bool(stored.get("failed")),
        positions=None if positions is None else frozenset(positions),
    )


def narrowed(question: Question, wanted: Wish) -> Question:
    """An endpoint's own question with a replay's wish on top. Only imported history may be had that it does not ask
    for of itself."""
    types = question.types if wanted.types is None else wanted.types
    if question.types is not None and wanted.types is not None:
        types = question.types & wanted.types
    return replace(
        question,
        types=types,
        subject=wanted.subject or question.subject,
        imported=question.imported if wanted.imported is None else wanted.imported,
        positions=wanted.positions if question.positions is None else question.positions,
    )


@dataclass(frozen=True, slots=True)
class Count:
    """How many events a range holds for a question; not `exact`: reckoned from those of a part of it."""

    events: int
    exact: bool = True


async def count(
    pool: Any,
    tenant_id: UUID,
    epoch: int,
    question: Question,
    scopes: Scopes,
    *,
    after: int,
    upto: int,
    seconds: float = COUNT_SECONDS,
) -> Count:
    """How many events after a position, up to one, a reader would be shown."""
    if upto <= after or question.types == frozenset():
        return Count(0)
    plain = question.subject is None and question.unit_ids is None and question.changed is None
    if plain and question.sight.everything and question.imported and question.positions is None:
        types = None if question.types is None else sorted(question.types)
        return Count(await pool.fetchval(COUNT_ALL, tenant_id, after, upto, types))
    loop = asyncio.get_running_loop()
    end, place, found = loop.time() + seconds, after, 0
    while place < upto:
        page = await read(
            pool, tenant_id, epoch, question, scopes, after=place, upto=upto, limit=COUNT_PAGE, lanes=False
        )
        found += len(page.events)
        place = page.upto
        if place < upto and loop.time() > end:
            return Count(round(found * (upto - after) / (place - after)), exact=False)
    return Count(found)


async def failures(pool: Any, tenant_id: UUID, endpoint_id: UUID, *, after: int, upto: int) -> list[int]:
    """Places of events that failed and were not delivered since, at most one more than `MOST_FAILED`."""
    rows = await pool.fetch(FAILED, tenant_id, endpoint_id, after, upto, TEST_FLOW, MOST_FAILED + 1)
    return [row["position"] for row in rows]


async def open_replay(
    pool: Any,
    tenant_id: UUID,
    flow_id: UUID,
    endpoint_id: UUID,
    *,
    wanted: Wish,
    after: Place,
    upto: int,
    counted: Count,
    rate: float | None,
    by: UUID,
    at: datetime,
    fingerprint: str = "",
) -> bool:
    """Open a replay; False when too many of this endpoint are open, or this one is there already."""
    beside = {"after": after.position, "exact": counted.exact, "fingerprint": fingerprint}
    status: str = await pool.execute(
        OPEN,
        tenant_id,
        flow_id,
        endpoint_id,
        after.epoch,
        after.position,
        upto,
        wanted.stored() | beside,
        rate,
        counted.events,
        by,
        at,
        MOST_OPEN,
    )
    return status.endswith(" 1")


async def one_replay(pool: Any, tenant_id: UUID, flow_id: UUID) -> Any | None:
    """One replay as a row of COLUMNS."""
    return await pool.fetchrow(ONE, tenant_id, flow_id)


async def replays(
    pool: Any,
    tenant_id: UUID,
    endpoint_id: UUID,
    *,
    states: Sequence[str] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Replays of an endpoint, newest first."""
    at, id = before or (None, None)
    found: Sequence[Any] = await pool.fetch(LIST, tenant_id, endpoint_id, states, at, id, limit)
    return found


async def move(pool: Any, tenant_id: UUID, flow_id: UUID, *, among: Sequence[State], to: State, at: datetime) -> bool:
    """Bring a replay from one of these states to another; False when it is in none of them."""
    return await pool.fetchval(MOVE, tenant_id, flow_id, list(among), to, at) is not None
