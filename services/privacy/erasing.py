"""Erasing a person, step by step; every step may be taken again. Knows the database's tables and no HTTP.

First what others wrote is rid of the person's values, for which these must still be readable; then receipts are
written; last the keys are destroyed. From the first step on nothing of the person is shown or put.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from services.accounts import events
from services.accounts.data_subject import Erasure
from services.accounts.events import ErasureReason
from services.privacy.places import Alike, alike, around, person
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.imports.encodings import encoding_of
from shared.imports.problems import TableRefused
from shared.jobs import files
from shared.privacy.receipts import Receipt, append
from shared.privacy.redaction import MARK, Redactor
from shared.privacy.vault import PERSONS, STAFF, Subject, Vault

BATCH = 500
OWN_FIELDS = frozenset(("name", "phone", "mail", "sex", "birth_date", "home_address"))
"""Fields of other persons that say who these are: never touched. What is written about them is."""
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
UNDER_WAY = "('queued', 'running')"

SUBJECTS_AFTER = """
select subject_id, kind, record_id from privacy.subjects
 where tenant_id = $1 and key is not null and subject_id > $2 order by subject_id limit $3
"""
ADD_LEAVING = "insert into privacy.leaving values ($1, $2, $3, $4) on conflict do nothing"
END_LEAVING = "delete from privacy.leaving where tenant_id = $1 and operation_id = $2"
OPERATIONS = """
select operation_id, parameters::text, principal::text, checkpoint::text, result::text, error from es.operations
 where tenant_id = $1 and operation_id > $2 order by operation_id limit $3
"""
REDACT_OPERATION = """
update es.operations set parameters = $3::text::jsonb, principal = $4::text::jsonb, checkpoint = $5::text::jsonb,
       result = $6::text::jsonb, error = $7
 where tenant_id = $1 and operation_id = $2
"""
PROBLEMS = """
select operation_id, number, column_name, message, params::text from es.operation_problems
 where tenant_id = $1 and (operation_id, number) > ($2, $3) order by operation_id, number limit $4
"""
REDACT_PROBLEM = """
update es.operation_problems set column_name = $4, message = $5, params = $6::text::jsonb
 where tenant_id = $1 and operation_id = $2 and number = $3
"""
FILES = "select operation_id, name from es.operation_files where tenant_id = $1 order by operation_id, name"
PURPOSES = """
select at, read_id, purpose from privacy.reads
 where tenant_id = $1 and purpose is not null and (at, read_id) > ($2, $3) order by at, read_id limit $4
