"""With the application's own predicate switched off the wall alone holds: no row of another tenant comes back."""

# ruff: noqa: F811 - pytest gives fixtures by the names of parameters

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from services.opportunities.views import VIEWS
from shared.event_store import connections
from shared.event_store.connections import APP, READER, WORK, PooledConnection
from shared.event_store.store import EventStore
from shared.testing.views import fold_all
from tests.opportunities.routes.conftest import (  # noqa: F401 - fixtures
    app,
    clock,
    http,
    ours,
    prospect,
    rep,
    settings,
    store,
    stranger,
    theirs,
)  # fmt: skip
from tests.opportunities.routes.world import PRODUCTS, Client, World

PREDICATE = re.compile(r"\b((?:\w+\.)?tenant_id) = \$(\d+)(?:::uuid)?")
ANY = r"\1 is distinct from (case when $\2::uuid is null then \1 end)"
"""True of every row; the parameter stays in use, so that PostgreSQL knows its type."""
PATHS = (
    "/v1/opportunities", "/v1/pipeline", "/v1/pipeline?as_of=2025-03-19", "/v1/hot-customers", "/v1/defeats",
    "/v1/defeats/analysis?group_by=reason", "/v1/outcomes?group_by=owner", "/v1/visits", "/v1/products",
    "/v1/events", "/v1/operations", "/v1/level-policies",
)  # fmt: skip


class Forgetful(PooledConnection):
    """A connection whose every statement has forgotten to name the tenant."""

    async def _execute(self, query: str, *args: Any, **given: Any) -> Any:
        return await super()._execute(PREDICATE.sub(ANY, query), *args, **given)  # type: ignore[misc]


@pytest.fixture
async def both(
    rep: Client,
    stranger: Client,
    theirs: World,
    ours: World,
    prospect: dict[str, Any],
    pool: asyncpg.Pool,
) -> tuple[Client, Client]:
    """Somebody of each company, who has captured a prospect and made a visit."""
    line = {"product": PRODUCTS[0], "units": 3, "unit_price": "1.00"}
    for client, world, title in ((rep, ours, "ours-marked"), (stranger, theirs, "theirs-marked")):
        made = await client.tell("/v1/opportunities", {**prospect, "account_id": str(world.account), "title": title,
                                                       "lines": [line]})  # fmt: skip
        await client.tell(
            f"/v1/opportunities/{made['id']}/qualify", {"level": "H", "expected_on": "2025-03-25"}, version=1
        )
        visit = {
            "account_id": str(world.account),
            "opportunity_ids": [made["id"]],
            "purpose": "develop",
            "way": "on_site",
        }
        await client.tell("/v1/visits/log", {**visit, "on": "2025-03-08"})
    await fold_all(pool, VIEWS)
    return rep, stranger


Swapped = Callable[[str], Awaitable[None]]


@pytest.fixture
async def forget(store: EventStore, database_url: str) -> AsyncIterator[Swapped]:
    """`forget(role)`: from now on the service reads as this role, over statements without the tenant's predicate."""
    held: list[asyncpg.Pool] = []
    kept = store.pool

    async def swap(role: str) -> None:
        class_of = connections.PooledConnection
        connections.PooledConnection = Forgetful  # type: ignore[misc]
        try:
            held.append(await connections.pool(database_url, role, settings=READER, least=1, most=4))
        finally:
            connections.PooledConnection = class_of  # type: ignore[misc]
        store.pool = held[-1]

    yield swap
    store.pool = kept
    for pool in held:
        await pool.close()


def ids(answers: dict[str, Any]) -> dict[str, set[str]]:
    """The ids in each answer."""
    found = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    return {path: set(found.findall(json.dumps(answer))) for path, answer in answers.items()}


async def asked(client: Client) -> dict[str, Any]:
    answers = {}
    for path in PATHS:
        answer = await client.get(path)
        assert answer.status_code in (200, 403), (path, answer.text)
        answers[path] = answer.json()
    return answers


async def test_without_the_predicate_no_row_of_another_tenant_comes_back(
    both: tuple[Client, Client],
    forget: Swapped,
    ours: World,
    theirs: World,
) -> None:
    own, other = both
    before = [await asked(own), await asked(other)]
    assert any("theirs-marked" in json.dumps(answer) for answer in before[1].values())

    await forget(APP)
    after = [await asked(own), await asked(other)]
    for was, now, marked in zip(before, after, ("theirs-marked", "ours-marked"), strict=True):
        assert marked not in json.dumps(now, ensure_ascii=False)
        assert ids(now) == ids(was)
    for client, foreign in ((own, theirs), (other, ours)):
        for filtered in ({"account_id": str(foreign.account)}, {"owner": str(foreign.rep_id)}):
            answer = await client.get("/v1/opportunities", **filtered)
            assert answer.status_code != 200 or answer.json()["items"] == [], answer.text


async def test_the_same_statements_leak_where_there_is_no_wall(
    both: tuple[Client, Client], forget: Swapped, ours: World
) -> None:
    """The test above would notice: as a role that may see all tenants the forgotten predicate shows."""
    _, director = both
    # the vault keeps the connections it has: of its own it opens no stranger's row
    answer = await director.get("/v1/opportunities", account_id=str(ours.account))
    assert "ours-marked" not in answer.text
    await forget(WORK)
    answer = await director.get("/v1/opportunities", account_id=str(ours.account))
    assert "ours-marked" in answer.text
