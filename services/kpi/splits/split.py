"""One split: proposed, edited, issued when its sums close, changed by number. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.splits.events import (
    SplitChanged,
    SplitEdited,
    SplitIssued,
    SplitLine,
    SplitProposed,
    SplitReweighed,
    SplitStatus,
    SplitTotal,
    SplitWeight,
)
from services.kpi.splits.shares import require_closing, require_lines
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "reweigh": "SplitReweighed",
    "edit": "SplitEdited",
    "issue": "SplitIssued",
    "change": "SplitChanged",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""
OF_DRAFT: Final = frozenset({"SplitReweighed", "SplitEdited", "SplitIssued"})
SAID_BY: Final = frozenset({"SplitProposed", "SplitReweighed", "SplitEdited"})
SAID: Final = ("totals", "lines", "weights", "history_share", "history_from", "history_to")


class Split(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "split"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": SplitStatus,
        "month": date,
        "unit_id": UUID,
        "owner_id": UUID,
        "totals": tuple[SplitTotal, ...],
        "lines": tuple[SplitLine, ...],
        "weights": tuple[SplitWeight, ...],
        "history_share": Decimal,
        "history_from": date,
        "history_to": date,
        "issued_by": UUID,
        "confirm_by": date,
        "number": int,
        "reason": str,
    }
    # what adds up to a total is changed by a change, never corrected into something that does not
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"confirm_by", "reason"}

    @staticmethod
    def id_of(tenant_id: UUID, unit_id: UUID, month: date) -> UUID:
        """The one split of a unit and month."""
        return uuid5(tenant_id, f"split:{unit_id}:{month:%Y-%m}")

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case SplitProposed():
                said = {name: getattr(fact, name) for name in ("month", "unit_id", "owner_id", *SAID)}
                return {**said, "status": SplitStatus.DRAFT, "number": 0}
            case SplitReweighed():
                return {name: getattr(fact, name) for name in SAID}
            case SplitEdited():
                return {"totals": fact.totals, "lines": fact.lines}
            case SplitIssued():
                return {"status": SplitStatus.ISSUED, "issued_by": fact.issued_by, "confirm_by": fact.confirm_by}
            case SplitChanged():
                return {name: getattr(fact, name) for name in ("totals", "lines", "number", "reason", "confirm_by")}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        issued = standing["status"] is SplitStatus.ISSUED
        if issued and fact in OF_DRAFT:
            return Refused("split_issued", "the split was issued: change it by number")
        if not issued and fact == "SplitChanged":
            return Refused("split_not_issued", "the split is still a draft: edit it")
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def propose(
        cls,
        *,
        id: UUID,
        month: date,
        unit_id: UUID,
        by: UUID,
        totals: Sequence[SplitTotal],
        lines: Sequence[SplitLine],
        weights: Sequence[SplitWeight],
        history_share: Decimal,
        history: tuple[date, date],
        at: datetime,
    ) -> Self:
        return cls.begin(
            SplitProposed,
            id=id,
            at=at,
            month=month,
            unit_id=unit_id,
            owner_id=by,
            totals=tuple(totals),
            lines=tuple(lines),
            weights=tuple(weights),
            history_share=history_share,
            history_from=history[0],
            history_to=history[1],
        )

    def reweigh(
        self,
        totals: Sequence[SplitTotal],
        lines: Sequence[SplitLine],
        weights: Sequence[SplitWeight],
        history_share: Decimal,
        history: tuple[date, date],
        *,
        at: datetime,
    ) -> None:
        self._require_draft("SplitReweighed")
        self.happen(
            SplitReweighed,
            at=at,
            totals=tuple(totals),
            lines=tuple(lines),
            weights=tuple(weights),
            history_share=history_share,
            history_from=history[0],
            history_to=history[1],
        )

    def edit(self, totals: Sequence[SplitTotal], lines: Sequence[SplitLine], *, at: datetime) -> None:
        """Raises Refused 422: see `require_lines`. A draft need not close yet."""
        self._require_draft("SplitEdited")
        require_lines(totals, lines)
        self.happen(SplitEdited, at=at, totals=tuple(totals), lines=tuple(lines))

    def issue(self, totals: Sequence[SplitTotal], *, by: UUID, confirm_by: date, day: date, at: datetime) -> None:
        """Put it in force. `totals`: the unit's targets as they are now.

        Raises Refused 409 `split_issued`, `targets_moved`, `sums_do_not_close`; 422 `confirm_by_past`.
        """
        _require_time_to_confirm(confirm_by, day)
        standing = self.standing_at(at) or self.standing
        if standing["status"] is SplitStatus.DRAFT:
            if not _same(standing["totals"], totals):
                raise Refused("targets_moved", "the unit's targets have changed since: edit the split")
            require_closing(standing["totals"], standing["lines"])
        self.happen(SplitIssued, at=at, issued_by=by, confirm_by=confirm_by)

    def change(
        self,
        totals: Sequence[SplitTotal],
        lines: Sequence[SplitLine],
        *,
        reason: str,
        confirm_by: date,
        day: date,
        at: datetime,
    ) -> bool:
        """Change an issued split, as its next number; whether anything changed.

        Raises Refused 409 `split_not_issued`, `sums_do_not_close`; 422 `confirm_by_past`, see `require_lines`.
        """
        _require_time_to_confirm(confirm_by, day)
        require_lines(totals, lines)
        require_closing(totals, lines)
        standing = self.standing_at(at) or self.standing
        if _same(standing["totals"], totals) and set(standing["lines"]) == set(lines):
            return False
        number = 1 + sum(entry.type == "SplitChanged" for entry in self.ledger.values())
        self.happen(
            SplitChanged,
            at=at,
            totals=tuple(totals),
            lines=tuple(lines),
            number=number,
            reason=reason,
            confirm_by=confirm_by,
        )
        return True

    def _require_draft(self, fact: str) -> None:
        """Once it is issued its draft stays as it was, on whatever day something else is told."""
        if (refused := self.impossible(fact, self.standing, {})) is not None:
            raise refused

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact. What was issued was put before people: it is changed, never taken back, nor its draft."""
        entry = self.entry_about(version)
        if entry is not None and self._issued:
            of_itself = entry.version == version and not entry.voided
            if of_itself or entry.type in SAID_BY:
                raise Refused(
                    "issued_stays", "an issued split is changed by number, not taken back", pointer="/version"
                )
        super().void(version, reason=reason, at=at)

    def correct(
        self, version: int, changes: Mapping[str, Any], *, occurred_at: datetime | None, reason: str, at: datetime
    ) -> None:
        """See the base. What the draft of an issued split said keeps its order: in another, other lines would count."""
        entry = self.entry_about(version)
        if occurred_at is not None and entry is not None and entry.type in SAID_BY and self._issued:
            raise Refused("issued_stays", "an issued split is changed by number", pointer="/version")
        super().correct(version, changes, occurred_at=occurred_at, reason=reason, at=at)

    @property
    def _issued(self) -> bool:
        return any(known.type == "SplitIssued" for known in self.entries())


def _same(before: Sequence[SplitTotal], now: Sequence[SplitTotal]) -> bool:
    """Whether the figures are the same, wherever they come from."""

    def figures(totals: Sequence[SplitTotal]) -> set[tuple[object, ...]]:
        return {(one.measure, one.product, one.currency, one.target, one.stretch) for one in totals}

    return figures(before) == figures(now)


def _require_time_to_confirm(confirm_by: date, day: date) -> None:
    if confirm_by < day:
        raise Refused("confirm_by_past", "nobody can confirm before that", status=422, pointer="/confirm_by")
