"""A worker that delivers, as a process of its own that can be killed: `python -m tests.deliveries.worker_alone JSON`.

Its one endpoint is told in the argument. It says when it works, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.secrets import Secret
from shared.webhooks.vaulted import Signing
from tests.deliveries.flowing import NOW, Registry, working

ROOT = Path(__file__).parents[2]


async def alone(database_url: str, endpoint: Endpoint, secret: bytes) -> Process:
    """Start one and wait until it works. Killing it is `kill -9`."""
    said = {
        "database_url": database_url,
        "tenant_id": str(endpoint.tenant_id),
        "endpoint_id": str(endpoint.endpoint_id),
        "url": endpoint.url,
        "start": endpoint.start.position,
        "secret": secret.hex(),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.deliveries.worker_alone", json.dumps(said)), cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline(), "it did not begin"
    return process


async def work(said: dict[str, Any]) -> None:
    registry = Registry()
    id = UUID(said["endpoint_id"])
    registry.endpoints[id] = Endpoint(
        UUID(said["tenant_id"]), id, 1, "ERP", said["url"], "open", Place(1, said["start"])
    )
    registry.signing[id] = Signing((Secret(id, 1, "v1", bytes.fromhex(said["secret"]), NOW),), {})
    async with working(said["database_url"], registry):
        print("working", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1])))
