"""How deliveries to an endpoint stand: lag, age, success, the receiver's times, replays. Counts when asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.webhooks.asking import question, seen
from services.webhooks.replays_shown import ReplayShown, all_shown
from shared.http.openapi import refuses
from shared.http.reading import Now, Reading
from shared.http.route import Router
from shared.http.tables import no_table
from shared.webhooks import replaying
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.figures import RECENT, RECENT_ATTEMPTS, Behind, behind, flow, rated
from shared.webhooks.replaying import Count

router = Router(prefix="/v1/webhooks", tags=["webhooks"])


class Lag(BaseModel):
    """How far what is sent as it happens is behind the log."""

    position: int = Field(description="All up to here is delivered, not for this endpoint, or waits in a lane.")
    head: int = Field(description="Where the log ends.")
    positions: int = Field(description="Positions between.")
    events: int = Field(description="Events of this endpoint between that are not delivered and wait in no lane.")
    exact: bool = Field(description="Whether these events were counted, or reckoned from a part.")
    seconds: float = Field(description="Age of the first event between; 0 when there is none.")


class Waiting(BaseModel):
    """What is held up, and why."""

    lanes_waiting: int = Field(description="Subjects whose next event is to be tried again.")
    lanes_parked: int = Field(description="Subjects whose next event is not tried again by itself.")
    events: int = Field(description="Events that wait in these lanes.")
    oldest_undelivered_at: datetime | None = Field(
        description="When the oldest event that is not delivered was recorded, parked and throttled ones included."
    )
    oldest_undelivered_seconds: float
    throttled_until: datetime | None = Field(description="Until when the receiver asked for peace.")
    failing_since: datetime | None = Field(description="Since when nothing got through.")
    failures: int = Field(description="Attempts in a row that failed.")


class Recent(BaseModel):
    """How the receiver answered in the last hours; faults of our own are left out."""

    window_seconds: int
    attempts: int = Field(description=f"At most {RECENT_ATTEMPTS:,}, the latest.")
    delivered: int
    success_ratio: float | None = Field(description="From 0 to 1; null without attempts.")
    since: datetime | None = Field(description="The earliest of these attempts.")
    took_ms_p50: float | None = Field(description="How long the receiver took, from name look-up to answer.")
    took_ms_p95: float | None
    took_ms_p99: float | None


class FiguresShown(BaseModel):
    """How deliveries to one endpoint stand now."""

    endpoint_id: UUID
    status: Literal["unproven", "open", "paused", "removed"]
    at: datetime
    begun: bool = Field(description="Whether a worker has taken it up; until then the figures are as at its start.")
    lag: Lag
    waiting: Waiting
    in_flight: int = Field(description="Events on their way, as the worker told last.")
    pace: float | None = Field(description="Subjects it is sent at a time: fewer when the receiver is slow.")
    delivered: int = Field(description="Events delivered since it was made, replays not counted.")
    attempts_failed: int
    recent: Recent
    replays: list[ReplayShown] = Field(description="Replays that are not over.")


@router.get("/{endpoint_id}/figures", operation_id="webhooks.figures", responses=refuses(403, 404))
@no_table
async def figures(endpoint_id: UUID, read: Now) -> FiguresShown:
    """How far behind, how old, how well: deliveries to one endpoint (投递状况)."""
    endpoint = await seen(read.kit, read.principal, endpoint_id)
    now = read.kit.clock()
    row = await flow(read.pool, read.tenant_id, endpoint_id)
    head = await read.kit.store.head(read.tenant_id)
    place = min(endpoint.start.position if row is None else row["position"], head.position)
    ahead = await _ahead(read, endpoint, head.epoch, place, head.position)
    first = [at for at in (ahead.first_at, None if row is None else row["oldest"]) if at is not None]
    oldest = min(first, default=None)
    lately = await rated(read.pool, read.tenant_id, endpoint_id, at=now)
    took = lately.took_ms or (None, None, None)
    open_replays = await replaying.replays(
        read.pool, read.tenant_id, endpoint_id, states=replaying.OPEN_STATES, limit=replaying.MOST_OPEN
    )

    def of_flow(name: str, otherwise: Any) -> Any:
        return otherwise if row is None else row[name]

    return FiguresShown(
        endpoint_id=endpoint_id,
        status=endpoint.status,
        at=now,
        begun=row is not None,
        lag=Lag(
            position=place,
            head=head.position,
            positions=head.position - place,
            events=max(0, ahead.events.events - of_flow("ahead", 0) - of_flow("beyond", 0)),
            exact=ahead.events.exact,
            seconds=_age(ahead.first_at, now),
        ),
        waiting=Waiting(
            lanes_waiting=of_flow("waiting", 0),
            lanes_parked=of_flow("parked", 0),
            events=of_flow("events", 0),
            oldest_undelivered_at=oldest,
            oldest_undelivered_seconds=_age(oldest, now),
            throttled_until=of_flow("not_before", None),
            failing_since=of_flow("failing_since", None),
            failures=of_flow("failures", 0),
        ),
        in_flight=of_flow("in_flight", 0),
        pace=of_flow("pace", None),
        delivered=of_flow("delivered", 0),
        attempts_failed=of_flow("failed", 0),
        recent=Recent(
            window_seconds=int(RECENT.total_seconds()),
            attempts=lately.attempts,
            delivered=lately.delivered,
            success_ratio=lately.ratio,
            since=lately.since,
            took_ms_p50=took[0],
            took_ms_p95=took[1],
            took_ms_p99=took[2],
        ),
        replays=await all_shown(read.kit, read.tenant_id, open_replays),
    )


async def _ahead(read: Reading, endpoint: Endpoint, epoch: int, after: int, upto: int) -> Behind:
    """What lies before the cursor; nothing for an endpoint that is sent nothing."""
    if endpoint.status in ("unproven", "removed"):
        return Behind(Count(0))
    asked = await question(read.kit, endpoint)
    return await behind(read.pool, read.tenant_id, epoch, asked, read.kit.scopes, after=after, upto=upto)


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
