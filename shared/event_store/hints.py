"""Tells other processes that there may be something new. A hint: losing one costs a poll, never an event.

NOTIFY inside an append would serialise all commits of the cluster; so it is sent after them, by a connection of its
own, one at a time, and not more often than readers can use.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from shared.event_store import connections

CHANNEL = "dakehu_events"
"""`listen dakehu_events`; the payload is empty."""

AT_MOST_EVERY_S = 0.005
RETRY_AFTER_S = 1.0


class Hints:
    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="hints")

    def give(self) -> None:
        self._news.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        connection: asyncpg.Connection[Any] | None = None
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                try:
                    if connection is None:
                        connection = await connections.connect(self._database_url, connections.NOTIFIER)
                    await connection.execute(f"notify {CHANNEL}", timeout=5)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    if connection is not None:
                        connection.terminate()
                    connection = None
                    await asyncio.sleep(RETRY_AFTER_S)
                    self._news.set()
                await asyncio.sleep(AT_MOST_EVERY_S)
        finally:
            if connection is not None:
                connection.terminate()
