"""The first look through an imported file: what it names, how long it is, when it begins. Records nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.opportunities.imports.target import Mapped, MappedPerson, MappedRow, MappedUnit
from shared.imports.reading import Reference, Way

Ways = tuple[Way, ...]


@dataclass(slots=True)
class Survey:
    """What a whole file names, each thing once. `repeated`: keys of records that stand in it more than once."""

    rows: int = 0
    earliest: date | None = None
    accounts: dict[Ways, Reference] = field(default_factory=dict)
    products: dict[Ways, Reference] = field(default_factory=dict)
    people: dict[Ways, MappedPerson] = field(default_factory=dict)
    units: dict[Any, MappedUnit] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def add(self, row: Mapped) -> None:
        """Look at one row; one with problems names nothing."""
        self.rows += 1
        if not isinstance(row, MappedRow):
            return
        if row.external_ref in self._seen:
            self.repeated.add(row.external_ref)
        self._seen.add(row.external_ref)
        if row.captured_on is not None and (self.earliest is None or row.captured_on < self.earliest):
            self.earliest = row.captured_on
        if row.unit is not None:
            self.units.setdefault(unit_key(row.unit), row.unit)
        if row.owner is not None:
            self.people.setdefault(row.owner.person.ways, row.owner)
        if row.account is not None:
            self.accounts.setdefault(row.account.ways, row.account)
        for line in row.lines:
            self.products.setdefault(line.product.ways, line.product)

    def finished(self) -> None:
        """All rows were added: forget what only the adding needed."""
        self._seen.clear()


def unit_key(named: MappedUnit) -> Any:
    """Equal for rows that name the same unit."""
    return named.unit.ways, named.kind, None if named.parent is None else unit_key(named.parent)
