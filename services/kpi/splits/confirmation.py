"""One person's targets of a month, put before them: confirmed, objected to, answered. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.splits.events import (
    ConfirmationLapsed,
    ConfirmationRenewed,
    ConfirmationRequested,
    ConfirmationStatus,
    ObjectionAnswered,
    ObjectionVerdict,
    PersonalTarget,
    SplitLine,
    TargetConfirmed,
    TargetObjected,
)
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "confirm": "TargetConfirmed",
    "object": "TargetObjected",
    "answer": "ObjectionAnswered",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""
OF_THE_SPLIT: Final = frozenset({"ConfirmationRenewed", "ConfirmationLapsed"})


class Confirmation(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "confirmation"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": ConfirmationStatus,
        "split_id": UUID,
        "month": date,
        "unit_id": UUID,
        "owner_id": UUID,
        "targets": tuple[PersonalTarget, ...],
        "number": int,
        "confirm_by": date,
        "confirmed_on": date | None,
        "objected_on": date | None,
        "wanted": tuple[PersonalTarget, ...],
        "verdict": ObjectionVerdict | None,
        "answered_on": date,
        "answered_by": UUID,
    }
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"wanted"}

    @staticmethod
    def id_of(split_id: UUID, person_id: UUID) -> UUID:
        """The one confirmation of a person under a split."""
        return uuid5(split_id, f"confirmation:{person_id}")

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case ConfirmationRequested():
                names = ("split_id", "month", "unit_id", "owner_id", "targets", "number", "confirm_by")
                return {"status": ConfirmationStatus.ASKED, **{name: getattr(fact, name) for name in names}}
            case ConfirmationRenewed():
                again_said = ("targets", "number", "confirm_by")
                said = {name: getattr(fact, name) for name in again_said}
                again = {"wanted": (), "verdict": None, "confirmed_on": None, "objected_on": None}
                return {"status": ConfirmationStatus.ASKED, **said, **again}
            case ConfirmationLapsed():
                return {"status": ConfirmationStatus.LAPSED, "number": fact.number}
            case TargetConfirmed():
                return {"status": ConfirmationStatus.CONFIRMED, "confirmed_on": fact.confirmed_on}
            case TargetObjected():
                return {
                    "status": ConfirmationStatus.OBJECTED,
                    "objected_on": fact.objected_on,
                    "wanted": fact.wanted,
                    "verdict": None,
                }
            case ObjectionAnswered():
                said = {name: getattr(fact, name) for name in ("verdict", "answered_on", "answered_by")}
                kept = fact.verdict is ObjectionVerdict.KEPT
                return {**said, "status": ConfirmationStatus.ANSWERED if kept else ConfirmationStatus.OBJECTED}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        status: ConfirmationStatus = standing["status"]
        if fact in OF_THE_SPLIT or fact.startswith("Fact"):
            return None
        if status is ConfirmationStatus.LAPSED:
            return Refused("confirmation_lapsed", "the split no longer names the person")
        match fact:
            case "TargetConfirmed" | "TargetObjected" if status is ConfirmationStatus.CONFIRMED:
                return Refused("already_confirmed", "the targets were confirmed")
            case "TargetObjected" if status is ConfirmationStatus.OBJECTED:
                return Refused("already_objected", "there is an objection already")
            case "ObjectionAnswered" if status is not ConfirmationStatus.OBJECTED:
                return Refused("no_objection", "there is no objection to answer")
            case "ObjectionAnswered" if standing.get("verdict") is not None:
                return Refused("already_answered", "the objection was accepted: change the split")
            case _:
                return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def ask(
        cls,
        *,
        split_id: UUID,
        month: date,
        unit_id: UUID,
        owner_id: UUID,
        targets: Sequence[PersonalTarget],
        number: int,
        confirm_by: date,
        at: datetime,
    ) -> Self:
        return cls.begin(
            ConfirmationRequested,
            id=cls.id_of(split_id, owner_id),
            at=at,
            split_id=split_id,
            month=month,
            unit_id=unit_id,
            owner_id=owner_id,
            targets=tuple(targets),
            number=number,
            confirm_by=confirm_by,
        )

    def renew(self, targets: Sequence[PersonalTarget], *, number: int, confirm_by: date, at: datetime) -> None:
        """Ask anew; nothing when the targets are as they were and still asked for."""
        lapsed = self.standing["status"] is ConfirmationStatus.LAPSED
        if set(self.standing["targets"]) != set(targets) or lapsed:
            self.happen(ConfirmationRenewed, at=at, targets=tuple(targets), number=number, confirm_by=confirm_by)

    def lapse(self, *, number: int, at: datetime) -> None:
        if self.standing["status"] is not ConfirmationStatus.LAPSED:
            self.happen(ConfirmationLapsed, at=at, number=number)

    def confirm(self, *, at: datetime, day: date) -> None:
        self.happen(TargetConfirmed, at=at, confirmed_on=day)

    def object(self, wanted: Sequence[PersonalTarget], *, at: datetime, day: date) -> None:
        self._require("TargetObjected", at)
        self.happen(TargetObjected, at=at, objected_on=day, wanted=tuple(wanted))

    def answer(self, verdict: ObjectionVerdict, *, by: UUID, at: datetime, day: date) -> None:
        self._require("ObjectionAnswered", at)
        self.happen(ObjectionAnswered, at=at, verdict=verdict, answered_on=day, answered_by=by)

    def _require(self, fact: str, at: datetime) -> None:
        """Words are said once: what says the same again is refused, not passed over."""
        if (refused := self.impossible(fact, self.standing_at(at) or self.standing, {})) is not None:
            raise refused

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a confirmation, an objection or an answer; what the split said follows the split."""
        entry = self.entry_about(version)
        if entry is not None and entry.type in OF_THE_SPLIT:
            raise Refused("follows_split", "that follows from the split: change the split", pointer="/version")
        super().void(version, reason=reason, at=at)


def targets_of(lines: Iterable[SplitLine]) -> dict[UUID, tuple[PersonalTarget, ...]]:
    """What each person got, in the order of the lines."""
    found: dict[UUID, list[PersonalTarget]] = {}
    for line in lines:
        if line.person_id is not None:
            one = PersonalTarget(line.measure, line.target, line.stretch, line.product, line.currency)
            found.setdefault(line.person_id, []).append(one)
    return {person_id: tuple(targets) for person_id, targets in found.items()}
