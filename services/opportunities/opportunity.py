"""One opportunity, from record to delivery: the rules of its parts together. Pure: no I/O, no clock, no framework.

| part | rules |
|---|---|
| `prospect.py` | capture, judge, hand over, instruct, correct, void |
| `closing.py` | defeat, freeze, contact lost, disposal, and the ways back |
| `ordering.py` | win, amend, deliver, cancel |
| `life_cycle.py` | what can happen, and in what order |
| `standing.py` | the standing fields, and which of them each fact sets |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.accounts.events import Function
from services.opportunities.closing import Closing
from services.opportunities.life_cycle import refusal, units_left
from services.opportunities.ordering import Ordering

APPROVERS = frozenset(
    {
        Function.DEPARTMENT_HEAD,
        Function.BRANCH_MANAGER,
        Function.REGIONAL_MANAGER,
        Function.DIRECTOR,
        Function.HEAD_OFFICE,
    }
)
"""Functions that approve defeats and freezes and give instructions (domain file §1)."""

ACTIONS: Mapping[str, str] = {
    "qualify": "ProspectQualified",
    "win": "DealWon",
    "amend": "OrderAmended",
    "deliver": "UnitsDelivered",
    "cancel": "UnitsCancelled",
    "request-defeat": "DefeatRequested",
    "approve-defeat": "DealLost",
    "reject-defeat": "DefeatRejected",
    "freeze": "FreezeRequested",
    "approve-freeze": "ProspectFrozen",
    "reject-freeze": "FreezeRejected",
    "lose-contact": "ContactLost",
    "resume": "ProspectResumed",
    "reopen": "DealReopened",
    "dispose": "ProspectDisposed",
    "transfer": "OpportunityTransferred",
    "instruct": "InstructionGiven",
    "complete-instruction": "InstructionCompleted",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

FOR_APPROVERS = frozenset({"approve-defeat", "reject-defeat", "approve-freeze", "reject-freeze", "instruct"})


class Opportunity(Ordering, Closing):
    """See the module."""

    def allowed_actions(self, functions: Collection[str]) -> tuple[str, ...]:
        """The commands possible now for somebody with these functions, in the order of `ACTIONS`."""
        if self.read_only is not None:
            return ()
        approves = not APPROVERS.isdisjoint(functions)
        return tuple(
            action
            for action, fact in ACTIONS.items()
            if (approves or action not in FOR_APPROVERS)
            and refusal(fact, self.standing, {}) is None
            and self._makes_sense(action)
        )

    def _makes_sense(self, action: str) -> bool:
        match action:
            case "deliver" | "cancel":
                return any(units_left(self.standing).values())
            case "complete-instruction":
                return self.standing.get("instruction") is not None
            case "amend":
                return bool(self.standing.get("lines"))
            case _:
                return True
