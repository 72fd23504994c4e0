"""Deletes a tenant with everything that is its own, in every table of every schema, and leaves a receipt.

Keys go first: from then on nothing personal can be read again, whatever becomes of the rest. Then nobody can come in,
nothing can be appended, nothing folded; then the log goes, and all other rows, until a whole pass finds none. It may be
cut at any moment and begun again: `identity.deletions` remembers that it was begun. Other tenants are not touched: each
statement names the tenant, and so does the transaction in which events may go (decision 0017).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.tenants.standing import NoSuchTenant
from shared.event_store import connections, fault_points
from shared.event_store.store import EventStore
from shared.settings import Settings

Say = Callable[[str], None]

SETTLE_SECONDS = 10.0
"""How long after the suspension before anything goes: what was let in before has ended by then."""
ENDING_SECONDS = 60.0
"""How long running operations are given to end."""
AT_ONCE = 5_000
EVENTS_AT_ONCE = 2_000

KEYS = ("privacy.tenant_keys", "privacy.subjects", "privacy.fields")
DOORS = ("identity.issuers", "identity.api_key_hashes")
"""Before all else: the keys, then who may come in."""
APART = ("es.events", "es.heads")

BEGUN = "select deletion_id, name_digest, begun_at from identity.deletions where subject = $1"
STANDS = """
select first.data->>'name' as name, last.data->'standing'->>'status' as status,
       extract(epoch from clock_timestamp() - last.recorded_at)::float8 as since, head.position, head.hash
  from es.heads h
  left join es.events first on first.tenant_id = h.tenant_id and first.stream_id = h.tenant_id and first.version = 1
  left join lateral (
    select e.data, e.recorded_at from es.events e
     where e.tenant_id = h.tenant_id and e.stream_id = h.tenant_id order by e.version desc limit 1) last on true
  left join lateral (
    select e.position, e.hash from es.events e where e.tenant_id = h.tenant_id order by e.position desc limit 1
  ) head on true
 where h.tenant_id = $1
"""
BEGIN = """
insert into identity.deletions (deletion_id, subject, name_digest, reason, head_position, head_hash)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing
"""
STOP_OPERATIONS = "update es.operations set cancel_requested = true where tenant_id = $1 and state = 'running'"
DROP_QUEUED = "delete from es.operations where tenant_id = $1 and state = 'queued'"
STILL_RUNNING = """
select count(*) from es.operations
 where tenant_id = $1 and state = 'running' and until > clock_timestamp() and es.present(holder)
"""
LAST_EVENTS = """
delete from es.events where tenant_id = $1 and position > (
    select coalesce(max(position), 0) - $2 from es.events where tenant_id = $1)
"""
TABLES = """
select c.oid::regclass::text as name
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
 where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
 order by c.oid::regclass::text <> 'es.checkpoints', 1
"""


class CannotDelete(Exception):
    """It is not suspended, or the name is another's; the text says which."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is kept of a deleted tenant: ids, times, how much, and where its log ended. One line of a file."""

    deletion_id: UUID
    tenant_id: UUID
    reason: str
    begun_at: datetime
    finished_at: datetime
    head_position: int
    head_hash: str

    def line(self) -> str:
        said = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(said, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))


def receipts_file(settings: Settings) -> Path:
    """DAKEHU_DELETIONS_FILE, else `deleted-tenants.jsonl` in the data folder."""
    return settings.deletions_file or settings.data / "deleted-tenants.jsonl"


