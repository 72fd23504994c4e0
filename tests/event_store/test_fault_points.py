"""A process killed at a named point of a command: the same key finds the truth afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import UUID, uuid4

import pytest

from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from tests.event_store.conftest import PRINCIPAL, append, command

CHILD = """
import asyncio, sys
from uuid import UUID
from shared.event_store.store import EventStore
from tests.event_store.conftest import append, command

async def main():
    async with await EventStore.open(sys.argv[1], readers=1) as store:
        outcome = await store.append(command(UUID(sys.argv[2]), append(UUID(sys.argv[3]), 0), key="k"))
        print(outcome.kind)

asyncio.run(main())
"""


async def run_child(store: EventStore, tenant: UUID, stream: UUID, **environment: str) -> tuple[int | None, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, store.database_url, str(tenant), str(stream),
        env=os.environ | environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await child.communicate()
    return child.returncode, out.decode().strip()


@pytest.mark.parametrize("point", ["append.queued", "append.sent", "append.answered"])
async def test_a_process_killed_within_a_command_leaves_a_truth_to_find(
    store: EventStore, tenant: UUID, point: str
) -> None:
    stream = uuid4()
    assert (await run_child(store, tenant, stream, DAKEHU_FAULT=point))[0] == -signal.SIGKILL
    again = await store.append(command(tenant, append(stream, 0), key="k"))
    match point:
        case "append.queued":
            assert again.kind == "ok"
        case "append.answered":
            assert again.kind == "duplicate"
        case _:
            assert again.kind in ("ok", "duplicate")
    assert (again.version, again.last_position) == (1, 1)
    assert (await verify(store, tenant)).ok
    assert await store.answered(tenant, PRINCIPAL, "k") is not None


async def test_fault_points_do_nothing_in_production(store: EventStore, tenant: UUID) -> None:
    ended = await run_child(store, tenant, uuid4(), DAKEHU_FAULT="append.sent", DAKEHU_ENV="production")
    assert ended == (0, "ok")
