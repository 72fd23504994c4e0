"""Who sees what: the same in SQL and in Python, by both edges of the organisation, for oneself and as a deputy."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from shared.identity.principal import FUNCTIONS, SEES_EVERYTHING, SEES_SUBTREE, Principal
from shared.identity.sight import Seat, Sight, sight_of

ME, MATE, STRANGER, ABSENT = (UUID(int=n) for n in (1, 2, 3, 4))
TEAM, BELOW, ELSEWHERE = (UUID(int=n) for n in (11, 12, 13))
TODAY = date(2026, 3, 2)


def principal(*functions: str) -> Principal:
    return Principal(uuid4(), ME, frozenset(functions), TEAM, frozenset(), ZoneInfo("Asia/Shanghai"))


def seat(function: str) -> Seat:
    """As `Organisation.seats` gives it."""
    subtree = frozenset({TEAM, BELOW}) if function in SEES_SUBTREE else frozenset[UUID]()
    return Seat(ME, frozenset({function}), TEAM, subtree, frozenset({MATE}) if subtree else frozenset())


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_sees_all_its_subtree_or_its_own(function: str) -> None:
    sight = sight_of(principal(function), [seat(function)])
    assert sight.sees(owner_id=STRANGER, unit_id=ELSEWHERE) == (function in SEES_EVERYTHING)
    assert sight.sees(owner_id=STRANGER, unit_id=BELOW) == (function in SEES_EVERYTHING | SEES_SUBTREE)
    assert sight.sees(owner_id=MATE, unit_id=ELSEWHERE) == (function in SEES_EVERYTHING | SEES_SUBTREE)
    assert sight.sees(owner_id=ME, unit_id=ELSEWHERE)
    assert sight.sees(owner_id=STRANGER, unit_id=ELSEWHERE, team=[MATE, ME])


def test_a_deputy_sees_what_the_absent_person_sees_and_that_alone() -> None:
    absent = Seat(ABSENT, frozenset({"department_head"}), ELSEWHERE, frozenset({ELSEWHERE}), frozenset({MATE}))
    sight = sight_of(principal("representative"), [absent, Seat(ME, frozenset({"representative"}), TEAM)])
    assert (sight.person_id, sight.seats[0].person_id) == (ME, ME)
    assert sight.stands_in_for == {ABSENT}
    assert sight.sees(owner_id=ABSENT, unit_id=None)
    assert sight.sees(owner_id=MATE, unit_id=None)
    assert sight.sees(owner_id=STRANGER, unit_id=ELSEWHERE)
    assert sight.sees(owner_id=STRANGER, unit_id=None, team=[ABSENT])
    assert not sight.sees(owner_id=STRANGER, unit_id=TEAM)
    director = Seat(ABSENT, frozenset({"director"}))
    assert sight_of(principal("representative"), [director]).everything


SEEN = [
    Sight(everything=True),
    Sight(everything=False, person_id=ME),
    Sight(everything=False),
    Sight(everything=False, unit_ids=frozenset({TEAM, BELOW}), person_id=ME),
    Sight(everything=False, unit_ids=frozenset({TEAM}), person_id=ME, staff=frozenset({MATE})),
    Sight(everything=False, person_id=ME, stands_in_for=frozenset({ABSENT})),
]


@pytest.mark.parametrize("sight", SEEN)
async def test_sql_and_python_agree(pool: asyncpg.Pool[Any], sight: Sight) -> None:
    people = (ME, MATE, STRANGER, ABSENT, None)
    teams: tuple[list[UUID], ...] = ([], [ME], [MATE], [ABSENT, MATE])
    for owner, unit, team in product(people, (TEAM, BELOW, ELSEWHERE, None), teams):
        for asked in ({"team": "t"}, {"supported": "t && {persons}"}):
            predicate, values = sight.sql(4, owner="o", unit="u", **asked)
            found = await pool.fetchval(
                f"select {predicate} from (select $1::uuid as o, $2::uuid as u, $3::uuid[] as t) r",
                owner,
                unit,
                team,
                *values,
            )
            assert bool(found) == sight.sees(owner_id=owner, unit_id=unit, team=team), (owner, unit, team)
