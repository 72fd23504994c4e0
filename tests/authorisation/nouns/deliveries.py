"""The matrix and its targets for deliveries to an endpoint of branch b00: replays, attempts, lanes, figures, tests.

A path names two things; what is made here by hand has the endpoint's own id, so that one target names both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from tests.authorisation.nouns.webhooks import LISTING, LOOKING, TENDING
from tests.authorisation.nouns.webhooks import MAKERS as ENDPOINTS
from tests.authorisation.row import Row
from tests.authorisation.target import Target
from tests.authorisation.world import World
from tests.webhooks.delivered import Tried, held_up, tried

REPLAY = """
insert into delivery.flows (tenant_id, flow_id, endpoint_id, kind, epoch, position, upto, question, total)
values ($1, $2, $2, 'replay', 1, 0, 9, $3::text::jsonb, 9)
"""
QUESTION = '{"after": 0, "exact": true, "types": null, "subject": null, "imported": null, "failed": false}'

ROWS: dict[str, Row] = {
    "webhooks.notices": Row(LISTING),
    "webhooks.replay": Row(TENDING, "endpoint", {}),
    "webhooks.replays": Row(LOOKING, "endpoint"),
    "webhooks.get_replay": Row(LOOKING, "endpoint with a replay"),
    "webhooks.pause_replay": Row(TENDING, "endpoint with a replay"),
    "webhooks.resume_replay": Row(TENDING, "endpoint with a replay"),
    "webhooks.cancel_replay": Row(TENDING, "endpoint with a replay"),
    "webhooks.attempts": Row(LOOKING, "endpoint"),
    "webhooks.attempt": Row(LOOKING, "endpoint with an attempt"),
    "webhooks.expunge": Row(TENDING, "endpoint", {"position": 1}),
    "webhooks.expunge_one": Row(TENDING, "endpoint with an attempt"),
    "webhooks.lanes": Row(LOOKING, "endpoint"),
    "webhooks.retry_lanes": Row(TENDING, "endpoint", {}),
    "webhooks.retry_lane": Row(TENDING, "endpoint with a lane", {}),
    "webhooks.skip_event": Row(TENDING, "endpoint with a lane", {"position": 4, "reason": "已收到"}),
    "webhooks.figures": Row(LOOKING, "endpoint"),
    "webhooks.test": Row(TENDING, "endpoint", {}),
}


async def _with_replay(world: World) -> Target:
    target = await ENDPOINTS["endpoint"](world)
    await world.pool.execute(REPLAY, world.tenants[0], UUID(target.id), QUESTION)
    return target


async def _with_attempt(world: World) -> Target:
    target = await ENDPOINTS["endpoint"](world)
    (attempt_id,) = await tried(world.pool, world.tenants[0], UUID(target.id), [Tried()])
    await world.pool.execute(
        "update delivery.attempts set attempt_id = $2 where attempt_id = $1", attempt_id, UUID(target.id)
    )
    return target


async def _with_lane(world: World) -> Target:
    target = await ENDPOINTS["endpoint"](world)
    await held_up(world.pool, world.tenants[0], UUID(target.id), UUID(target.id), [4, 6])
    return target


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "endpoint with a replay": _with_replay,
    "endpoint with an attempt": _with_attempt,
    "endpoint with a lane": _with_lane,
}
