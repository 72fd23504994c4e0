"""The rules of a tenant: one company and what holds for all of it. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from services.accounts.events import (
    IdentityProvider,
    IdentityProviderDistrusted,
    IdentityProviderTrusted,
    TenantFact,
    TenantOpened,
    TenantResumed,
    TenantSuspended,
)
from shared.event_store.stream import Refused, Stream
from shared.identity.standing_fields import PROVIDER_FIELD
from shared.identity.tenants import SUSPENDED

MOST_PROVIDERS = 20
"""Identity providers a tenant trusts at a time."""


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

    @property
    def identity_providers(self) -> dict[UUID, IdentityProvider]:
        """Who may vouch for this tenant's people now."""
        return {
            UUID(name.removeprefix(PROVIDER_FIELD)): provider
            for name, provider in self.standing.items()
            if name.startswith(PROVIDER_FIELD) and provider is not None
        }

    def trust(self, provider_id: UUID, provider: IdentityProvider, *, at: datetime) -> None:
        """Let an identity provider vouch. Repeating says nothing."""
        trusted = self.identity_providers
        if trusted.get(provider_id) == provider:
            return
        said = (provider.issuer, provider.audience, provider.tenant_value)
        if any((known.issuer, known.audience, known.tenant_value) == said for known in trusted.values()):
            raise Refused("already_trusted", "this issuer is trusted for this audience already", pointer="/issuer")
        if len(trusted) >= MOST_PROVIDERS:
            raise Refused("too_many_providers", f"at most {MOST_PROVIDERS} are trusted at a time", limit=MOST_PROVIDERS)
        self.record(IdentityProviderTrusted, at=at, provider_id=provider_id, provider=provider)

    def distrust(self, provider_id: UUID, *, at: datetime) -> None:
        """Let it vouch no more. Repeating says nothing."""
        if provider_id in self.identity_providers:
            self.record(IdentityProviderDistrusted, at=at, provider_id=provider_id)

    def when(self, fact: TenantFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case TenantOpened():
                self.set(fact, name=fact.name, zone=fact.zone, currency=fact.currency)
            case TenantSuspended():
                self.set(fact, status=SUSPENDED)
            case TenantResumed():
                self.set(fact, status="open")
            case IdentityProviderTrusted():
                self.set(fact, **{f"{PROVIDER_FIELD}{fact.provider_id}": fact.provider})
            case IdentityProviderDistrusted():
                self.set(fact, **{f"{PROVIDER_FIELD}{fact.provider_id}": None})
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)
