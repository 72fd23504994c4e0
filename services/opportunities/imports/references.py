"""What the rows of a file refer to, found or made before the first row is taken. Makes no opportunity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.opportunities.imports.batch import Ready, contact_id
from services.opportunities.imports.facts import Named
from services.opportunities.imports.products import Products
from services.opportunities.imports.survey import Survey, Ways, unit_key
from services.opportunities.imports.target import MappedPerson, MappedRow, MappedUnit
from shared.imports.found import Found, Missing
from shared.imports.problems import text_of
from shared.imports.reading import Reference
from shared.jobs import Problem


class PersonFound(Protocol):
    """Who it is, and where they work."""

    @property
    def id(self) -> UUID: ...
    @property
    def unit_id(self) -> UUID: ...


class Organisation(Protocol):
    """Units, people and accounts: another service's, given by the composition root."""

    async def unit(self, named: MappedUnit) -> Found:
        """The unit a row names, found or opened."""

    async def person(self, named: MappedPerson) -> PersonFound | Missing:
        """One of our people, found or taken on."""

    async def accounts(self, references: Sequence[Reference]) -> Sequence[Found]:
        """Customers, found or put on file, in the order asked for."""


class References:
    """Everything the file names, with its id. `importer`: who is responsible where a row names nobody."""

    def __init__(self, *, importer: UUID, importer_unit: UUID) -> None:
        self._importer = importer
        self._importer_unit = importer_unit
        self._units: dict[object, Found] = {}
        self._people: dict[Ways, PersonFound | Missing] = {}
        self._accounts: dict[Ways, Found] = {}
        self._products: dict[Ways, str | Missing] = {}

    async def find_or_make(self, survey: Survey, organisation: Organisation, products: Products) -> None:
        """Repeating it finds what was made before."""
        for key, unit in survey.units.items():
            self._units[key] = await organisation.unit(unit)
        for ways, person in survey.people.items():
            self._people[ways] = await organisation.person(person)
        for ways, product in survey.products.items():
            self._products[ways] = await products.product(product)
        accounts = list(survey.accounts.values())
        for account, found in zip(accounts, await organisation.accounts(accounts), strict=True):
            self._accounts[account.ways] = found

    def of(self, row: MappedRow, tenant_id: UUID) -> Ready | list[Problem]:
        """The row with its ids, or every reference of it that could not be found."""
        problems: list[Problem] = []

        def take(what: str, found: Found) -> UUID | None:
            if isinstance(found, Missing):
                problems.append(_problem(row, what, found))
                return None
            return found

        owner: PersonFound | None = None
        if row.owner is not None:
            person = self._people[row.owner.person.ways]
            if isinstance(person, Missing):
                problems.append(_problem(row, "owner", person))
            else:
                owner = person
        unit_id = None if row.unit is None else take("unit", self._units[unit_key(row.unit)])
        account_id = None if row.account is None else take("account", self._accounts[row.account.ways])
        codes: list[str] = []
        for line in row.lines:
            code = self._products[line.product.ways]
            if isinstance(code, Missing):
                problems.append(_problem(row, "product", code))
            else:
                codes.append(code)
        if problems:
            return problems
        default_unit = self._importer_unit if owner is None else owner.unit_id
        named = Named(
            owner_id=self._importer if owner is None else owner.id,
            unit_id=unit_id or default_unit,
            account_id=account_id,
            products=tuple(codes),
            contact_id=contact_id(tenant_id, row),
        )
        return Ready(row, named)


def _problem(row: MappedRow, what: str, missing: Missing) -> Problem:
    params = {"value": missing.value, "reference": what, **dict(missing.params)}
    return Problem(missing.code, f"{what}: {text_of(missing.code)}", line=row.line, params=params)
