"""Notices: what befell an endpoint, told by another channel than the endpoint itself. Kept, shown, posted to others.

A notice is a row (`failing`, `paused`, `recovered`, `backlog` …). Each endpoint that asks for notices and may know of
the other is sent it, signed as its events are, with a schedule of its own: at least once, in no order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.event_store import connections
from shared.feed.envelope import rendered, source
from shared.telemetry import logger
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.outcome import EVERY_REQUEST
from shared.webhooks.schedule import SCHEDULE_SECONDS, Chance, Verdict, asked_to_wait, delay, verdict
from shared.webhooks.sending import Answer, Networks, Sends
from shared.webhooks.signing import NothingSigns, sign
from shared.webhooks.vaulted import SealedSecrets, Signing

log = logger("deliveries")

TYPE_PREFIX = "webhook."
"""Types of notices begin so; no fact's does."""
AT_ONCE = 50
CLAIM_SECONDS = 60
"""Whoever takes a telling has so long; then another takes it."""

COLUMNS = "notice_id, endpoint_id, kind, at, said"
LIST = f"""
select {COLUMNS} from delivery.notices
 where tenant_id = $1 and ($2::uuid[] is null or endpoint_id = any($2)) and ($3::text is null or kind = $3)
   and ($4::timestamptz is null or (at, notice_id) < ($4, $5::uuid))
 order by at desc, notice_id desc limit $6
"""  # noqa: S608 - constants only
ANY = """
select exists (select from delivery.notices where not spread)
    or exists (select from delivery.tellings where over_at is null and next_at <= $1)
"""
FRESH = """
select tenant_id, notice_id, endpoint_id from delivery.notices where not spread order by tenant_id, at limit 1000
"""
SPREAD = """
with fresh as (
    select tenant_id, notice_id, endpoint_id from delivery.notices where not spread and notice_id = any($5::uuid[])
     order by tenant_id, at for update skip locked
),
told as (
    insert into delivery.tellings (tenant_id, notice_id, endpoint_id, next_at)
    select f.tenant_id, f.notice_id, a.asks, $4
      from fresh f
      join unnest($1::uuid[], $2::uuid[], $3::uuid[]) as a(tenant_id, asks, about)
        on a.tenant_id = f.tenant_id and a.about = f.endpoint_id
    on conflict do nothing
)
update delivery.notices n set spread = true from fresh f
 where (n.tenant_id, n.notice_id) = (f.tenant_id, f.notice_id)
returning n.notice_id
"""
CLAIM = """
with due as (
    select tenant_id, notice_id, endpoint_id from delivery.tellings
     where over_at is null and next_at <= $1 order by next_at limit $2 for update skip locked
)
update delivery.tellings t set next_at = $3
  from due d join delivery.notices n on n.tenant_id = d.tenant_id and n.notice_id = d.notice_id
 where (t.tenant_id, t.notice_id, t.endpoint_id) = (d.tenant_id, d.notice_id, d.endpoint_id)
returning t.tenant_id, t.endpoint_id as asks, t.attempts + 1 as number, n.notice_id, n.endpoint_id, n.kind, n.at, n.said
"""
SETTLE = """
update delivery.tellings
   set next_at = $4, over_at = $5, status = $6, fault = $7, attempts = attempts + case when $8 then 1 else 0 end
 where tenant_id = $1 and notice_id = $2 and endpoint_id = $3
"""

Allowed = Callable[[Any, UUID], Awaitable[Networks]]
Registry = Callable[[Any], Awaitable[Sequence[Endpoint]]]


