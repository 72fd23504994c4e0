"""Events a second through the store of one process, beside pgbench inserting the same row into the same shape."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit
from uuid import uuid5

import asyncpg
import msgspec

from bench.figure import Figure, figure, median
from bench.ground import Ground, Place, say
from services.opportunities import events
from services.opportunities.opportunity.commands.prospects import CaptureProspect
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.command import Command, StreamAppend
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT
from shared.postgres.embedded import binaries

WRITERS = 64
CLIENTS = 32
LONGEST_SECONDS = 20.0
SAME_SHAPE = "create table bench_rows (like es.events including all); create sequence bench_positions;"
INSERT = r"""insert into bench_rows (tenant_id, position, stream_type, stream_id, version, type, schema_version, data,
 metadata, occurred_at, recorded_at, hash)
 values (:tenant, nextval('bench_positions'), 'opportunity', gen_random_uuid(), 1, 'ProspectCaptured', 1, :data,
 :metadata, now(), clock_timestamp(), decode(:hash, 'hex'));
"""


async def into_the_store(ground: Ground, *, rounds: int, seconds: float) -> list[Figure]:
    """64 writers of single events in one process, against 32 clients of pgbench; by turns."""
    place = await ground.place("appends", with_views=False)
    deal = Opportunity.capture(
        CaptureProspect.model_validate({"title": "项目", "lines": [{"product": "SED", "units": 10}]}),
        id=SAMPLE_PERSON,
        owner_id=SAMPLE_PERSON,
        unit_id=SAMPLE_ROOT,
        at=datetime.now(UTC),
    )
    connection = await asyncpg.connect(place.database_url)
    try:
        await connection.execute(SAME_SHAPE)
    finally:
        await connection.close()
    ours: list[float] = []
    theirs: list[float] = []
    metadata = msgspec.json.encode({"actor": SAMPLE_PERSON, "correlation": SAMPLE_TENANT, "key": "x" * 32})
    async with place.store(writers=2, readers=2) as store:
        append = Repository(store, Opportunity, facts=registry(events)).appends(deal)
        data = append.facts[0].data
        for turn in range(rounds + 1):
            appended = await _append(store, append, metadata, seconds, turn)
            inserted = await _pgbench(ground, place, data.decode(), metadata.decode(), seconds)
            if turn:  # the first is for warming
                ours.append(appended)
                theirs.append(inserted)
                say(f"appends, round {turn}: {appended:.0f}/s, pgbench {inserted:.0f}/s")
    return [
        figure(
            "events_appended_per_second",
            median(ours),
            median(theirs),
            median([a / b for a, b in zip(ours, theirs, strict=True)]),
            at_least=0.8,
            sizes={
                "writers": WRITERS,
                "pgbench_clients": CLIENTS,
                "rounds": rounds,
                "seconds_a_run": seconds,
                "row_bytes": len(data) + len(metadata),
            },
            conditions={
                "ours": "one process, one event and one key a command; versions, keys, order and hash chain kept",
                "peer": "pgbench, prepared statement, one row a transaction, table of the same shape and indexes",
            },
        )
    ]


async def _append(store: EventStore, append: StreamAppend, metadata: bytes, seconds: float, turn: int) -> float:
    began = time.perf_counter()
    appended = 0

    async def writer(number: int) -> None:
        nonlocal appended
        count = 0
        while time.perf_counter() < began + seconds:
            count += 1
            name = f"bench:{turn}:{number}:{count}"
            stream = replace(append, stream_id=uuid5(SAMPLE_TENANT, name))
            outcome = await store.append(
                Command(SAMPLE_TENANT, SAMPLE_PERSON, name, b"f" * 32, 201, "ok", (stream,), metadata=metadata)
            )
            assert outcome.kind == "ok", outcome
            appended += 1

    await asyncio.gather(*(writer(number) for number in range(WRITERS)))
    return appended / (time.perf_counter() - began)


async def _pgbench(ground: Ground, place: Place, data: str, metadata: str, seconds: float) -> float:
    script = ground.data / "insert.sql"
    script.write_text(INSERT.replace("\n ", " "))
    parts = urlsplit(place.database_url)
    given = {"tenant": str(SAMPLE_TENANT), "data": data, "metadata": metadata, "hash": "ab" * 32}
    process = await asyncio.create_subprocess_exec(
        str(binaries() / "pgbench"),
        *("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(max(2, round(seconds)))),
        *(argument for name, value in given.items() for argument in ("-D", f"{name}={value}")),
        *("-f", str(script), "-h", parts.hostname or "", "-p", str(parts.port), "-U", unquote(parts.username or "")),
        parts.path.lstrip("/"),
        env={"PGPASSWORD": unquote(parts.password or ""), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    found = re.search(r"tps = ([\d.]+)", output.decode())
    if found is None and not process.returncode and seconds < LONGEST_SECONDS:
        return await _pgbench(ground, place, data, metadata, seconds * 2)  # on a busy machine it was just connected
    if process.returncode or found is None:
        raise RuntimeError(f"pgbench ended with status {process.returncode}: {errors.decode()[-2_000:]}")
    return float(found.group(1))
