"""The load generator: a process of its own, with nothing in it but sockets. `python -m bench.load` < job > result.

It must never be what is measured: requests are put together from ready-made bytes, answers are cut by their length,
and the share of a CPU it used is part of the result.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter
from typing import Any, cast

import msgspec
import uvloop

TIMEOUT_SECONDS = 30.0


class Job(msgspec.Struct, kw_only=True):
    """What to do. `streams`: [id, version] each; a command goes to each in turn and its version is counted on.

    With a `rate` (a second, over all connections) commands are sent by the clock and timed from when they were due.
    `reads`: paths asked in turn instead.
    """

    port: int
    token: str
    connections: int = 32
    seconds: float = 4.0
    warm_seconds: float = 0.5
    rate: float | None = None
    path: str = ""
    bodies: list[str] = []
    streams: list[tuple[str, int]] = []
    reads: list[str] = []
    key: str = "bench"


class Run(msgspec.Struct, kw_only=True):
    """What came of it; times in milliseconds, counted after the warming."""

    answered: int
    seconds: float
    refused: dict[str, int]
    latencies: list[list[float]]
    """Of commands one list, of reads one for each path."""
    cpu_share: float
    """Of one CPU, used by the generator itself."""
    streams: list[tuple[str, int]]
    body_bytes: list[int] = []
    """The last answer of each read."""

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def percentile(self, share: float, of: int = 0) -> float:
        return percentile(self.latencies[of], share)


def percentile(values: list[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else float("nan")


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, int]] | None = None
        self.got = b""
        self.wanted = 0
        self.last = b""
        """The last answer, head and body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.got = got = self.got + data if self.got else data
        if not self.wanted:
            end = got.find(b"\r\n\r\n")
            if end < 0:
                return
            at = got.lower().find(b"content-length:", 0, end)
            length = int(got[at + 15 : got.index(b"\r", at)]) if at >= 0 else 0
            self.wanted = end + 4 + length
        if len(got) >= self.wanted and self.answer is not None:
            answer, self.answer = self.answer, None
            size, self.wanted, self.got, self.last = self.wanted, 0, b"", got
            if not answer.done():
                answer.set_result((int(got[9:12]), size))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionResetError("closed by the server"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, int]]:
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer


class Generator:
    """One run of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.refused: Counter[str] = Counter()
        self.latencies: list[list[float]] = [[] for _ in job.reads or [""]]
        self.sizes = [0 for _ in job.reads]
        self.ids = [id for id, _ in job.streams]
        self.versions = [version for _, version in job.streams]
        self.answered = 0
        head = f"Host: bench\r\nAuthorization: Bearer {job.token}\r\n"
        self.gets = [f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() for path in job.reads]
        self.ends = [
            f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
            for body in job.bodies
        ]
        self.head = head

    async def run(self) -> Run:
        loop = asyncio.get_running_loop()
        opened = [await loop.create_connection(Connection, "127.0.0.1", self.job.port) for _ in range(self.connections)]
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        self.counted_from = began + self.job.warm_seconds
        self.until = self.counted_from + self.job.seconds
        used = time.process_time()
        work = self.read if self.job.reads else self.command
        async with asyncio.timeout(self.job.warm_seconds + self.job.seconds + TIMEOUT_SECONDS):
            await asyncio.gather(*(work(number, protocol) for number, (_, protocol) in enumerate(opened)))
        took = time.perf_counter() - began
        for transport, _ in opened:
            transport.close()
        return Run(
            answered=self.answered,
            seconds=self.job.seconds,
            refused=dict(self.refused),
            latencies=self.latencies,
            cpu_share=round((time.process_time() - used) / took, 3),
            streams=list(zip(self.ids, self.versions, strict=True)),
            body_bytes=self.sizes,
        )

    @property
    def connections(self) -> int:
        return self.job.connections

    async def command(self, number: int, connection: Connection) -> None:
        mine = range(number, len(self.ids), self.connections)
        interval = self.connections / self.job.rate if self.job.rate else 0.0
        due = time.perf_counter() + interval * number / self.connections
        turn = 0
        ends, latencies = self.ends, self.latencies[0]
        while True:
            if interval:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = due if interval else time.perf_counter()
            due += interval
            if began > self.until:
                return
            stream = mine[turn % len(mine)]
            turn += 1
            id, version = self.ids[stream], self.versions[stream]
            request = (
                f"POST {self.job.path.format(id=id)} HTTP/1.1\r\n{self.head}"
                f'Idempotency-Key: {self.job.key}-{id[:13]}-{version}\r\nIf-Match: "{version}"\r\n'
                f"{ends[version % len(ends)]}"
            )
            status, _ = await connection.ask(request.encode())
            now = time.perf_counter()
            if status < 300:
                self.versions[stream] += 1
                if self.counted_from < now < self.until:
                    self.answered += 1
                    latencies.append((now - began) * 1_000)
            else:
                self.refused[str(status)] += 1

    async def read(self, number: int, connection: Connection) -> None:
        turn = number
        while (began := time.perf_counter()) < self.until:
            which = turn % len(self.gets)
            turn += 1
            status, size = await connection.ask(self.gets[which])
            now = time.perf_counter()
            if status != 200:
                self.refused[f"{status} {self.job.reads[which]}"] += 1
            elif began > self.counted_from:
                self.answered += 1
                self.latencies[which].append((now - began) * 1_000)
                self.sizes[which] = size


async def generate(job: Job) -> Run:
    """Run a job in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(msgspec.json.encode(job))
    if process.returncode:
        raise RuntimeError(f"the load generator ended with status {process.returncode}")
    return msgspec.json.decode(output, type=Run)


def main() -> None:
    job: Any = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    run = uvloop.run(Generator(job).run())
    sys.stdout.buffer.write(msgspec.json.encode(run))


if __name__ == "__main__":
    main()
