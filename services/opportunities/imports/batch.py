"""Some rows of a file into the log: what is there already read at once, facts made, appended together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.opportunities import events
from services.opportunities.imports.changes import bring_up_to_date
from services.opportunities.imports.facts import Circumstances, Named, opportunity_of
from services.opportunities.imports.target import MappedContact, MappedRow
from services.opportunities.opportunity.external_refs import OPPORTUNITY_REF, ref_claims
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.command import StoredFact
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.stream import Refused
from shared.imports.problems import text_of
from shared.imports.recording import Record, Recorder
from shared.imports.series import current
from shared.jobs import Problem
from shared.names import external_key
from shared.privacy.vault import CONTACT, Erased, Of, Restricted, Vault

BREATHE_EVERY = 20
"""Rows made between two turns of the loop: folds and appends go on meanwhile."""
TRIES = 5
"""How often a row is decided anew when somebody changes the record meanwhile."""

HELD = "select key, stream_id from es.claims where tenant_id = $1 and scope = $2 and key = any($3::text[])"
STORED = """
select tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at,
       recorded_at, hash
  from es.events where tenant_id = $1 and stream_id = any($2::uuid[]) order by stream_id, version
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a row: `created`, `changed`, `unchanged`, or its problem."""

    row: MappedRow
    outcome: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A row whose references are all found."""

    row: MappedRow
    named: Named


class Batches:
    """Takes rows batch by batch."""

    def __init__(self, recorder: Recorder, vault: Vault, given: Circumstances) -> None:
        self._recorder = recorder
        self._vault = vault
        self._given = given
        self._repository: Repository[Opportunity] = Repository(
            recorder.store, Opportunity, facts=registry(events), baselines=0
        )

    async def take(self, rows: Sequence[Ready]) -> list[Taken]:
        """Every row taken or refused, in order. May be called again with the same rows: what is there is found."""
        taken: dict[str, Taken] = {}
        left = list(rows)
        for _ in range(TRIES):
            left = await self._try(left, taken)
            if not left:
                break
        for ready in left:
            taken[ready.row.external_ref] = _refused(ready.row, Refused("conflict", "others keep changing the record"))
        return [taken[ready.row.external_ref] for ready in rows]

    async def _try(self, rows: Sequence[Ready], taken: dict[str, Taken]) -> list[Ready]:
        """One attempt; the rows whose records moved meanwhile."""
        recorder = self._recorder
        ids = await self._ids(rows)
        stored = await self._stored(list(ids.values()))
        rows = [self._with_contact(ready, ids[ready.row.external_ref], stored) for ready in rows]
        gone = await self._keep_personal(rows, ids, set(stored))
        records: list[Record] = []
        pending: list[tuple[Ready, str]] = []
        for number, ready in enumerate(rows, 1):
            row = ready.row
            before = stored.get(ids[row.external_ref], [])
            try:
                _require_kept(gone, ready.named.contact_id, ids[row.external_ref])
                opportunity = self._decide(ready, ids[row.external_ref], before)
            except (Refused, ValidationError) as error:
                taken[row.external_ref] = _refused(row, error)
                continue
            ours = any(self._is_ours(fact) for fact in before)
            outcome = "created" if not before or (ours and self._is_ours(before[0])) else "changed"
            if opportunity is None:
                taken[row.external_ref] = Taken(row, outcome if ours else "unchanged")
                continue
            claims = () if before else ref_claims(opportunity.id, opportunity.standing)
            records.append(Record(self._repository.appends(opportunity), claims))
            pending.append((ready, outcome))
            if number % BREATHE_EVERY == 0:
                await asyncio.sleep(0)
        moved: list[Ready] = []
        for (ready, outcome), answer in zip(pending, await recorder.append(records), strict=True):
            if answer.kind == "ok":
                taken[ready.row.external_ref] = Taken(ready.row, outcome)
            else:
                moved.append(ready)
        return moved

    def _decide(self, ready: Ready, id: UUID, stored: list[StoredFact]) -> Opportunity | None:
        """The opportunity with what the row adds to it; None when that is nothing. Raises Refused, ValidationError."""
        fresh = opportunity_of(ready.row, ready.named, id=id, given=self._given)
        if not stored:
            return fresh
        there = self._repository.replay(stored)
        if there is None:
            raise Refused("not_an_opportunity", "its place in the log is taken by another record")
        bring_up_to_date(there, stored, fresh, ready.row, ready.named, self._given)
        return there if there.pending_events else None

    def _is_ours(self, fact: StoredFact) -> bool:
        return bool(fact.metadata.get("operation") == str(self._recorder.operation_id))

    async def _ids(self, rows: Sequence[Ready]) -> dict[str, UUID]:
        """The record of each row: who holds its key, else the one its key gives."""
        tenant_id, pool = self._recorder.tenant_id, self._recorder.store.pool
        keys = {external_key(ready.row.external_system, ready.row.external_ref): ready.row for ready in rows}
        held = {
            keys[found["key"]].external_ref: UUID(bytes=found["stream_id"].bytes)
            for found in await pool.fetch(HELD, tenant_id, OPPORTUNITY_REF, list(keys))
        }
        firsts = {
            row.external_ref: opportunity_id(tenant_id, row) for row in keys.values() if row.external_ref not in held
        }
        in_use = await current(pool, tenant_id, firsts.values())
        return held | {ref: in_use[first] for ref, first in firsts.items()}

    def _with_contact(self, ready: Ready, id: UUID, stored: Mapping[UUID, list[StoredFact]]) -> Ready:
        """The row with the contact its record has, or will have."""
        if ready.named.contact_id is None:
            return ready
        known = stored[id][0].data.get("contact_id") if id in stored else None
        if known is not None:
            contact = UUID(known)
        elif id == opportunity_id(self._recorder.tenant_id, ready.row):
            return ready
        else:
            contact = uuid5(id, "contact")
        return Ready(ready.row, replace(ready.named, contact_id=contact))

    async def _stored(self, ids: list[UUID]) -> dict[UUID, list[StoredFact]]:
        found: dict[UUID, list[StoredFact]] = {}
        for row in await self._recorder.store.pool.fetch(STORED, self._recorder.tenant_id, ids):
            fact = StoredFact(*row)
            found.setdefault(UUID(bytes=fact.stream_id.bytes), []).append(fact)
        return found

    async def _keep_personal(
        self, rows: Sequence[Ready], ids: Mapping[str, UUID], there: set[UUID]
    ) -> Mapping[UUID, Erased | Restricted]:
        """The persons met, and the remarks, into the vault; what it has stays. Which it may not keep any more."""
        if self._recorder.dry_run:
            return {}
        tenant_id = self._recorder.tenant_id
        wanted: dict[UUID, Mapping[str, str | None]] = {}
        of: dict[UUID, Of] = {}
        for ready in rows:
            row, contact, opportunity = ready.row, ready.named.contact_id, ids[ready.row.external_ref]
            if contact is not None and row.contact is not None:
                wanted[contact], of[contact] = _fields(row.contact), Of(CONTACT, opportunity)
            if row.remark:
                wanted[opportunity], of[opportunity] = {"remark": row.remark}, Of("opportunity", opportunity)
        if there and wanted:
            known = await self._vault.known(tenant_id, list(wanted))
            wanted = {
                id: fields
                for id, fields in wanted.items()
                if {name: text for name, text in fields.items() if text} != known.get(id)
            }
        gone: dict[UUID, Erased | Restricted] = {}
        try:
            await self._vault.put_many(tenant_id, wanted, of=of)
        except (Erased, Restricted):
            for id, fields in wanted.items():
                try:
                    await self._vault.put(tenant_id, id, fields, of=of[id])
                except (Erased, Restricted) as error:
                    gone[id] = error
        return gone


