"""A worker process over the toy views. Run by tests, which kill it: `python -m tests.projections.toy_worker`."""

from __future__ import annotations

import asyncio
import signal

from services.work import Worker
from shared.settings import Settings
from tests.projections.deals import VIEWS


async def main() -> None:
    worker = Worker(VIEWS, {}, Settings())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop.set)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
