"""One attachment: what it is of and whom it is about. Pure: no I/O, no clock; holds neither name nor bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from services.opportunities.events import (
    AttachmentAdded,
    AttachmentConcerns,
    AttachmentRemoved,
    AttachmentStatus,
)
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {"concern": "AttachmentConcerns", "remove": "AttachmentRemoved"}
"""Commands by the last part of their route, and the fact each records."""

ADDED = (
    *("record_kind", "record_id", "opportunity_id", "account_id", "category", "media_type", "size", "person_ids"),
    "added_on",
)


class Attachment(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "attachment"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": AttachmentStatus,
        "record_kind": str,
        "record_id": UUID,
        "opportunity_id": UUID | None,
        "account_id": UUID | None,
        "category": str | None,
        "media_type": str,
        "size": int,
        "person_ids": tuple[UUID, ...],
        "added_on": date,
        "removed_on": date,
        "removal_reason": str,
    }
    before_first: ClassVar[str] = "before_attached"

    def sets(self, fact: Any) -> dict[str, Any] | None:
        match fact:
            case AttachmentAdded():
                return {"status": AttachmentStatus.KEPT, **{name: getattr(fact, name) for name in ADDED}}
            case AttachmentConcerns():
                return {"person_ids": fact.person_ids}
            case AttachmentRemoved():
                return {
                    "status": AttachmentStatus.REMOVED, "removed_on": fact.removed_on,
                    "removal_reason": fact.removal_reason,
                }  # fmt: skip
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        if standing["status"] is AttachmentStatus.REMOVED:
            return Refused("attachment_removed", "it was removed")
        return None

    def concern(self, person_ids: tuple[UUID, ...], *, at: datetime) -> None:
        """Say whom it is about."""
        self.happen(AttachmentConcerns, at=at, person_ids=tuple(dict.fromkeys(person_ids)))

    def remove(self, reason: str, *, at: datetime, day: date) -> None:
        """Take it away, for good. Says nothing when it is gone already."""
        if self.standing["status"] is AttachmentStatus.KEPT:
            self.happen(AttachmentRemoved, at=at, removed_on=day, removal_reason=reason)
