"""The day of a person over HTTP. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.opportunities.follow_ups.rules import rules
from services.opportunities.follow_ups.today.registry import PARTS, SECTIONS
from services.opportunities.follow_ups.today.sections import Found, Item, Whose
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.labels import Labels
from services.opportunities.routes.asked import answer
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.days import day_of, end_of
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Now, Reading, within
from shared.http.route import Router

router = Router(prefix="/v1")

PERSON = """
select functions, unit_id from {people} where tenant_id = $1 and stream_id = $2 and to_at is null
""".replace("{people}", PEOPLE.table)
VIEWS = tuple({view.name: view for part in PARTS for view in (*part.views, ACCOUNTS, PEOPLE, UNITS)}.values())


class TodayItem(BaseModel):
    """One thing to do."""

    kind: str = Field(
        description="follow_up, planned_follow_up, instruction, escalation, planned_visit, cadence_visit, lead, "
        "defeat_rejected, freeze_rejected, approval_…"
    )
    id: UUID = Field(description="The record it is about.")
    path: str = Field(description="Where to read it; a command is POST to this plus `action`.")
    action: str | None = Field(description="The command that would do it; null for who only looks.")
    title: str | None
    account_id: UUID | None
    account: str | None
    opportunity_id: UUID | None
    due_on: date | None = Field(description="Due or planned; of what was returned or waits: since when.")
    days_overdue: int
    level: str | None
    owner_id: UUID | None
    owner: str | None
    note: str | None = Field(description="The instruction, the finding, the way or purpose planned.")


class TodaySection(BaseModel):
    """A section of the day; empty ones are there, too."""

    section: str
    label: str
    count: int
    more: bool = Field(description="There are more than the items shown.")
    items: Sequence[TodayItem]


class Today(BaseModel):
    """What a person has to do."""

    person_id: UUID
    person: str | None
    on: date
    count: int
    sections: Sequence[TodaySection]


@router.get("/today", operation_id="today.read", tags=["opportunities"], response_model=Today, responses=refuses(422))
async def today(
    reading: Now,
    person_id: Annotated[
        UUID | None, Query(description="Whose day: your own, or of somebody you see. Default: your own.")
    ] = None,
    on: Annotated[date | None, Query(description="Of which day, in the tenant's zone; default today.")] = None,
) -> Any:
    """The day of a person (今日): follow-ups overdue, due, planned; instructions; what came back, waits or escalated.

    A day to come is as if nothing happened until then; a day gone by is as it stood at its end.
    """
    await reading.wait(*VIEWS)
    whose = await _whose(reading, person_id, on)
    found: dict[str, Found] = {}
    for part in PARTS:
        found |= await part.find(reading.pool, whose)
    items = [item for section in found.values() for item in section.items]
    labels, asking = whose.labels, whose.asking
    accounts = await labels.accounts(reading.pool, asking, {item.account_id for item in items})
    people = await labels.people(asking.tenant_id, {whose.person_id, *(item.owner_id for item in items)})
    looks = {"action": None} if reading.principal.only_looks else {}
    sections = []
    for code, zh, en in SECTIONS:
        section = found.get(code, Found())
        sections.append(
            {
                "section": code,
                "label": en if labels.language == "en" else zh,
                "count": section.count,
                "more": section.more,
                "items": [asdict(item) | _names(item, accounts, people) | looks for item in section.items],
            }
        )
    return answer(
        {
            "person_id": whose.person_id,
            "person": people.get(whose.person_id),
            "on": asking.day,
            "count": sum(section.count for section in found.values()),
            "sections": sections,
        }
    )


def _names(item: Item, accounts: Mapping[UUID, str], people: Mapping[UUID, str]) -> dict[str, str | None]:
    return {
        "account": None if item.account_id is None else accounts.get(item.account_id),
        "owner": None if item.owner_id is None else people.get(item.owner_id),
    }


async def _whose(reading: Reading, person_id: UUID | None, on: date | None) -> Whose:
    """Raises Problem 422 `unknown_person` for somebody the reader does not see."""
    principal, now = reading.principal, reading.as_of
    sight = await reading.sight()
    person = person_id or principal.person_id
    if person != principal.person_id and not sight.sees_person(person):
        raise Problem(422, "unknown_person", errors=(At("/person_id", "unknown_person", where="query"),))
    row = await reading.pool.fetchrow(PERSON, reading.tenant_id, person)
    if row is None and person != principal.person_id:
        raise Problem(422, "unknown_person", errors=(At("/person_id", "unknown_person", where="query"),))
    day = day_of(now, reading.zone) if on is None else within(on)
    is_today = day == day_of(now, reading.zone)
    latest = end_of(day, reading.zone) >= now
    asking = Asking(
        reading.tenant_id,
        reading.zone,
        now if is_today else end_of(day, reading.zone),
        sight,
        latest=latest,
    )
    call = reading.call
    itself = person == principal.person_id
    return Whose(
        person_id=person,
        functions=frozenset(principal.functions if itself or row is None else row["functions"]),
        unit_id=principal.unit_id if itself or row is None else row["unit_id"],
        itself=itself and is_today,
        kit=reading.kit,
        asking=asking,
        rules=await rules(reading.pool, asking),
        labels=Labels(reading.kit.vault) if call is None else Labels(reading.kit.vault, call.language),
    )
