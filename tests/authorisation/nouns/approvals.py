"""The matrix and its targets for approvals: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

RECALL = {"reason": "预算", "recall_on": "2199-01-01"}
NOBODYS = {"kind": "defeat", "id": "00000000-0000-4000-8000-000000000001", "version": 1, "decision": "approve"}

HEAD_OFFICE = {who.DIRECTOR, who.NO_PERSONAL}

ROWS: dict[str, Row] = {
    "approvals.list": listed(),
    # each item is judged as its own path is: who may ask gets an answer that says who may not
    "approvals.decide": Row(who.acting(who.PEOPLE), body={"items": [NOBODYS]}),
    "opportunities.verify_defeat": Row(
        who.acting(HEAD_OFFICE, who.SEEN_BY - HEAD_OFFICE), "deal.asked", {"verdict": "confirmed"}
    ),
    "opportunities.freeze_instead": Row(who.APPROVAL, "deal.asked", RECALL),
    "opportunities.give_to": Row(
        who.HAND_OVER, "deal.asked", {"owner_id": str(id_of("b00.b")), "finding": "own_doing"}
    ),
    "reports.set_aside": listed(),
    "reports.revival": listed(),
    "reports.defeat_approvals": listed(),
    "reports.to_verify": listed(),
    "reports.recalls": listed(),
}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
