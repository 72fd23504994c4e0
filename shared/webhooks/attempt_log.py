"""The log of attempts: looked at, its answers expunged, forgotten after its days. The engine writes it; this sends
nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.feed.reading import Shown
from shared.webhooks.attempts import new_id
from shared.webhooks.outcome import storable
from shared.webhooks.replaying import TEST_FLOW
from shared.webhooks.sending import KEPT_BYTES, Answer

Outcome = Literal["delivered", "failed", "waiting", "parked"]
"""`waiting`: failed, and tried again at `next_at`. `parked`: failed, and not tried again by itself. `failed`: both."""

FORGET_AT_ONCE = 5_000

COLUMNS = """attempt_id, endpoint_id, flow_id, event_id, position, type, subject, lane, number, at, took_ms, status,
       fault, error, answer, next_at"""
ONE = f"""
select {COLUMNS} from delivery.attempts where tenant_id = $1 and endpoint_id = $2 and attempt_id = $3
"""  # noqa: S608 - constants only
LIST = f"""
select {COLUMNS} from delivery.attempts
 where tenant_id = $1 and endpoint_id = $2
   and ($3::text is null or case $3 when 'delivered' then status between 200 and 299
                                    when 'failed' then (status between 200 and 299) is not true
                                    when 'waiting' then (status between 200 and 299) is not true and next_at is not null
                                    else (status between 200 and 299) is not true and next_at is null end)
   and ($4::uuid is null or flow_id = $4) and ($5::text is null or type = $5) and ($6::uuid is null or subject = $6)
   and ($7::bigint is null or position = $7)
   and ($8::timestamptz is null or at >= $8) and ($9::timestamptz is null or at <= $9)
   and ($10::timestamptz is null or (at, attempt_id) < ($10, $11::uuid))
 order by at desc, attempt_id desc limit $12
"""  # noqa: S608 - constants only
EXPUNGE = """
update delivery.attempts set answer = null, error = null
 where tenant_id = $1 and endpoint_id = $2 and (answer is not null or error is not null)
   and ($3::uuid is null or attempt_id = $3) and ($4::uuid is null or subject = $4)
   and ($5::bigint is null or position = $5) and ($6::timestamptz is null or at <= $6)
"""
NOTE_TEST = """
insert into delivery.attempts (tenant_id, attempt_id, endpoint_id, flow_id, event_id, position, type, subject, lane,
                               number, at, took_ms, status, fault, error, answer)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $12, $13, $14, $15)
"""
# By endpoint, whose index is by time: a table with nothing to forget is not read through. So many in all, however many
# endpoints there are: a statement that took longer than one may would never come to its end.
FORGET = """
delete from delivery.attempts a
 using (select old.tenant_id, old.attempt_id
          from (select distinct tenant_id, endpoint_id from delivery.flows) f
         cross join lateral (
               select t.tenant_id, t.attempt_id from delivery.attempts t
                where t.tenant_id = f.tenant_id and t.endpoint_id = f.endpoint_id and t.at < $1
                order by t.at limit $2) as old
         limit $2) as old
 where (a.tenant_id, a.attempt_id) = (old.tenant_id, old.attempt_id)
"""
FORGET_NOTICES = """
with gone as (delete from delivery.notices where at < $1 returning tenant_id, notice_id)
delete from delivery.tellings t using gone where (t.tenant_id, t.notice_id) = (gone.tenant_id, gone.notice_id)
"""
FORGET_REPLAYS = """
delete from delivery.flows where kind = 'replay' and state in ('done', 'cancelled') and finished_at < $1
"""
# What is left of replays that are over.
FORGET_LANES = """
with over as (
    select tenant_id, flow_id from delivery.flows where kind = 'replay' and state in ('done', 'cancelled')),
    freed as (
    delete from delivery.waiting w using over o where (w.tenant_id, w.flow_id) = (o.tenant_id, o.flow_id))
delete from delivery.lanes l using over o where (l.tenant_id, l.flow_id) = (o.tenant_id, o.flow_id)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempts of an endpoint, each None for all."""

    outcome: Outcome | None = None
    flow_id: UUID | None = None
    type: str | None = None
    subject: UUID | None = None
    position: int | None = None
    since: datetime | None = None
    until: datetime | None = None


async def attempts(
    pool: Any,
    tenant_id: UUID,
    endpoint_id: UUID,
    wanted: Wanted,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Attempts, the newest first, as rows of COLUMNS."""
    at, id = before or (None, None)
    found: Sequence[Any] = await pool.fetch(
        LIST,
        tenant_id,
        endpoint_id,
        wanted.outcome,
        wanted.flow_id,
        wanted.type,
        wanted.subject,
        wanted.position,
        wanted.since,
        wanted.until,
        at,
        id,
        limit,
    )
    return found


async def one_attempt(pool: Any, tenant_id: UUID, endpoint_id: UUID, attempt_id: UUID) -> Any | None:
    return await pool.fetchrow(ONE, tenant_id, endpoint_id, attempt_id)


async def note_test(
    pool: Any, tenant_id: UUID, endpoint_id: UUID, event_id: str, event: Shown, answer: Answer, *, at: datetime
) -> UUID:
    """Keep an attempt that was a test; its id. It counts for nothing."""
    attempt_id = new_id(at)
    await pool.execute(
        NOTE_TEST,
        tenant_id,
        attempt_id,
        endpoint_id,
        TEST_FLOW,
        event_id,
        event.position,
        event.type,
        event.subject,
        event.lane,
        at,
        answer.took_ms,
        answer.status,
        answer.fault,
        storable(answer.error),
        answer.body[:KEPT_BYTES] or None,
    )
    return attempt_id


async def expunge(
    pool: Any,
    tenant_id: UUID,
    endpoint_id: UUID,
    *,
    attempt_id: UUID | None = None,
    subject: UUID | None = None,
    position: int | None = None,
    until: datetime | None = None,
) -> int:
    """Drop what receivers answered, of one attempt, of a record or event, of all until an instant; how many."""
    status: str = await pool.execute(EXPUNGE, tenant_id, endpoint_id, attempt_id, subject, position, until)
    return _count(status)


async def forget(pool: Any, before: datetime) -> int:
    """Delete attempts, notices and finished replays older than that, of all tenants; how many attempts."""
    await pool.execute(FORGET_NOTICES, before)
    await pool.execute(FORGET_LANES)
    await pool.execute(FORGET_REPLAYS, before)
    forgotten = 0
    while gone := _count(await pool.execute(FORGET, before, FORGET_AT_ONCE)):
        forgotten += gone
    return forgotten


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
