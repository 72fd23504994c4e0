"""Where a person appears: what they are, the records they belong to, who else may be the same. Ids only."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.privacy.sealing import MAIL, PHONE, comparable
from shared.privacy.vault import CONTACT, KEY_PERSON, OTHER, PERSONS, STAFF, Subject, Vault

LATEST = """
select distinct on (stream_id) stream_id, stream_type, data -> 'standing' ->> 'account_id' as account_id,
       data -> 'standing' ->> 'owner_id' as owner_id, data -> 'standing' ->> 'unit_id' as unit_id
  from es.events where tenant_id = $1 and stream_id = any($2::uuid[]) order by stream_id, version desc
"""
# Everything of these accounts and opportunities, and every visit that met the person: a walk through the tenant's log.
AROUND = """
select distinct stream_id from es.events
 where tenant_id = $1 and stream_type in ('visit', 'opportunity')
   and (data -> 'changes' ->> 'account_id' = any($2::text[])
        or data -> 'changes' -> 'opportunity_ids' ?| $3::text[]
        or data -> 'changes' -> 'persons_met' @> any (array(select m::jsonb from unnest($4::text[]) as t(m)))
        or stream_id::text = any($3::text[]))
"""
IS_STAFF = "select 1 from es.events where tenant_id = $1 and stream_id = $2 and stream_type = 'person' limit 1"


@dataclass(frozen=True, slots=True)
class Record:
    """A record a person belongs to, as it stands."""

    id: UUID
    stream_type: str
    account_id: UUID | None
    owner_id: UUID | None
    unit_id: UUID | None


@dataclass(frozen=True, slots=True)
class Alike:
    """Other entries of who seems to be the same person: `same` surely, `perhaps` for a human to judge."""

    same: tuple[UUID, ...]
    perhaps: tuple[UUID, ...]


async def person(pool: Any, vault: Vault, tenant_id: UUID, id: UUID) -> Subject | None:
    """What this id is, when it is a person's: the vault says, or, of staff nothing was kept about, the log."""
    found = (await vault.subjects(tenant_id, [id])).get(id)
    if (found is None or found.kind == OTHER) and await pool.fetchval(IS_STAFF, tenant_id, id) is not None:
        return Subject(id, STAFF, None, found is not None and found.restricted, found is not None and found.erased)
    if found is None or found.kind not in PERSONS:
        return None
    return found


async def records(pool: Any, tenant_id: UUID, ids: Collection[UUID | None]) -> dict[UUID, Record]:
    """Records as the log last said they stand; the unknown are absent."""
    rows = await pool.fetch(LATEST, tenant_id, sorted({id for id in ids if id is not None}))
    return {
        UUID(bytes=row["stream_id"].bytes): Record(
            UUID(bytes=row["stream_id"].bytes),
            row["stream_type"],
            *(None if row[name] is None else UUID(row[name]) for name in ("account_id", "owner_id", "unit_id")),
        )
        for row in rows
    }


async def account_of(pool: Any, tenant_id: UUID, subjects: Collection[Subject]) -> dict[UUID, UUID]:
    """The account each key person and contact belongs to, by the subject's id."""
    found = await records(pool, tenant_id, [one.record_id for one in subjects if one.kind == CONTACT])
    accounts: dict[UUID, UUID] = {}
    for one in subjects:
        if one.kind == KEY_PERSON and one.record_id is not None:
            accounts[one.id] = one.record_id
        elif one.record_id in found and (account := found[one.record_id].account_id) is not None:
            accounts[one.id] = account
    return accounts


async def alike(pool: Any, vault: Vault, tenant_id: UUID, subject: Subject, said: Mapping[str, str]) -> Alike:
    """Other entries with this person's phone, mail or name.

    The same: also the name is equal, and phone or mail is, or both are of one account and nothing contradicts it.
    """
    ids: set[UUID] = set()
    for field in (PHONE, MAIL, "name"):
        if said.get(field):
            ids |= set(await vault.find(tenant_id, field, said[field], restricted=True))
    found = await vault.subjects(tenant_id, ids - {subject.id})
    others = [one for one in found.values() if one.kind in PERSONS and not one.erased]
    fields = await vault.known(tenant_id, [one.id for one in others], ("name", PHONE, MAIL), restricted=True)
    accounts = await account_of(pool, tenant_id, [subject, *others])
    same, perhaps = [], []
    for other in sorted(others, key=lambda one: one.id):
        equal = {name: _equal(name, said, fields.get(other.id, {})) for name in ("name", PHONE, MAIL)}
        near = subject.id in accounts and accounts.get(other.id) == accounts[subject.id]
        both_customers = STAFF not in (subject.kind, other.kind)
        reached = equal[PHONE] is True or equal[MAIL] is True
        if both_customers and equal["name"] is True and (reached or (near and False not in equal.values())):
            same.append(other.id)
        elif reached or near:
            perhaps.append(other.id)
    return Alike(tuple(same), tuple(perhaps))


async def around(pool: Any, tenant_id: UUID, subjects: Collection[Subject]) -> set[UUID]:
    """Visits and opportunities that have to do with these persons: there their names are theirs."""
    accounts = set((await account_of(pool, tenant_id, subjects)).values())
    opportunities = {one.record_id for one in subjects if one.kind == CONTACT and one.record_id is not None}
    met = [json.dumps([{"person_id": str(one.id)}]) for one in subjects]
    rows = await pool.fetch(AROUND, tenant_id, [str(id) for id in accounts], [str(id) for id in opportunities], met)
    return {UUID(bytes=row[0].bytes) for row in rows}


def _equal(field: str, one: Mapping[str, str], other: Mapping[str, str]) -> bool | None:
    """Whether both say the same of a field; None when one of them says nothing."""
    if not one.get(field) or not other.get(field):
        return None
    return comparable(field, one[field]) == comparable(field, other[field])
