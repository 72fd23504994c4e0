"""The matrix and its targets for what front ends need: exports, search, streams, catalogues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

from shared.identity.current_tenant import as_tenant
from shared.jobs import create_operation
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

ORDER = {"path": "/v1/operations", "format": "csv"}
"""A table every service has."""

ROWS: dict[str, Row] = {
    "search.find": Row(who.OWN_COMPANY, query={"q": "京"}),
    "views.stream": Row(who.OWN_COMPANY, query={"seconds": "0"}),
    "events.stream": Row(who.OWN_COMPANY, query={"seconds": "0"}),
    "events.snapshot": Row(who.OWN_COMPANY),
    "exports.start": Row({**who.looking(who.PEOPLE), who.READ_ONLY: "scope"}, body=ORDER),
    "exports.list": listed(),
    "exports.get": Row(who.looking({who.OWNER}), "export"),
    "exports.content": Row(who.looking({who.OWNER}), "export", done=(409,), why="not made: who may gets that far"),
}


async def _export(world: World) -> Target:
    """One that b00.a has ordered, and nobody makes."""
    id, owner = uuid4(), id_of("b00.a")
    with as_tenant(world.tenants[0]):
        await create_operation(
            world.apps["accounts"].state.kit.pool,
            tenant_id=world.tenants[0],
            operation_id=id,
            kind="export",
            principal_id=owner,
            principal={},
            parameters={**ORDER, "query": ""},
        )
    return Target(str(id), 1)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"export": _export}
