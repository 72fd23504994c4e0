"""What a request wants of the feed, whichever way it is carried: types, a record, units, fields. Reads no event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from shared.feed.reading import Question
from shared.http.kit import Kit
from shared.identity.principal import Principal
from shared.identity.sight import Sight

Types = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2_000,
        description="Only these types, separated by commas. `left_scope` comes whatever is asked for.",
        openapi_examples={"deals": {"value": "DealWon,DealLost"}},
    ),
]
Changed = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2_000,
        description="Only facts that set one of these standing fields, separated by commas.",
        openapi_examples={"money": {"value": "amount,lines"}},
    ),
]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of the feed; None: all."""

    types: frozenset[str] | None = None
    subject: UUID | None = None
    unit_id: UUID | None = None
    changed: frozenset[str] | None = None

    async def question(self, kit: Kit, who: Principal) -> Question:
        """The same with what this principal sees now, and the unit's subtree of today."""
        units = None
        if self.unit_id is not None:
            units = frozenset((self.unit_id,))
            if kit.organisation is not None:
                units = await kit.organisation.below(kit.pool, who.tenant_id, self.unit_id)
        sight = await kit.sight(who)
        return Question(
            Sight(everything=True) if sight.everything else sight,
            types=self.types,
            subject=self.subject,
            unit_ids=units,
            changed=self.changed,
        )


async def wish(
    types: Types = None,
    subject: Annotated[UUID | None, Query(description="Only facts of this record.")] = None,
    unit_id: Annotated[
        UUID | None, Query(description="Only facts of records that stand at this unit or below it.")
    ] = None,
    changed: Changed = None,
) -> Wish:
    """What was asked for."""
    return Wish(_named(types), subject, unit_id, _named(changed))


Wished = Annotated[Wish, Depends(wish)]


def digest(question: Question) -> str:
    """Equal for equal questions: of the same wish, with the same sight."""
    sight = question.sight
    seen: Iterable[object] = ("everything",)
    if not sight.everything:
        seats = sorted((str(seat.unit_id), sorted(seat.functions)) for seat in sight.seats)
        seen = (_sorted(sight.owners), _sorted(sight.unit_ids), _sorted(sight.selves), seats)
    said = (
        *seen,
        _sorted(question.types),
        question.subject,
        _sorted(question.unit_ids),
        _sorted(question.changed),
        question.imported,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _named(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(name for part in text.split(",") if (name := part.strip()))


def _sorted(values: Iterable[object] | None) -> list[str] | None:
    return None if values is None else sorted(map(str, values))
