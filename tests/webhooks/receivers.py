"""Receivers as they are met: raw sockets on the loopback, each with its own way of answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from shared.webhooks.sending import Network

LOOPBACK = (Network.of("127.0.0.0/8"),)
"""What an operator opens so that a receiver on the same machine is reached."""

Answers = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One that came, whole."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Listens on `port`; `connections` counts who came at all, `requests` keeps what was heard."""

    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@asynccontextmanager
async def receiver(answers: Answers, *, host: str = "127.0.0.1", ssl: object = None) -> AsyncIterator[Receiver]:
    """A server that answers each request on a connection by `answers`, until the connection is closed."""
    this = Receiver()
    open_: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this.connections += 1
        if (task := asyncio.current_task()) is not None:
            open_.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await heard(reader)
                this.requests.append(request)
                await answers(request, writer)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=ssl)
    this.port = server.sockets[0].getsockname()[1]
    try:
        yield this
    finally:
        server.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)


async def heard(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Request(head[0], headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def says(status: int = 200, body: bytes = b"ok", headers: Sequence[tuple[str, str]] = ()) -> Answers:
    """At once."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers)

    async def answers(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} So\r\n{extra}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body)

    return answers


def writes(answer: bytes) -> Answers:
    """These bytes, and closes."""

    async def answers(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return answers


async def never(request: Request, writer: asyncio.StreamWriter) -> None:
    """Listens, and says nothing."""
    await asyncio.Event().wait()


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    """A gibibyte, as fast as it is taken."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
    block = b"x" * 65_536
    for _ in range(1_073_741_824 // len(block)):
        writer.write(block)
        await writer.drain()


async def dripping(request: Request, writer: asyncio.StreamWriter) -> None:
    """One byte a second, from the first line on."""
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok":
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(1)
