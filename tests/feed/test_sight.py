"""The feed shows each reader what a plain reading of the log says, and nothing else."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.feed.scopes import SCOPES
from shared.feed.reading import Question, read
from shared.identity.current_tenant import as_tenant
from shared.identity.principal import Principal
from tests.authorisation.company import MEMBERS, NOW, id_of
from tests.authorisation.oracle import SHANGHAI, Asker, Oracle
from tests.authorisation.world import World
from tests.feed.told import Log

pytestmark = pytest.mark.asyncio(loop_scope="module")


def asker(member: str) -> Asker:
    """A member of the company as the oracle knows them."""
    known = MEMBERS[member]
    return Asker(str(id_of(member)), frozenset(map(str, known.functions_now)), str(id_of(known.unit_now)))


async def log_of(world: World, tenant: int = 0) -> Log:
    """A company's log, read plainly."""
    tenant_id = world.tenants[tenant]
    oracle = await Oracle.of(world.pool, tenant_id, NOW.astimezone(SHANGHAI).date())
    return await Log.of(world.pool, tenant_id, oracle)


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
    for member in sorted(MEMBERS):
        expected = [(event.position, left) for event, left in log.told(asker(member))]
        assert await shown(world, member) == expected, member
