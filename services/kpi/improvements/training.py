"""One training need of a person: proposed, planned, held, its effect. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.events import (
    Effect,
    FindingSource,
    KpiReading,
    TrainingDropped,
    TrainingEffectChecked,
    TrainingHeld,
    TrainingPlanned,
    TrainingProposed,
    TrainingResult,
    TrainingStatus,
)
from services.kpi.improvements.commands import CheckTraining, HoldTraining, PlanTraining, ProposeTraining
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "plan": "TrainingPlanned",
    "hold": "TrainingHeld",
    "check": "TrainingEffectChecked",
    "drop": "TrainingDropped",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

_BEFORE_IT: Final[Mapping[str, frozenset[TrainingStatus]]] = {
    "TrainingPlanned": frozenset({TrainingStatus.PROPOSED, TrainingStatus.PLANNED}),
    "TrainingHeld": frozenset({TrainingStatus.PROPOSED, TrainingStatus.PLANNED}),
    "TrainingEffectChecked": frozenset({TrainingStatus.HELD, TrainingStatus.CHECKED}),
    "TrainingDropped": frozenset({TrainingStatus.PROPOSED, TrainingStatus.PLANNED}),
}
"""In which status each can happen."""


class TrainingNeed(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "training_need"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": TrainingStatus,
        "owner_id": UUID,
        "unit_id": UUID,
        "post": str,
        "topic": str,
        "source": FindingSource,
        "source_id": UUID | None,
        "reason": str | None,
        "kpi_before": KpiReading | None,
        "course": str,
        "planned_on": date,
        "held_on": date,
        "hours": Decimal | None,
        "result": TrainingResult,
        "effect": Effect,
        "kpi_after": KpiReading | None,
        "check_finding": str,
        "drop_reason": str,
    }
    before_first: ClassVar[str] = "before_training_need"
    not_correctable: ClassVar[frozenset[str]] = frozenset({"status", "owner_id", "unit_id", "post"})

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case TrainingProposed():
                names = ("owner_id", "unit_id", "post", "topic", "source", "source_id", "reason", "kpi_before")
                return {"status": TrainingStatus.PROPOSED, **{name: getattr(fact, name) for name in names}}
            case TrainingPlanned():
                return {"status": TrainingStatus.PLANNED, "course": fact.course, "planned_on": fact.planned_on}
            case TrainingHeld():
                return {
                    "status": TrainingStatus.HELD,
                    "held_on": fact.held_on,
                    "hours": fact.hours,
                    "result": fact.result,
                }
            case TrainingEffectChecked():
                return {
                    "status": TrainingStatus.CHECKED,
                    "effect": fact.effect,
                    "kpi_after": fact.kpi_after,
                    "check_finding": fact.check_finding,
                }
            case TrainingDropped():
                return {"status": TrainingStatus.DROPPED, "drop_reason": fact.drop_reason}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        allowed = _BEFORE_IT.get(fact)
        if allowed is not None and standing["status"] not in allowed:
            return Refused("training_not_so_far", f"it is {standing['status']}", given=str(standing["status"]))
        return None

    @classmethod
    def propose(
        cls,
        command: ProposeTraining,
        *,
        id: UUID,
        unit_id: UUID,
        post: str,
        before: KpiReading | None,
        at: datetime,
    ) -> Self:
        return cls.begin(
            TrainingProposed,
            id=id,
            at=at,
            owner_id=command.owner_id,
            unit_id=unit_id,
            post=post,
            topic=command.topic,
            source=command.source,
            source_id=command.source_id,
            reason=command.reason,
            kpi_before=before,
        )

    def plan(self, command: PlanTraining, *, at: datetime) -> None:
        self.happen(TrainingPlanned, at=at, course=command.course, planned_on=command.planned_on)

    def hold(self, command: HoldTraining, *, at: datetime, day: date) -> None:
        self.happen(TrainingHeld, at=at, held_on=day, hours=command.hours, result=command.result)

    def check(self, command: CheckTraining, *, after: KpiReading | None, at: datetime) -> None:
        self.happen(TrainingEffectChecked, at=at, effect=command.effect, kpi_after=after, check_finding=command.finding)

    def drop(self, reason: str, *, at: datetime) -> None:
        self.happen(TrainingDropped, at=at, drop_reason=reason)
