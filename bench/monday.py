"""Monday, half past nine: what one machine holds of the mix of `docs/bench.md`, and what bounds it. Prints JSON.

The rate of reads is raised step by step until a kind of call misses its bound; the step before is what is held.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench.figure import Figure, bounded
from bench.ground import Ground, Place, Service, conditions, cpu_seconds, ground, say, serving
from bench.history import Company, Staffing, branch_of, furnish, region_of, write
from bench.load import percentile
from bench.mix import Call, Mix, Mixed, send
from bench.run import fold_all
from shared.identity.principal import BRANCH_MANAGER, DIRECTOR, REGIONAL_MANAGER, REPRESENTATIVE
from shared.identity.tokens import SAMPLE_ROOT, SAMPLE_TENANT, development_key, mint_token
from shared.privacy.vault import Vault
from shared.telemetry import configure_logs

A_YEAR = 10_000
STAFF = Staffing(people=300, branches=60, regions=6, accounts=10_000)
SHARES = {"hot table": 0.30, "follow-ups": 0.30, "account file": 0.20, "board": 0.15, "roll-up": 0.05}
PAST_SHARE = 1 / 3
"""So much of each kind asks as of last Monday."""
COMMANDS = 20.0
BOUNDS_MS = {"roll-up": 1_000.0}
BOUND_MS = 300.0
JUDGED = 2_000
WARM_RATE, WARM_SECONDS = 4.0, 30.0
MISSES = 2
"""So many steps in a row that are not held end the climb: one may be an accident."""
OPEN_RECORDS = """
select s.stream_id, (select max(e.version) from es.events e where e.tenant_id = $1 and e.stream_id = s.stream_id)
  from {standings} s
 where s.tenant_id = $1 and s.to_at is null and s.stock = 'open' and s.review is null
 order by s.stream_id limit $2
"""
ACCOUNTS = "select stream_id from es.events where tenant_id = $1 and type = 'AccountOpened' order by position"


@dataclass(frozen=True)
class Scale:
    """How long the log, and at which rates of reads a second for how long."""

    events: int
    steps: tuple[float, ...]
    seconds: float
    streams: int


FULL = Scale(1_000_000, (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 130.0, 160.0, 200.0, 250.0, 300.0), 15.0, 700)
QUICK = Scale(100_000, (20.0, 40.0, 80.0), 5.0, 50)


class Parts:
    """The processes that share the machine, and the processor time each has used."""

    def __init__(self, place: Place, services: dict[str, Service], worker: int, postmaster: int) -> None:
        self.place = place
        self.services = services
        self.pids = {**{name: service.process.pid for name, service in services.items()}, "worker": worker}
        self.postmaster = postmaster

    def used(self) -> dict[str, float]:
        """Seconds of processor time so far, by part."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()} | {"postgresql": _family(self.postmaster)}


async def monday(scale: Scale) -> None:
    """Measure and print; `held` is the highest rate at which every kind kept its bound."""
    configure_logs()
    began = time.monotonic()
    async with ground() as base:
        known = await conditions(base.server_url)
        place, company = await _company(base, scale.events)
        async with AsyncExitStack() as stack:
            services = {
                name: await stack.enter_async_context(base.service(name, place))
                for name in ("accounts", "opportunities")
            }
            environment = {
                "DATABASE_URL": place.database_url,
                "DAKEHU_DATA": str(place.data),
                "DAKEHU_LOG_LEVEL": "warning",
            }
            worker = base.start(serving("work"), environment, log="work")
            parts = Parts(place, services, worker.pid, _postmaster(base.data))
            found = await _steps(parts, company, scale)
            if worker.poll() is not None:
                raise RuntimeError("the worker ended")
    held = [figure for figure in found if figure.met]
    document = {
        "conditions": {**known, "seconds": round(time.monotonic() - began)},
        "held_reads_per_second": max((figure.sizes["reads_per_second"] for figure in held), default=None),
        "figures": found,
    }
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


async def _company(base: Ground, events: int) -> tuple[Place, Company]:
    place = await base.place("monday", with_views=False)
    async with place.store(writers=1, readers=2) as store:
        people, accounts = await furnish(store, Vault(store.pool, Vault.master_key(place.settings())), STAFF)
        company = await write(
            store, people, accounts, facts=events, a_year=A_YEAR, until=datetime.now(UTC), branches=STAFF.branches
        )
    say(f"{company.events} events, {company.opportunities} opportunities, {company.years} years")
    await fold_all(place)
    say("all views folded")
    return place, company


async def _steps(parts: Parts, company: Company, scale: Scale) -> list[Figure]:
    calls, tokens = await _calls(parts)
    records = await _open_records(parts.place)
    common: dict[str, Any] = {
        "calls": calls, "commands": COMMANDS, "command_port": parts.services["opportunities"].port,
        "command_token": parts.place.token, "command_path": "/v1/opportunities/{id}/qualify",
        "bodies": ['{"level":"A","expected_on":"2199-01-01"}', '{"level":"B","expected_on":"2199-01-02"}'],
        "streams": scale.streams, "streams_port": parts.services["opportunities"].port,
        "streams_path": "/v1/views/stream", "streams_tokens": tokens,
    }  # fmt: skip
    warm = await send(Mix(rate=WARM_RATE, seconds=WARM_SECONDS, records=records, key="warm", **common))
    records = warm.records
    found: list[Figure] = []
    for step in scale.steps:
        before, wall = parts.used(), time.perf_counter()
        mixed = await send(Mix(rate=step, seconds=scale.seconds, records=records, key=f"at-{step:g}", **common))
        took = time.perf_counter() - wall
        records = mixed.records
        used = {name: (now - before[name]) / took for name, now in parts.used().items()}
        figure = _figure(step, mixed, used, company)
        found.append(figure)
        say(f"{step:g} reads/s: {figure.value}; CPU {figure.conditions['cpu']}; {'held' if figure.met else 'not held'}")
        if not any(earlier.met for earlier in found[-MISSES:]) and len(found) >= MISSES:
            break
    return found


