"""The rules of a tenant: one company and what holds for all of it. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from services.accounts.events import TenantFact, TenantOpened, TenantResumed, TenantSuspended
from shared.event_store.stream import Stream
from shared.identity.tenants import SUSPENDED


class Tenant(Stream):
    """One company and the clock and currency it works in."""

    stream_type: ClassVar[str] = "tenant"
    standing_types: ClassVar = {"name": str, "zone": str, "currency": str, "status": str}

    @classmethod
    def open(cls, id: UUID, *, name: str, zone: str, currency: str, at: datetime) -> Self:
        """Raises ZoneInfoNotFoundError for a zone that does not exist."""
        return cls.begin(TenantOpened, id=id, at=at, name=name, zone=ZoneInfo(zone).key, currency=currency)

    @property
    def is_suspended(self) -> bool:
        return bool(self.standing.get("status") == SUSPENDED)

    def suspend(self, reason: str, *, at: datetime) -> None:
        """Shut everybody of the company out. Repeating says nothing."""
        if not self.is_suspended:
            self.record(TenantSuspended, at=at, reason=reason)

    def resume(self, *, at: datetime) -> None:
        """Let them in again. Repeating says nothing."""
        if self.is_suspended:
            self.record(TenantResumed, at=at)

    def when(self, fact: TenantFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case TenantOpened():
                self.set(fact, name=fact.name, zone=fact.zone, currency=fact.currency)
            case TenantSuspended():
                self.set(fact, status=SUSPENDED)
            case TenantResumed():
                self.set(fact, status="open")
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)
