"""One person's forecast of a month: called, called again, adjusted by the head. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.forecasts.events import ForecastAdjusted, ForecastLine, ForecastMade, ForecastRevised
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "revise": "ForecastRevised",
    "adjust": "ForecastAdjusted",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""


class Forecast(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "forecast"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "month": date,
        "owner_id": UUID,
        "unit_id": UUID,
        "lines": tuple[ForecastLine, ...],
        "number": int,
        "called_on": date,
        "adjusted": tuple[ForecastLine, ...],
        "adjusted_number": int,
        "adjusted_by": UUID,
        "adjusted_on": date,
        "reason": str | None,
    }
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"lines", "adjusted", "reason"}

    @staticmethod
    def id_of(tenant_id: UUID, person_id: UUID, month: date) -> UUID:
        """The one forecast of a person and month."""
        return uuid5(tenant_id, f"forecast:{person_id}:{month:%Y-%m}")

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case ForecastMade():
                names = ("month", "owner_id", "unit_id", "lines", "called_on")
                return {"number": 1, **{name: getattr(fact, name) for name in names}}
            case ForecastRevised():
                return {name: getattr(fact, name) for name in ("unit_id", "lines", "number", "called_on")}
            case ForecastAdjusted():
                said = ("adjusted", "adjusted_number", "adjusted_by", "adjusted_on", "reason")
                return {name: getattr(fact, name) for name in said}
            case _:
                return None

    def require_sound(self, entry: Entry) -> None:
        for name in ("lines", "adjusted"):
            if name in entry.changes:
                require_lines(entry.changes[name], f"/changes/{name}")

    @classmethod
    def make_call(
        cls, *, id: UUID, month: date, owner_id: UUID, unit_id: UUID, lines: Sequence[ForecastLine], day: date,
        at: datetime,
    ) -> Self:  # fmt: skip
        """The first call. Raises Refused 422: see `require_lines`."""
        require_lines(lines, "/lines")
        return cls.begin(
            ForecastMade,
            id=id,
            at=at,
            month=month,
            owner_id=owner_id,
            unit_id=unit_id,
            lines=tuple(lines),
            called_on=day,
        )

    def revise(self, lines: Sequence[ForecastLine], *, unit_id: UUID, day: date, at: datetime) -> None:
        """A further call; nothing when it says the same."""
        require_lines(lines, "/lines")
        standing = self.standing_at(at) or self.standing
        if set(standing["lines"]) == set(lines):
            return
        number = 2 + sum(entry.type == "ForecastRevised" for entry in self.ledger.values())
        self.happen(ForecastRevised, at=at, unit_id=unit_id, lines=tuple(lines), number=number, called_on=day)

    def adjust(self, lines: Sequence[ForecastLine], *, reason: str | None, by: UUID, day: date, at: datetime) -> None:
        """What the head makes of the latest call."""
        require_lines(lines, "/lines")
        number = (self.standing_at(at) or self.standing)["number"]
        self.happen(
            ForecastAdjusted,
            at=at,
            adjusted=tuple(lines),
            adjusted_number=number,
            adjusted_by=by,
            adjusted_on=day,
            reason=reason,
        )


def require_lines(lines: Sequence[ForecastLine], pointer: str) -> None:
    """Raises Refused 422 `currency_of_amounts`, `line_twice`, `product_or_all`."""
    seen: set[tuple[str, str | None, str | None]] = set()
    for index, line in enumerate(lines):
        if (line.measure == "amount") != (line.currency is not None):
            raise Refused(
                "currency_of_amounts", "amounts have a currency", status=422, pointer=f"{pointer}/{index}/currency"
            )
        key = (line.measure, line.product, line.currency)
        if key in seen:
            raise Refused("line_twice", "that is given twice", status=422, pointer=f"{pointer}/{index}")
        seen.add(key)
    for measure, product, currency in seen:
        if product is not None and (measure, None, currency) in seen:
            raise Refused("product_or_all", "by product or for all", status=422, pointer=pointer, measure=measure)