def opportunity_id(tenant_id: UUID, row: MappedRow) -> UUID:
    """The stream of a record, by its key in the system it comes from."""
    return uuid5(tenant_id, f"opportunity:{row.external_system}:{row.external_ref}")


def contact_id(tenant_id: UUID, row: MappedRow) -> UUID | None:
    """Who the contact of a record is in the vault; says nothing of the person."""
    if row.contact is None:
        return None
    return uuid5(tenant_id, f"contact:{row.external_system}:{row.external_ref}")


def _require_kept(gone: Mapping[UUID, Erased | Restricted], *ids: UUID | None) -> None:
    """Raises Refused for a row whose person, or remark, the vault may not keep: the file should not hold them."""
    for error in (gone[id] for id in ids if id is not None and id in gone):
        code = "person_erased" if isinstance(error, Erased) else "person_restricted"
        raise Refused(code, text_of(code))


def _fields(contact: MappedContact) -> Mapping[str, str | None]:
    return {"name": contact.name, "phone": contact.phone, "mail": contact.mail}


def _refused(row: MappedRow, error: Refused | ValidationError) -> Taken:
    if isinstance(error, Refused):
        params = {name: str(value) for name, value in error.params.items()}
        return Taken(row, "problem", Problem(error.code, str(error), line=row.line, params=params))
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    message = f"{where}: {first['msg']}"
    return Taken(row, "problem", Problem("not_acceptable", message, line=row.line, params={"field": where}))
