"""Credit limits of accounts, and the policy of what is due when and when to warn. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.billing.commands import SetCreditLimit
from services.opportunities.events import CreditLimitSet, CreditPolicyPublished
from services.opportunities.fields import Command, Day, Share
from shared.records.of_day import of_day
from shared.records.published import Published
from shared.records.record import Correctable


class CreditLimit(Correctable):
    """What one account may owe in one currency."""

    stream_type: ClassVar[str] = "credit"
    standing_types: ClassVar[Mapping[str, Any]] = {"account_id": UUID, "currency": str, "limit": Decimal | None}
    before_first: ClassVar[str] = "before_recorded"

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        match fact:
            case CreditLimitSet():
                return {"account_id": fact.account_id, "currency": fact.currency, "limit": fact.limit}
            case _:
                return None

    @classmethod
    def set_limit(
        cls, known: CreditLimit | None, command: SetCreditLimit, *, tenant_id: UUID, at: datetime
    ) -> CreditLimit:
        """The stream with this limit in it, from that day on. Says nothing when it is already so."""
        said = command.model_dump(exclude={"on"})
        if known is None:
            return cls.begin(
                CreditLimitSet, id=credit_id(tenant_id, command.account_id, command.currency), at=at, **said
            )
        if known.standing_at(at).get("limit", msgspec.UNSET) != command.limit:
            known.record(CreditLimitSet, at=at, **said)
        return known


def credit_id(tenant_id: UUID, account_id: UUID, currency: str) -> UUID:
    """The stream of an account's limits in a currency."""
    return uuid5(tenant_id, f"credit:{account_id}:{currency}")


# -- the policy --------------------------------------------------------------------------------------------


class CreditPolicy(msgspec.Struct, frozen=True):
    """In force from a day on."""

    effective_from: date
    due_days: int
    warn_share: Decimal


SHIPPED: Final = CreditPolicy(date(2000, 1, 1), due_days=30, warn_share=Decimal("0.8"))
"""Ours: no source states one."""


class PublishCreditPolicy(Command):
    """Publish when an invoice without terms is due, and when to warn, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"effective_from": "2030-01-01", "due_days": 45, "warn_share": "0.9"}]}
    )

    effective_from: Day
    due_days: Annotated[int, Field(ge=0, le=3_650, description="Calendar days after the day of the invoice.")] = 30
    warn_share: Share = Field(default=SHIPPED.warn_share, description="Of the limit; from here on it is near.")


class CreditPolicies(Published[CreditPolicy]):
    """All credit policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "credit_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[CreditPolicy, ...]}
    rules = CreditPolicy
    fact = CreditPolicyPublished
    shipped = SHIPPED


def policy_on(published: tuple[CreditPolicy, ...], day: date) -> CreditPolicy:
    """The policy of a day: the latest effective from then or before; of one day the latest published."""
    return of_day((SHIPPED, *published), day)
