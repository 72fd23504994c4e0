"""Our own people as an imported file names them: found by reference or name, or taken on. Names go to the vault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid5

from services.accounts.events import Function
from services.accounts.imports import Directory, UnitNamed, Units, plain
from services.accounts.person import JoinPerson, Person, ReportTo, person_claims
from services.accounts.views.people import PEOPLE
from shared.identity.standing_fields import PERSON_REF
from shared.imports.found import Missing
from shared.imports.reading import Reference
from shared.names import external_key
from shared.privacy.vault import STAFF, Of, Vault

WORKING_HERE = f"""
select distinct on (stream_id) stream_id, unit_id, status from {PEOPLE.table}
 where tenant_id = $1 and stream_id = any($2::uuid[]) and to_at is null
"""  # noqa: S608 - our own name
LAST_UNIT = """
select data -> 'changes' ->> 'unit_id' as unit_id from es.events
 where tenant_id = $1 and stream_id = $2 and data -> 'changes' ? 'unit_id' order by version desc limit 1
"""
NAME_CHARS = 200
NUMBER = re.compile(r"[A-Za-z]{0,4}[-_./#]?[0-9][0-9A-Za-z\-_./#]*")
"""A personnel number: says nothing of the person to who does not have the other system."""


class PersonNamed(Protocol):
    """One of our people as a row names them; who is new joins `unit` and reports to `reports_to`."""

    @property
    def person(self) -> Reference: ...
    @property
    def unit(self) -> UnitNamed | None: ...
    @property
    def reports_to(self) -> PersonNamed | None: ...


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Who it is, and where they work."""

    id: UUID
    unit_id: UUID


class People:
    """Staff, found or taken on."""

    def __init__(self, directory: Directory, units: Units, vault: Vault, *, default_unit_id: UUID) -> None:
        self._directory = directory
        self._units = units
        self._vault = vault
        self._default_unit_id = default_unit_id
        self._found: dict[Any, FoundPerson | Missing] = {}

    async def person(
        self, named: PersonNamed, *, function: Function = Function.REPRESENTATIVE
    ) -> FoundPerson | Missing:
        """The person a row names. Missing: `not_found`, `ambiguous`, `too_long`."""
        key = named.person.ways
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = await self._find_or_join(named, function)
        return known

    async def _find_or_join(self, named: PersonNamed, function: Function) -> FoundPerson | Missing:
        directory, reference = self._directory, named.person
        for way in reference.ways:
            if way.by == "external":
                key = external_key(directory.system, await self._reference(way.value))
                ids = list((await directory.held(PERSON_REF, [key])).values())
            else:
                ids = await self._vault.find(directory.tenant_id, "name", way.value)
            staff = await self._staff(ids)
            if len(staff) > 1:
                staff = [person for person in staff if person[1] == "active"] or staff
            if len(staff) > 1:
                return Missing("ambiguous", way.value)
            if staff:
                return staff[0][0]
        if not reference.create:
            return Missing("not_found", reference.ways[0].value)
        return await self._join(named, function)

    async def _reference(self, given: str) -> str:
        """A reference as facts hold it: a number as it stands; a login, a mail or a name as a keyed hash."""
        if NUMBER.fullmatch(given):
            return given
        return f"~{(await self._vault.pseudonym(self._directory.tenant_id, PERSON_REF, given)).hex}"

    async def _staff(self, ids: list[UUID]) -> list[tuple[FoundPerson, str]]:
        """Those of these who work, or worked, for us: others may bear the name too."""
        if not ids:
            return []
        rows = await self._directory.store.pool.fetch(WORKING_HERE, self._directory.tenant_id, ids)
        return [(FoundPerson(plain(row["stream_id"]), plain(row["unit_id"])), row["status"]) for row in rows]

    async def _join(self, named: PersonNamed, function: Function) -> FoundPerson | Missing:
        directory = self._directory
        unit_id = self._default_unit_id
        if named.unit is not None:
            found = await self._units.unit(named.unit)
            if isinstance(found, Missing):
                return found
            unit_id = found
        superior_id: UUID | None = None
        if named.reports_to is not None:
            superior = await self.person(named.reports_to, function=Function.DEPARTMENT_HEAD)
            if isinstance(superior, Missing):
                return superior
            superior_id = superior.id
        name, ref = named.person.by("name"), named.person.by("external")
        shown = name or ref or ""
        if len(shown) > NAME_CHARS:
            return Missing("too_long", shown)
        kept = None if ref is None else await self._reference(ref)
        id = (
            uuid5(directory.tenant_id, f"person:{directory.system}:{kept}")
            if kept is not None
            else await self._vault.pseudonym(directory.tenant_id, "person", shown)
        )
        id = await directory.in_use(id)
        refs = {} if kept is None else {directory.system: kept}
        command = JoinPerson(name=shown, functions=(function,), unit_id=unit_id, external_refs=refs)
        person = Person.join(id, command, at=directory.opened_at)
        if superior_id is not None and superior_id != id:
            person.report_to(ReportTo(person_id=superior_id), superiors=(), at=directory.opened_at)
        if not directory.recorder.dry_run and id not in await directory.existing([id]):
            await self._vault.put(directory.tenant_id, id, command.personal(), of=Of(STAFF))
        (outcome,) = await directory.open([(person, person_claims(person.standing))])
        if outcome.kind == "claim_taken" and outcome.claim is not None:
            (other,) = await self._staff([outcome.claim.stream_id])
            return other[0]
        if outcome.kind == "conflict":  # joined before the views could show it, or erased since
            stands = await directory.store.pool.fetchval(LAST_UNIT, directory.tenant_id, id)
            return FoundPerson(id, UUID(stands) if stands else unit_id)
        return FoundPerson(id, unit_id)
