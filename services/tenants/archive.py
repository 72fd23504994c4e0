"""Everything held of one tenant as one file of lines, and the proof that such a file is whole. Changes nothing.

Each line is one JSON object with a `kind`: `begin`, then `event`s in order, `subject`s (persons and texts, readable),
`row`s of other tables, and `end` with the counts and the sha256 of all lines before it. The chain of hashes can be
proved from the file alone: `data` and `metadata` are written exactly as the log hashed them. Views are not in it: they
are folds of the events.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from services.tenants.standing import NoSuchTenant
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.privacy.vault import Vault

FORMAT = 1
EVENTS_AT_ONCE = 1_000
SUBJECTS_AT_ONCE = 500
ROWS_AT_ONCE = 500

EVENTS = """
select position, stream_type, stream_id, version, type, schema_version, es.microseconds(occurred_at) as occurred_us,
       es.microseconds(recorded_at) as recorded_us, encode(hash, 'hex') as hash, data::text as data,
       metadata::text as metadata
  from es.events where tenant_id = $1 and position > $2 and position <= $3 order by position limit $4
"""
SUBJECTS = """
select subject_id, kind as subject_kind, record_id, created_at, restricted_at, erased_at from privacy.subjects
 where tenant_id = $1 and subject_id > $2 order by subject_id limit $3
"""
TABLES = (
    "es.epochs",
    "es.claims",
    "es.operations",
    "es.operation_items",
    "es.operation_problems",
    "es.operation_files",
    "es.operation_file_chunks",
    "es.skips",
    "privacy.reads",
    "privacy.erasures",
    "identity.issuers",
    "identity.exports",
)
"""Beside log and vault. Keys, their hashes, answers kept for retries and the state of views stay here."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive holds."""

    path: Path
    position: int
    hash: str
    counts: dict[str, int]
    sha256: str


@dataclass
class Checked:
    """What was found in an archive; it is whole when there are no faults."""

    tenant_id: str = ""
    position: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, fault: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(fault)


async def write_archive(store: EventStore, vault: Vault, tenant_id: UUID, path: Path) -> Written:
    """Write it beside, then move it into place: readable by its owner only. Raises NoSuchTenant, FileExistsError.

    The events are those up to the head when it began. Suspend the tenant first for a still picture of the rest.
    """
    if path.exists():  # noqa: ASYNC240 - one look
        raise FileExistsError(f"{path} exists")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    digest, counts = hashlib.sha256(), Counter[str]()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, as_tenant(tenant_id):
            head = await store.head(tenant_id) if tenant_id in await store.tenants() else None
            if head is None:
                raise NoSuchTenant(f"no tenant {tenant_id} was opened")
            begin = {
                "kind": "begin",
                "format": FORMAT,
                "tenant_id": str(tenant_id),
                "exported_at": datetime.now(UTC).isoformat(),
                "head": {"position": head.position, "hash": head.hash.hex(), "epoch": head.epoch},
            }

            def write(line: bytes, counted: str) -> None:
                digest.update(line)
                file.write(line)
                counts[counted] += 1

            write(_line(begin), "begin")
            async for line in _events(store, tenant_id, head.position):
                write(line, "event")
            async for line in _subjects(store, vault, tenant_id):
                write(line, "subject")
            for table in TABLES:
                async for line in _rows(store, tenant_id, table):
                    write(line, table)
            del counts["begin"]
            file.write(_line({"kind": "end", "counts": counts, "sha256": digest.hexdigest()}))
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    return Written(path, head.position, head.hash.hex(), dict(counts), digest.hexdigest())


async def _events(store: EventStore, tenant_id: UUID, upto: int) -> AsyncIterator[bytes]:
    after = 0
    while rows := await store.all_tenants.fetch(EVENTS, tenant_id, after, upto, EVENTS_AT_ONCE):
        for row in rows:
            yield _line(
                {
                    "kind": "event",
                    "position": row["position"],
                    "stream_type": row["stream_type"],
                    "stream_id": str(row["stream_id"]),
                    "version": row["version"],
                    "type": row["type"],
                    "schema_version": row["schema_version"],
                    "occurred_us": row["occurred_us"],
                    "recorded_us": row["recorded_us"],
                    "hash": row["hash"],
                    "data": msgspec.Raw(row["data"].encode()),
                    "metadata": msgspec.Raw(row["metadata"].encode()),
                }
            )
        after = rows[-1]["position"]


