"""Visitor counts and spend: what leads are measured against. Pure. Belongs to a unit, to no opportunity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID, uuid5

import msgspec

from services.opportunities.events import SpendRecorded, VisitorsCounted
from services.opportunities.leads.commands import RecordSpend, VisitorCount
from shared.event_store.stream import FactVoided, Refused, Stream

COUNTED = ("unit_id", "channel", "day", "count")
SPENT = ("unit_id", "channel", "day", "period", "amount", "currency", "purpose")


MOST, SMALLEST = Decimal(10**14), Decimal("0.0001")


class _Figure(Stream):
    """A figure whose every fact says all of it, so that any of them, the first too, may be taken back."""

    key: ClassVar[frozenset[str]] = frozenset()
    """Fields that make it another figure: void it and record that one."""
    first_may_be_voided: ClassVar[bool] = True

    @property
    def about(self) -> Mapping[str, Any]:
        """Whose figure it is, even when void."""
        return self.standing or self.ledger[1].original_changes

    def correct(self, version: int, changes: Mapping[str, Any], *, reason: str, at: datetime) -> None:
        """Correct what a fact said."""
        if not changes:
            raise Refused("nothing_to_correct", "state changes", status=422, pointer="/changes")
        for name in sorted(self.key & set(changes)):
            raise Refused(
                "not_correctable", f"{name} makes it another", status=422, pointer=f"/changes/{name}", field=name
            )
        trial = self.copy()
        trial.correct_fact(version, changes, occurred_at=None, reason=reason, at=at)
        if version in trial.ledger and not trial.is_sound(trial.ledger[version].changes):
            raise Refused("invalid_value", "no such amount", status=422, pointer="/changes/amount")
        self.correct_fact(version, changes, occurred_at=None, reason=reason, at=at)

    def is_sound(self, changes: Mapping[str, Any]) -> bool:
        """Whether a corrected fact is one the command would have taken."""
        return True

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact or a correction. Repeating it says nothing."""
        entry = self.ledger.get(version)
        if version != 1 or entry is None:
            self.void_fact(version, reason=reason, at=at)
        elif not entry.voided:  # the base spares first facts; a figure that never was has no other
            self.record(FactVoided, at=at, version=1, reason=reason)


class Visitors(_Figure):
    """The visitors of a unit, channel and day; the last count holds."""

    stream_type: ClassVar[str] = "visitor_count"
    key: ClassVar[frozenset[str]] = frozenset({"unit_id", "channel", "day"})
    standing_types: ClassVar[Mapping[str, Any]] = {
        "unit_id": UUID,
        "channel": str,
        "day": date,
        "count": Annotated[int, msgspec.Meta(ge=0, le=1_000_000)],
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, VisitorsCounted):
            self.set(fact, **{name: getattr(fact, name) for name in COUNTED})
        else:
            self.unknown(fact)

    @classmethod
    def counted(cls, known: Visitors | None, given: VisitorCount, *, id: UUID, unit_id: UUID, at: datetime) -> Visitors:
        """The figure with this count, the last word. Says nothing when it says so already."""
        said = {"unit_id": unit_id, "channel": given.channel, "day": given.day, "count": given.count}
        if known is None:
            return cls.begin(VisitorsCounted, id=id, at=at, **said)
        if known.standing != said:
            known.record(VisitorsCounted, at=at, **said)
        return known


class Spend(_Figure):
    """One amount a channel cost a unit."""

    stream_type: ClassVar[str] = "channel_spend"
    key: ClassVar[frozenset[str]] = frozenset({"unit_id", "day", "period"})
    standing_types: ClassVar[Mapping[str, Any]] = {
        "unit_id": UUID,
        "channel": str,
        "day": date,
        "period": Literal["day", "month"],
        "amount": Decimal,
        "currency": Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")],
        "purpose": str | None,
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, SpendRecorded):
            self.set(fact, **{name: getattr(fact, name) for name in SPENT})
        else:
            self.unknown(fact)

    def is_sound(self, changes: Mapping[str, Any]) -> bool:
        """An amount has at most 14 digits before the point and 4 after it."""
        amount: Decimal = changes["amount"]
        return amount.is_finite() and 0 <= amount < MOST and amount == amount.quantize(SMALLEST)

    @classmethod
    def recorded(cls, command: RecordSpend, *, id: UUID, unit_id: UUID, at: datetime) -> Self:
        """An amount of a day or a month."""
        return cls.begin(
            SpendRecorded,
            id=id,
            at=at,
            unit_id=unit_id,
            channel=command.channel,
            day=first_day(command),
            period="day" if command.month is None else "month",
            amount=command.amount,
            currency=command.currency,
            purpose=command.purpose,
        )


def first_day(command: RecordSpend) -> date:
    """The day, or the first of the month."""
    if command.day is not None:
        return command.day
    return date.fromisoformat(f"{command.month}-01")


def visitors_id(tenant_id: UUID, unit_id: UUID, channel: str, day: date) -> UUID:
    """The one stream of a unit, channel and day."""
    return uuid5(tenant_id, f"visitor_count:{unit_id}:{day}:{channel}")
