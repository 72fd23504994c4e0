"""The matrix and its targets for months: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count

from services.kpi.month import first_day, later, said
from services.kpi.months.month import Month
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

CLOSING = who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}, elsewhere="done")
"""Head office and the director, each company its own months."""
FIGURES = who.WHOLE
"""Everything that was told of the company: who sees everything."""
OPEN_FROM, CLOSED_FROM = first_day("1998-01"), first_day("2005-01")
_open, _closed = count(), count()

ROWS: dict[str, Row] = {
    "months.list": listed(),
    "months.restatement": Row(who.looking(who.PEOPLE), "month.closed"),
    "months.late_entries": Row(FIGURES, "month.closed"),
    "months.close": Row(CLOSING, "month.over", {"position": 1, "reason": "核对"}, matched=False),
    "months.reopen": Row(CLOSING, "month.closed", {"reason": "漏录"}, matched=False),
}


async def over(world: World) -> Target:
    """A month that nobody closed, before all that were."""
    return Target(said(later(OPEN_FROM, next(_open))))


async def closed(world: World) -> Target:
    """The latest closed month, of both companies."""
    month = later(CLOSED_FROM, next(_closed))
    for tenant, tenant_id in enumerate(world.tenants[:2]):
        made = Month.closed(
            None, month, position=1, reason=None, by=id_of("director"), tenant_id=tenant_id,
            at=datetime(2025, 10, 1, 2, tzinfo=UTC),
        )  # fmt: skip
        await world.append(tenant, [made])
    return Target(said(month))


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"month.over": over, "month.closed": closed}
