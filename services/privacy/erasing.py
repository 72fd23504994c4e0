"""Erasing a person, step by step; every step may be taken again. Knows the database's tables and no HTTP.

First what others wrote is rid of the person's values, for which these must still be readable; then receipts are
written; last the keys are destroyed. From the first step on nothing of the person is shown or put.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from services.accounts import events
from services.accounts.data_subject import Erasure
from services.accounts.events import ErasureReason
from services.privacy.places import Alike, alike, around, person
from services.privacy.traces import rid_files, rid_operations
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.http.exports import FILE as EXPORTED_TABLE
from shared.http.exports import KIND as EXPORT
from shared.jobs.kept import forget_kept
from shared.privacy.contents import Contents
from shared.privacy.receipts import Receipt, append
from shared.privacy.redaction import Redactor
from shared.privacy.vault import PERSONS, STAFF, Subject, Vault

BATCH = 500
OWN_FIELDS = frozenset(("name", "phone", "mail", "sex", "birth_date", "home_address"))
"""Fields of other persons that say who these are: never touched. What is written about them is."""

SUBJECTS_AFTER = """
select subject_id, kind, record_id from privacy.subjects
 where tenant_id = $1 and key is not null and subject_id > $2 order by subject_id limit $3
"""
ADD_LEAVING = "insert into privacy.leaving values ($1, $2, $3, $4) on conflict do nothing"
END_LEAVING = "delete from privacy.leaving where tenant_id = $1 and operation_id = $2"
RECEIPT = """
insert into privacy.erasures (tenant_id, subject_id, kind, reason, requested_by, operation_id, at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""
FIRST = UUID(int=0)


class NotListed(Exception):
    """The list cannot be written: who is not listed is not erased, since a restore would bring them back."""


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
        self._contents = Contents(store.pool, vault)
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
        """Rid what operations and the read audit say of them; how many rows changed."""
        return await rid_operations(self._pool, order.tenant_id, await self._redactors(order.tenant_id, who))

    async def files(self, order: Order, who: Who) -> int:
        """Rid files of imports that wait or run of them, and let these bring nobody back; how many changed.

        Files that were exported may hold them anywhere: none of the tenant's is kept.
        """
        said = await self._said(who.ids, order.tenant_id)
        hashes = [
            hashed for fields in said.values() for hashed in (await self._vault.hashed(order.tenant_id, fields)).items()
        ]
        redactors = await self._redactors(order.tenant_id, who)
        changed = await forget_kept(self._pool, order.tenant_id, EXPORT, EXPORTED_TABLE)
        async for operation_id in rid_files(self._pool, order.tenant_id, redactors, said):
            for field, search in hashes:
                await self._pool.execute(ADD_LEAVING, order.tenant_id, field, search, operation_id)
            changed += 1
        return changed

    # -- the end -----------------------------------------------------------------------------------------

    async def destroy(self, order: Order, ids: Sequence[UUID]) -> None:
        """Write the receipts, then destroy keys, files and data, one entry after the other. Raises NotListed.

        Of a closed person no file is taken any more: what is there now is all there is.
        """
        known = await self._vault.subjects(order.tenant_id, ids)
        for id in ids:
            kind = known[id].kind if id in known and known[id].kind in PERSONS else order.kind
            receipt = Receipt(order.tenant_id, id, kind, order.reason.value, order.requested_by, order.at)
            try:
                append(order.list_file, receipt)
            except OSError as error:
                raise NotListed(order.list_file.name) from error
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
            await self._contents.forget_persons(order.tenant_id, [id])
            await self._vault.erase(order.tenant_id, id)

    async def attachments(self, order: Order, who: Who) -> int:
        """How many files are about them, and go with them."""
        return len(await self._contents.of_persons(order.tenant_id, who.ids))

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
