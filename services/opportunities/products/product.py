"""A product of the tenant's catalogue: what lines name by its code. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.events import ProductAdded, ProductChanged, ProductWithdrawn
from services.opportunities.fields import Code, Command, Currency, ExternalRefs, Money, Text, Title
from shared.event_store.stream import Stream

CLAIM: str = "product.code"
"""Scope of the claim that makes a product code unique in the tenant."""


class AddProduct(Command):
    """Put a product into the catalogue."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "A6L", "name": "A6L 45 TFSI", "list_price": "427900.00"}]}
    )

    code: Code
    name: Title
    name_en: Title | None = None
    series: Title | None = None
    list_price: Money | None = None
    currency: Currency = "CNY"
    external_refs: ExternalRefs = Field(default_factory=dict)


class ChangeProduct(Command):
    """Change what the catalogue says of a product; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"list_price": "419900.00"}]})

    name: Title | None = None
    name_en: Title | None = None
    series: Title | None = None
    list_price: Money | None = None
    currency: Currency | None = None


class WithdrawProduct(Command):
    """Offer a product no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "停产"}]})

    reason: Text | None = None


class Product(Stream):
    """One product; its code never changes."""

    stream_type: ClassVar[str] = "product"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "code": str,
        "name": str,
        "name_en": str | None,
        "series": str | None,
        "list_price": Decimal | None,
        "currency": str,
        "external_refs": dict[str, str],
        "active": bool,
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case ProductAdded():
                self.set(
                    fact,
                    code=fact.code,
                    name=fact.name,
                    name_en=fact.name_en,
                    series=fact.series,
                    list_price=fact.list_price,
                    currency=fact.currency,
                    external_refs=fact.external_refs,
                    active=True,
                )
            case ProductChanged():
                self.set(
                    fact,
                    name=fact.name,
                    name_en=fact.name_en,
                    series=fact.series,
                    list_price=fact.list_price,
                    currency=fact.currency,
                )
            case ProductWithdrawn():
                self.set(fact, active=False)
            case _:
                self.unknown(fact)

    @classmethod
    def add(cls, command: AddProduct, *, id: UUID, at: datetime) -> Self:
        """Put a product into the catalogue."""
        return cls.begin(ProductAdded, id=id, at=at, **command.model_dump())

    def allowed_actions(self) -> tuple[str, ...]:
        """Commands that may be tried as it stands."""
        return ("change", "withdraw") if self.standing["active"] else ("change",)

    def change(self, command: ChangeProduct, *, at: datetime) -> None:
        """Change what the catalogue says. Says nothing when nothing changes."""
        said = {
            name: given if given is not None else self.standing[name] for name, given in command.model_dump().items()
        }
        if any(self.standing[name] != value for name, value in said.items()):
            self.record(ProductChanged, at=at, **said)

    def withdraw(self, command: WithdrawProduct, *, at: datetime) -> None:
        """Offer it no more. Says nothing when it is withdrawn."""
        if self.standing["active"]:
            self.record(ProductWithdrawn, at=at, reason=command.reason)
