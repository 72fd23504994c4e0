"""The feed shows each reader what a plain reading of the log says, and nothing else."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.feed.scopes import SCOPES
from shared.feed.reading import Question, read
from shared.identity.current_tenant import as_tenant
from shared.identity.principal import Principal
from tests.authorisation.company import BRANCHES, MEMBERS, NOW, id_of
from tests.authorisation.oracle import SHANGHAI, Asker, Oracle
from tests.authorisation.world import World
from tests.feed.made_up import MadeUp
from tests.feed.told import Log

MEMBERS_ASKING = (
    "director", "finance", "operations", "r0.manager", "b00.manager", "b00.office", "b00.a", "b11.manager", "b20.b",
    "ka.head", "ka.rep", "ka.tech", "former", "deputy", "second", "risen", "senior", "junior", "t00.head", "leaver",
)  # fmt: skip
"""Some of each kind: everything, a subtree, a team, persons below, a deputy, nobody."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def asker(member: str) -> Asker:
    """A member of the company as the oracle knows them."""
    known = MEMBERS[member]
    return Asker(str(id_of(member)), frozenset(map(str, known.functions_now)), str(id_of(known.unit_now)))


async def oracle_of(world: World) -> Oracle:
    """The first company's organisation of today."""
    return await Oracle.of(world.pool, world.tenants[0], NOW.astimezone(SHANGHAI).date())


async def log_of(world: World) -> Log:
    """The first company's log, read plainly."""
    return await Log.of(world.pool, world.tenants[0], await oracle_of(world))


async def shown(world: World, member: str, *, limit: int = 100_000, **wish: Any) -> list[tuple[int, bool]]:
    """Positions of what a member is shown of the whole log, each with whether only that its record has left."""
    kit = world.apps["opportunities"].state.kit
    tenant_id = world.tenants[0]
    known = MEMBERS[member]
    functions, zone = frozenset(map(str, known.functions_now)), ZoneInfo("Asia/Shanghai")
    found: list[tuple[int, bool]] = []
    with as_tenant(tenant_id):
        sight = await kit.sight(
            Principal(tenant_id, id_of(member), functions, id_of(known.unit_now), frozenset(), zone)
        )
        place, head = 0, (await kit.store.head(tenant_id)).position
        while place < head:
            page = await read(
                kit.pool, tenant_id, 1, Question(sight, **wish), SCOPES, after=place, upto=head, limit=limit
            )
            assert page.upto > place
            found += [(one.position, one.type == "left_scope") for one in page.events]
            place = page.upto
    return found


async def test_everybody_is_shown_what_is_in_their_sight(world: World) -> None:
    log = await log_of(world)
    for member in MEMBERS_ASKING:
        expected = [(event.position, left) for event, left in log.told(asker(member))]
        assert await shown(world, member) == expected, member


async def test_records_that_change_hands_all_the_time_are_told_to_those_whose_they_are_and_were(world: World) -> None:
    oracle = await oracle_of(world)
    await MadeUp(7).append(world, 0, 1_500)
    await MadeUp(8).append(world, 1, 50)
    log = await Log.of(world.pool, world.tenants[0], oracle)
    chance = Random(3)
    left = 0
    for member in MEMBERS_ASKING:
        expected = [(event.position, gone) for event, gone in log.told(asker(member))]
        left += sum(gone for _, gone in expected)
        found = await shown(world, member, limit=chance.choice((50, 333, 100_000)))
        differing = sorted(set(found) ^ set(expected))
        assert not differing, (member, [(log.events[place - 1], gone) for place, gone in differing[:3]])
        assert found == expected
        units = {chance.choice(BRANCHES), chance.choice(BRANCHES), "hq"}
        there = {str(id_of(unit)) for unit in units}
        expected = [(event.position, gone) for event, gone in log.told(asker(member), there)]
        assert await shown(world, member, unit_ids=frozenset(map(UUID, there))) == expected, (member, units)
    assert left > 100
