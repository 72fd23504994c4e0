"""One opportunity, from record to delivery: the rules of its parts together. Pure: no I/O, no clock, no framework.

| part | rules |
|---|---|
| `prospect.py` | capture, judge, hand over, instruct, correct, void |
| `following.py` | contacts made, the next one planned |
| `closing.py` | defeat, freeze, contact lost, disposal, and the ways back |
| `reviewing.py` | call-back before a defeat; freeze or another owner instead |
| `ordering.py` | win, amend, reschedule, ship, deliver, install, cancel |
| `movements.py` | units and serials on their way |
| `life_cycle.py` | what can happen, and in what order |
| `standing.py` | the standing fields, and which of them each fact sets |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from services.opportunities.events import Line, Status
from services.opportunities.opportunity.following import Following
from services.opportunities.opportunity.life_cycle import FROZEN_INSTEAD, refusal
from services.opportunities.opportunity.movements import of_line, units_left
from services.opportunities.opportunity.ordering import Ordering
from services.opportunities.opportunity.reviewing import Reviewing

ACTIONS: Mapping[str, str] = {
    "qualify": "ProspectQualified",
    "win": "DealWon",
    "amend": "OrderAmended",
    "reschedule": "DeliveryRescheduled",
    "tell-customer": "CustomerTold",
    "ship": "UnitsShipped",
    "deliver": "UnitsDelivered",
    "install": "UnitsInstalled",
    "cancel": "UnitsCancelled",
    "request-defeat": "DefeatRequested",
    "verify-defeat": "DefeatVerified",
    "approve-defeat": "DealLost",
    "reject-defeat": "DefeatRejected",
    "freeze-instead": FROZEN_INSTEAD,
    "give-to": "DefeatRejected",  # and the transfer with it
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
    "contact": "ContactMade",
    "plan-follow-up": "FollowUpPlanned",
    "refer": "OpportunityReferred",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

FOR_APPROVERS = frozenset(
    {"approve-defeat", "reject-defeat", "freeze-instead", "give-to", "approve-freeze", "reject-freeze"}
)
"""For who stands above the owner in the reporting line (domain file §1)."""
FOR_VERIFIERS = frozenset({"verify-defeat"})
"""For customer service, and head office."""
FOR_SUPERVISORS = frozenset({"instruct"})
"""For heads who see the opportunity, by either edge."""
FOR_HEADS = frozenset({"transfer"})
"""For heads in whose sight both persons are, and for integrations."""
FOLLOWED = frozenset({Status.OPEN, Status.ORDERED, Status.FROZEN, Status.LOST_CONTACT})
"""Of these a next contact is planned; one made is a fact in any status."""
RESTRICTED = FOR_APPROVERS | FOR_VERIFIERS | FOR_SUPERVISORS | FOR_HEADS


class Opportunity(Ordering, Reviewing, Following):
    """See the module."""

    def allowed_actions(self, may: Collection[str]) -> tuple[str, ...]:
        """The commands possible now, in the order of `ACTIONS`; of those not open to everybody, these."""
        if self.read_only is not None:
            return ()
        return tuple(
            action
            for action, fact in ACTIONS.items()
            if (action in may or action not in RESTRICTED)
            and refusal(fact, self.standing, {}) is None
            and self._makes_sense(action)
        )

    def _makes_sense(self, action: str) -> bool:
        match action:
            case "deliver" | "cancel" | "reschedule" | "tell-customer":
                return any(units_left(self.standing).values())
            case "ship":
                return self._any_line(lambda line, count: line.units - count("cancelled") > count("shipped"))
            case "install":
                return self._any_line(lambda line, count: count("delivered") > count("installed"))
            case "complete-instruction":
                return self.standing.get("instruction") is not None
            case "plan-follow-up":
                return self.status in FOLLOWED
            case "amend":
                return bool(self.standing.get("lines"))
            case _:
                return True

    def _any_line(self, holds: Callable[[Line, Callable[[str], int]], bool]) -> bool:
        """Whether this holds of some line, given its units of a movement by name."""
        lines: tuple[Line, ...] = self.standing.get("lines", ())
        return any(holds(line, partial(self._units, line.line)) for line in lines)

    def _units(self, line: int, name: str) -> int:
        return of_line(self.standing, name, line)
