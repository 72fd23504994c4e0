"""A page says what may be done next, and by whom: a button that is shown works."""

from __future__ import annotations

import asyncpg

from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client

VISIT = {"purpose": "push_forward", "way": "on_site"}


async def actions(client: Client, path: str) -> list[str]:
    return list((await client.read(path))["allowed_actions"])


async def test_a_visit_says_what_may_be_done_next(rep: Client, head: Client, pool: asyncpg.Pool) -> None:
    await fold_all(pool, [PEOPLE, UNITS])
    planned = await rep.tell("/v1/visits", {**VISIT, "planned_on": "2199-01-01"})
    path = f"/v1/visits/{planned['id']}"
    assert await actions(rep, path) == ["log", "cancel", "correct"]
    await rep.tell(f"{path}/cancel", {"reason": "客户出差"}, version=1)
    assert await actions(rep, path) == ["correct"]
    logged = f"/v1/visits/{(await rep.tell('/v1/visits/log', {**VISIT, 'next_step': '送方案'}))['id']}"
    assert await actions(rep, logged) == ["cancel", "correct"]
    assert await actions(head, logged) == ["review", "cancel", "correct"]
    await head.tell(f"{logged}/review", {}, version=1)


async def test_a_product_says_what_may_be_done_by_who_keeps_the_catalogue(
    rep: Client, head: Client, pool: asyncpg.Pool
) -> None:
    made = await head.tell("/v1/products", {"code": "RS7", "name": "RS7", "list_price": "1"})
    path = f"/v1/products/{made['id']}"
    assert await actions(head, path) == ["change", "withdraw"]
    assert await actions(rep, path) == []
    await head.tell(f"{path}/withdraw", {"reason": "停产"}, version=1)
    assert await actions(head, path) == ["change"]
