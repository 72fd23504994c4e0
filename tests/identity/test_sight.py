"""Who sees what: the same in SQL and in Python."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from shared.identity.principal import FUNCTIONS, SEES_EVERYTHING, SEES_SUBTREE, Principal
from shared.identity.sight import Sight, sight_of

ME, MATE, STRANGER = (UUID(int=n) for n in (1, 2, 3))
TEAM, BELOW, ELSEWHERE = (UUID(int=n) for n in (11, 12, 13))


def principal(*functions: str) -> Principal:
    return Principal(uuid4(), ME, frozenset(functions), TEAM, frozenset(), ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_sees_all_its_subtree_or_its_own(function: str) -> None:
    sight = sight_of(principal(function), {TEAM, BELOW})
    assert sight.sees(owner_id=STRANGER, unit_id=ELSEWHERE) == (function in SEES_EVERYTHING)
    assert sight.sees(owner_id=STRANGER, unit_id=BELOW) == (function in SEES_EVERYTHING | SEES_SUBTREE)
    assert sight.sees(owner_id=ME, unit_id=ELSEWHERE)
    assert sight.sees(owner_id=STRANGER, unit_id=ELSEWHERE, team=[MATE, ME])


@pytest.mark.parametrize(
    "sight",
    [
        Sight(everything=True),
        Sight(everything=False, person_id=ME),
        Sight(everything=False),
        Sight(everything=False, unit_ids=frozenset({TEAM, BELOW}), person_id=ME),
    ],
)
async def test_sql_and_python_agree(pool: asyncpg.Pool[Any], sight: Sight) -> None:
    for owner, unit, team in product((ME, STRANGER, None), (TEAM, BELOW, ELSEWHERE, None), ([], [ME], [MATE])):
        predicate, values = sight.sql(4, owner="o", unit="u", team="t")
        found = await pool.fetchval(
            f"select {predicate} from (select $1::uuid as o, $2::uuid as u, $3::uuid[] as t) r",
            owner,
            unit,
            team,
            *values,
        )
        assert bool(found) == sight.sees(owner_id=owner, unit_id=unit, team=team), (owner, unit, team)
