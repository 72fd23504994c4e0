"""One thing due, and whose agenda it stands on. Each noun's `agenda.py` gives its own; `sections.py` lists them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.reading import Reading
from shared.identity.sight import Sight


class Item(BaseModel):
    """Something somebody owes by a day."""

    kind: str = Field(description="A code, such as confirm_target.")
    title: str = Field(description="In the language asked for.")
    due_on: date
    days_late: int = Field(
        default=0, title="逾期天数", description="Calendar days past `due_on`; 0 when it is not late."
    )
    person_id: UUID | None = Field(default=None, description="Who owes it.")
    person: str | None = None
    unit_id: UUID | None = None
    unit: str | None = None
    path: str | None = Field(default=None, description="Where to look at it or do it.")


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose agenda is asked for, of which day. `person_id`, `functions`, `unit_id` are the asker's as they stand."""

    read: Reading
    day: date
    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    sight: Sight
    language: str


@dataclass(frozen=True, slots=True)
class Due:
    """What one noun puts on an agenda: what the asker owes, and what is late of those whom they supervise."""

    mine: Sequence[Item] = ()
    late: Sequence[Item] = ()


Section = Callable[[Whose], Awaitable[Due]]