async def notices(
    pool: Any,
    tenant_id: UUID,
    *,
    endpoints: Collection[UUID] | None = None,
    kind: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Notices, the newest first, as rows of COLUMNS."""
    at, id = before or (None, None)
    of = None if endpoints is None else list(endpoints)
    found: Sequence[Any] = await pool.fetch(LIST, tenant_id, of, kind, at, id, limit)
    return found


def notice_id(id: UUID) -> str:
    """A notice's `webhook-id`."""
    return f"ntc_{id.hex}"


def notice_envelope(row: Mapping[str, Any], tenant_id: UUID) -> dict[str, Any]:
    """A notice as it is posted: the envelope of events, without a place in the log. `subject` is the endpoint."""
    return {
        "specversion": "1.0",
        "id": notice_id(row["notice_id"]),
        "source": source(tenant_id),
        "type": TYPE_PREFIX + row["kind"],
        "subject": str(row["endpoint_id"]),
        "time": row["at"],
        "timestamp": row["at"],
        "datacontenttype": "application/json",
        "subject_type": "webhook_endpoint",
        "data": {"endpoint_id": str(row["endpoint_id"]), **row["said"]},
    }


def may_know(asks: Endpoint, about: Endpoint) -> bool:
    """Whether one endpoint is told of another: of the whole company, or of the same unit; never of itself."""
    if asks.tenant_id != about.tenant_id or asks.endpoint_id == about.endpoint_id:
        return False
    return asks.notices and asks.status == "open" and asks.unit_id in (None, about.unit_id)


@dataclass(frozen=True, slots=True)
class Teller:
    """What posts notices. Any number may run; a telling is with one of them at a time."""

    pool: Any
    sends: Sends
    sealed: SealedSecrets
    registry: Registry
    allowed: Allowed
    clock: Callable[[], datetime]
    chance: Chance

    async def run_once(self) -> int:
        """Spread new notices and post what is due; how many were posted."""
        now = self.clock()
        if not await self.pool.fetchval(ANY, now):  # as a rule; then nobody's endpoints are read
            return 0
        endpoints = await self.registry(self.pool)
        asking = [endpoint for endpoint in endpoints if endpoint.notices]
        await self._spread(endpoints, asking, now)
        due = await self.pool.fetch(CLAIM, now, AT_ONCE, now + timedelta(seconds=CLAIM_SECONDS))
        known = {(endpoint.tenant_id, endpoint.endpoint_id): endpoint for endpoint in asking}
        async with asyncio.TaskGroup() as group:  # nobody waits for a receiver of somebody else's
            for row in due:
                group.create_task(self._told(row, known.get((row["tenant_id"], row["asks"]))))
        return len(due)

    async def _spread(self, endpoints: Sequence[Endpoint], asking: Sequence[Endpoint], now: datetime) -> None:
        """Note who is told of what is new."""
        fresh = await self.pool.fetch(FRESH)
        if not fresh:
            return
        befell = {(row["tenant_id"], row["endpoint_id"]) for row in fresh}
        about = [endpoint for endpoint in endpoints if (endpoint.tenant_id, endpoint.endpoint_id) in befell]
        pairs = [(asks, one) for one in about for asks in asking if may_know(asks, one)]
        await self.pool.fetch(
            SPREAD,
            [asks.tenant_id for asks, _ in pairs],
            [asks.endpoint_id for asks, _ in pairs],
            [one.endpoint_id for _, one in pairs],
            now,
            [row["notice_id"] for row in fresh],
        )

    async def _told(self, row: Mapping[str, Any], asks: Endpoint | None) -> None:
        """The same as `_tell`; what goes wrong with one is tried again later and keeps back no other."""
        try:
            await self._tell(row, asks)
        except connections.AWAY:
            raise  # the database is away
        except Exception:
            log.exception("telling_broken", notice=str(row["notice_id"]), endpoint=str(row["asks"]))

    async def _tell(self, row: Mapping[str, Any], asks: Endpoint | None) -> None:
        """Post one notice to one endpoint and note what came of it. One that asks no more is left out."""
        now = self.clock()
        if asks is None or asks.status in ("unproven", "removed"):
            await self._settle(row, next_at=now, over_at=now)
            return
        signing = None if asks.status == "paused" else await self.sealed.of(asks)
        if signing is None:
            await self._settle(row, next_at=now + timedelta(seconds=CLAIM_SECONDS))
            return
        body = rendered(notice_envelope(row, asks.tenant_id))
        try:
            headers = notice_headers(signing, notice_id(row["notice_id"]), now, body, row["number"])
        except NothingSigns:
            await self._settle(row, next_at=now, over_at=now)
            return
        answer = await self.sends.post(asks.url, headers, body, allowed=await self.allowed(self.pool, asks.tenant_id))
        now, came = self.clock(), verdict(answer)
        over = came in (Verdict.DELIVERED, Verdict.GONE) or row["number"] >= len(SCHEDULE_SECONDS)
        wait = delay(row["number"], asked_to_wait(answer, now), self.chance)
        await self._settle(row, next_at=now + wait, over_at=now if over else None, answer=answer)

    async def _settle(
        self,
        row: Mapping[str, Any],
        *,
        next_at: datetime,
        over_at: datetime | None = None,
        answer: Answer | None = None,
    ) -> None:
        status, fault = (None, None) if answer is None else (answer.status, answer.fault)
        await self.pool.execute(
            SETTLE, row["tenant_id"], row["notice_id"], row["asks"], next_at, over_at, status, fault, answer is not None
        )


def notice_headers(signing: Signing, id: str, at: datetime, body: bytes, attempt: int) -> dict[str, str]:
    """The headers of one attempt to tell. Raises NothingSigns."""
    return {
        **signing.headers,
        **EVERY_REQUEST,
        "webhook-attempt": str(attempt),
        **sign(signing.secrets, id, at, body),
    }
