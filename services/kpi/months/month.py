"""One month of a tenant: closed, taken back, closed again. Pure. What closes by default stands in `closing.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

from services.kpi.months.events import MonthClosed, MonthReopened, MonthStatus
from shared.event_store.stream import Stream


class Month(Stream):
    """See the module. Its facts are of the moment they are told: what a close fixes is a position, not a day."""

    stream_type: ClassVar[str] = "month"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": MonthStatus,
        "month": date,
        "position": int | None,
        "decided_by": UUID,
        "reason": str | None,
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case MonthClosed():
                self.set(
                    fact,
                    status=MonthStatus.CLOSED,
                    month=fact.month,
                    position=fact.position,
                    decided_by=fact.decided_by,
                    reason=fact.reason,
                )
            case MonthReopened():
                self.set(
                    fact,
                    status=MonthStatus.REOPENED,
                    month=fact.month,
                    position=None,
                    decided_by=fact.decided_by,
                    reason=fact.reason,
                )
            case _:
                self.unknown(fact)

    @classmethod
    def id_of(cls, tenant_id: UUID, month: date) -> UUID:
        """The stream of a tenant's month."""
        return uuid5(tenant_id, f"month:{month:%Y-%m}")

    @classmethod
    def closed(
        cls,
        stream: Self | None,
        month: date,
        *,
        position: int,
        reason: str | None,
        by: UUID,
        tenant_id: UUID,
        at: datetime,
    ) -> Self:
        """The stream with the month closed at a position."""
        said = {"month": month, "position": position, "decided_by": by, "reason": reason}
        return cls._told(stream, MonthClosed, month, tenant_id, at, said)

    @classmethod
    def reopened(
        cls,
        stream: Self | None,
        month: date,
        *,
        position_before: int,
        reason: str,
        by: UUID,
        tenant_id: UUID,
        at: datetime,
    ) -> Self:
        """The stream with the close taken back."""
        said = {"month": month, "position_before": position_before, "decided_by": by, "reason": reason}
        return cls._told(stream, MonthReopened, month, tenant_id, at, said)

    @classmethod
    def _told(
        cls, stream: Self | None, fact: Any, month: date, tenant_id: UUID, at: datetime, said: Mapping[str, Any]
    ) -> Self:
        if stream is None:
            return cls.begin(fact, id=cls.id_of(tenant_id, month), at=at, **said)
        stream.record(fact, at=at if stream.latest is None else max(at, stream.latest), **said)
        return stream
