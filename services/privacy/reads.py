"""Persons as such, read over HTTP: where they appear, on file already, revealed, exported. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from services.accounts.account import CREDIT_CODE
from services.accounts.credit_code import credit_code
from services.privacy.held import PersonHeld, RecordHeld, held
from services.privacy.places import alike, records
from services.privacy.rights import Check, CheckAccount, Do, Export, Reveal, require, require_personal, sees
from shared.http.call import call_of
from shared.http.context import Parts, Who, keyed
from shared.http.kit import Kit
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.privacy.disclosure import EXPORTED, FOUND, REVEALED, Disclosure, disclosure, record
from shared.privacy.vault import PERSONS, STAFF

router = Router(prefix="/v1", tags=["persons"])

LOOKED_UP = [Depends(keyed), Depends(limited("lookups"))]
HEAVY = [Depends(keyed), Depends(limited("heavy"))]

UNIT = """
select data -> 'standing' ->> 'name' as name from es.events
 where tenant_id = $1 and stream_id = $2 and stream_type = 'unit' order by version desc limit 1
"""
ERASED_AT = "select at from privacy.erasures where tenant_id = $1 and subject_id = $2"


class PersonPlaces(BaseModel):
    """What kind of person this is and where they appear: ids only."""

    id: UUID
    kind: str = Field(description="staff, key_person or contact.")
    restricted: bool
    erased: bool
    erased_at: datetime | None
    fields: list[str] = Field(description="Which fields are held, not what they say.")
    records: list[RecordHeld]
    same: list[UUID] = Field(description="Other entries that surely are the same person; erased together.")
    perhaps: list[UUID] = Field(description="Entries that may be.")


class Revealed(BaseModel):
    """The fields asked for, as they are; those not held are left out."""

    id: UUID
    fields: dict[str, str]


class UnitToAsk(BaseModel):
    id: UUID
    name: str | None


class OnFile(BaseModel):
    """Whether there is an entry, and which unit to ask about it. Never which, nor whose."""

    on_file: bool
    unit: UnitToAsk | None = None


@router.get("/persons/{person_id}", operation_id="persons.get", responses=refuses(404))
async def places(person_id: UUID, who: Who, parts: Parts) -> PersonPlaces:
    """What kind of person this is and where they appear."""
    subject = await require(parts, who, person_id, Do.LOOK)
    known = (await parts.vault.known(who.tenant_id, [person_id], restricted=True)).get(person_id, {})
    found = await alike(parts.pool, parts.vault, who.tenant_id, subject, known) if known else None
    of = await records(parts.pool, who.tenant_id, [subject.record_id, person_id])
    return PersonPlaces(
        id=person_id,
        kind=subject.kind,
        restricted=subject.restricted,
        erased=subject.erased,
        erased_at=await parts.pool.fetchval(ERASED_AT, who.tenant_id, person_id),
        fields=sorted(known),
        records=[RecordHeld(type=record.stream_type, id=record.id) for record in of.values()],
        same=[] if found is None else await _in_sight(parts, who, found.same),
        perhaps=[] if found is None else await _in_sight(parts, who, found.perhaps),
    )


@router.post(
    "/persons/{person_id}/reveal",
    operation_id="persons.reveal",
    responses=refuses(403, 404, 409, 429),
    dependencies=LOOKED_UP,
)
async def reveal(person_id: UUID, body: Reveal, who: Who, parts: Parts) -> Revealed:
    """Show a phone or other fields unmasked, on record: who asked, when, what for."""
    require_personal(who)
    subject = await require(parts, who, person_id, Do.LOOK)
    if subject.erased or subject.restricted:
        raise Problem(409, "person_erased" if subject.erased else "person_restricted")
    disclosed = _disclosing(REVEALED, body.purpose)
    found = (await parts.vault.get(who.tenant_id, [person_id], body.fields)).get(person_id, {})
    for field in found:
        disclosed.note(person_id, field)  # of staff too, who are otherwise not noted
    return Revealed(id=person_id, fields=found)


@router.post("/persons/check", operation_id="persons.check", responses=refuses(429), dependencies=LOOKED_UP)
async def check(body: Check, who: Who, parts: Parts, request: Request) -> OnFile:
    """Whether a customer's person with this phone or mail is on file, and which unit to ask. On record."""
    field, value = ("phone", body.phone) if body.phone is not None else ("mail", body.mail)
    ids = await parts.vault.find(who.tenant_id, field, value or "")
    found = [one for one in (await parts.vault.subjects(who.tenant_id, ids)).values() if one.kind in PERSONS - {STAFF}]
    await _note_found(parts, who, request, [one.id for one in found], field)
    if not found:
        return OnFile(on_file=False)
    of = await records(parts.pool, who.tenant_id, [one.record_id for one in found])
    units = [of[one.record_id].unit_id for one in found if one.record_id in of]
    return OnFile(on_file=True, unit=await _unit(parts.pool, who.tenant_id, units))


