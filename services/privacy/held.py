"""Everything that is held about one person, as they may ask for it. Reads; what it answers is noted by the route."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.privacy.places import alike, around, records
from shared.http.kit import Kit
from shared.privacy.contents import Contents
from shared.privacy.redaction import Redactor
from shared.privacy.vault import STAFF, Subject

MOST_EVENTS = 20_000
MOST_READS = 20_000
EVENTS = """
select position, type, stream_type, stream_id, version, occurred_at, recorded_at, data, metadata from es.events
 where tenant_id = $1 and (stream_id = $2::uuid or strpos(data::text, $2::text) > 0) order by position limit $3
"""
ENTERED = """
select count(*) from es.events
 where tenant_id = $1 and (metadata ->> 'actor' = $2::text or metadata ->> 'on_behalf_of' = $2::text)
"""
READS = """
select at, actor, on_behalf_of, viewer, machine, action, fields, route, purpose from privacy.reads
 where tenant_id = $1 and $2::uuid = any(subjects) order by at desc limit $3
"""


class EventHeld(BaseModel):
    """A fact that names the person by id."""

    position: int
    type: str
    subject: UUID
    subject_type: str
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    metadata: dict[str, Any]


class ReadHeld(BaseModel):
    """Who was shown the person's data: when, which fields, where."""

    at: datetime
    actor: UUID
    on_behalf_of: UUID | None
    viewer: UUID | None
    machine: bool
    action: str
    fields: list[str]
    route: str
    purpose: str | None


class RecordHeld(BaseModel):
    """A record the person belongs to."""

    type: str
    id: UUID


class TextHeld(BaseModel):
    """What was written elsewhere and names the person."""

    subject: UUID
    field: str
    text: str


class AttachmentHeld(BaseModel):
    """A file about the person: to be had at /v1/attachments/{id}/content."""

    id: UUID
    filename: str | None
    title: str | None


class PersonHeld(BaseModel):
    """Everything held about one person, from every place it is in."""

    id: UUID
    kind: str
    restricted: bool
    data: dict[str, str] = Field(description="The vault's fields, unmasked.")
    records: list[RecordHeld] = Field(description="What they belong to.")
    visits_met: list[UUID]
    texts: list[TextHeld] = Field(description="Texts about their records that name them.")
    attachments: list[AttachmentHeld] = Field(description="Files about them.")
    events: list[EventHeld]
    events_entered: int = Field(description="Facts entered by them or for them (staff); their own work, not listed.")
    reads: list[ReadHeld] = Field(description="Newest first.")
    perhaps: list[UUID] = Field(description="Other entries that may be the same person.")
    complete: bool = Field(description="false: there are more events or reads than one answer holds.")


async def held(kit: Kit, tenant_id: UUID, subject: Subject) -> PersonHeld:
    """All of it. The log of the tenant is walked through: seconds on a long one.

    Of facts about other records a member of staff is named in, their owner say, only what names them: the rest is the
    company's and its customers', and neither theirs nor for everybody who may hand them their data.
    """
    pool, vault, id = kit.pool, kit.vault, subject.id
    data = (await vault.known(tenant_id, [id], restricted=True)).get(id, {})
    events = [dict(row) for row in await pool.fetch(EVENTS, tenant_id, id, MOST_EVENTS)]
    if subject.kind == STAFF:
        for row in events:
            if row["stream_id"] != id:
                row["data"] = naming(row["data"], str(id)) or {}
    reads = [dict(row) for row in await pool.fetch(READS, tenant_id, id, MOST_READS)]
    found = await alike(pool, vault, tenant_id, subject, data)
    near = set() if subject.kind == STAFF else await around(pool, tenant_id, [subject])
    texts: list[TextHeld] = []
    if near and data:
        redactor = Redactor(data, unique_name=False)
        for text_of, fields in (await vault.known(tenant_id, near)).items():
            texts += [
                TextHeld(subject=text_of, field=field, text=text)
                for field, text in fields.items()
                if redactor.text(text, about=True) != text
            ]
    of = await records(pool, tenant_id, [subject.record_id, id])
    met = {
        row["stream_id"]
        for row in events
        if row["stream_type"] == "visit" and str(id) in json.dumps(row["data"].get("changes", {}).get("persons_met"))
    }
    return PersonHeld(
        id=id,
        kind=subject.kind,
        restricted=subject.restricted,
        data=data,
        records=[RecordHeld(type=record.stream_type, id=record.id) for record in of.values()],
        visits_met=sorted(met),
        texts=texts,
        attachments=await _attachments(kit, tenant_id, id),
        events=[EventHeld(subject=row["stream_id"], subject_type=row["stream_type"], **row) for row in events],
        events_entered=await pool.fetchval(ENTERED, tenant_id, str(id)),
        reads=[ReadHeld(**row) for row in reads],
        perhaps=[*found.same, *found.perhaps],
        complete=len(events) < MOST_EVENTS and len(reads) < MOST_READS,
    )


async def _attachments(kit: Kit, tenant_id: UUID, id: UUID) -> list[AttachmentHeld]:
    found = await Contents(kit.pool, kit.vault).of_persons(tenant_id, [id])
    said = await kit.vault.known(tenant_id, found)
    return [
        AttachmentHeld(id=one, filename=said.get(one, {}).get("filename"), title=said.get(one, {}).get("title"))
        for one in found
    ]


def naming(value: Any, id: str) -> Any:
    """The parts of a JSON value in which an id stands; None when it stands nowhere."""
    match value:
        case str():
            return value if value == id else None
        case list():
            return [part for item in value if (part := naming(item, id)) is not None] or None
        case dict():
            parts = {key: item if id in key else naming(item, id) for key, item in value.items()}
            return {key: part for key, part in parts.items() if part is not None} or None
        case _:
            return None
