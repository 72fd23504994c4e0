"""One review meeting: what it fixed, decided, instructed, and what became of it. Pure: no I/O, no clock, no framework.

Late is derived when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.events import (
    InstructionState,
    MeetingClosed,
    MeetingDecided,
    MeetingDecision,
    MeetingHeld,
    MeetingInstructed,
    MeetingInstruction,
    MeetingInstructionDone,
    MeetingInstructionDropped,
    MeetingInstructionsCarried,
    MeetingKind,
    MeetingMinutesWritten,
    MeetingStatus,
    TableFixed,
)
from services.kpi.meetings.commands import (
    DecideInMeeting,
    DropInstruction,
    FinishInstruction,
    HoldMeeting,
    InstructInMeeting,
)
from services.kpi.meetings.tables import USUAL
from shared.event_store.stream import Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "decide": "MeetingDecided",
    "instruct": "MeetingInstructed",
    "finish-instruction": "MeetingInstructionDone",
    "drop-instruction": "MeetingInstructionDropped",
    "write-minutes": "MeetingMinutesWritten",
    "close": "MeetingClosed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""
OF_OPEN: Final = frozenset({"MeetingDecided", "MeetingInstructed", "MeetingClosed"})
OF_INSTRUCTION: Final = frozenset({"MeetingInstructionDone", "MeetingInstructionDropped", "MeetingInstructionsCarried"})


class Meeting(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "meeting"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": MeetingStatus,
        "kind": MeetingKind,
        "title": str,
        "held_on": date,
        "unit_id": UUID,
        "owner_id": UUID,
        "participants": tuple[UUID, ...],
        "previous_id": UUID | None,
        "known_at": int,
        "tables_as_of": datetime,
        "tables": tuple[TableFixed, ...],
        "decisions": tuple[MeetingDecision, ...],
        "instructions": tuple[MeetingInstruction, ...],
        "minutes_by": UUID,
        "minutes_on": date,
        "closed_on": date,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"decisions", "instructions"})
    before_first: ClassVar[str] = "before_meeting"
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {
            *("status", "kind", "held_on", "unit_id", "owner_id", "previous_id", "known_at", "tables_as_of"),
            *("instructions", "minutes_by", "minutes_on", "closed_on"),
        }
    )

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case MeetingHeld():
                names = (
                    *("kind", "title", "held_on", "unit_id", "owner_id", "participants", "previous_id"),
                    *("known_at", "tables_as_of", "tables", "instructions"),
                )
                return {"status": MeetingStatus.OPEN, **{name: getattr(fact, name) for name in names}}
            case MeetingDecided():
                return {"decisions": fact.decisions}
            case (
                MeetingInstructed()
                | MeetingInstructionDone()
                | MeetingInstructionDropped()
                | MeetingInstructionsCarried()
            ):
                return {"instructions": fact.instructions}
            case MeetingMinutesWritten():
                return {"minutes_by": fact.minutes_by, "minutes_on": fact.minutes_on}
            case MeetingClosed():
                return {"status": MeetingStatus.CLOSED, "closed_on": fact.closed_on}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        if fact in OF_OPEN and standing["status"] is MeetingStatus.CLOSED:
            return Refused("meeting_closed", "the meeting is closed")
        if fact in OF_INSTRUCTION:
            still = {step.number for step in undone(standing)}
            for step in changes.get("instructions", ()):
                if step.number not in still:
                    return _unknown(step.number)
            return None if still else _unknown(0)
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def hold(
        cls,
        command: HoldMeeting,
        *,
        id: UUID,
        owner_id: UUID,
        day: date,
        previous: Meeting | None,
        known_at: int,
        as_of: datetime,
        at: datetime,
    ) -> Self:
        """Begin a meeting; the previous one's undone instructions are carried from there to here."""
        given = command.tables
        tables = (
            tuple(TableFixed(name) for name in USUAL[command.kind])
            if given is None
            else tuple(TableFixed(table.name, dict(table.query)) for table in given)
        )
        return cls.begin(
            MeetingHeld,
            id=id,
            at=at,
            kind=command.kind,
            title=command.title,
            held_on=day,
            unit_id=command.unit_id,
            owner_id=owner_id,
            participants=tuple(dict.fromkeys(command.participants)),
            previous_id=None if previous is None else previous.id,
            known_at=known_at,
            tables_as_of=as_of,
            tables=tables,
            instructions=() if previous is None else previous.carry(id, day=day, at=at),
        )

    def carry(self, to: UUID, *, day: date, at: datetime) -> tuple[MeetingInstruction, ...]:
        """Carry what is undone to the next meeting; how it stands there, numbered anew."""
        left = undone(self.standing_at(at) or self.standing)
        if not left:
            return ()
        self.happen(
            MeetingInstructionsCarried,
            at=at,
            instructions=tuple(
                _step(step, state=InstructionState.CARRIED, on=day, next_meeting_id=to) for step in left
            ),
        )
        return tuple(
            _step(
                step,
                number=number,
                on=day,
                times_carried=step.times_carried + 1,
                first_meeting_id=step.first_meeting_id or self.id,
            )
            for number, step in enumerate(left, 1)
        )

    def decide(self, command: DecideInMeeting, *, at: datetime, day: date) -> None:
        number = 1 + max((one.number for one in self.standing.get("decisions", ())), default=0)
        self.happen(MeetingDecided, at=at, decisions=(MeetingDecision(number, command.text, day),))

    def instruct(self, command: InstructInMeeting, *, at: datetime, day: date) -> None:
        """Give an instruction. Raises Refused 422 `due_before_given`."""
        if command.due_on < day:
            raise Refused("due_before_given", "that day is over", status=422, pointer="/due_on")
        number = 1 + max((step.number for step in self.standing.get("instructions", ())), default=0)
        step = MeetingInstruction(
            number, command.text, command.owner_id, command.due_on, day, InstructionState.OPEN, day
        )
        self.happen(MeetingInstructed, at=at, instructions=(step,))

    def finish(self, command: FinishInstruction, *, at: datetime, day: date) -> None:
        step = self._undone(command.number, at)
        done = _step(step, state=InstructionState.DONE, on=day, result=command.result)
        self.happen(MeetingInstructionDone, at=at, instructions=(done,))

    def drop(self, command: DropInstruction, *, at: datetime, day: date) -> None:
        step = self._undone(command.number, at)
        dropped = _step(step, state=InstructionState.DROPPED, on=day, result=command.reason)
        self.happen(MeetingInstructionDropped, at=at, instructions=(dropped,))

    def write_minutes(self, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(MeetingMinutesWritten, at=at, minutes_by=by, minutes_on=day)

    def close(self, *, at: datetime, day: date) -> None:
        self.happen(MeetingClosed, at=at, closed_on=day)

    def _undone(self, number: int, at: datetime) -> MeetingInstruction:
        """The open instruction of that number. Raises Refused 422 `unknown_instruction`."""
        for step in undone(self.standing_at(at) or self.standing):
            if step.number == number:
                return step
        raise _unknown(number)


def last_steps(standing: Mapping[str, Any]) -> Iterable[MeetingInstruction]:
    """How each instruction stands, by number."""
    found: dict[int, MeetingInstruction] = {}
    for step in standing.get("instructions", ()):
        found[step.number] = step
    return [found[number] for number in sorted(found)]


def undone(standing: Mapping[str, Any]) -> list[MeetingInstruction]:
    """The instructions still to be carried out here."""
    return [step for step in last_steps(standing) if step.state is InstructionState.OPEN]


def _step(step: MeetingInstruction, **other: Any) -> MeetingInstruction:
    said = {name: getattr(step, name) for name in step.__struct_fields__}
    return MeetingInstruction(**{**said, **other})


def _unknown(number: int) -> Refused:
    return Refused(
        "unknown_instruction", "there is no such open instruction", status=422, pointer="/number", given=number
    )
