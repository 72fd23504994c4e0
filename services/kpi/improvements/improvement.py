"""One improvement loop: plan, do, check, act, again if need be. Pure: no I/O, no clock, no framework.

Late measures are derived when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.events import (
    ActDecision,
    Effect,
    FindingSource,
    ImprovementActed,
    ImprovementChecked,
    ImprovementMeasure,
    ImprovementMeasureDone,
    ImprovementPlanned,
    ImprovementStatus,
    KpiReading,
)
from services.kpi.improvements.commands import (
    ActOnImprovement,
    CheckImprovement,
    FinishMeasure,
    MeasureGiven,
    PlanImprovement,
)
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "finish-measure": "ImprovementMeasureDone",
    "check": "ImprovementChecked",
    "act": "ImprovementActed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""
OVER: Final = frozenset({ImprovementStatus.STANDARDISED, ImprovementStatus.STOPPED})


class Improvement(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "improvement"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": ImprovementStatus,
        "loop": int,
        "title": str,
        "finding": str,
        "source": FindingSource,
        "source_id": UUID | None,
        "cause": str | None,
        "kpi": str | None,
        "target": Decimal | None,
        "kpi_before": KpiReading | None,
        "owner_id": UUID,
        "unit_id": UUID,
        "due_on": date,
        "measures": tuple[ImprovementMeasure, ...],
        "effect": Effect,
        "kpi_after": KpiReading | None,
        "check_finding": str,
        "decision": ActDecision,
        "rule": str,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"measures"})
    before_first: ClassVar[str] = "before_improvement"
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "loop", "owner_id", "unit_id", "measures", "decision"}
    )

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case ImprovementPlanned():
                names = (
                    *("title", "finding", "source", "source_id", "cause", "kpi", "target", "kpi_before"),
                    *("owner_id", "unit_id", "due_on", "measures"),
                )
                return {
                    "status": ImprovementStatus.PLANNED,
                    "loop": 1,
                    **{name: getattr(fact, name) for name in names},
                }
            case ImprovementMeasureDone():
                return {"status": ImprovementStatus.DOING, "measures": fact.measures}
            case ImprovementChecked():
                return {
                    "status": ImprovementStatus.CHECKED,
                    "effect": fact.effect,
                    "kpi_after": fact.kpi_after,
                    "check_finding": fact.check_finding,
                }
            case ImprovementActed():
                acted = ("status", "loop", "decision", "rule", "due_on", "measures")
                return {name: getattr(fact, name) for name in acted}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        status: ImprovementStatus = standing["status"]
        if status in OVER and fact not in ("FactCorrected", "FactVoided"):
            return Refused("improvement_over", "the loop is over")
        match fact:
            case "ImprovementMeasureDone":
                left = {step.number for step in open_measures(standing)}
                given = {step.number for step in changes.get("measures", ())}
                if not left or not given <= left:
                    return _unknown(min(given - left, default=0))
            case "ImprovementChecked":
                if status is not ImprovementStatus.DOING:
                    return Refused("nothing_done_yet", "first something is done")
            case "ImprovementActed":
                if status is not ImprovementStatus.CHECKED:
                    return Refused("not_checked_yet", "first it is checked what came of it")
            case _:
                pass
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def plan(
        cls, command: PlanImprovement, *, id: UUID, owner_id: UUID, before: KpiReading | None, at: datetime
    ) -> Self:
        return cls.begin(
            ImprovementPlanned,
            id=id,
            at=at,
            title=command.title,
            finding=command.finding,
            source=command.source,
            source_id=command.source_id,
            cause=command.cause,
            kpi=command.kpi if command.kpi is not None or before is None else before.kpi,
            target=command.target,
            kpi_before=before,
            owner_id=owner_id,
            unit_id=command.unit_id,
            due_on=command.due_on,
            measures=_measures(command.measures, first=1, loop=1),
        )

    def finish(self, command: FinishMeasure, *, at: datetime, day: date) -> None:
        """Raises Refused 422 `unknown_measure`."""
        for step in open_measures(self.standing_at(at) or self.standing):
            if step.number == command.number:
                done = ImprovementMeasure(
                    step.number, step.loop, step.text, step.owner_id, step.due_on, day, command.result
                )
                return self.happen(ImprovementMeasureDone, at=at, measures=(done,))
        raise _unknown(command.number)

    def check(self, command: CheckImprovement, *, after: KpiReading | None, at: datetime) -> None:
        self.happen(ImprovementChecked, at=at, effect=command.effect, kpi_after=after, check_finding=command.finding)

    def act(self, command: ActOnImprovement, *, at: datetime) -> None:
        """Raises Refused 422 `measures_of_next_loop`: with another loop, and only then, there are measures and a day.

        A measure of this loop that was not done stays in the record, and is asked for no more.
        """
        again = command.decision is ActDecision.ADJUST
        if again != bool(command.measures) or again != (command.due_on is not None):
            raise Refused(
                "measures_of_next_loop", "another loop has measures and a day", status=422, pointer="/measures"
            )
        before = self.standing_at(at) or self.standing
        loop: int = before["loop"] + (1 if again else 0)
        first = 1 + max(step.number for step in before["measures"])
        match command.decision:
            case ActDecision.ADJUST:
                status = ImprovementStatus.PLANNED
            case ActDecision.STANDARDISE:
                status = ImprovementStatus.STANDARDISED
            case ActDecision.STOP:
                status = ImprovementStatus.STOPPED
        self.happen(
            ImprovementActed,
            at=at,
            status=status,
            loop=loop,
            decision=command.decision,
            rule=command.rule,
            due_on=command.due_on or before["due_on"],
            measures=_measures(command.measures, first=first, loop=loop),
        )


def _measures(given: Iterable[MeasureGiven], *, first: int, loop: int) -> tuple[ImprovementMeasure, ...]:
    return tuple(
        ImprovementMeasure(number, loop, one.text, one.owner_id, one.due_on) for number, one in enumerate(given, first)
    )


def open_measures(standing: Mapping[str, Any]) -> list[ImprovementMeasure]:
    """The measures of this loop that are not done."""
    found: dict[int, ImprovementMeasure] = {}
    for step in standing.get("measures", ()):
        found[step.number] = step
    return [
        found[number]
        for number in sorted(found)
        if found[number].done_on is None and found[number].loop == standing["loop"]
    ]


def _unknown(number: int) -> Refused:
    return Refused("unknown_measure", "there is no such open measure", status=422, pointer="/number", given=number)
