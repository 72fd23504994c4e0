"""Records as they stood at a position: GET /v1/events/snapshot. A copy begins with them, and goes on with the feed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from shared.event_store.command import Head
from shared.feed.envelope import rendered
from shared.feed.snapshot import standings
from shared.http import cursors
from shared.http.call import call_of
from shared.http.context import Parts, Who
from shared.http.feed_places import cursor_of, position_of
from shared.http.feed_wishes import Wish
from shared.http.kit import Kit
from shared.http.openapi import problem_response
from shared.http.problem import At, Problem
from shared.http.reading import MAX_POSITION
from shared.http.route import Router
from shared.http.tables import no_table

router = Router(prefix="/v1", tags=["events"])


class Stood(BaseModel):
    """One record: its standing after its newest event up to the position, and which event that was."""

    subject: UUID
    subject_type: str
    subject_version: int
    position: int
    occurred_at: datetime
    recorded_at: datetime
    standing: dict[str, Any]


class Snapshot(BaseModel):
    """Records in the order of their ids. A page may hold few, or none, and yet have a `next`."""

    items: list[Stood]
    next: str | None = Field(description="Give it as `after`; null: these were the last.")
    position: int = Field(description="All as the log held it up to here, on every page.")
    cursor: str = Field(description="Where the feed goes on from here: `after` of GET /v1/events and its stream.")


@router.get(
    "/events/snapshot",
    operation_id="events.snapshot",
    response_model=Snapshot,
    responses={409: problem_response(409), 410: problem_response(410)},
)
@no_table
async def snapshot(
    request: Request,
    who: Who,
    parts: Parts,
    at_position: Annotated[
        int | None, Query(ge=0, le=MAX_POSITION, description="Default: where the log ends at the first page.")
    ] = None,
    subject_type: Annotated[
        str | None, Query(min_length=1, max_length=2_000, description="Only records of these types, by comma.")
    ] = None,
    unit_id: Annotated[UUID | None, Query(description="Only records that stood at this unit or below it.")] = None,
    after: Annotated[
        str | None, Query(min_length=1, max_length=cursors.MAX_CHARS, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """The records you see, each as it stood when the log ended at one position."""
    head = await parts.store.head(who.tenant_id)
    question = f"events/snapshot?{subject_type or ''}&{unit_id or ''}"
    position, last = head.position if at_position is None else at_position, None
    if after is not None:
        position, last = _place(parts, who.tenant_id, head, question, after)
        if at_position not in (None, position):
            raise Problem(400, "cursor_invalid", errors=(At("/after", "cursor_invalid", where="query"),))
    position_of(parts, who.tenant_id, head, str(position), name="at_position")
    kinds = None if subject_type is None else frozenset(name.strip() for name in subject_type.split(","))
    found = await standings(
        parts.pool,
        who.tenant_id,
        await Wish(unit_id=unit_id).question(parts, who),
        parts.scopes,
        at=position,
        kinds=kinds,
        after=last,
        limit=limit,
    )
    call_of(request.scope).exported = len(found.items)
    following = None
    if found.after is not None:
        place = (head.epoch, position, str(found.after))
        following = cursors.sign(parts.cursor_key, who.tenant_id, question, place)
    items = [
        {
            "subject": str(row["stream_id"]),
            "subject_type": row["stream_type"],
            "subject_version": row["version"],
            "position": row["position"],
            "occurred_at": row["occurred_at"],
            "recorded_at": row["recorded_at"],
            "standing": row["standing"],
        }
        for row in found.items
    ]
    page = {
        "items": items,
        "next": following,
        "position": position,
        "cursor": cursor_of(parts, who.tenant_id, head.epoch, position),
    }
    return Response(rendered(page), media_type="application/json", headers={"cache-control": "private, no-cache"})


def _place(kit: Kit, tenant_id: UUID, head: Head, question: str, after: str) -> tuple[int, UUID]:
    """The position of the first page, and the record after which this one begins. Raises Problem 400, 410."""
    match cursors.read(kit.cursor_key, tenant_id, question, after):
        case [int(epoch), int(position), str(last)] if epoch == head.epoch:
            return position, UUID(last)
        case [int(), int(), str()]:
            raise Problem(
                410,
                "cursor_of_another_epoch",
                params={"position": head.position},
                extra={"epoch": head.epoch, "position": head.position},
            )
    raise Problem(400, "cursor_invalid", errors=(At("/after", "cursor_invalid", where="query"),))
