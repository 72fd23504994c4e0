"""Commands a second over HTTP: one service process, 32 connections; beside plain FastAPI and the peer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import msgspec

from bench import peer
from bench.figure import Figure, figure, median
from bench.ground import Ground, Place, cpu_seconds, free_port, say
from bench.load import Job, Run, generate
from services.opportunities import events
from services.opportunities.opportunity.commands.prospects import CaptureProspect
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT

CONNECTIONS = 32
STREAMS = 2_000
PATH = "/v1/opportunities/{id}/qualify"
BODIES = [
    '{"level": "A", "expected_on": "2030-03-18", "obstacle": "财务尚未批复", "evidence": {"budget": true}}',
    '{"level": "H", "expected_on": "2030-03-11", "obstacle": "等待合同盖章", "evidence": {"budget": true}}',
]
"""Each changes what the other said, so every command records a fact."""
UVICORN = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--no-server-header"]

Streams = list[tuple[str, int]]


async def prospects(place: Place, number: int) -> Streams:
    """Open prospects, captured by the rules: id and version of each."""
    at = datetime.now(UTC) - timedelta(days=1)
    found = []
    async with place.store(writers=1, readers=1) as store:
        repository = Repository(store, Opportunity, facts=registry(events))
        commands = []
        for n in range(number):
            id = uuid5(SAMPLE_TENANT, f"bench:prospect:{n}")
            said = CaptureProspect(title=f"项目{n}", channel="phone", lines=({"product": "SED", "units": 10},))
            deal = Opportunity.capture(said, id=id, owner_id=SAMPLE_PERSON, unit_id=SAMPLE_ROOT, at=at)
            metadata = msgspec.json.encode({"actor": SAMPLE_PERSON, "correlation": SAMPLE_TENANT})
            append = repository.appends(deal)
            commands.append(Command(SAMPLE_TENANT, SAMPLE_PERSON, None, None, 201, "ok", (append,), metadata=metadata))
            found.append((str(id), 1))
        await store.append_all(commands)
    return found


class Target:
    """One of the services compared."""

    def __init__(self, port: int, pid: int, token: str, streams: Streams) -> None:
        self.pid = pid
        self.cpu_ms: list[float] = []
        """Of the serving process, for each command."""
        self.job = Job(port=port, token=token, path=PATH, bodies=BODIES, streams=streams, connections=CONNECTIONS)
        self.runs: list[Run] = []

    async def run(self, seconds: float, *, rate: float | None = None) -> Run:
        before = cpu_seconds(self.pid)
        run = await generate(msgspec.structs.replace(self.job, seconds=seconds, rate=rate))
        self.job = msgspec.structs.replace(self.job, streams=run.streams)
        if run.refused:
            raise RuntimeError(f"a bench command was refused: {run.refused}")
        self.runs.append(run)
        commands = run.answered * (1 + self.job.warm_seconds / seconds)
        self.cpu_ms.append((cpu_seconds(self.pid) - before) * 1_000 / max(1, commands))
        return run

    @property
    def per_second(self) -> list[float]:
        return [run.per_second for run in self.runs]

    def latency(self, share: float) -> float:
        return median([run.percentile(share) for run in self.runs])

    def told(self) -> dict[str, Any]:
        return {
            "per_second": round(median(self.per_second)),
            "p50_ms": round(self.latency(0.5), 2),
            "p99_ms": round(self.latency(0.99), 2),
            "server_cpu_ms_a_command": round(median(self.cpu_ms), 3),
            "generator_cpu_share": median([run.cpu_share for run in self.runs]),
        }


async def over_http(ground: Ground, *, rounds: int, seconds: float, streams: int = STREAMS) -> list[Figure]:
    """Commands a second of one service process: ours, plain FastAPI without a database, the peer; by turns."""
    place = await ground.place("commands")
    ours_streams = await prospects(place, streams)
    peer_url = await ground.database("peer_commands")
    peer_streams = await asyncio.to_thread(peer.seed, peer_url, streams, SAMPLE_PERSON)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(ground.service("opportunities", place))
        ours = Target(service.port, service.process.pid, place.token, ours_streams)
        others = []
        for app, environment, streams_of in (
            ("bench.bare:app", {}, ours_streams),
            ("bench.peer:app", {"BENCH_DATABASE_URL": peer_url}, peer_streams),
        ):
            port = free_port()
            command = ["-m", "uvicorn", app, "--port", str(port), *UVICORN]
            process = await stack.enter_async_context(
                ground.served(command, environment, port, log=app.partition(":")[0])
            )
            others.append(Target(port, process.pid, place.token, streams_of))
        bare, peers = others
        for target in (ours, bare, peers):  # every process warm, before anything counts
            await target.run(min(2.0, seconds))
            target.runs.clear()
            target.cpu_ms.clear()
        for turn in range(rounds):
            for target in (bare, ours, peers):
                await target.run(seconds)
            say(f"commands, round {turn + 1}: {ours.runs[-1].per_second:.0f}/s, bare {bare.runs[-1].per_second:.0f}/s, "
                f"peer {peers.runs[-1].per_second:.0f}/s")  # fmt: skip
    sizes = {"connections": CONNECTIONS, "streams": streams, "rounds": rounds, "seconds_a_run": seconds}
    whole = {"dakehu": ours.told(), "bare_fastapi": bare.told(), "eventsourcing": peers.told()}
    conditions = {
        "command": f"POST {PATH}, authenticated, Idempotency-Key, If-Match, rules checked, durable",
        "bare": "same body and pydantic model, same server settings, no database",
        "peer": "eventsourcing Application, PostgreSQL recorder, no authentication, no idempotency",
        **whole,
    }
    ratio = median([a / b for a, b in zip(ours.per_second, bare.per_second, strict=True)])
    against_peer = median([a / b for a, b in zip(ours.per_second, peers.per_second, strict=True)])
    slower = median([a.percentile(0.99) / b.percentile(0.99) for a, b in zip(ours.runs, bare.runs, strict=True)])
    rate, bare_rate, peer_rate = (median(target.per_second) for target in (ours, bare, peers))
    return [
        figure("commands_per_second", rate, bare_rate, ratio, at_least=0.7, sizes=sizes, conditions=conditions),
        figure("commands_per_second_vs_peer", rate, peer_rate, against_peer, at_least=5.0, sizes=sizes),
        figure("commands_p99_ms", ours.latency(0.99), bare.latency(0.99), slower, at_most=2.0, sizes=sizes),
    ]
