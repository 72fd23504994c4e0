"""Facts of meetings: storage format and public language, for ever. See the service's `events.py`.

A review meeting (周会, 月会) looks at tables fixed at a place in the log, decides and instructs; what is not
done by the next meeting is carried to it. Minutes stand in the vault.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class MeetingKind(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    OTHER = "other"


class MeetingStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class InstructionState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"
    CARRIED = "carried"  # to the next meeting, where it goes on


class TableFixed(msgspec.Struct, frozen=True):
    """A table the meeting looks at; asked again with the meeting's `as_of` and position it is the same."""

    name: str
    query: dict[str, str] = {}


class MeetingDecision(msgspec.Struct, frozen=True):
    """What was decided; numbered within the meeting."""

    number: int
    text: str
    on: date


class MeetingInstruction(msgspec.Struct, frozen=True):
    """A step in the life of an instruction; the last step of a number counts."""

    number: int
    text: str
    owner_id: UUID
    due_on: date
    given_on: date
    state: InstructionState
    on: date  # of this step
    times_carried: int = 0
    first_meeting_id: UUID | None = None  # where it was given; null: here
    next_meeting_id: UUID | None = None  # where it was carried to
    result: str | None = None


# -- facts -------------------------------------------------------------------------------------------------


class MeetingHeld(FirstFact):
    """A review meeting began: its tables are fixed at `position`, what the one before left undone is carried here.

    sets: status = open, kind, title, held_on, unit_id, owner_id, participants, previous_id, known_at, tables_as_of,
    tables, instructions (additive: those carried here)
    """

    kind: MeetingKind
    title: str
    held_on: date
    unit_id: UUID
    owner_id: UUID  # who chairs it
    participants: tuple[UUID, ...]
    previous_id: UUID | None
    known_at: int  # position in the tenant's log
    tables_as_of: datetime
    tables: tuple[TableFixed, ...]
    instructions: tuple[MeetingInstruction, ...]


class MeetingDecided(Fact):
    """The meeting decided something. sets: decisions (additive: this one)"""

    decisions: tuple[MeetingDecision, ...]


class MeetingInstructed(Fact):
    """Somebody was told to do something by a day. sets: instructions (additive: one step)"""

    instructions: tuple[MeetingInstruction, ...]


class MeetingInstructionDone(Fact):
    """It was done. sets: instructions (additive: one step)"""

    instructions: tuple[MeetingInstruction, ...]


class MeetingInstructionDropped(Fact):
    """It is not to be done any more. sets: instructions (additive: one step)"""

    instructions: tuple[MeetingInstruction, ...]


class MeetingInstructionsCarried(Fact):
    """What was not done is carried to the next meeting. sets: instructions (additive: a step each)"""

    instructions: tuple[MeetingInstruction, ...]


class MeetingMinutesWritten(Fact):
    """The minutes are in the vault. sets: minutes_by, minutes_on"""

    minutes_by: UUID
    minutes_on: date


class MeetingClosed(Fact):
    """Nothing more is decided in it; its instructions go on. sets: status = closed, closed_on"""

    closed_on: date


MeetingFact = (
    MeetingHeld
    | MeetingDecided
    | MeetingInstructed
    | MeetingInstructionDone
    | MeetingInstructionDropped
    | MeetingInstructionsCarried
    | MeetingMinutesWritten
    | MeetingClosed
)
