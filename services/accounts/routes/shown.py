"""What single records answer beside their fields: their history. Reads only what the caller may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from shared.event_store.command import StoredFact
from shared.event_store.stream import Stream
from shared.http.names import people_names
from shared.http.reading import Reading


class HistoryEntry(BaseModel):
    """One fact of a record, as it was recorded, and whether it was taken back since."""

    version: int
    position: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor_id: UUID | None
    actor_name: str | None
    on_behalf_of: UUID | None
    changes: dict[str, Any] = Field(description="The standing fields it set, as recorded.")
    corrects: int | None = Field(default=None, description="The version a correction or void is about.")
    reason: str | None = None
    voided: bool = False


async def history(read: Reading, stream: Stream) -> list[HistoryEntry]:
    """All facts of a record in the order they were told."""
    stored = await read.kit.store.load(read.tenant_id, stream.id, until_position=read.known_at)
    named = await people_names(read.kit, read.tenant_id, (_id(fact, "actor") for fact in stored))
    return [_entry(fact, stream, named) for fact in stored]


def _entry(fact: StoredFact, stream: Stream, named: dict[UUID, str]) -> HistoryEntry:
    actor = _id(fact, "actor")
    entry = stream.ledger.get(fact.version)
    mends = fact.type in ("FactCorrected", "FactVoided")
    return HistoryEntry(
        version=fact.version,
        position=fact.position,
        type=fact.type,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        actor_id=actor,
        actor_name=None if actor is None else named.get(actor),
        on_behalf_of=_id(fact, "on_behalf_of"),
        changes=fact.data.get("changes", {}),
        corrects=fact.data["version"] if mends else None,
        reason=fact.data.get("reason"),
        voided=entry is not None and entry.voided,
    )


def _id(fact: StoredFact, name: str) -> UUID | None:
    found = fact.metadata.get(name)
    return None if found is None else UUID(found)


def builtins(standing: Any) -> Any:
    """Standing values in JSON form."""
    return msgspec.json.decode(msgspec.json.encode(standing))