def receipts(path: Path) -> list[dict[str, Any]]:
    """The lines of the file, the oldest first."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


async def delete_tenant(
    store: EventStore, tenant_id: UUID, *, name: str, reason: str, file: Path, say: Say = lambda _: None
) -> bool:
    """Delete it and write its receipt; False when nothing of it is there. `store` reads as the worker does.

    Raises NoSuchTenant, CannotDelete, asyncpg.InsufficientPrivilegeError when we do not own the log.
    """
    owner = await asyncpg.connect(
        store.database_url, server_settings=connections.SESSION, timeout=connections.CONNECT_TIMEOUT_S
    )
    try:
        begun = await _begin(store, owner, tenant_id, name, reason)
        say("Ending its operations …")
        await _end_operations(store.all_tenants, tenant_id)
        gone = Counter[str]()
        say("Destroying its keys: what is personal cannot be read from here on …")
        for table in (*KEYS, *DOORS):
            gone[table] += await _empty(store.all_tenants, table, tenant_id)
        fault_points.reach("delete.keys")
        async with store.all_tenants.acquire() as connection, connection.transaction():
            await connection.execute("select from es.heads where tenant_id = $1 for update", tenant_id)
            await connection.execute("delete from es.heads where tenant_id = $1", tenant_id)
        fault_points.reach("delete.head")
        say("Deleting its log and all that was made of it …")
        while await _pass(store.all_tenants, owner, tenant_id, gone):
            fault_points.reach("delete.pass")
        _write_receipt(file, await _receipt(owner, begun, tenant_id))
        fault_points.reach("delete.receipt")
        await owner.execute("delete from identity.deletions where deletion_id = $1", begun)
    finally:
        await owner.close()
    say(f"Deleted: {sum(gone.values())} rows. The receipt is in {file}.")
    return True


async def _begin(store: EventStore, owner: Any, tenant_id: UUID, name: str, reason: str) -> UUID:
    """The deletion's id, new or taken up again."""
    digest = hashlib.sha256(name.strip().encode()).digest()
    begun = await owner.fetchrow(BEGUN, tenant_id)
    if begun is None:
        stands = await store.all_tenants.fetchrow(STANDS, tenant_id)
        if stands is None:
            raise NoSuchTenant(f"no tenant {tenant_id} was opened")
        if stands["name"] is not None:
            if stands["status"] != "suspended":
                raise CannotDelete("only a suspended tenant is deleted: suspend it first")
            if stands["name"] != name.strip():
                raise CannotDelete("that is not the tenant's name")
            await asyncio.sleep(max(0.0, SETTLE_SECONDS - stands["since"]))
        await owner.execute(BEGIN, uuid4(), tenant_id, digest, reason, stands["position"] or 0, stands["hash"] or b"")
        begun = await owner.fetchrow(BEGUN, tenant_id)
    if begun["name_digest"] != digest:
        raise CannotDelete("that is not the tenant's name")
    return UUID(bytes=begun["deletion_id"].bytes)


async def _end_operations(pool: Any, tenant_id: UUID) -> None:
    """Queued ones go, running ones are asked to end and waited for: a later heartbeat of theirs finds no row."""
    await pool.execute(DROP_QUEUED, tenant_id)
    await pool.execute(STOP_OPERATIONS, tenant_id)
    for _ in range(int(ENDING_SECONDS * 4)):
        if not await pool.fetchval(STILL_RUNNING, tenant_id):
            break
        await asyncio.sleep(0.25)


async def _pass(pool: Any, owner: Any, tenant_id: UUID, gone: Counter[str]) -> bool:
    """Empty every table once; whether there was anything.

    Checkpoints come first: a fold under way holds its own until it has committed, and without one none begins.
    """
    before = gone.total()
    tables = [row["name"] for row in await owner.fetch(TABLES)]
    gone["es.checkpoints"] += await _empty(pool, "es.checkpoints", tenant_id)
    while events := await _forget_events(owner, tenant_id):
        gone["es.events"] += events
        fault_points.reach("delete.events")
    for table in tables:
        if table not in APART:
            gone[table] += await _empty(pool, table, tenant_id)
            fault_points.reach("delete.table")
    gone["es.heads"] += _count(await pool.execute("delete from es.heads where tenant_id = $1", tenant_id))
    return gone.total() > before


async def _forget_events(owner: Any, tenant_id: UUID) -> int:
    """The last events of the log, from its end backwards: what is left is always a log of its own."""
    async with owner.transaction():
        await owner.execute("select set_config('es.deleting', $1, true)", str(tenant_id))
        return _count(await owner.execute(LAST_EVENTS, tenant_id, EVENTS_AT_ONCE))


async def _empty(pool: Any, table: str, tenant_id: UUID) -> int:
    """Delete the tenant's rows of a table, some at a time."""
    statement = f"""
        delete from {table} where ctid = any(array(select ctid from {table} where tenant_id = $1 limit {AT_ONCE}))
           and tenant_id = $1
    """  # noqa: S608 - names from the catalogue, quoted by regclass
    rows = 0
    while done := _count(await pool.execute(statement, tenant_id)):
        rows += done
    return rows


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


async def _receipt(owner: Any, deletion_id: UUID, tenant_id: UUID) -> Receipt:
    row = await owner.fetchrow(
        "select reason, begun_at, head_position, head_hash from identity.deletions where deletion_id = $1", deletion_id
    )
    return Receipt(
        deletion_id=deletion_id,
        tenant_id=tenant_id,
        reason=row["reason"],
        begun_at=row["begun_at"],
        finished_at=datetime.now(UTC),
        head_position=row["head_position"],
        head_hash=row["head_hash"].hex(),
    )


def _write_receipt(path: Path, receipt: Receipt) -> None:
    """Add a line, on disk before we go on; a deletion cut right after it is not written down twice."""
    if any(line["deletion_id"] == str(receipt.deletion_id) for line in receipts(path)):
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(f"{receipt.line()}\n")
        file.flush()
        os.fsync(file.fileno())
