"""The rules of a tenant: one company and what holds for all of it. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from services.accounts.events import TenantFact, TenantOpened
from shared.event_store.stream import Stream


class Tenant(Stream):
    """One company and the clock and currency it works in."""

    stream_type: ClassVar[str] = "tenant"
    standing_types: ClassVar = {"name": str, "zone": str, "currency": str}

    @classmethod
    def open(cls, id: UUID, *, name: str, zone: str, currency: str, at: datetime) -> Self:
        """Raises ZoneInfoNotFoundError for a zone that does not exist."""
        return cls.begin(TenantOpened, id=id, at=at, name=name, zone=ZoneInfo(zone).key, currency=currency)

    def when(self, fact: TenantFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case TenantOpened():
                self.set(fact, name=fact.name, zone=fact.zone, currency=fact.currency)
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)
