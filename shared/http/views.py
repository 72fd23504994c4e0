"""How the views of a service stand, and what to do about one that cannot fold: /v1/views. Folds nothing itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.http.context import Ctx, Parts, Who
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import MAX_POSITION
from shared.http.route import Router
from shared.http.tables import no_table
from shared.identity.principal import DIRECTOR, HEAD_OFFICE, OPERATIONS, Principal
from shared.projections import parking
from shared.projections.status import status

router = Router(prefix="/v1/views", tags=["operations"])


class ParkedShown(BaseModel):
    """A fact that a view could not fold: the view waits before it."""

    position: int
    stream_id: UUID | None
    type: str | None
    parked_at: datetime


class ViewShown(BaseModel):
    """One view and how far it is, for your tenant."""

    name: str
    version: int
    status: str
    position: int | None
    lag_events: int
    lag_seconds: float
    progress: float
    parked: ParkedShown | None


class Views(BaseModel):
    items: list[ViewShown]


class Skip(BaseModel):
    """Leave one fact out of a view, for ever, and say why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"position": 1042, "reason": "recorded by a faulty import; corrected in 1043"}]
        },
    )

    position: int = Field(ge=1, le=MAX_POSITION)
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


class Done(BaseModel):
    """How many views were freed."""

    freed: int


@router.get("", operation_id="views.list")
@no_table
async def views(who: Who, parts: Parts) -> Views:
    """How far each view of this service is, and which are parked."""
    parked = {(p.view, p.version): p for p in await parking.parked(parts.pool, tenant_id=who.tenant_id)}
    shown = []
    for view in await status(parts.pool, parts.views, tenant_id=who.tenant_id):
        at = parked.get((view.name, view.version))
        shown.append(
            ViewShown(
                name=view.name,
                version=view.version,
                status=view.status,
                position=view.position,
                lag_events=view.lag_events,
                lag_seconds=view.lag_seconds,
                progress=view.progress,
                parked=None
                if at is None
                else ParkedShown(position=at.position, stream_id=at.stream_id, type=at.type, parked_at=at.parked_at),
            )
        )
    return Views(items=shown)


@router.post("/{name}/retry", operation_id="views.retry", responses=refuses(404, 409))
async def retry(name: str, ctx: Ctx) -> Done:
    """Let a parked view try again. Harmless twice."""
    view = _view(ctx.kit, ctx.principal, name)
    return Done(freed=await parking.retry(ctx.kit.pool, [view], tenant_id=ctx.tenant_id))


@router.post("/{name}/skip", operation_id="views.skip", responses=refuses(404, 409))
async def skip(name: str, command: Skip, ctx: Ctx) -> Done:
    """Leave the fact a view is parked at out of it, on record."""
    view = _view(ctx.kit, ctx.principal, name)
    try:
        await parking.skip(
            ctx.kit.pool,
            view,
            ctx.tenant_id,
            command.position,
            skipped_by=ctx.principal.acting_for,
            reason=command.reason,
        )
    except parking.NotParked:
        raise Problem(409, "not_parked") from None
    return Done(freed=1)


def _view(kit: Kit, principal: Principal, name: str) -> Any:
    if not principal.has(OPERATIONS, DIRECTOR, HEAD_OFFICE):
        raise Problem(403, "forbidden")
    for view in kit.views:
        if view.name == name:
            return view
    raise Problem(404, "not_found")
