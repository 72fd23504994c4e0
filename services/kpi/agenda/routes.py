"""What is due, for whom, and what is late over HTTP. The rules are elsewhere: each noun's `agenda.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import Query, Request
from pydantic import AfterValidator, BaseModel, Field

from services.kpi.agenda.item import Item, Whose
from services.kpi.agenda.sections import SECTIONS
from services.kpi.asking import Labels
from services.kpi.calendar.working_days import working_days
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.days import end_of
from shared.http.call import call_of
from shared.http.openapi import refuses
from shared.http.reading import AsOfText, Report, within
from shared.http.route import Router
from shared.records.asking import Asking

router = Router(prefix="/v1", tags=["agenda"])

OnDay = Annotated[
    date | None,
    AfterValidator(lambda day: None if day is None else within(day)),
    Query(description="Of which day; default today. A day to come shows what will be due."),
]


class ItemShown(Item):
    """Something due. `mine`: owed by who asks; else late, and owed by whom they supervise."""

    mine: bool = Field(title="本人")


class Agenda(BaseModel):
    """What is due for who asks, then what is late and by whom; the earliest first."""

    items: Sequence[ItemShown]
    next: None = Field(default=None, description="An agenda has one page.")
    on: date
    is_working_day: bool
    provisional: bool = Field(description="The working days of that year were not announced yet.")


@router.get("/agenda", operation_id="agenda.read", responses=refuses(422))
async def agenda(read: Report, request: Request, on: OnDay = None, as_of: AsOfText = None) -> Agenda:
    """What is due for you on a day, and what is late, and by whom, of those you supervise.

    What was done later than that day does not count as done; with `as_of`, what was done by then.
    """
    day = on or read.day
    if on is not None and as_of is None:
        read = replace(read, as_of=min(end_of(day, read.zone), read.as_of))
    await read.wait(PEOPLE, UNITS)
    principal, sight = read.principal, await read.sight()
    language = call_of(request.scope).language
    whose = Whose(
        read=read,
        day=day,
        person_id=principal.person_id,
        functions=principal.functions,
        unit_id=principal.unit_id,
        sight=sight,
        language=language,
    )
    known = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    found = [await section(whose) for section in SECTIONS]
    mine = sorted((item for due in found for item in due.mine), key=_place)
    late = sorted((item for due in found for item in due.late), key=_place)
    items = [
        *(ItemShown(**item.model_dump(), mine=True) for item in mine),
        *(ItemShown(**item.model_dump(), mine=False) for item in late),
    ]
    asking = Asking(read.tenant_id, read.zone, read.as_of, sight, known_at=read.known_at)
    await _name(items, read, asking, Labels(read.kit.vault, language))
    read.take(len(items))
    return Agenda(items=items, on=day, is_working_day=known.is_working(day), provisional=known.is_provisional(day.year))


def _place(item: Item) -> tuple[date, str, str, str]:
    return item.due_on, item.kind, str(item.unit_id or ""), str(item.person_id or "")


async def _name(items: Sequence[Item], read: Report, asking: Asking, labels: Labels) -> None:
    """Names beside ids, where the section gave none."""
    persons = {item.person_id for item in items if item.person is None} - {None}
    units = {item.unit_id for item in items if item.unit is None} - {None}
    named = await labels.people(asking.tenant_id, persons)
    called = await labels.units(read.pool, asking, units)
    for item in items:
        if item.person is None and item.person_id is not None:
            item.person = named.get(item.person_id)
        if item.unit is None and item.unit_id is not None:
            item.unit = called.get(item.unit_id)


ROUTERS: tuple[Router, ...] = (router,)
