"""What befell endpoints, over HTTP: failing, paused, recovered, far behind. Tells; sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.webhooks.asking import all_seen
from shared.http.openapi import refuses
from shared.http.reading import Listed, Now, Paged
from shared.http.route import Router
from shared.webhooks import telling

router = Router(prefix="/v1/webhooks", tags=["webhooks"])

Kind = Annotated[str | None, Query(min_length=1, max_length=40, pattern="^[a-z_]+$", description="Only of this kind.")]


class NoticeShown(BaseModel):
    """One thing that befell an endpoint."""

    id: UUID
    endpoint_id: UUID
    endpoint_name: str | None
    kind: str = Field(description="`failing`, `paused`, `recovered`, `backlog` …; posted as type `webhook.<kind>`.")
    at: datetime
    said: dict[str, Any] = Field(description="What is known: the last status or fault, since when, how far behind.")


@router.get("/notices", operation_id="webhooks.notices", responses=refuses(403))
async def notices(
    read: Now,
    page: Paged,
    endpoint_id: Annotated[UUID | None, Query(description="Only of this endpoint.")] = None,
    kind: Kind = None,
) -> Listed[NoticeShown]:
    """What befell the endpoints you see, newest first. Endpoints that ask for notices are sent the same."""
    names = {endpoint.endpoint_id: endpoint.name for endpoint in await all_seen(read.kit, read.principal)}
    wanted = names.keys() if endpoint_id is None else names.keys() & {endpoint_id}
    place = page.after(datetime, UUID)
    found = await telling.notices(
        read.pool,
        read.tenant_id,
        endpoints=wanted,
        kind=kind,
        before=None if place is None else (place[0], place[1]),
        limit=page.limit + 1,
    )
    rows, following = page.of(found, lambda row: (row["at"], row["notice_id"]))
    return Listed(
        items=[
            NoticeShown(
                id=row["notice_id"],
                endpoint_name=names.get(row["endpoint_id"]),
                **{name: row[name] for name in ("endpoint_id", "kind", "at", "said")},
            )
            for row in rows
        ],
        next=following,
    )
