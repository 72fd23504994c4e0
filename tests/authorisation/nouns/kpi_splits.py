"""The matrix and its targets for splits and confirmations: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from uuid import uuid4

from services.kpi.month import first_day, later, said
from services.kpi.splits.confirmation import Confirmation
from services.kpi.splits.events import PersonalTarget, SplitLine, SplitTotal
from services.kpi.splits.split import Split
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, OWN, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
LATER = datetime(2025, 10, 7, 2, tzinfo=UTC)
DAY = date(2025, 10, 6)
HEADS = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}
LINE = {"measure": "orders", "target": "10", "person_id": OWN}
OWN_ALONE = who.acting({who.OWNER}, who.SEEN_BY - {who.OWNER})
OWN_OR_LINE = who.acting({who.OWNER, *HEADS}, {who.DEPUTY})
_months = count()


def _head(on: str, body: object) -> Row:
    return Row(who.acting(HEADS), on, body)


def _asked(pattern: who.Pattern, on: str, body: object) -> Row:
    return Row(pattern, on, body)


ROWS: dict[str, Row] = {
    "splits.list": listed(),
    "splits.read": Row(who.looking(HEADS | who.LOOKING), "split.draft"),
    "splits.table": Row(who.looking(HEADS | who.LOOKING), "split.folded"),
    "splits.propose": Row(
        who.reserved({*HEADS, who.OTHER_TENANT}, elsewhere="done"),
        "month.ahead",
        lambda target: {
            "month": target.id, "unit_id": BRANCH, "totals": [{"measure": "orders", "target": "10"}],
            "units": [str(id_of("t00"))],
        },
        matched=False,
    ),
    "splits.reweigh": _head("split.draft", {"units": [str(id_of("t00"))]}),
    "splits.edit": _head("split.draft", {"lines": [LINE]}),
    "splits.issue": _head("split.draft", {"confirm_by": "2030-01-01"}),
    "splits.change": _head("split.issued", {"lines": [LINE], "reason": "调整"}),
    "splits.correct": _head("split.issued", {"version": 2, "changes": {"confirm_by": "2026-04-01"}, "reason": "错"}),
    "splits.void": _head("split.edited", {"version": 2, "reason": "错"}),
    "confirmations.list": listed(),
    "confirmations.read": Row(who.RECORD_READ, "confirmation.asked"),
    "confirmations.page": Row(who.RECORD_READ, "confirmation.asked"),
    "confirmations.confirm": _asked(OWN_ALONE, "confirmation.asked", {}),
    "confirmations.object": _asked(OWN_ALONE, "confirmation.asked", {"objection": "太高"}),
    "confirmations.answer": _asked(who.APPROVAL, "confirmation.objected", {"verdict": "kept"}),
    "confirmations.correct": _asked(
        OWN_OR_LINE, "confirmation.objected",
        {"version": 2, "changes": {"wanted": [{"measure": "orders", "target": "3"}]}, "reason": "错"},
    ),
    "confirmations.void": _asked(OWN_OR_LINE, "confirmation.objected", {"version": 2, "reason": "错"}),
}  # fmt: skip


async def split(world: World, state: str) -> Target:
    """A fresh split of b00's month, made by the head there."""
    made = Split.propose(
        id=uuid4(), month=date(2026, 3, 1), unit_id=id_of("b00"), by=id_of("b00.manager"),
        totals=[SplitTotal("orders", Decimal(10))], lines=[SplitLine("orders", Decimal(10), person_id=id_of("b00.b"))],
        weights=[], history_share=Decimal(1), history=(date(2025, 1, 1), date(2026, 1, 1)), at=AT,
    )  # fmt: skip
    if state == "edited":
        made.edit(made.standing["totals"], [SplitLine("orders", Decimal(9), person_id=id_of("b00.b"))], at=LATER)
    if state == "issued":
        made.issue(made.standing["totals"], by=id_of("b00.manager"), confirm_by=DAY, day=DAY, at=LATER)
    await world.append(0, [made], actor="b00.manager")
    if state == "folded":
        await world.fold()
    return Target(str(made.id), made.version)


async def confirmation(world: World, state: str) -> Target:
    """A fresh confirmation of b00.a, at b00."""
    made = Confirmation.ask(
        split_id=uuid4(), month=date(2026, 3, 1), unit_id=id_of("b00"), owner_id=id_of("b00.a"),
        targets=[PersonalTarget("orders", Decimal(10))], number=0, confirm_by=date(2026, 3, 5), at=AT,
    )  # fmt: skip
    if state == "objected":
        made.object([PersonalTarget("orders", Decimal(5))], at=LATER, day=DAY)
    await world.append(0, [made], actor="b00.manager")
    return Target(str(made.id), made.version)


async def month_ahead(world: World) -> Target:
    """A month nobody has planned yet."""
    return Target(said(later(first_day("2031-01"), next(_months))))


def _split(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: split(world, state)


def _confirmation(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: confirmation(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "month.ahead": month_ahead,
    **{f"split.{state}": _split(state) for state in ("draft", "edited", "issued", "folded")},
    **{f"confirmation.{state}": _confirmation(state) for state in ("asked", "objected")},
}
