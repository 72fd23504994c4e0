"""The generator of a mix of calls: a process of its own, by the clock. `python -m bench.mix` < mix > result.

Open loop: every call has an instant at which it is due, whether or not earlier ones were answered, and is timed from
then; a queue in front of the server therefore shows in the figures. Nothing in it but sockets.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter
from random import Random
from typing import Any, cast

import msgspec
import uvloop

from bench.load import Connection

TIMEOUT_SECONDS = 60.0
OPEN_AT_ONCE = 50


class Call(msgspec.Struct, kw_only=True):
    """One read somebody may make. `kind` is counted by; `share` is how often, beside the others."""

    kind: str
    share: float
    port: int
    path: str
    token: str


class Mix(msgspec.Struct, kw_only=True):
    """What to send: `rate` reads a second in all, `commands` judgements a second, `streams` open beside them.

    `records`: [id, version] each, judged in turn. `streams_path` is held open by `streams` connections.
    """

    calls: list[Call]
    rate: float
    seconds: float
    warm_seconds: float = 2.0
    connections: int = 48
    commands: float = 0.0
    command_port: int = 0
    command_token: str = ""
    command_path: str = ""
    bodies: list[str] = []
    records: list[tuple[str, int]] = []
    streams: int = 0
    streams_port: int = 0
    streams_path: str = ""
    streams_tokens: list[str] = []
    key: str = "mix"


class Mixed(msgspec.Struct, kw_only=True):
    """What came of it: milliseconds by kind, counted after the warming."""

    seconds: float
    latencies: dict[str, list[float]]
    refused: dict[str, int]
    cpu_share: float
    records: list[tuple[str, int]]
    streams_open: int
    stream_bytes: int


class Sender:
    """One run of a mix."""

    def __init__(self, mix: Mix) -> None:
        self.mix = mix
        self.latencies: dict[str, list[float]] = {}
        self.refused: Counter[str] = Counter()
        self.stream_bytes = 0
        self.streams_open = 0
        self.records: list[tuple[str, int]] = list(mix.records)

    async def run(self) -> Mixed:
        mix = self.mix
        ports = sorted({call.port for call in mix.calls} | ({mix.command_port} if mix.commands else set()))
        queues: dict[int, asyncio.Queue[tuple[float, str, bytes, int | None]]] = {
            port: asyncio.Queue() for port in ports
        }
        held = await self._streams()
        workers = [
            asyncio.create_task(self._answerer(port, queue)) for port, queue in queues.items()
            for _ in range(mix.connections)
        ]  # fmt: skip
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        self.counted_from = began + mix.warm_seconds
        self.until = self.counted_from + mix.seconds
        used = time.process_time()
        try:
            async with asyncio.timeout(mix.warm_seconds + mix.seconds + TIMEOUT_SECONDS):
                await asyncio.gather(self._reads(queues), self._commands(queues))
                await asyncio.gather(*(queue.join() for queue in queues.values()))
        except TimeoutError:  # far more than is held: what still waits was not answered
            self.refused["too late"] += 1 + sum(queue.qsize() for queue in queues.values())
        took = time.perf_counter() - began
        for task in (*workers, *held):
            task.cancel()
        await asyncio.gather(*workers, *held, return_exceptions=True)
        return Mixed(
            seconds=mix.seconds,
            latencies=self.latencies,
            refused=dict(self.refused),
            cpu_share=round((time.process_time() - used) / took, 3),
            records=self.records,
            streams_open=self.streams_open,
            stream_bytes=self.stream_bytes,
        )

    async def _reads(self, queues: dict[int, Any]) -> None:
        mix = self.mix
        chance = Random(17)  # noqa: S311 - made-up load
        shares = [call.share for call in mix.calls]
        sent = [
            f"GET {call.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {call.token}\r\n\r\n".encode()
            for call in mix.calls
        ]
        numbers = range(len(mix.calls))
        due = time.perf_counter()
        while (due := due + chance.expovariate(mix.rate)) < self.until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            (number,) = chance.choices(numbers, shares)
            call = mix.calls[number]
            queues[call.port].put_nowait((due, call.kind, sent[number], None))

    async def _commands(self, queues: dict[int, Any]) -> None:
        mix = self.mix
        if not mix.commands:
            return
        due, turn = time.perf_counter(), 0
        while (due := due + 1 / mix.commands) < self.until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            number = turn % len(self.records)
            turn += 1
            id, version = self.records[number]
            body = mix.bodies[version % len(mix.bodies)].encode()
            head = (
                f"POST {mix.command_path.format(id=id)} HTTP/1.1\r\nHost: bench\r\n"
                f"Authorization: Bearer {mix.command_token}\r\nIdempotency-Key: {mix.key}-{id[:13]}-{version}\r\n"
                f'If-Match: "{version}"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n'
            )
            queues[mix.command_port].put_nowait((due, "command", head.encode() + body, number))

    async def _answerer(self, port: int, queue: asyncio.Queue[tuple[float, str, bytes, int | None]]) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        while True:
            due, kind, request, judged = await queue.get()
            try:
                status, _ = await connection.ask(request)
                now = time.perf_counter()
                if status >= 300:
                    self.refused[f"{status} {kind}"] += 1
                    continue
                if judged is not None:
                    id, version = self.records[judged]
                    self.records[judged] = (id, version + 1)
                if self.counted_from < due:
                    self.latencies.setdefault(kind, []).append((now - due) * 1_000)
            except ConnectionError:
                self.refused[f"cut {kind}"] += 1
                _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            finally:
                queue.task_done()

    async def _streams(self) -> list[asyncio.Task[None]]:
        """Open the streams, some at a time, and hold them."""
        mix = self.mix
        gate = asyncio.Semaphore(OPEN_AT_ONCE)
        opened = [asyncio.Event() for _ in range(mix.streams)]

        async def hold(number: int) -> None:
            token = mix.streams_tokens[number % len(mix.streams_tokens)]
            async with gate:
                reader, writer = await asyncio.open_connection("127.0.0.1", mix.streams_port)
                writer.write(
                    f"GET {mix.streams_path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
                    f"Authorization: Bearer {token}\r\n\r\n".encode()
                )
                status = await reader.readline()
                opened[number].set()
            if b" 200 " not in status:
                self.refused[f"{status[9:12].decode()} stream"] += 1
                return
            self.streams_open += 1
            try:
                while part := await reader.read(65_536):
                    self.stream_bytes += len(part)
            finally:
                writer.close()

        tasks = [asyncio.create_task(hold(number)) for number in range(mix.streams)]
        await asyncio.gather(*(event.wait() for event in opened))
        return tasks


async def send(mix: Mix) -> Mixed:
    """Send a mix from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.mix",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(msgspec.json.encode(mix))
    if process.returncode:
        raise RuntimeError(f"the generator of the mix ended with status {process.returncode}")
    return msgspec.json.decode(output, type=Mixed)


def main() -> None:
    mix = cast(Any, msgspec.json.decode(sys.stdin.buffer.read(), type=Mix))
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Sender(mix).run())))


if __name__ == "__main__":
    main()
