"""The matrix and its targets for solutions: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID, uuid4

from services.opportunities.solutions.commands import ApproveSolution, DraftSolution, RequestSolution
from services.opportunities.solutions.solution import Solution
from tests.authorisation import expectations as who
from tests.authorisation.nouns.dealing import AT, BY, CORRECTION, DAY, OF_A_DEAL, TECHNICIAN, kept
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

DRAFTING = who.acting((), who.SEEN_BY)
"""Technical support: none of these principals is."""
MANAGING = who.RECORD_CHANGE
"""The account's owner (b00.a) and their deputy, and who stands above them in the line."""

ROWS: dict[str, Row] = {
    "solutions.list": listed(),
    "solutions.read": Row(who.RECORD_READ, "solution.requested"),
    "solutions.request": Row(
        OF_A_DEAL, "deal.hot", lambda target: {"opportunity_id": target.id, "need": "车"}, matched=False
    ),
    "solutions.draft": Row(DRAFTING, "solution.requested", {"summary": "稿"}),
    "solutions.submit": Row(who.RECORD_CHANGE, "solution.drafted", {}),
    "solutions.approve": Row(MANAGING, "solution.submitted", {}),
    "solutions.return": Row(MANAGING, "solution.submitted", {"comment": "补"}),
    "solutions.present": Row(who.RECORD_CHANGE, "solution.approved", {"reaction": "accepted"}),
    "solutions.withdraw": Row(who.RECORD_CHANGE, "solution.requested", {"reason": "租赁"}),
    "solutions.correct": Row(who.RECORD_CHANGE, "solution.requested", CORRECTION),
    "solutions.void": Row(who.RECORD_CHANGE, "solution.drafted", {"version": 2, "reason": "错"}),
}


def _solution(state: str, deal: UUID) -> Solution:
    command = RequestSolution(opportunity_id=deal, need="车")
    solution = Solution.request(command, id=uuid4(), by=BY, at=AT, day=DAY)
    if state != "requested":
        solution.draw_up(DraftSolution(summary="稿"), currency="CNY", by=TECHNICIAN, at=AT, day=DAY)
    if state in ("submitted", "approved"):
        solution.submit(by=TECHNICIAN, at=AT, day=DAY)
    if state == "approved":
        solution.approve(ApproveSolution(), by=BY, at=AT, day=DAY)
    return solution


async def _made(state: str, world: World) -> Target:
    return await kept(world, partial(_solution, state), actor="ka.tech")


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"solution.{state}": partial(_made, state) for state in ("requested", "drafted", "submitted", "approved")
}
