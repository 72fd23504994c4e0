"""Reading the organisation as of any day: the tree of units, and people with their names. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import Unit
from services.accounts.person import Person
from services.accounts.routes.rights import ORGANISES
from services.accounts.routes.shown import HistoryEntry, history
from services.accounts.routes.standing_in import decides_for
from services.accounts.routes.unit_names import unit_names
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from shared.days import day_of
from shared.http.call import call_of
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now, Paged, Reading, Report
from shared.http.route import Router
from shared.privacy.masking import masked, masked_mail
from shared.projections.view import source

router = Router(tags=["organisation"])

UNITS_AT = """
select stream_id as id, code, name, kind, parent_id, status, from_at as since
  from {units} u
 where u.tenant_id = $1 and u.from_at <= $2 and (u.to_at is null or u.to_at > $2) and (u.status = 'open' or $3)
 order by u.code, u.stream_id
"""
PEOPLE_THEN = """
select stream_id as id, functions, unit_id, reports_to_unit_id, reports_to_person_id, external_refs, status, joined_at
  from {people} p
 where p.tenant_id = $1 and p.from_at <= $2 and (p.to_at is null or p.to_at > $2)
   and ($3::text is null or p.status = $3) and ($4::text is null or $4 = any(p.functions))
   and ($5::uuid is null or p.unit_id = $5 or p.reports_to_unit_id = $5)
   and ($6::uuid[] is null or p.stream_id = any($6))
   and ($7::timestamptz is null or (p.joined_at, p.stream_id) > ($7, $8::uuid))
 order by p.joined_at, p.stream_id
 limit $9
