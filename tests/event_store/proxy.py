"""A TCP proxy before PostgreSQL that can lose what passes through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Losing = Literal["nothing", "answers", "requests"]


class Proxy:
    """Forwards bytes both ways. With `lose("answers", when=...)` the request reaches the server, and the connection is
    cut before its answer comes back; with "requests" it is cut before the request arrives."""

    def __init__(self, database_url: str) -> None:
        self._parts = urlsplit(database_url)
        self._losing: Losing = "nothing"
        self._when = b""
        self._left = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0
        self.refusing = False
        self.mute = False
        """Nothing passes and nothing is cut: a server that has frozen."""

    @property
    def url(self) -> str:
        user = f"{self._parts.username}@" if self._parts.username else ""
        if self._parts.password:
            user = f"{self._parts.username}:{self._parts.password}@"
        return f"postgresql://{user}127.0.0.1:{self.port}{self._parts.path}?sslmode=disable"

    def lose(self, what: Losing, *, when: bytes, times: int = 1) -> None:
        """Cut the connection around the next `times` requests that contain `when`."""
        self._losing, self._when, self._left = what, when, times

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # sockets are closed a turn of the loop after their transports

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        query = parse_qs(self._parts.query)
        host = self._parts.hostname or query.get("host", ["127.0.0.1"])[0]
        port = self._parts.port or int(query.get("port", ["5432"])[0])
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server_reader, server_writer = await self._connect()
        silent = asyncio.Event()
        answers = asyncio.create_task(self._answers(server_reader, writer, silent))
        try:
            while request := await reader.read(1 << 20):
                if self.mute:
                    continue
                if self._left and self._when in request:
                    self._left -= 1
                    self.lost += 1
                    if self._losing == "requests":
                        break
                    silent.set()
                    server_writer.write(request)
                    await server_writer.drain()
                    await asyncio.sleep(0.02)
                    break
                server_writer.write(request)
                await server_writer.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            writer.transport.abort()
            server_writer.transport.abort()
            self._tasks.discard(task)
            await asyncio.gather(answers, return_exceptions=True)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        while answer := await reader.read(1 << 20):
            if not silent.is_set():
                writer.write(answer)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def proxy_before(database_url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(database_url)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
