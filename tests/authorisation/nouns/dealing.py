"""What the rows of solutions, bids, negotiations and contracts share: a deal of b00.a, and records of it. No test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from shared.event_store.stream import Stream
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.deals import OPPORTUNITIES, opportunity_of
from tests.authorisation.expectations import Pattern
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

AT = datetime(2025, 10, 1, 2, tzinfo=UTC)
DAY = date(2025, 10, 1)
BY: UUID = id_of("b00.a")
TECHNICIAN: UUID = id_of("ka.tech")
MILLION = Decimal(1_000_000)

OF_A_DEAL: Pattern = {
    **dict.fromkeys(who.PEOPLE, "no such"),
    **dict.fromkeys((who.AUDITOR, who.TENANT_ADMIN, who.OPERATIONS), "refused"),
    **dict.fromkeys(who.SEEN_BY, "done"),
    who.READ_ONLY: "scope",
    who.NO_SCOPE: "scope",
    who.EXPIRED: "unknown",
    who.NOBODY: "unknown",
}
"""Opening a record of a deal: who sees the deal and has customers; for all others there is no such deal."""
CORRECTION = {"version": 1, "changes": {}, "on": "2025-09-30", "reason": "错"}
ABOVE = "who has the limit is told to decide instead: 409"


async def kept(world: World, make: object, *, actor: str = "b00.a") -> Target:
    """A record of a new deal: `make` gives it from the deal's id."""
    deal = opportunity_of(OPPORTUNITIES["only.deal.hot"], MARKS[0], uuid4())
    record: Stream = make(deal.id)  # type: ignore[operator]
    await world.append(0, [deal, record], actor=actor)
    return Target(str(record.id), record.version)
