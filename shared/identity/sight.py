"""Which records a principal sees, as a predicate in SQL and in Python. Decides nothing about rights to act."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.identity.principal import SEES_SUBTREE, Principal


@dataclass(frozen=True, slots=True)
class Sight:
    """What one principal sees: everything, or the records of these units, and those owned or supported by the person.

    `unit_ids` are the unit of the principal and all below it; empty for a representative.
    """

    everything: bool
    unit_ids: frozenset[UUID] = field(default_factory=frozenset)
    person_id: UUID | None = None

    def sql(
        self, first: int, *, owner: str = "owner_id", unit: str = "unit_id", team: str | None = None
    ) -> tuple[str, tuple[Any, ...]]:
        """A predicate and its parameters, numbered from `$first`.

        `owner`, `unit` and `team` are SQL expressions: of a person, a unit, and an array of persons (support team).
        """
        if self.everything:
            return "true", ()
        said = [f"{owner} = ${first}::uuid"]
        given: list[Any] = [self.person_id]
        if team is not None:
            said.append(f"${first}::uuid = any({team})")
        if self.unit_ids:
            said.append(f"{unit} = any(${first + 1}::uuid[])")
            given.append(sorted(self.unit_ids))
        return f"({' or '.join(said)})", tuple(given)

    def sees(self, *, owner_id: UUID | None, unit_id: UUID | None, team: Collection[UUID] = ()) -> bool:
        """The same predicate on one record."""
        if self.everything:
            return True
        if unit_id is not None and unit_id in self.unit_ids:
            return True
        return self.person_id is not None and (owner_id == self.person_id or self.person_id in team)


def sight_of(principal: Principal, subtree: Collection[UUID]) -> Sight:
    """What the principal sees, `subtree` being the principal's unit and all units below it."""
    if principal.sees_everything:
        return Sight(everything=True, person_id=principal.person_id)
    units = frozenset(subtree) if not principal.functions.isdisjoint(SEES_SUBTREE) else frozenset()
    return Sight(everything=False, unit_ids=units, person_id=principal.person_id)
