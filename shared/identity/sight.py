"""Which records a principal sees, as a predicate in SQL and in Python. Decides nothing about rights to act.

A record is seen by its owner and its support team, by who holds a function at its unit or above, and by whoever
supervises its owner by either edge of the organisation: place of work or reporting line. A deputy sees all that as the
person they stand in for does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.identity.principal import SEES_EVERYTHING, Principal

NOBODY: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's place in the organisation of today, and what is below it.

    `unit_ids`: the subtree of `unit_id`, empty without a function that sees it. `staff`: the persons posted to or
    reporting to one of these units, and those who report to this person, directly or through others.
    """

    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None = None
    unit_ids: frozenset[UUID] = NOBODY
    staff: frozenset[UUID] = NOBODY

    @property
    def sees_everything(self) -> bool:
        return not self.functions.isdisjoint(SEES_EVERYTHING)

    def has(self, functions: Collection[str]) -> bool:
        """Whether the person holds any of these functions."""
        return not self.functions.isdisjoint(functions)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one principal sees: everything; or the records of these units, and those owned by these persons.

    `person_id` and `stands_in_for` are whose own records and support teams count; `staff` are owners they supervise.
    `seats` say the same person by person, the principal's own first, for rights that need a function and sight at once.
    """

    everything: bool
    unit_ids: frozenset[UUID] = NOBODY
    person_id: UUID | None = None
    stands_in_for: frozenset[UUID] = NOBODY
    staff: frozenset[UUID] = NOBODY
    seats: tuple[Seat, ...] = ()
    selves: frozenset[UUID] = field(init=False, compare=False, repr=False)
    """The person and those they stand in for."""
    owners: frozenset[UUID] = field(init=False, compare=False, repr=False)
    """Whose records are seen, wherever they are."""
    _given: tuple[list[UUID], list[UUID], list[UUID]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        own = NOBODY if self.person_id is None else frozenset((self.person_id,))
        object.__setattr__(self, "selves", own | self.stands_in_for)
        object.__setattr__(self, "owners", self.selves | self.staff)
        object.__setattr__(self, "_given", (sorted(self.owners), sorted(self.unit_ids), sorted(self.selves)))

    def sql(
        self,
        first: int,
        *,
        owner: str = "owner_id",
        unit: str = "unit_id",
        team: str | None = None,
        supported: str | None = None,
    ) -> tuple[str, tuple[Any, ...]]:
        """A predicate and its parameters, numbered from `$first`.

        `owner`, `unit` and `team` are SQL expressions: of a person, a unit, and an array of persons (support team).
        `supported` is a predicate of its own in which `{persons}` stands for the array of who is looking.
        """
        if self.everything:
            return "true", ()
        said, given = self.ways(first, owner=owner, unit=unit, team=team, supported=supported)
        return f"({' or '.join(said)})" if said else "false", given

    def ways(
        self,
        first: int,
        *,
        owner: str = "owner_id",
        unit: str = "unit_id",
        team: str | None = None,
        supported: str | None = None,
    ) -> tuple[Sequence[str], tuple[Any, ...]]:
        """The same, unless everything is seen, as the predicates of which one must hold: each can have its index."""
        owners, units, selves = self._given
        said: list[str] = []
        given: list[Any] = []

        def put(value: Any) -> str:
            given.append(value)
            return f"${first + len(given) - 1}"

        if len(owners) == 1:
            said.append(f"{owner} = {put(owners[0])}::uuid")
        elif owners:
            said.append(f"{owner} = any({put(owners)}::uuid[])")
        if units:
            said.append(f"{unit} = any({put(units)}::uuid[])")
        if selves and (team is not None or supported is not None):
            persons = f"{put(selves)}::uuid[]"
            if team is not None:
                said.append(f"{team} && {persons}")
            if supported is not None:
                said.append(supported.format(persons=persons))
        return said, tuple(given)

    def sees(self, *, owner_id: UUID | None, unit_id: UUID | None, team: Iterable[UUID] = ()) -> bool:
        """The same predicate on one record."""
        if self.everything:
            return True
        if unit_id is not None and unit_id in self.unit_ids:
            return True
        return (owner_id is not None and owner_id in self.owners) or not self.selves.isdisjoint(team)

    def sees_person(self, person_id: UUID) -> bool:
        """Whether what this member of staff owns is seen: themselves, who they stand in for, or whom they supervise."""
        return self.everything or person_id in self.owners


def sight_of(principal: Principal, seats: Iterable[Seat]) -> Sight:
    """What the principal sees, the seats being their own and those of the persons they stand in for today."""
    own = Seat(principal.person_id, principal.functions, principal.unit_id)
    found = tuple(sorted(seats, key=lambda seat: seat.person_id != principal.person_id)) or (own,)
    others = frozenset(seat.person_id for seat in found) - {principal.person_id}
    return Sight(
        everything=principal.sees_everything or any(seat.sees_everything for seat in found),
        unit_ids=frozenset().union(*(seat.unit_ids for seat in found)),
        person_id=principal.person_id,
        stands_in_for=others,
        staff=frozenset().union(*(seat.staff for seat in found)),
        seats=found,
    )