@router.post(
    "/accounts/check", operation_id="accounts.check", tags=["accounts"], responses=refuses(429), dependencies=LOOKED_UP
)
async def check_account(body: CheckAccount, who: Who, parts: Parts, request: Request) -> OnFile:
    """Whether an organisation with this credit code is on file, and which unit to ask. On record."""
    code = credit_code(body.credit_code)
    holder = await parts.store.holder(who.tenant_id, CREDIT_CODE, code)
    await _note_found(parts, who, request, [] if holder is None else [holder], "credit_code")
    if holder is None:
        return OnFile(on_file=False)
    of = await records(parts.pool, who.tenant_id, [holder])
    return OnFile(on_file=True, unit=await _unit(parts.pool, who.tenant_id, [one.unit_id for one in of.values()]))


@router.post(
    "/persons/{person_id}/export",
    operation_id="persons.export",
    responses=refuses(403, 404, 409, 429),
    dependencies=HEAVY,
)
async def export(person_id: UUID, body: Export, who: Who, parts: Parts) -> PersonHeld:
    """Everything that is held about one person, for them to have. On record."""
    require_personal(who)
    subject = await require(parts, who, person_id, Do.DISPOSE)
    if subject.erased:
        raise Problem(409, "person_erased")
    found = await held(parts, who.tenant_id, subject)
    found.perhaps = await _in_sight(parts, who, found.perhaps)
    disclosed = _disclosing(EXPORTED, body.purpose)
    for field in found.data or ("name",):
        disclosed.note(person_id, field)
    return found


def _disclosing(action: str, purpose: str | None) -> Disclosure:
    """What this answer is put on record as, and what for."""
    disclosed = disclosure.get()
    assert disclosed is not None  # the edge's
    disclosed.action, disclosed.purpose = action, purpose
    return disclosed


async def _in_sight(parts: Kit, who: Principal, ids: Sequence[UUID]) -> list[UUID]:
    """Those of these persons whom the caller sees: who else knows somebody is not told, but by the unit to ask."""
    found = await parts.vault.subjects(who.tenant_id, ids)
    return [id for id in ids if id in found and await sees(parts, who, found[id])]


async def _note_found(parts: Any, who: Any, request: Request, ids: list[UUID], field: str) -> None:
    """Record that somebody asked, whether anything was found or not. Raises Problem 503 when that is impossible."""
    call = call_of(request.scope)
    route = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    try:
        await record(
            parts.pool, who, action=FOUND, subjects=ids, fields=[field], route=route, trace=call.trace.trace_id
        )
    except Exception as error:
        raise Problem(503, "audit_unavailable", headers={"Retry-After": "1"}) from error


async def _unit(pool: Any, tenant_id: UUID, units: list[UUID | None]) -> UnitToAsk | None:
    for unit in units:
        if unit is not None:
            return UnitToAsk(id=unit, name=await pool.fetchval(UNIT, tenant_id, unit))
    return None
