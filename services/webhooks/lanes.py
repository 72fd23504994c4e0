"""Lanes that wait, over HTTP: which subjects are held up by which event, tried again or freed of it. Sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.webhooks.asking import seen
from services.webhooks.commands import Reason
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.making import ENDPOINTS
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import MAX_POSITION, Listed, Now, Paged
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.webhooks import parked, replaying
from shared.webhooks.parked import State

router = Router(prefix="/v1/webhooks", tags=["webhooks"])


class LaneShown(BaseModel):
    """A subject whose next event could not be delivered; later ones of the same subject wait behind it."""

    lane: UUID = Field(description="The account or opportunity whose order is kept.")
    replay_id: UUID | None
    state: State = Field(description="`waiting`: tried again at `next_at`; `parked`: not tried again by itself.")
    position: int = Field(description="The first event that is not delivered.")
    event_at: datetime = Field(description="When it was recorded.")
    age_seconds: float
    events: int = Field(description="How many events wait in it, this one among them.")
    attempts: int
    first_failed_at: datetime
    next_at: datetime | None
    status: int | None = Field(title="应答状态码", description="What the last attempt was answered.")
    fault: str | None


class OfFlow(BaseModel):
    """Lanes of the live flow, or of a replay."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{}]})

    replay_id: UUID | None = Field(default=None, description="Of this replay; null: of what is sent as it happens.")


class RetryLanes(OfFlow):
    """Try lanes again, at once and from the beginning of the schedule."""

    state: State | None = Field(default="parked", description="Null: those that wait for their time, too.")


class SkipEvent(OfFlow):
    """Leave one event undelivered for ever, and say why: the lane goes on with the next."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"position": 1042, "reason": "the ERP has it already"}]},
    )

    position: int = Field(ge=1, le=MAX_POSITION, description="Where the lane stands: you skip what you have seen.")
    reason: Reason


class Retried(BaseModel):
    """How many lanes are tried again."""

    retried: int


@router.get("/{endpoint_id}/lanes", operation_id="webhooks.lanes", responses=refuses(403, 404))
async def lanes(
    endpoint_id: UUID,
    read: Now,
    page: Paged,
    state: Annotated[State | None, Query(description="Only lanes in this state.")] = None,
    replay_id: Annotated[UUID | None, Query(description="Of this replay; by default of the live flow.")] = None,
) -> Listed[LaneShown]:
    """The subjects whose next event is held up, and by what."""
    await seen(read.kit, read.principal, endpoint_id)
    flow_id = await _flow(read.pool, read.tenant_id, endpoint_id, replay_id)
    after = page.after(UUID)
    found = await parked.lanes(
        read.pool, read.tenant_id, flow_id, state=state, after=after[0] if after else None, limit=page.limit + 1
    )
    shown, following = page.of(found, lambda row: (row["lane"],))
    return Listed(items=[_shown(row, read.kit.clock()) for row in shown], next=following)


@router.post("/{endpoint_id}/lanes/retry", operation_id="webhooks.retry_lanes", responses=refuses(403, 404, 409))
async def retry_lanes(endpoint_id: UUID, command: RetryLanes, ctx: Ctx) -> Retried:
    """Try all parked lanes again, at once. Harmless twice."""
    await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    flow_id = await _flow(ctx.kit.pool, ctx.tenant_id, endpoint_id, command.replay_id)
    return Retried(retried=await parked.retry(ctx.kit.pool, ctx.tenant_id, flow_id, at=ctx.now, state=command.state))


@router.post("/{endpoint_id}/lanes/{lane}/retry", operation_id="webhooks.retry_lane", responses=refuses(403, 404, 409))
async def retry_lane(endpoint_id: UUID, lane: UUID, command: OfFlow, ctx: Ctx) -> Retried:
    """Try one lane again, at once. Harmless twice."""
    await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    flow_id = await _flow(ctx.kit.pool, ctx.tenant_id, endpoint_id, command.replay_id)
    retried = await parked.retry(ctx.kit.pool, ctx.tenant_id, flow_id, at=ctx.now, lane=lane)
    if not retried:
        raise Problem(404, "not_found")
    return Retried(retried=retried)


@router.post(
    "/{endpoint_id}/lanes/{lane}/skip",
    operation_id="webhooks.skip_event",
    response_model=Receipt,
    responses=refuses(403, 404, 409, 412, 428),
)
async def skip_event(endpoint_id: UUID, lane: UUID, command: SkipEvent, ctx: CtxMatch) -> Receipt:
    """Leave the event a lane stands at undelivered, for ever and on record; the lane goes on with the next."""
    await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    pool, tenant_id = ctx.kit.pool, ctx.tenant_id
    flow_id = await _flow(pool, tenant_id, endpoint_id, command.replay_id)

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await work.load(ENDPOINTS, endpoint_id, matched=True)
        row = await parked.one_lane(pool, tenant_id, flow_id, lane)
        if row is None:
            raise Problem(404, "not_found")
        if row["position"] != command.position:
            raise Refused("lane_elsewhere", "the lane stands at another event", position=row["position"])
        endpoint.skip_event(flow_id, lane, command.position, reason=command.reason, at=ctx.now)
        return endpoint

    receipt = await ENDPOINTS.together(ctx, decide)
    # after the fact, and again when the command is sent again: it moves a lane only from where it stood
    await parked.skip(pool, tenant_id, flow_id, lane, command.position, at=ctx.now)
    return receipt


async def _flow(pool: Any, tenant_id: UUID, endpoint_id: UUID, replay_id: UUID | None) -> UUID:
    """The flow whose lanes are meant. Raises Problem 404."""
    if replay_id is None:
        return endpoint_id
    row = await replaying.one_replay(pool, tenant_id, replay_id)
    if row is None or row["endpoint_id"] != endpoint_id:
        raise Problem(404, "not_found")
    return replay_id


def _shown(row: Any, now: datetime) -> LaneShown:
    return LaneShown(
        lane=row["lane"],
        replay_id=None if row["flow_id"] == row["endpoint_id"] else row["flow_id"],
        age_seconds=max(0.0, (now - row["event_at"]).total_seconds()),
        next_at=row["next_at"] if row["state"] == "waiting" else None,
        **{
            name: row[name]
            for name in ("state", "position", "event_at", "events", "attempts", "first_failed_at", "status", "fault")
        },
    )