"""


class UnitShown(BaseModel):
    """An organisation unit and the units below it, as of the day asked for."""

    id: UUID
    code: str
    name: str
    kind: UnitKind
    parent_id: UUID | None
    parent_name: str | None = None
    status: str
    since: datetime = Field(description="From when it has stood like this.")
    children: list[UnitShown] = Field(default_factory=list)


class Tree(BaseModel):
    """The roots of the organisation; usually one, the head office."""

    as_of: datetime
    rows: list[UnitShown]


class UnitRecord(BaseModel):
    """One unit as it stands now."""

    id: UUID
    version: int
    code: str
    name: str
    kind: UnitKind
    parent_id: UUID | None
    status: str
    allowed_actions: list[str]
    history: list[HistoryEntry]


class PersonShown(BaseModel):
    """A member of staff as of the day asked for. `unit_id` is the place of work, `reports_to_…` the reporting line."""

    id: UUID
    name: str | None = Field(description="From the vault; null when erased.")
    functions: list[Function]
    unit_id: UUID
    unit_name: str | None = None
    reports_to_unit_id: UUID | None
    reports_to_unit_name: str | None = None
    reports_to_person_id: UUID | None
    reports_to_person_name: str | None = None
    external_refs: dict[str, str] = Field(description="Empty but for who is shown the history.")
    status: str
    joined_at: datetime


class DeputyShown(BaseModel):
    """From when until when, both days inclusive."""

    name: str | None
    since: date
    until: date


class PersonRecord(PersonShown):
    """One member of staff as they stand now. Phone and mail are masked, and only there where the history is."""

    version: int
    phone: str | None
    mail: str | None
    deputies: dict[UUID, DeputyShown] = Field(description="Who stands in, today or on days to come.")
    allowed_actions: list[str]
    history: list[HistoryEntry] = Field(description="For the person, who sees them, and who organises; else empty.")


@router.get("/v1/units", operation_id="units.tree", tags=["organisation"])
async def units(read: Report, closed: Annotated[bool, Query(description="Show closed units too.")] = False) -> Tree:
    """The organisation as a tree, on any day."""
    await read.wait(UNITS)
    sql = UNITS_AT.format(units=source(UNITS, known_at="$4" if read.known_at is not None else None))
    known = () if read.known_at is None else (read.known_at,)
    rows = await read.pool.fetch(sql, read.tenant_id, read.as_of, closed, *known)
    shown = {row["id"]: UnitShown(**dict(row)) for row in rows}
    roots: list[UnitShown] = []
    for unit in shown.values():
        above = shown.get(unit.parent_id) if unit.parent_id is not None else None
        unit.parent_name = None if above is None else above.name
        (roots if above is None else above.children).append(unit)
    return Tree(as_of=read.as_of, rows=roots)


@router.get("/v1/units/{unit_id}", operation_id="units.get", responses=refuses(404))
async def unit(unit_id: UUID, read: Now, request: Request) -> UnitRecord:
    """One unit with its history; the ETag is what move and close take as If-Match."""
    found: Unit | None = await read.kit.repository(Unit).load(read.tenant_id, unit_id)
    if found is None:
        raise Problem(404, "not_found")
    etag(request, found.version)
    organises = read.principal.has(*ORGANISES)
    seen = organises or (await read.sight()).everything or unit_id in (await read.sight()).unit_ids
    return UnitRecord(
        id=unit_id,
        version=found.version,
        allowed_actions=list(found.allowed_actions() if organises and not read.principal.only_looks else ()),
        history=await history(read, found) if seen else [],
        **found.standing,
    )


@router.get("/v1/people", operation_id="people.list")
async def people(
    read: Report,
    page: Paged,
    unit_id: Annotated[UUID | None, Query(description="Works there or reports there.")] = None,
    function: Function | None = None,
    name: Annotated[str | None, Query(max_length=200, description="Exact, but for case, width and spacing.")] = None,
    status: Annotated[str | None, Query(pattern="^(active|left|any)$")] = "active",
) -> Listed[PersonShown]:
    """Staff on any day, in the order of joining, with names from the vault."""
    await read.wait(PEOPLE)
    ids = None if name is None else await read.kit.vault.find(read.tenant_id, "name", name)
    sql = PEOPLE_THEN.format(people=source(PEOPLE, known_at="$10" if read.known_at is not None else None))
    known = () if read.known_at is None else (read.known_at,)
    after = page.after(datetime, UUID) or (None, None)
    wanted = None if status == "any" else status
    rows, following = page.of(
        await read.pool.fetch(
            sql, read.tenant_id, read.as_of, wanted, function, unit_id, ids, *after, page.limit + 1, *known
        ),
        lambda row: (row["joined_at"].isoformat(), row["id"]),
    )
    places = await _places(read, rows)
    named = await people_names(
        read.kit, read.tenant_id, [id for row in rows for id in (row["id"], row["reports_to_person_id"])]
    )
    close = await sees_closely(read, *(row["id"] for row in rows))
    items = [_person(row, named, row["id"] in close, places) for row in rows]
    return Listed(items=items, next=following)


@router.get("/v1/people/{person_id}", operation_id="people.get", responses=refuses(404))
async def person(person_id: UUID, read: Now, request: Request) -> PersonRecord:
    """One member of staff with history; the ETag is what commands take as If-Match."""
    found: Person | None = await read.kit.repository(Person).load(read.tenant_id, person_id)
    if found is None:
        raise Problem(404, "not_found")
    etag(request, found.version)
    today = day_of(read.as_of, read.zone)
    deputies = {id: one for id, one in found.deputies().items() if one.until >= today}
    above = found.standing.get("reports_to_person_id")
    others = [*deputies, *([] if above is None else [above])]
    personal = await read.kit.vault.get(read.tenant_id, [person_id, *others], ("name", "phone", "mail"))
    places = await _places(read, [found.standing])
    close = bool(await sees_closely(read, person_id))
    own = personal.get(person_id, {}) if close else {}
    standing = dict(found.standing) | ({} if close else {"external_refs": {}})
    return PersonRecord(
        id=person_id,
        version=found.version,
        name=personal.get(person_id, {}).get("name"),
        unit_name=places.get(found.standing["unit_id"]),
        reports_to_unit_name=places.get(found.standing["reports_to_unit_id"]),
        reports_to_person_name=None if above is None else personal.get(above, {}).get("name"),
        phone=masked(own.get("phone")),
        mail=masked_mail(own.get("mail")),
        deputies={
            id: DeputyShown(name=personal.get(id, {}).get("name"), since=one.since, until=one.until)
            for id, one in deputies.items()
        },
        joined_at=found.ledger[1].occurred_at,
        allowed_actions=await _allowed(read, found),
        history=await history(read, found) if close else [],
        **standing,
    )


async def _allowed(read: Reading, person: Person) -> list[str]:
    """What the caller may try."""
    principal = read.principal
    if principal.only_looks:
        return []
    actions = person.allowed_actions()
    if principal.has(*ORGANISES):
        return list(actions)
    may: set[str] = {"change-personal"} if principal.person_id == person.id else set()
    if await decides_for(read.kit, principal, person.id):
        may |= {"appoint-deputy", "dismiss-deputy"}
    return [action for action in actions if action in may]


async def sees_closely(read: Reading, *person_ids: UUID) -> frozenset[UUID]:
    """Whose references, phone, mail and history the caller is shown: their own, of whom they see, of all if they
    organise. The directory (names, functions, places) is open to the company."""
    if read.principal.has(*ORGANISES):
        return frozenset(person_ids)
    sight = await read.sight()
    return frozenset(id for id in person_ids if sight.sees_person(id))


def etag(request: Request, version: int) -> None:
    """Answer with this version as the ETag."""
    call_of(request.scope).headers.append((b"etag", b'"%d"' % version))


async def _places(read: Reading, rows: Sequence[Mapping[str, Any]]) -> Mapping[UUID | None, str]:
    """Names of the units people work at and report to."""
    ids = [id for row in rows for id in (row["unit_id"], row["reports_to_unit_id"])]
    return await unit_names(read.pool, read.tenant_id, ids, read.as_of)


def _person(row: Any, named: dict[UUID, str], close: bool, places: Mapping[UUID | None, str]) -> PersonShown:
    given = dict(row) if close else dict(row) | {"external_refs": {}}
    return PersonShown(
        name=named.get(row["id"]),
        unit_name=places.get(row["unit_id"]),
        reports_to_unit_name=places.get(row["reports_to_unit_id"]),
        reports_to_person_name=named.get(row["reports_to_person_id"]),
        **given,
    )
