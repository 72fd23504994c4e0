"""Facts about products: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from decimal import Decimal

from shared.event_store.stream import Fact, FirstFact


class ProductAdded(FirstFact):
    """A product is for sale. sets: code, name, name_en, series, list_price, currency, external_refs; active = true"""

    code: str
    name: str
    name_en: str | None
    series: str | None
    list_price: Decimal | None
    currency: str
    external_refs: dict[str, str]


class ProductChanged(Fact):
    """sets: name, name_en, series, list_price, currency"""

    name: str
    name_en: str | None
    series: str | None
    list_price: Decimal | None
    currency: str


class ProductWithdrawn(Fact):
    """The product is no longer offered; what was said about it stays. sets: active = false"""

    reason: str | None


ProductFact = ProductAdded | ProductChanged | ProductWithdrawn
