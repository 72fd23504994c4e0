"""The whole life of a record as it is shown: every fact, its corrections and voids, who and when. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from shared.event_store.command import StoredFact
from shared.event_store.stream import Stream


class FactShown(BaseModel):
    """One fact. `occurred_at` and `changes` as corrected since, beside them what was first said."""

    version: int
    position: int = Field(description="In the tenant's log.")
    type: str
    occurred_at: datetime = Field(description="When it happened.")
    recorded_at: datetime = Field(description="When it was told.")
    actor: UUID | None = Field(description="Who entered it.")
    on_behalf_of: UUID | None
    said: dict[str, Any] = Field(description="The fact as recorded.")
    changes: dict[str, Any] = Field(description="The standing fields it sets, corrections included.")
    first_occurred_at: datetime | None = Field(description="Before corrections of the time.")
    first_changes: dict[str, Any] | None = Field(description="Before corrections of the fields.")
    corrected_by: Sequence[int] = Field(description="Versions of the corrections that count.")
    voided: bool


def history(stream: Stream, stored: Iterable[StoredFact]) -> list[FactShown]:
    """Every fact of a stream, in the order told."""
    return [_shown(stream, fact) for fact in stored if fact.version <= stream.version]


def people_in(stored: Iterable[StoredFact]) -> Iterator[UUID]:
    """Who entered these facts, and for whom."""
    for fact in stored:
        for name in ("actor", "on_behalf_of"):
            if (id := _person(fact.metadata.get(name))) is not None:
                yield id


def _shown(stream: Stream, fact: StoredFact) -> FactShown:
    entry = stream.ledger.get(fact.version)
    said = {name: value for name, value in fact.data.items() if name not in ("changes", "standing")}
    if entry is None:  # a correction, a void, or a fact of newer code
        said |= {"changes": fact.data["changes"]} if fact.type == "FactCorrected" else {}
    corrections = () if entry is None else entry.corrections
    moved = entry is not None and entry.occurred_at != entry.original_occurred_at
    changed = entry is not None and entry.changes != entry.original_changes
    return FactShown(
        version=fact.version,
        position=fact.position,
        type=fact.type,
        occurred_at=fact.occurred_at if entry is None else entry.occurred_at,
        recorded_at=fact.recorded_at,
        actor=_person(fact.metadata.get("actor")),
        on_behalf_of=_person(fact.metadata.get("on_behalf_of")),
        said=said,
        changes={} if entry is None else plain(entry.changes),
        first_occurred_at=entry.original_occurred_at if entry is not None and moved else None,
        first_changes=plain(entry.original_changes) if entry is not None and changed else None,
        corrected_by=[correction.originator_version for correction in corrections],
        voided=entry is not None and entry.voided,
    )


def plain(values: Any) -> Any:
    """Standing fields as JSON values."""
    return msgspec.to_builtins(values, str_keys=True)


def _person(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) else None
