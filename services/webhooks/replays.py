"""Replays over HTTP: events that were there before, sent again beside what is new. The worker sends them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.webhooks.asking import question, seen
from services.webhooks.bodies import Decision, Moment, Position, Rate
from services.webhooks.commands import MOST_NAMES, EventType
from services.webhooks.replays_shown import ReplayShown, all_shown, planned, shown
from services.webhooks.wishes import require_types
from shared.http.context import CommandContext, Ctx
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Now, Paged
from shared.http.route import Router
from shared.webhooks import replaying
from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.figures import flow, rated
from shared.webhooks.replaying import State, Wish

router = Router(prefix="/v1/webhooks", tags=["webhooks"])
REFUSED = refuses(403, 404, 409)

USUAL_SPEED = 100.0
"""Events a second that are reckoned with where nothing was sent yet."""
MOST_SPEED = 500.0


class OpenReplay(BaseModel):
    """Send again what was recorded in a range of the log, beside what is new. Without a beginning: from the first
    event; without an end: up to the last one recorded now. The endpoint's own filter and right hold as ever."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"from_time": "2026-01-01T00:00:00Z", "types": ["DealWon"], "rate": 20, "dry_run": True},
                {"from_position": 1200, "to_position": 8000, "failed": True},
            ]
        },
    )

    from_position: Position | None = Field(default=None, description="The first position that is looked at.")
    from_time: Moment | None = Field(default=None, description="Instead: what was recorded since.")
    to_position: Position | None = Field(default=None, description="The last position that is looked at.")
    to_time: Moment | None = Field(default=None, description="Instead: what was recorded until then.")
    types: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=MOST_NAMES)] | None = Field(
        default=None, description="Only these types, of those the endpoint is sent."
    )
    subject: UUID | None = Field(default=None, description="Only events of this record.")
    failed: Decision = Field(
        default=False, description="Only events that failed and were not delivered since, as far as attempts are kept."
    )
    imported: Decision | None = Field(
        default=None, description="With history taken in from files, or without; null: as the endpoint is sent it."
    )
    rate: Rate | None = Field(
        default=None, description="Most events a second of this replay; null: as the endpoint takes them."
    )
    dry_run: Decision = Field(default=False, description="Only count, and reckon how long it would take.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for edge in ("from", "to"):
            if getattr(self, f"{edge}_position") is not None and getattr(self, f"{edge}_time") is not None:
                raise PydanticCustomError("one_of_both", "a range begins and ends at a position or at a time")
        return self


@router.post(
    "/{endpoint_id}/replays",
    status_code=201,
    operation_id="webhooks.replay",
    response_model=ReplayShown,
    responses={**refuses(403, 404, 409, 422), 200: {"model": ReplayShown, "description": "A dry run."}},
)
async def open_replay(endpoint_id: UUID, command: OpenReplay, ctx: Ctx, response: Response) -> ReplayShown:
    """Send past events again, beside what is new, with the same `webhook-id` (重放). A dry run counts them."""
    endpoint = await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    flow_id = ctx.new_id("webhook_replay")
    if not command.dry_run and (known := await _known(ctx, flow_id)) is not None:
        return known
    if endpoint.status == "unproven" and not command.dry_run:
        raise Problem(409, "endpoint_unproven")
    head = await ctx.kit.store.head(ctx.tenant_id)
    after, upto = await _range(ctx, command, head.position)
    wanted = await _wish(ctx, command, endpoint_id, after, upto)
    asked = replaying.narrowed(await question(ctx.kit, endpoint), wanted)
    counted = await replaying.count(
        ctx.kit.pool, ctx.tenant_id, head.epoch, asked, ctx.kit.scopes, after=after, upto=upto
    )
    if command.dry_run:
        response.status_code = 200
        seconds = counted.events / await _speed(ctx, endpoint, command.rate)
        return planned(
            endpoint_id,
            wanted,
            rate=command.rate,
            at=ctx.now,
            after=after,
            upto=upto,
            counted=counted,
            seconds=seconds,
        )
    opened = await replaying.open_replay(
        ctx.kit.pool,
        ctx.tenant_id,
        flow_id,
        endpoint_id,
        wanted=wanted,
        after=Place(head.epoch, after),
        upto=upto,
        counted=counted,
        rate=command.rate,
        by=ctx.principal.acting_for,
        at=ctx.now,
        fingerprint=ctx.fingerprint.hex(),
    )
    if not opened and (known := await _known(ctx, flow_id)) is not None:
        return known
    if not opened:
        raise Problem(409, "too_many_replays", params={"limit": replaying.MOST_OPEN})
    ctx.call.headers.append((b"location", f"/v1/webhooks/{endpoint_id}/replays/{flow_id}".encode()))
    return await _of(ctx, endpoint, flow_id)


@router.get("/{endpoint_id}/replays", operation_id="webhooks.replays", responses=refuses(403, 404))
async def replays(
    endpoint_id: UUID,
    read: Now,
    page: Paged,
    state: Annotated[State | None, Query(description="Only replays in this state.")] = None,
) -> Listed[ReplayShown]:
    """The replays of an endpoint, newest first."""
    await seen(read.kit, read.principal, endpoint_id)
    found = await replaying.replays(
        read.pool,
        read.tenant_id,
        endpoint_id,
        states=None if state is None else [state],
        before=_place(page.after(datetime, UUID)),
        limit=page.limit + 1,
    )
    rows, following = page.of(found, lambda row: (row["made_at"], row["flow_id"]))
    return Listed(items=await all_shown(read.kit, read.tenant_id, rows), next=following)


@router.get("/{endpoint_id}/replays/{replay_id}", operation_id="webhooks.get_replay", responses=refuses(403, 404))
async def replay(endpoint_id: UUID, replay_id: UUID, read: Now) -> ReplayShown:
    """One replay and how far it is."""
    await seen(read.kit, read.principal, endpoint_id)
    (item,) = await all_shown(read.kit, read.tenant_id, [await _row(read.pool, read.tenant_id, endpoint_id, replay_id)])
    return item


@router.post("/{endpoint_id}/replays/{replay_id}/pause", operation_id="webhooks.pause_replay", responses=REFUSED)
async def pause_replay(endpoint_id: UUID, replay_id: UUID, ctx: Ctx) -> ReplayShown:
    """Stop a replay where it stands. Harmless twice."""
    return await _move(ctx, endpoint_id, replay_id, among=("running",), to="paused")


@router.post("/{endpoint_id}/replays/{replay_id}/resume", operation_id="webhooks.resume_replay", responses=REFUSED)
async def resume_replay(endpoint_id: UUID, replay_id: UUID, ctx: Ctx) -> ReplayShown:
    """Let a paused replay go on. Harmless twice."""
    return await _move(ctx, endpoint_id, replay_id, among=("paused",), to="running")


@router.post("/{endpoint_id}/replays/{replay_id}/cancel", operation_id="webhooks.cancel_replay", responses=REFUSED)
async def cancel_replay(endpoint_id: UUID, replay_id: UUID, ctx: Ctx) -> ReplayShown:
    """End a replay for good; what was sent stays sent. Harmless twice."""
    return await _move(ctx, endpoint_id, replay_id, among=("running", "paused"), to="cancelled")


# -- what was asked for ------------------------------------------------------------------------------------


async def _range(ctx: CommandContext, command: OpenReplay, head: int) -> tuple[int, int]:
    """The place before the first and that of the last position. Raises Problem 409, 422."""
    store, tenant = ctx.kit.store, ctx.tenant_id
    after, upto = 0, head
    if command.from_position is not None:
        after = max(0, command.from_position - 1)
    elif command.from_time is not None:
        after = await store.position_at(tenant, command.from_time - timedelta(microseconds=1))
    if command.to_position is not None:
        upto = command.to_position
    elif command.to_time is not None:
        upto = await store.position_at(tenant, command.to_time)
    for name, position in (("from_position", after), ("to_position", upto)):
        if position > head:
            at = At(f"/{name}", "not_recorded_yet", params={"position": head})
            raise Problem(409, "not_recorded_yet", extra={"position": head}, errors=(at,))
    if after > upto:
        raise Problem(422, "empty_range", errors=(At("/to_position", "empty_range"),))
    return after, upto


async def _wish(ctx: CommandContext, command: OpenReplay, endpoint_id: UUID, after: int, upto: int) -> Wish:
    require_types(command.types, {})
    positions = None
    if command.failed:
        found = await replaying.failures(ctx.kit.pool, ctx.tenant_id, endpoint_id, after=after, upto=upto)
        if len(found) > replaying.MOST_FAILED:
            raise Problem(409, "too_many_failures", params={"limit": replaying.MOST_FAILED})
        positions = frozenset(found)
    return Wish(
        types=None if command.types is None else frozenset(command.types),
        subject=command.subject,
        imported=command.imported,
        failed=command.failed,
        positions=positions,
    )


async def _known(ctx: CommandContext, flow_id: UUID) -> ReplayShown | None:
    """The replay this key opened before. Raises Problem 422 when it was another."""
    row = await replaying.one_replay(ctx.kit.pool, ctx.tenant_id, flow_id)
    if row is None:
        return None
    if row["question"].get("fingerprint") != ctx.fingerprint.hex():
        raise Problem(422, "idempotency_key_reused")
    ctx.call.headers.append((b"idempotency-replayed", b"true"))
    return shown(row, ctx.now)


async def _move(
    ctx: CommandContext, endpoint_id: UUID, replay_id: UUID, *, among: tuple[State, ...], to: State
) -> ReplayShown:
    endpoint = await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    row = await _row(ctx.kit.pool, ctx.tenant_id, endpoint_id, replay_id)
    moved = await replaying.move(ctx.kit.pool, ctx.tenant_id, replay_id, among=among, to=to, at=ctx.now)
    if not moved and (await _row(ctx.kit.pool, ctx.tenant_id, endpoint_id, replay_id))["state"] != to:
        raise Problem(409, "replay_over", params={"state": row["state"]})
    return await _of(ctx, endpoint, replay_id)


async def _row(pool: Any, tenant_id: UUID, endpoint_id: UUID, replay_id: UUID) -> Any:
    row = await replaying.one_replay(pool, tenant_id, replay_id)
    if row is None or row["endpoint_id"] != endpoint_id:
        raise Problem(404, "not_found")
    return row


# -- how it is shown ---------------------------------------------------------------------------------------


async def _speed(ctx: CommandContext, endpoint: Endpoint, rate: float | None) -> float:
    """Events a second to be reckoned with: the least of what is allowed and what the receiver lately took."""
    lately = await rated(ctx.kit.pool, ctx.tenant_id, endpoint.endpoint_id, at=ctx.now)
    live = await flow(ctx.kit.pool, ctx.tenant_id, endpoint.endpoint_id)
    speed = USUAL_SPEED
    if lately.took_ms is not None and live is not None:
        speed = min(MOST_SPEED, live["pace"] * 1_000 / max(lately.took_ms[0], 1.0))
    return min(each for each in (speed, rate, endpoint.rate) if each is not None)


async def _of(ctx: CommandContext, endpoint: Endpoint, flow_id: UUID) -> ReplayShown:
    return shown(await _row(ctx.kit.pool, ctx.tenant_id, endpoint.endpoint_id, flow_id), ctx.now)


def _place(given: tuple[Any, ...] | None) -> tuple[datetime, UUID] | None:
    return None if given is None else (given[0], given[1])
