"""The life a result has in common, whether points or money: proposed, signed off, acknowledged or appealed. Pure.

The facts differ by kind, the order in which they can happen does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from services.kpi.events import ResultStatus
from shared.event_store.stream import Fact, Refused
from shared.records.record import Correctable

S = ResultStatus
_BEFORE_IT: Final[Mapping[str, frozenset[ResultStatus]]] = {
    "Rated": frozenset({S.OPEN, S.PROPOSED, S.UPHELD}),
    "Proposed": frozenset({S.OPEN, S.PROPOSED, S.UPHELD}),
    "Recomputed": frozenset({S.OPEN, S.PROPOSED, S.UPHELD}),
    "Adjusted": frozenset({S.PROPOSED, S.UPHELD}),
    "Signed": frozenset({S.PROPOSED}),
    "Returned": frozenset({S.PROPOSED}),
    "Acknowledged": frozenset({S.SIGNED, S.CONFIRMED}),
    "Appealed": frozenset({S.SIGNED, S.ACKNOWLEDGED}),
    "AppealAnswered": frozenset({S.APPEALED}),
}
"""In which status each can happen, by the fact's name without its noun."""

ACTS: Final = {
    "propose": "Proposed",
    "adjust": "Adjusted",
    "sign-off": "Signed",
    "return": "Returned",
    "acknowledge": "Acknowledged",
    "appeal": "Appealed",
    "answer-appeal": "AppealAnswered",
}
"""Commands by the last part of their route, and the fact each records, without its noun."""

LIFE: Final[Mapping[str, Any]] = {
    "status": ResultStatus,
    "signed_by": UUID,
    "signed_on": date,
    "return_reason": str,
    "acknowledged_on": date,
    "appealed_on": date,
    "answered_by": UUID,
    "answered_on": date,
}
"""Standing fields all results have."""


class Result(Correctable):
    """Base of assessments and commissions. `noun` begins the names of its facts; subclasses name those."""

    noun: ClassVar[str]
    signed: ClassVar[type[Fact]]
    returned: ClassVar[type[Fact]]
    acknowledged: ClassVar[type[Fact]]
    appealed: ClassVar[type[Fact]]
    answered: ClassVar[type[Fact]]

    def life(self, fact: Any) -> Mapping[str, Any] | None:
        """What the facts all results have set; None for others."""
        match type(fact).__name__.removeprefix(self.noun):
            case "Signed":
                return {"status": S.SIGNED, "signed_by": fact.signed_by, "signed_on": fact.signed_on}
            case "Returned":
                return {"status": S.OPEN, "return_reason": fact.return_reason}
            case "Acknowledged":
                return {"status": S.ACKNOWLEDGED, "acknowledged_on": fact.acknowledged_on}
            case "Appealed":
                return {"status": S.APPEALED, "appealed_on": fact.appealed_on}
            case "AppealAnswered":
                return {"status": fact.status, "answered_by": fact.answered_by, "answered_on": fact.answered_on}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        allowed = _BEFORE_IT.get(fact.removeprefix(self.noun))
        if allowed is not None and standing["status"] not in allowed:
            return Refused("result_not_so_far", f"it is {standing['status']}", given=str(standing["status"]))
        return None

    def possible(self, act: str) -> bool:
        """Whether a fact of this name (without its noun) is possible now, as far as the standing alone tells."""
        return self.read_only is None and self.impossible(f"{self.noun}{act}", self.standing, {}) is None

    # -- commands ------------------------------------------------------------------------------------------

    def sign(self, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(self.signed, at=at, signed_by=by, signed_on=day)

    def give_back(self, reason: str, *, at: datetime) -> None:
        self.happen(self.returned, at=at, return_reason=reason)

    def acknowledge(self, *, at: datetime, day: date) -> None:
        self.happen(self.acknowledged, at=at, acknowledged_on=day)

    def appeal(self, *, at: datetime, day: date) -> None:
        self.happen(self.appealed, at=at, appealed_on=day)

    def answer(self, *, upheld: bool, by: UUID, at: datetime, day: date) -> None:
        status = S.UPHELD if upheld else S.CONFIRMED
        self.happen(self.answered, at=at, status=status, answered_by=by, answered_on=day)
