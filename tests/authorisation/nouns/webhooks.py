"""The matrix and its targets for webhooks: endpoints of branch b00, and what is sent to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.authorisation import expectations as who
from tests.authorisation.expectations import Pattern
from tests.authorisation.row import BRANCH, Row
from tests.authorisation.target import Target
from tests.authorisation.world import World

ENDPOINT = {"name": "ERP", "url": "https://erp.example.com/hook", "unit_id": BRANCH}

MAKES = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL, who.TENANT_ADMIN))
TENDS = MAKES | {who.OPERATIONS}
OTHER_MANAGER: Pattern = {who.SIBLING: "hidden"}
"""A manager, too, but of another branch: for them this endpoint is not there."""
LOOKING: Pattern = {**who.looking(TENDS | who.LOOKING, others="refused"), who.OTHER_TENANT: "hidden", **OTHER_MANAGER}
TENDING: Pattern = {**who.reserved(TENDS), **OTHER_MANAGER}
MAKING: Pattern = {**who.reserved(MAKES), **OTHER_MANAGER}
REGISTERING: Pattern = who.reserved(MAKES | {who.OTHER_TENANT}, elsewhere="done")
LISTING: Pattern = who.looking(TENDS | who.LOOKING | {who.SIBLING, who.OTHER_TENANT}, others="refused")

ROWS: dict[str, Row] = {
    "webhooks.register": Row(REGISTERING, body=ENDPOINT),
    "webhooks.list": Row(LISTING),
    "webhooks.get": Row(LOOKING, "endpoint"),
    "webhooks.change": Row(MAKING, "endpoint", {"types": ["AccountOpened"]}),
    "webhooks.prove": Row(TENDING, "endpoint", {}),
    "webhooks.pause": Row(TENDING, "endpoint", {}),
    "webhooks.resume": Row(TENDING, "endpoint", {}),
    "webhooks.skip": Row(TENDING, "endpoint", {"to": "beginning"}),
    "webhooks.remove": Row(TENDING, "endpoint", {}),
    "webhooks.add_secret": Row(MAKING, "endpoint", {}),
    "webhooks.retire_secret": Row(MAKING, "endpoint with two secrets", {"number": 1}),
    "webhooks.public_keys": Row(who.OPEN, query={"tenant": BRANCH, "endpoint": BRANCH}),
}


async def _endpoint(world: World, **changed: Any) -> Target:
    answer = await world.send("accounts", "POST", "/v1/webhooks", world.caller("director"), body=ENDPOINT | changed)
    assert answer.status == 201, answer.body
    assert answer.said["status"] == "open", answer.body
    return Target(answer.said["id"], answer.said["version"])


async def _with_two_secrets(world: World) -> Target:
    target = await _endpoint(world)
    path = f"/v1/webhooks/{target.id}/secrets"
    answer = await world.send("accounts", "POST", path, world.caller("director"), body={}, version=target.version)
    assert answer.status == 200, answer.body
    return Target(target.id, answer.said["version"])


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "endpoint": _endpoint,
    "endpoint with two secrets": _with_two_secrets,
}