def _figure(rate: float, mixed: Mixed, used: dict[str, float], company: Company) -> Figure:
    value: dict[str, float] = {}
    limits: dict[str, float] = {}
    for kind, took in sorted(mixed.latencies.items()):
        value |= {f"{kind} p50_ms": percentile(took, 0.5), f"{kind} p99_ms": percentile(took, 0.99)}
        limits[f"{kind} p99_ms"] = BOUNDS_MS.get(kind.removesuffix(", last Monday"), BOUND_MS)
    value["not answered"] = float(sum(mixed.refused.values()))
    limits["not answered"] = 0.0
    return bounded(
        f"monday at {rate:g} reads/s", value, limits,
        sizes={"reads_per_second": rate, "commands_per_second": COMMANDS, "streams": mixed.streams_open,
               "events": company.events, "opportunities": company.opportunities, "principals": STAFF.people,
               "counted": {kind: len(took) for kind, took in sorted(mixed.latencies.items())}},
        conditions={
            "cpu": {name: round(share, 2) for name, share in used.items()} | {"generator": mixed.cpu_share},
            "cpu_unit": f"CPUs in use, of {len(os.sched_getaffinity(0))}",
            "refused": mixed.refused, "stream_bytes": mixed.stream_bytes,
        },
    )  # fmt: skip


async def _calls(parts: Parts) -> tuple[list[Call], list[str]]:
    """What each of the people asks, now and as of last Monday; and their tokens."""
    place, port = parts.place, parts.services["opportunities"].port
    async with place.connection() as connection:
        accounts = [row["stream_id"] for row in await connection.fetch(ACCOUNTS, SAMPLE_TENANT)]
        people = [
            row["stream_id"]
            for row in await connection.fetch(
                "select stream_id from es.events where tenant_id = $1 and type = 'PersonJoined' "
                "and data ->> 'unit_id' = any($2::text[]) order by position",
                SAMPLE_TENANT, [str(branch_of(n, STAFF.branches)) for n in range(STAFF.branches)],
            )
        ]  # fmt: skip
    key = development_key(place.data)
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday() or 7)
    calls: list[Call] = []
    tokens: list[str] = []

    def ask(kind: str, token: str, path: str, of: int, to: int = port) -> None:
        joint = "&" if "?" in path else "?"
        share = SHARES[kind] / of
        calls.append(Call(kind=kind, share=share * (1 - PAST_SHARE), port=to, path=path, token=token))
        calls.append(
            Call(
                kind=f"{kind}, last Monday",
                share=share * PAST_SHARE,
                port=to,
                path=f"{path}{joint}as_of={monday}",
                token=token,
            )
        )

    reps = people[: STAFF.people]
    for number, person in enumerate(reps):
        unit = branch_of(number, STAFF.branches)
        function = BRANCH_MANAGER if number % 5 == 0 else REPRESENTATIVE
        token = mint_token(key, SAMPLE_TENANT, person, (function,), unit)
        tokens.append(token)
        ask("hot table", token, "/v1/hot-customers", len(reps))
        ask("follow-ups", token, "/v1/follow-ups?limit=50", len(reps))
        ask("board", token, "/v1/pipeline", len(reps))
        own = accounts[number % len(accounts)]
        ask("account file", token, f"/v1/accounts/{own}", len(reps), parts.services["accounts"].port)
    heads = [
        mint_token(key, SAMPLE_TENANT, people[n], (REGIONAL_MANAGER,), region_of(n, STAFF.regions))
        for n in range(STAFF.regions)
    ] + [mint_token(key, SAMPLE_TENANT, people[50], (DIRECTOR,), SAMPLE_ROOT)]
    month = date(today.year, today.month, 1)
    for token in heads:
        ask("roll-up", token, "/v1/pipeline?group_by=branch", 2 * len(heads))
        ask("roll-up", token, f"/v1/outcomes?group_by=branch&from={month}&to={today}", 2 * len(heads))
    return calls, tokens


async def _open_records(place: Place) -> list[tuple[str, int]]:
    from services.opportunities.views.standings import STANDINGS

    async with place.connection() as connection:
        rows = await connection.fetch(OPEN_RECORDS.format(standings=STANDINGS.table), SAMPLE_TENANT, JUDGED)
    return [(str(row[0]), row[1]) for row in rows]


def _postmaster(data: Path) -> int:
    """The server of this data folder, as this machine numbers it. Raises RuntimeError."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                said = (entry / "cmdline").read_bytes().split(b"\0")
                if said[0].endswith(b"/postgres") and any(word.startswith(bytes(data)) for word in said[1:]):
                    return int(entry.name)
    raise RuntimeError("the server's process was not found")


def _family(parent: int) -> float:
    """Processor time of a process, of its children, and of those that have ended."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if (
            entry.name.isdigit()
            and (stat := _stat(int(entry.name)))
            and (int(entry.name) == parent or int(stat[1]) == parent)
        ):
            ended = (int(stat[13]) + int(stat[14])) if int(entry.name) == parent else 0
            total += (int(stat[11]) + int(stat[12]) + ended) / os.sysconf("SC_CLK_TCK")
    return total


def _stat(pid: int) -> list[str]:
    """The fields of a process from its state on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
