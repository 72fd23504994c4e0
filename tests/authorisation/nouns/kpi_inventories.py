"""The matrix and its targets for inventories: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from services.kpi.inventories.commands import LineGiven
from services.kpi.inventories.events import LineDecided
from services.kpi.inventories.inventory import Inventory
from services.kpi.month import last_day, later, said
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.expectations import Pattern
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

OPENED = datetime(2026, 1, 5, 2, tzinfo=UTC)
DEAL = id_of("deal.b00.a.hot")
"""Of b00.a at b00, on file since the company was founded."""
HEADS = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}
AT_THE_BRANCH = {who.OWNER, who.DEPUTY, who.TEAM, who.POSTED, who.FORMER}
"""Who works there or below sees the sheet: lines may be theirs."""
SEEN: Pattern = who.looking(HEADS | AT_THE_BRANCH | who.LOOKING)
SIGNING: Pattern = who.acting(HEADS, AT_THE_BRANCH)
OWN_LINES: Pattern = who.RECORD_CHANGE
"""Who sees the line; for others of the branch there is no such line."""

POSITION = "select max(position) from es.events where tenant_id = $1 and stream_id = $2"
_months, _opened = count(), count()


def _on(expect: Pattern, state: str, body: Any) -> Row:
    return Row(expect, f"inventory.{state}", body)


ROWS: dict[str, Row] = {
    "inventories.list": listed(),
    "inventories.read": Row(SEEN, "inventory.open"),
    "inventories.lines": Row(SEEN, "inventory.open"),
    "inventories.sums": Row(SEEN, "inventory.open"),
    "inventories.progress": Row(SEEN, "inventory.open"),
    "inventories.open": Row(
        who.reserved({*HEADS, who.OTHER_TENANT}, elsewhere="done"), "", lambda _: _opening(), matched=False
    ),
    "inventories.fix_again": _on(SIGNING, "past", {"reason": "补录"}),
    "inventories.decide": Row(
        OWN_LINES, "inventory.open", {"lines": [{"id": str(DEAL), "decided": "confirm"}]}, matched=False
    ),
    "inventories.sign": _on(SIGNING, "open", {"accept_unconfirmed": True}),
    "inventories.correct": _on(SIGNING, "open", {"version": 1, "changes": {"no_contact_days": 40}, "reason": "错"}),
    "inventories.void": _on(SIGNING, "decided", {"version": 2, "reason": "错"}),
}


def _opening() -> dict[str, str]:
    return {"unit_id": BRANCH, "month": said(later(date(2012, 1, 1), next(_opened)))}


async def inventory(world: World, state: str) -> Target:
    """A fresh sheet of b00, of a month of its own."""
    month = later(date(2000, 1, 1), next(_months))
    stock_on = last_day(month) if state == "past" else date(2026, 1, 31)
    made = Inventory.open(
        tenant_id=world.tenants[0], unit_id=id_of("b00"), month=month, stock_on=stock_on,
        position=await world.pool.fetchval(POSITION, world.tenants[0], DEAL), opening_position=None,
        no_contact_days=30, by=id_of("b00.manager"), at=OPENED,
    )  # fmt: skip
    if state == "decided":
        confirmed = LineGiven(id=DEAL, decided=LineDecided.CONFIRM)
        made.decide([confirmed], by=id_of("b00.a"), on=last_day(month), at=OPENED)
    await world.append(0, [made], actor="b00.manager")
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: inventory(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"inventory.{state}": _maker(state) for state in ("open", "decided", "past")
}