"""
REDACT_PURPOSE = "update privacy.reads set purpose = $4 where tenant_id = $1 and at = $2 and read_id = $3"
RECEIPT = """
insert into privacy.erasures (tenant_id, subject_id, kind, reason, requested_by, operation_id, at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Order:
    """Who is to be erased, why, on whose order. `operation_id` also names the hashes that hold while it runs."""

    tenant_id: UUID
    subject_id: UUID
    reason: ErasureReason
    requested_by: UUID
    operation_id: UUID
    at: datetime
    list_file: Path
    kind: str = STAFF  # of who is not in the vault


@dataclass(frozen=True, slots=True)
class Who:
    """The entries to be erased together, and those that may be the same person and stay."""

    subjects: tuple[Subject, ...]
    perhaps: tuple[UUID, ...]

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(one.id for one in self.subjects)


class Eraser:
    """Erases persons of one tenant at a time. `pool` must show that tenant's rows."""

    def __init__(self, store: EventStore, vault: Vault) -> None:
        self._store = store
        self._pool = store.pool
        self._vault = vault
        self._receipts: Repository[Erasure] = Repository(store, Erasure, facts=registry(events), baselines=0)

    async def find(self, order: Order) -> Who | None:
        """The entries of this person; None when there is no such person here."""
        subject = await person(self._pool, self._vault, order.tenant_id, order.subject_id)
        if subject is None:
            return None
        said = (await self._said([subject.id], order.tenant_id)).get(subject.id, {})
        found = Alike((), ()) if not said else await alike(self._pool, self._vault, order.tenant_id, subject, said)
        same = await self._vault.subjects(order.tenant_id, found.same)
        return Who((subject, *(same[id] for id in found.same if id in same)), found.perhaps)

    async def close(self, order: Order, who: Who) -> None:
        """Show and take nothing of them from now on."""
        for subject in who.subjects:
            await self._vault.restrict(order.tenant_id, subject.id)
        for said in (await self._said(who.ids, order.tenant_id)).values():
            for field, search in (await self._vault.hashed(order.tenant_id, said)).items():
                await self._pool.execute(ADD_LEAVING, order.tenant_id, field, search, order.operation_id)

    # -- what others wrote -------------------------------------------------------------------------------

    async def texts(
        self, order: Order, who: Who, *, after: UUID = FIRST, dry_run: bool = False
    ) -> AsyncIterator[tuple[UUID, int, int]]:
        """Rid texts about others of them. After each batch: its last subject, its size, how many texts changed."""
        redactors = await self._redactors(order.tenant_id, who)
        near = await around(self._pool, order.tenant_id, who.subjects) | {
            one.record_id for one in who.subjects if one.record_id is not None
        }
        while rows := await self._pool.fetch(SUBJECTS_AFTER, order.tenant_id, after, BATCH):
            others = {UUID(bytes=row[0].bytes): row for row in rows}
            known = await self._vault.known(order.tenant_id, set(others) - set(who.ids), restricted=True)
            changed: dict[UUID, dict[str, str | None]] = {}
            for id, fields in known.items() if redactors else ():
                row = others[id]
                about = id in near or row["record_id"] in near
                for field, text in fields.items():
                    if row["kind"] in PERSONS and field in OWN_FIELDS:
                        continue
                    redacted = text
                    for redactor in redactors:
                        redacted = redactor.text(redacted, about=about)
                    if redacted != text:
                        changed.setdefault(id, {})[field] = redacted
            if changed and not dry_run:
                await self._vault.put_many(order.tenant_id, changed, restricted=True)
            after = max(others)
            yield after, len(rows), sum(len(fields) for fields in changed.values())

    async def operations(self, order: Order, who: Who) -> int:
        """Rid parameters, results, errors and row problems of operations of them; how many rows changed."""
        redactors = await self._redactors(order.tenant_id, who)
        changed, after = 0, FIRST
        while redactors and (rows := await self._pool.fetch(OPERATIONS, order.tenant_id, after, BATCH)):
            for id, *texts, error in rows:
                redacted = [_redacted_json(text, redactors) for text in texts]
                said = _redacted(error, redactors)
                if [*redacted, said] != [*texts, error]:
                    await self._pool.execute(REDACT_OPERATION, order.tenant_id, id, *redacted, said)
                    changed += 1
                after = id
        place: tuple[UUID, int] = (FIRST, 0)
        while redactors and (rows := await self._pool.fetch(PROBLEMS, order.tenant_id, *place, BATCH)):
            for id, number, *given, params in rows:
                redacted = [*(_redacted(text, redactors) for text in given), _redacted_json(params, redactors)]
                if redacted != [*given, params]:
                    await self._pool.execute(REDACT_PROBLEM, order.tenant_id, id, number, *redacted)
                    changed += 1
                place = (id, number)
        return changed + (await self._purposes(order, redactors) if redactors else 0)

    async def _purposes(self, order: Order, redactors: Sequence[Redactor]) -> int:
        """What people said they looked at data for."""
        changed, place = 0, (datetime(1, 1, 1, tzinfo=UTC), FIRST)
        while rows := await self._pool.fetch(PURPOSES, order.tenant_id, *place, BATCH):
            for at, id, purpose in rows:
                if (said := _redacted(purpose, redactors)) != purpose:
                    await self._pool.execute(REDACT_PURPOSE, order.tenant_id, at, id, said)
                    changed += 1
                place = (at, id)
        return changed

    async def files(self, order: Order, who: Who) -> int:
        """Rid files of imports that wait or run of them, and let these bring nobody back; how many changed."""
        redactors = await self._redactors(order.tenant_id, who)
        if not redactors:
            return 0
        hashes = [
            hashed
            for said in (await self._said(who.ids, order.tenant_id)).values()
            for hashed in (await self._vault.hashed(order.tenant_id, said)).items()
        ]
        changed = 0
        for operation_id, name in await self._pool.fetch(FILES, order.tenant_id):
            with suppress(KeyError, files.FileDamaged):  # its operation ended meanwhile
                chunks = files.read_file(self._pool, order.tenant_id, operation_id, name)
                content = b"".join([chunk async for chunk in chunks])
                redacted = _without(content, redactors, await self._said(who.ids, order.tenant_id))
                if redacted != content:
                    for field, search in hashes:
                        await self._pool.execute(ADD_LEAVING, order.tenant_id, field, search, operation_id)
                    await self._replace(order.tenant_id, operation_id, name, redacted)
                    changed += 1
        return changed

    async def _replace(self, tenant_id: UUID, operation_id: UUID, name: str, content: bytes) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            for table in ("operation_file_chunks", "operation_files"):
                gone = await connection.execute(
                    f"delete from es.{table} where tenant_id = $1 and operation_id = $2 and name = $3",  # noqa: S608
                    tenant_id,
                    operation_id,
                    name,
                )
            if gone != "DELETE 0":
                await files.attach(connection, tenant_id, operation_id, name, content)

    # -- the end -----------------------------------------------------------------------------------------

    async def destroy(self, order: Order, ids: Sequence[UUID]) -> None:
        """Write the receipts, then destroy keys and data, one entry after the other."""
        known = await self._vault.subjects(order.tenant_id, ids)
        for id in ids:
            kind = known[id].kind if id in known and known[id].kind in PERSONS else order.kind
            append(
                order.list_file,
                Receipt(order.tenant_id, id, kind, order.reason.value, order.requested_by, order.at),
            )
            await self._record(order, id, kind)
            await self._pool.execute(
                RECEIPT,
                order.tenant_id,
                id,
                kind,
                order.reason.value,
                order.requested_by,
                order.operation_id,
                order.at,
            )
            await self._vault.erase(order.tenant_id, id)

    async def open(self, order: Order) -> None:
        """Forget the hashes that held while this ran."""
        await self._pool.execute(END_LEAVING, order.tenant_id, order.operation_id)

    async def _record(self, order: Order, id: UUID, kind: str) -> None:
        receipt = Erasure.of(order.tenant_id, id, kind, order.reason, at=order.at)
        said = {"actor": order.requested_by, "correlation": order.operation_id, "operation": order.operation_id}
        # a conflict: the receipt is there already
        await self._store.append_all(
            [
                Command(
                    order.tenant_id,
                    order.requested_by,
                    key=None,
                    fingerprint=None,
                    status=201,
                    code="ok",
                    appends=(self._receipts.appends(receipt),),
                    metadata=msgspec.json.encode(said),
                )
            ]
        )

    # -- what is looked for ------------------------------------------------------------------------------

    async def _said(self, ids: Collection[UUID], tenant_id: UUID) -> Mapping[UUID, Mapping[str, str]]:
        return await self._vault.known(tenant_id, ids, ("name", "phone", "mail"), restricted=True)

    async def _redactors(self, tenant_id: UUID, who: Who) -> list[Redactor]:
        found = []
        for said in (await self._said(who.ids, tenant_id)).values():
            bearers = await self._vault.find(tenant_id, "name", said["name"], restricted=True) if "name" in said else ()
            found.append(Redactor(said, unique_name=set(bearers) <= set(who.ids)))
        return [redactor for redactor in found if not redactor.empty]


def _redacted(text: str | None, redactors: Sequence[Redactor]) -> str | None:
    for redactor in redactors:
        text = None if text is None else redactor.text(text)
    return text


def _redacted_json(text: str | None, redactors: Sequence[Redactor]) -> str | None:
    """A JSON text without the persons; itself when it names none."""
    if text is None:
        return None
    value = json.loads(text)
    redacted = value
    for redactor in redactors:
        redacted = redactor.value(redacted)
    return text if redacted == value else json.dumps(redacted, ensure_ascii=False)


def _without(content: bytes, redactors: Sequence[Redactor], said: Mapping[UUID, Mapping[str, str]]) -> bytes:
    """A file without the persons, in its own encoding; of one nobody can read, without their values as they stand."""
    try:
        encoding = encoding_of(io.BytesIO(content))
        text = content[encoding.mark_bytes :].decode(encoding.name)
    except (TableRefused, UnicodeDecodeError):
        for value in {value for fields in said.values() for value in fields.values()}:
            for name in ENCODINGS:
                content = content.replace(value.encode(name), MARK.encode(name))
        return content
    redacted = text
    for redactor in redactors:
        redacted = redactor.lines(redacted)
    return content if redacted == text else content[: encoding.mark_bytes] + redacted.encode(encoding.name)
