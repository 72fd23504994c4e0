"""One figure of the company, or of a customer as a whole. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.company.commands import RecordFigure
from services.kpi.company.events import CompanyFigureKind, CompanyFigureRecorded
from services.kpi.month import first_day, later
from shared.event_store.command import Claim
from shared.event_store.stream import Entry, FactVoided, Refused
from shared.records.record import Correctable

SCOPE: Final = "company_figure"
"""One figure for each kind, period, unit, customer and currency."""
ABOUT: Final = ("kind", "month", "months", "unit_id", "account_id", "currency")
FIELDS: Final = (*ABOUT, "amount", "system", "key", "entered_by")
QUARTER, YEAR = 3, 12
"""Months."""


class CompanyFigure(Correctable):
    """See the module. Corrected in amount and day alone: what makes it another figure is voided and recorded anew."""

    stream_type: ClassVar[str] = "company_figure"
    first_may_be_voided: ClassVar[bool] = True
    not_correctable: ClassVar[frozenset[str]] = frozenset(FIELDS) - {"amount"}
    standing_types: ClassVar[Mapping[str, Any]] = {
        "kind": CompanyFigureKind,
        "month": date,
        "months": int,
        "unit_id": UUID,
        "account_id": UUID | None,
        "amount": Decimal,
        "currency": str,
        "system": str | None,
        "key": str | None,
        "entered_by": UUID,
    }

    @property
    def about(self) -> Mapping[str, Any]:
        """What it is a figure of, even when it was taken back."""
        return self.standing or self.ledger[1].original_changes

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See the base."""
        return {name: getattr(fact, name) for name in FIELDS} if isinstance(fact, CompanyFigureRecorded) else None

    def require_recordable(self, name: str, value: Any) -> None:
        """See the base; a loss is below 0."""
        super().require_recordable(name, abs(value) if name == "amount" and isinstance(value, Decimal) else value)

    def require_sound(self, entry: Entry) -> None:
        require_sign(entry.changes["kind"], entry.changes["amount"], "/changes/amount")

    @classmethod
    def record_figure(
        cls,
        command: RecordFigure,
        *,
        id: UUID,
        unit_id: UUID,
        by: UUID,
        at: datetime,
        system: str | None = None,
        key: str | None = None,
    ) -> Self:
        """A figure came in. Raises Refused 422 `below_zero`, `customer_missing`, `no_customer`."""
        require_sign(command.kind, command.amount, "/amount")
        of_customer = command.kind is CompanyFigureKind.CUSTOMER_TOTAL
        if of_customer and command.account_id is None:
            raise Refused("customer_missing", "whose spending is it?", status=422, pointer="/account_id")
        if not of_customer and command.account_id is not None:
            raise Refused("no_customer", "that figure is of no customer", status=422, pointer="/account_id")
        month, months = months_of(command.period)
        return cls.begin(
            CompanyFigureRecorded,
            id=id,
            at=at,
            kind=command.kind,
            month=month,
            months=months,
            unit_id=unit_id,
            account_id=command.account_id,
            amount=command.amount,
            currency=command.currency,
            system=system,
            key=key,
            entered_by=by,
        )

    def restate(self, command: RecordFigure, *, unit_id: UUID, system: str, at: datetime) -> None:
        """The other system tells it again. Raises Refused 409 `another_figure`, `figure_void`."""
        if not self.standing:
            raise Refused("figure_void", "that figure was taken back: record it under another key", pointer="/key")
        month, months = months_of(command.period)
        told = (command.kind, month, months, unit_id, command.account_id, command.currency)
        if told != tuple(self.standing[name] for name in ABOUT):
            raise Refused("another_figure", "under that key another figure is known", pointer="/key")
        if command.amount != self.standing["amount"]:
            changes = {"amount": format(command.amount, "f")}
            self.correct(1, changes, occurred_at=None, reason=f"{system}", at=at)

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back the figure or a correction of it. Repeating it says nothing."""
        if version != 1:
            super().void(version, reason=reason, at=at)
        elif self.standing:  # the base spares first facts; a figure that never was has no other
            self.record(FactVoided, at=at, version=1, reason=reason)


def months_of(period: str) -> tuple[date, int]:
    """The first day of a period's first month, and how many months it has."""
    year, _, part = period.partition("-")
    if not part:
        return first_day(f"{year}-01"), YEAR
    if part.startswith("Q"):
        return first_day(f"{year}-{int(part[1:]) * QUARTER - 2:02}"), QUARTER
    return first_day(period), 1


def period_of(month: date, months: int) -> str:
    """The same backwards."""
    if months == YEAR:
        return f"{month:%Y}"
    return f"{month:%Y}-Q{later(month, 2).month // QUARTER}" if months == QUARTER else f"{month:%Y-%m}"


def claims(figure: CompanyFigure) -> Sequence[Claim]:
    """What no other figure may say."""
    said = ":".join(str(figure.about[name]) for name in ABOUT)
    return (Claim(SCOPE, said, figure.id),)


def require_sign(kind: CompanyFigureKind, amount: Decimal, pointer: str) -> None:
    """Raises Refused 422 `below_zero` unless it is a profit."""
    if amount < 0 and kind is not CompanyFigureKind.PROFIT:
        raise Refused("below_zero", "only a profit may be below 0", status=422, pointer=pointer)
