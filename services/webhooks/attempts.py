"""What was tried, over HTTP: attempts with what receivers answered, and dropping those answers. Sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.webhooks.asking import seen
from services.webhooks.bodies import Moment, Position
from shared.http.context import Ctx
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import MAX_POSITION, Listed, Now, Paged
from shared.http.route import Router
from shared.privacy.disclosure import disclosure
from shared.webhooks import attempt_log as log
from shared.webhooks.attempt_log import Outcome, Wanted
from shared.webhooks.replaying import TEST_FLOW

router = Router(prefix="/v1/webhooks", tags=["webhooks"])

ANSWER = "answer"
"""The field by which showing what a receiver answered is on record, where it may echo personal data."""


class AttemptShown(BaseModel):
    """One attempt to deliver one event: what came of it and when it is tried again."""

    id: UUID
    event_id: str = Field(description="The `webhook-id`: the same at every attempt, in replays too.")
    position: int
    type: str
    subject: UUID
    lane: UUID = Field(description="The account or opportunity whose order it keeps.")
    via: Literal["live", "replay", "test"]
    replay_id: UUID | None
    number: int = Field(description="Of this event in this flow, from 1.")
    at: datetime
    took_ms: float
    outcome: Literal["delivered", "waiting", "parked", "test"] = Field(
        description="`waiting`: tried again at `next_at`; `parked`: not tried again by itself."
    )
    status: int | None = Field(description="HTTP status; null when nobody answered.")
    fault: str | None = Field(description="Why nobody answered: dns, connect, tls, timeout …; `own_…`: our own fault.")
    error: str | None
    next_at: datetime | None


class AttemptWhole(AttemptShown):
    """An attempt with the beginning of what the receiver answered."""

    answer: str | None = Field(
        description="The first 2 KB; null when there was none, it was expunged, or the credential is not good for "
        "personal data and the endpoint is sent some."
    )
    expunged: bool = Field(description="Whether there is no answer on file.")


class Expunge(BaseModel):
    """Drop what receivers answered: of one record, of one event, or of all until an instant. The attempts stay."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"subject": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"}]},
    )

    subject: UUID | None = None
    position: Position | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.subject is None and self.position is None and self.until is None:
            raise PydanticCustomError("nothing_named", "name a record, an event or an instant")
        return self


class Expunged(BaseModel):
    """How many answers were dropped."""

    expunged: int


@router.get("/{endpoint_id}/attempts", operation_id="webhooks.attempts", responses=refuses(403, 404))
async def attempts(
    endpoint_id: UUID,
    read: Now,
    page: Paged,
    outcome: Annotated[
        Outcome | None, Query(description="`delivered`; `failed`; of these `waiting` or `parked`.")
    ] = None,
    replay_id: Annotated[UUID | None, Query(description="Of this replay; all by default.")] = None,
    type: Annotated[str | None, Query(min_length=1, max_length=100, pattern="^[A-Za-z][A-Za-z0-9_.]*$")] = None,
    subject: Annotated[UUID | None, Query(description="About this record.")] = None,
    position: Annotated[int | None, Query(ge=0, le=MAX_POSITION, description="Of the event of this position.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Tried at or after.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Tried at or before.")] = None,
) -> Listed[AttemptShown]:
    """What was tried at an endpoint, newest first (投递记录)."""
    await seen(read.kit, read.principal, endpoint_id)
    wanted = Wanted(outcome, replay_id, type, subject, position, since, until)
    place = page.after(datetime, UUID)
    found = await log.attempts(
        read.pool,
        read.tenant_id,
        endpoint_id,
        wanted,
        before=None if place is None else (place[0], place[1]),
        limit=page.limit + 1,
    )
    shown, following = page.of(found, lambda row: (row["at"], row["attempt_id"]))
    return Listed(items=[AttemptShown(**_fields(row)) for row in shown], next=following)


@router.get("/{endpoint_id}/attempts/{attempt_id}", operation_id="webhooks.attempt", responses=refuses(403, 404))
async def attempt(endpoint_id: UUID, attempt_id: UUID, read: Now) -> AttemptWhole:
    """One attempt with the beginning of what was answered."""
    endpoint = await seen(read.kit, read.principal, endpoint_id)
    row = await log.one_attempt(read.pool, read.tenant_id, endpoint_id, attempt_id)
    if row is None:
        raise Problem(404, "not_found")
    kept: bytes | None = row["answer"]
    shown = None if not kept else kept.decode("utf-8", "replace").replace("\0", "�")
    noting = disclosure.get()
    if shown is not None and endpoint.personal and noting is not None and not noting.note(attempt_id, ANSWER):
        shown = None  # a receiver may echo what it was sent
    return AttemptWhole(**_fields(row), answer=shown, expunged=kept is None)


@router.post("/{endpoint_id}/attempts/expunge", operation_id="webhooks.expunge", responses=refuses(403, 404, 409))
async def expunge(endpoint_id: UUID, command: Expunge, ctx: Ctx) -> Expunged:
    """Drop what receivers answered, for good. Harmless twice."""
    await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    gone = await log.expunge(
        ctx.kit.pool,
        ctx.tenant_id,
        endpoint_id,
        subject=command.subject,
        position=command.position,
        until=command.until,
    )
    return Expunged(expunged=gone)


@router.post(
    "/{endpoint_id}/attempts/{attempt_id}/expunge",
    operation_id="webhooks.expunge_one",
    responses=refuses(403, 404, 409),
)
async def expunge_one(endpoint_id: UUID, attempt_id: UUID, ctx: Ctx) -> Expunged:
    """Drop what was answered to one attempt, for good. Harmless twice."""
    await seen(ctx.kit, ctx.principal, endpoint_id, tends=True)
    if await log.one_attempt(ctx.kit.pool, ctx.tenant_id, endpoint_id, attempt_id) is None:
        raise Problem(404, "not_found")
    gone = await log.expunge(ctx.kit.pool, ctx.tenant_id, endpoint_id, attempt_id=attempt_id)
    return Expunged(expunged=gone)


def _fields(row: Any) -> dict[str, Any]:
    """An attempt's row as it is shown."""
    test, live = row["flow_id"] == TEST_FLOW, row["flow_id"] == row["endpoint_id"]
    delivered = row["status"] is not None and 200 <= row["status"] < 300
    failed = "waiting" if row["next_at"] is not None else "parked"
    return {
        "id": row["attempt_id"],
        **{name: row[name] for name in ("event_id", "position", "type", "subject", "lane", "number", "at", "took_ms")},
        "via": "test" if test else "live" if live else "replay",
        "replay_id": None if test or live else row["flow_id"],
        "outcome": "delivered" if delivered else "test" if test else failed,
        **{name: row[name] for name in ("status", "fault", "error", "next_at")},
    }
