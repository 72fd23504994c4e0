"""A small stream to test the store with: a deal with a price, a stage and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from shared.event_store.command import RecordedFact, StoredFact
from shared.event_store.facts import FactRegistry
from shared.event_store.stream import Fact, FactCorrected, FactVoided, FirstFact, Refused, Stream


class Delivery(msgspec.Struct, frozen=True):
    units: int
    on: date


class DealOpened(FirstFact):
    title: str
    price: Decimal | None


class PriceNamed(Fact):
    """Version 1 had `amount`, in cents; version 2 `price`, without saying whose; version 3 says `named_by`."""

    schema_version: ClassVar[int] = 3
    UPCAST_SQL: ClassVar[dict[int, str]] = {
        1: """jsonb_set(data - 'amount', '{price}', to_jsonb(((data ->> 'amount')::numeric / 100)::text))
              || jsonb_build_object('changes', jsonb_build_object(
                     'price', ((data ->> 'amount')::numeric / 100)::numeric(20, 2)::text))
              || jsonb_build_object('price', ((data ->> 'amount')::numeric / 100)::numeric(20, 2)::text)""",
        2: "data || jsonb_build_object('named_by', null)",
    }

    price: Decimal
    named_by: UUID | None = None

    @staticmethod
    def upcast_v1_v2(data: dict[str, Any]) -> dict[str, Any]:
        price = str((Decimal(data["amount"]) / 100).quantize(Decimal("0.01")))
        rest = {name: value for name, value in data.items() if name != "amount"}
        return {**rest, "price": price, "changes": {"price": price}}

    @staticmethod
    def upcast_v2_v3(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "named_by": None}


class StageReached(Fact):
    stage: str


class Delivered(Fact):
    deliveries: tuple[Delivery, ...]


DealFact = DealOpened | PriceNamed | StageReached | Delivered | FactCorrected | FactVoided
CLASSES: dict[str, Any] = {cls.__name__: cls for cls in (DealOpened, PriceNamed, StageReached, Delivered)}
FACTS = FactRegistry(CLASSES)


class Deal(Stream):
    stream_type: ClassVar[str] = "deal"
    standing_types: ClassVar[dict[str, Any]] = {
        "title": str, "price": Decimal | None, "stage": str, "delivered": tuple[Delivery, ...],
    }  # fmt: skip
    additive: ClassVar[frozenset[str]] = frozenset({"delivered"})

    @classmethod
    def open(cls, id: UUID, *, at: datetime, title: str = "一号", price: Decimal | None = None) -> Deal:
        return cls.begin(DealOpened, id=id, at=at, title=title, price=price)

    def name_price(self, price: Decimal, *, at: datetime) -> None:
        if self.standing.get("stage") == "closed":
            raise Refused("closed", "a closed deal keeps its price")
        self.record(PriceNamed, at=at, price=price)

    def reach(self, stage: str, *, at: datetime) -> None:
        self.record(StageReached, at=at, stage=stage)

    def deliver(self, *deliveries: Delivery, at: datetime) -> None:
        self.record(Delivered, at=at, deliveries=deliveries)

    def when(self, fact: Any) -> None:
        match fact:
            case DealOpened():
                self.set(fact, title=fact.title, price=fact.price, stage="new")
            case PriceNamed():
                self.set(fact, price=fact.price)
            case StageReached():
                self.set(fact, stage=fact.stage)
            case Delivered():
                self.set(fact, delivered=fact.deliveries)
            case _:
                self.unknown(fact)


def stored(facts: Sequence[RecordedFact], stream_id: UUID, *, after: int = 0) -> list[StoredFact]:
    """Encoded facts as the log would give them back."""
    return [
        StoredFact(
            UUID(int=1),
            n,
            "deal",
            stream_id,
            n,
            fact.type,
            fact.schema_version,
            msgspec.json.decode(fact.data),
            {},
            fact.occurred_at,
            fact.occurred_at,
            b"",
        )
        for n, fact in enumerate(facts, after + 1)
    ]
