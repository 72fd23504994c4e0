"""A hundred receivers in a process of their own, some of them sick, so that none of it is the sender's time.

Run as a program: its argument is a JSON object of ways and how many listen so; it prints their ports. All are healthy
until `turn` is read; for each other line what was received since is printed, as [number, webhook-id, seconds, subject].
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAYS = ("dead", "silent", "slow", "endless", "dripping", "healthy")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True)
class Received:
    """One request that a receiver took. `at`: of the clock of the machine."""

    number: int
    id: str
    at: float
    subject: str

    @property
    def position(self) -> int:
        return int(self.id.rpartition("_")[2])


class Crowd:
    """The program, from outside. `ports` by the number of the receiver, in the order the ways were given."""

    def __init__(self, process: asyncio.subprocess.Process, ports: list[int]) -> None:
        self._process = process
        self.ports = ports

    async def received(self) -> list[Received]:
        """Since it was last asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"seen\n")
        await self._process.stdin.drain()
        return [Received(*row) for row in json.loads(await self._process.stdout.readline())]

    async def turn(self) -> None:
        """From now on each is as it was made to be."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"turn\n")
        await self.received()


@asynccontextmanager
async def crowd(ways: Mapping[str, int], *, slow_seconds: float) -> AsyncIterator[Crowd]:
    """Receivers that listen; ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__)),
        json.dumps({"ways": ways, "slow_seconds": slow_seconds}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=256 * 1_048_576,
    )
    try:
        assert process.stdout is not None
        yield Crowd(process, json.loads(await process.stdout.readline()))
    finally:
        process.kill()
        await process.wait()


class _Listening(asyncio.Protocol):
    """One connection to one receiver."""

    def __init__(self, program: _Program, number: int, way: str) -> None:
        self._program, self._number, self._way = program, number, way
        self._buffer = b""
        self._transport: Any = None
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if self._way == "dead":
            self._program.dying.append(transport)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._room.set()

    def data_received(self, more: bytes) -> None:
        self._buffer += more
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            headers = dict(
                line.split(": ", 1) for line in self._buffer[:end].decode("latin-1").lower().split("\r\n")[1:]
            )
            length = int(headers["content-length"])
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._program.received.append((self._number, headers["webhook-id"], time.time(), body))
            self._answer()

    def _answer(self) -> None:
        match self._way if self._program.turned else "healthy":
            case "healthy":
                self._transport.write(OK)
            case "slow":
                asyncio.get_running_loop().call_later(self._program.slow_seconds, self._write, OK)
            case "dripping":
                self._program.spawn(self._drip())
            case "endless":
                self._program.spawn(self._pour())
            case _:
                pass  # silent: never

    def _write(self, data: bytes) -> bool:
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    async def _drip(self) -> None:
        """A byte a second."""
        for byte in OK:
            if not self._write(bytes((byte,))):
                return
            await asyncio.sleep(1)

    async def _pour(self) -> None:
        """A gibibyte, as fast as it is taken."""
        self._write(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
        block = b"x" * 65_536
        for _ in range(1_073_741_824 // len(block)):
            await self._room.wait()
            if not self._write(block):
                return
            await asyncio.sleep(0)


class _Program:
    def __init__(self, slow_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self.received: list[tuple[int, str, float, bytes]] = []
        self.turned = False
        self.dying: list[Any] = []
        """What is closed when they turn: after it connections to the dead are refused."""
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self, ways: Mapping[str, int]) -> None:
        loop = asyncio.get_running_loop()
        ports: list[int] = []
        for number, way in enumerate(way for way, many in ways.items() for _ in range(many)):
            held = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", 0))

            def protocol(number: int = number, way: str = way) -> _Listening:
                return _Listening(self, number, way)

            server = await loop.create_server(protocol, sock=held, backlog=512)
            ports.append(held.getsockname()[1])
            if way == "dead":
                self.dying.append(server)
        print(json.dumps(ports), flush=True)
        asked = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
        while line := await asked.readline():
            if line == b"turn\n":
                self.turned = True
                for closing in self.dying:
                    closing.close()
                continue
            received, self.received = self.received, []
            rows = [(number, id, at, json.loads(body)["subject"]) for number, id, at, body in received]
            print(json.dumps(rows), flush=True)


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384) if hard > 0 else soft, hard))
    asked = json.loads(sys.argv[1])
    with suppress(KeyboardInterrupt):
        asyncio.run(_Program(asked["slow_seconds"]).run(asked["ways"]))
