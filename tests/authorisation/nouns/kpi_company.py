"""The matrix and its targets for company: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from services.kpi.company.commands import RecordFigure
from services.kpi.company.figure import CompanyFigure
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

TOLD = datetime(2025, 10, 1, 2, tzinfo=UTC)
HEADS = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL))
"""Who enters figures of branch b00."""
ENTERING = who.reserved(HEADS | {who.OTHER_TENANT}, elsewhere="done")
YEARS = count(1950)


def _sales(_: Any) -> dict[str, Any]:
    """Of a period that has none yet."""
    return {"kind": "sales", "period": str(next(YEARS)), "amount": "5.00", "currency": "CNY", "unit_id": BRANCH}


ROWS: dict[str, Row] = {
    "company_figures.list": listed(),
    "company_figures.read": Row(who.looking(HEADS | who.LOOKING), "company_figure"),
    "company_figures.record": Row(ENTERING, "", _sales, matched=False),
    "company_figures.receive": Row(
        ENTERING, "", lambda target: {**_sales(target), "system": "erp", "key": str(next(YEARS))}, matched=False
    ),
    "company_figures.correct": Row(
        who.acting(HEADS), "company_figure", {"version": 1, "changes": {"amount": "6.00"}, "reason": "错"}
    ),
    "company_figures.void": Row(who.acting(HEADS), "company_figure", {"version": 1, "reason": "错"}),
}


async def figure(world: World) -> Target:
    """A fresh figure of branch b00."""
    made = CompanyFigure.record_figure(
        RecordFigure.model_validate({**_sales(None), "unit_id": id_of("b00")}),
        id=uuid4(),
        unit_id=id_of("b00"),
        by=id_of("b00.office"),
        at=TOLD,
    )
    await world.append(0, [made], actor="b00.office")
    return Target(str(made.id), made.version)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"company_figure": figure}