async def _subjects(store: EventStore, vault: Vault, tenant_id: UUID) -> AsyncIterator[bytes]:
    after = UUID(int=0)
    while rows := await store.all_tenants.fetch(SUBJECTS, tenant_id, after, SUBJECTS_AT_ONCE):
        known = await vault.known(tenant_id, [row["subject_id"] for row in rows], restricted=True)
        for row in rows:
            yield _line({"kind": "subject", **dict(row), "fields": known.get(row["subject_id"], {})})
        after = rows[-1]["subject_id"]


async def _rows(store: EventStore, tenant_id: UUID, table: str) -> AsyncIterator[bytes]:
    """Rows of one table, as PostgreSQL says them in JSON; bytes are in its hex form."""
    asked = f"""
        select ctid::text as place, to_jsonb(t)::text as row from {table} t
         where tenant_id = $1 and ctid > $2::text::tid order by ctid limit $3
    """  # noqa: S608 - named above
    after = "(0,0)"
    while rows := await store.all_tenants.fetch(asked, tenant_id, after, ROWS_AT_ONCE):
        for row in rows:
            yield _line({"kind": "row", "table": table, "row": msgspec.Raw(row["row"].encode())})
        after = rows[-1]["place"]


def _line(value: dict[str, Any]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


# -- proving -----------------------------------------------------------------------------------------------


class _Event(msgspec.Struct):
    position: int
    stream_type: str
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    occurred_us: int
    recorded_us: int
    hash: str
    data: msgspec.Raw
    metadata: msgspec.Raw


def check_archive(path: Path) -> Checked:
    """Prove an archive from its own lines: sha256, chain, dense positions, versions, head, counts."""
    found = Checked()
    digest, chain, versions = hashlib.sha256(), b"", dict[UUID, int]()
    head: dict[str, Any] = {}
    ended = False
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if ended:
                found.add(f"line {number}: something follows the end")
                break
            try:
                kind = msgspec.json.decode(line, type=_Kind)
                match kind.kind:
                    case "begin":
                        begin = msgspec.json.decode(line)
                        head, found.tenant_id = begin["head"], begin["tenant_id"]
                        chain = hashlib.sha256(UUID(begin["tenant_id"]).bytes).digest()
                        if begin["format"] != FORMAT or number != 1:
                            found.add(f"line {number}: not the beginning of an archive of format {FORMAT}")
                    case "event":
                        chain = _check_event(msgspec.json.decode(line, type=_Event), chain, versions, found)
                        found.counts["event"] += 1
                    case "end":
                        end = msgspec.json.decode(line)
                        ended = True
                        if end["sha256"] != digest.hexdigest():
                            found.add("the sha256 of the lines is another")
                        if Counter(end["counts"]) != found.counts:
                            found.add(f"there are {dict(found.counts)}, not {end['counts']}")
                    case "row" | "subject":
                        found.counts[kind.table or kind.kind] += 1
                    case other:
                        found.add(f"line {number}: of an unknown kind, {other}")
            except (msgspec.MsgspecError, KeyError, ValueError, TypeError) as error:
                found.add(f"line {number}: {type(error).__name__}")
            digest.update(line)
    if not ended:
        found.add("the file is cut short: it has no end")
    if (found.position, chain.hex()) != (head.get("position"), head.get("hash")):
        found.add("the last event is not the head the archive names")
    return found


class _Kind(msgspec.Struct):
    kind: str
    table: str = ""


def _check_event(event: _Event, before: bytes, versions: dict[UUID, int], found: Checked) -> bytes:
    """The event's hash, which must follow from the one before."""
    if event.position != found.position + 1:
        found.add(f"position {event.position} follows {found.position}")
    found.position = event.position
    if event.version != versions.get(event.stream_id, 0) + 1:
        found.add(f"position {event.position}: version {event.version} out of order")
    versions[event.stream_id] = event.version
    said = (
        before
        + event.position.to_bytes(8, "big", signed=True)
        + event.stream_id.bytes
        + event.version.to_bytes(4, "big", signed=True)
        + event.occurred_us.to_bytes(8, "big", signed=True)
        + event.recorded_us.to_bytes(8, "big", signed=True)
        + event.schema_version.to_bytes(2, "big", signed=True)
        + f"{event.stream_type}\n{event.type}\n".encode()
        + bytes(event.data)
        + b"\n"
        + bytes(event.metadata)
    )
    expected = hashlib.sha256(said).digest()
    if expected.hex() != event.hash:
        found.add(f"position {event.position}: its hash does not follow from the event before it")
    return expected
