"""A replay as it is shown: what it sends, how far it is. Reads nothing but names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.kit import Kit
from shared.http.names import people_names
from shared.webhooks.replaying import Count, Wish


class ReplayShown(BaseModel):
    """A replay and how far it is. `looked` of `span` positions; events are counted beforehand."""

    id: UUID | None = Field(description="The value of the header `webhook-replay`; null of a dry run.")
    endpoint_id: UUID
    state: Literal["planned", "running", "paused", "done", "cancelled"]
    from_position: int
    to_position: int
    types: list[str] | None
    subject: UUID | None
    failed: bool
    imported: bool | None
    rate: float | None
    events: int = Field(description="How many events it sends, counted when it was opened.")
    exact: bool = Field(description="Whether they were all counted, or reckoned from a part.")
    seconds_left: float | None = Field(description="How long it takes yet, reckoned; null when it does not run.")
    position: int = Field(description="All before is delivered, not for this endpoint, or waits in a lane.")
    progress: float = Field(description="Of its range, from 0 to 1.")
    delivered: int
    attempts_failed: int
    lanes_waiting: int = Field(description="Subjects whose next event is to be tried again.")
    lanes_parked: int = Field(description="Subjects whose next event is not tried again by itself.")
    failing_since: datetime | None
    made_by: UUID | None
    made_by_name: str | None = Field(default=None, description="From the vault; null when erased.")
    made_at: datetime
    moved_at: datetime
    finished_at: datetime | None


async def all_shown(kit: Kit, tenant_id: UUID, rows: Sequence[Any]) -> list[ReplayShown]:
    """Replays with the names of who opened them."""
    found = [shown(row, kit.clock()) for row in rows]
    named = await people_names(kit, tenant_id, (one.made_by for one in found))
    for one in found:
        one.made_by_name = None if one.made_by is None else named.get(one.made_by)
    return found


def shown(row: Any, now: datetime) -> ReplayShown:
    """A replay's row (COLUMNS of replaying) as it is shown."""
    asked = row["question"]
    after, span = asked["after"], row["upto"] - asked["after"]
    progress = min(1.0, (row["position"] - after) / span) if span else 1.0
    took = (now - row["made_at"]).total_seconds()
    left = took * (1 - progress) / progress if row["state"] == "running" and progress > 0 else None
    return ReplayShown(
        id=row["flow_id"],
        endpoint_id=row["endpoint_id"],
        state=row["state"],
        from_position=after + 1,
        to_position=row["upto"],
        types=asked["types"],
        subject=asked["subject"],
        failed=asked["failed"],
        imported=asked["imported"],
        rate=row["rate"],
        events=row["total"],
        exact=asked["exact"],
        seconds_left=None if left is None else round(max(0.0, left), 1),
        position=row["position"],
        progress=progress,
        delivered=row["delivered"],
        attempts_failed=row["failed"],
        lanes_waiting=row["waiting"],
        lanes_parked=row["parked"],
        failing_since=row["failing_since"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        moved_at=row["moved_at"],
        finished_at=row["finished_at"],
    )


def planned(
    endpoint_id: UUID,
    wanted: Wish,
    *,
    rate: float | None,
    at: datetime,
    after: int,
    upto: int,
    counted: Count,
    seconds: float,
) -> ReplayShown:
    """A replay that was not opened, as it would be."""
    return ReplayShown(
        id=None,
        endpoint_id=endpoint_id,
        state="planned",
        from_position=after + 1,
        to_position=upto,
        types=None if wanted.types is None else sorted(wanted.types),
        subject=wanted.subject,
        failed=wanted.failed,
        imported=wanted.imported,
        rate=rate,
        events=counted.events,
        exact=counted.exact,
        seconds_left=round(seconds, 1),
        position=after,
        progress=0.0,
        delivered=0,
        attempts_failed=0,
        lanes_waiting=0,
        lanes_parked=0,
        failing_since=None,
        made_by=None,
        made_at=at,
        moved_at=at,
        finished_at=None,
    )
