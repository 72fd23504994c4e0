"""The rules of one member of staff: functions and the two edges. Pure: no I/O, no clock, no framework; no names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, assert_never
from uuid import UUID

import msgspec
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.account_commands import CorrectFact
from services.accounts.business_time import opened_at, require_life, require_nothing_after, standing_at
from services.accounts.commands import DatedCommand, ExternalRefs, Mail, Name, Phone, like
from services.accounts.events import (
    DEPUTY_FIELD,
    Deputy,
    DeputyAppointed,
    DeputyDismissed,
    Function,
    FunctionsChanged,
    LeavingReason,
    PersonalDataChanged,
    PersonFact,
    PersonJoined,
    PersonLeft,
    PersonPostedTo,
    PersonReportsTo,
)
from services.accounts.person_commands import AppointDeputy, DismissDeputy
from shared.event_store.stream import Refused, Stream
from shared.identity.standing_fields import PERSON_REF
from shared.names import external_key

LONGEST_STAND_IN = timedelta(days=366)
"""A deputy is temporary: who stands in for longer takes over."""

Functions = Annotated[tuple[Function, ...], Field(min_length=1, max_length=len(Function))]


# -- commands -------------------------------------------------------------------------------------------


class JoinPerson(DatedCommand):
    """Take a person on. Name, phone and mail go to the vault."""

    model_config = like(
        name="李雷",
        functions=["representative"],
        unit_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
        external_refs={"hr": "E-1042"},
    )

    name: Name
    functions: Functions
    unit_id: UUID = Field(description="Place of work and, until told otherwise, the unit reported to.")
    external_refs: ExternalRefs = Field(default_factory=dict)
    phone: Phone | None = None
    mail: Mail | None = None

    def personal(self) -> dict[str, str]:
        """What goes to the vault."""
        given = {"name": self.name, "phone": self.phone, "mail": self.mail}
        return {name: text for name, text in given.items() if text is not None}


class ReportTo(DatedCommand):
    """Say whom a person reports to: a unit's head or a person, one of the two."""

    model_config = like(unit_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11")

    unit_id: UUID | None = None
    person_id: UUID | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.unit_id is None) == (self.person_id is None):
            raise PydanticCustomError("one_of_two", "give unit_id or person_id, one of the two")
        return self


class PostTo(DatedCommand):
    """Say where a person works from day to day."""

    model_config = like(unit_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11", on="2026-01-01")

    unit_id: UUID


class ChangeFunctions(DatedCommand):
    """Say what a person does from now on: all of it."""

    model_config = like(functions=["account_manager"])

    functions: Functions


class Leave(DatedCommand):
    """Say that a person works for us no more. Customers and records stay."""

    model_config = like(reason="resigned")

    reason: LeavingReason | None = None


# -- stream ---------------------------------------------------------------------------------------------


class Person(Stream):
    """One member of staff: what they do, where, and to whom they report."""

    stream_type: ClassVar[str] = "person"
    standing_types: ClassVar = {
        "functions": tuple[Function, ...],
        "unit_id": UUID,
        "reports_to_unit_id": UUID | None,
        "reports_to_person_id": UUID | None,
        "external_refs": dict[str, str],
        "status": str,
    }

    @classmethod
    def join(cls, id: UUID, command: JoinPerson, *, at: datetime) -> Self:
        return cls.begin(
            PersonJoined,
            id=id,
            at=at,
            functions=tuple(dict.fromkeys(command.functions)),
            unit_id=command.unit_id,
            external_refs=dict(command.external_refs),
        )

    @property
    def is_active(self) -> bool:
        return bool(self.standing["status"] == "active")

    def report_to(self, command: ReportTo, *, superiors: tuple[UUID, ...], at: datetime) -> None:
        """Change the reporting line. `superiors` leads from the named person up. Repeating says nothing."""
        self._require_active(at)
        before = standing_at(self, at)
        if (before["reports_to_unit_id"], before["reports_to_person_id"]) == (command.unit_id, command.person_id):
            return
        if self.id in superiors:
            raise Refused("reports_to_itself", "nobody reports to themselves", status=422, pointer="/person_id")
        self.record(PersonReportsTo, at=at, reports_to_unit_id=command.unit_id, reports_to_person_id=command.person_id)

    def post_to(self, command: PostTo, *, at: datetime) -> None:
        """Change the place of work. Repeating says nothing."""
        self._require_active(at)
        if standing_at(self, at)["unit_id"] != command.unit_id:
            self.record(PersonPostedTo, at=at, unit_id=command.unit_id)

    def change_functions(self, command: ChangeFunctions, *, at: datetime) -> None:
        """Change what the person does. Repeating says nothing."""
        self._require_active(at)
        if set(standing_at(self, at)["functions"]) != set(command.functions):
            self.record(FunctionsChanged, at=at, functions=tuple(dict.fromkeys(command.functions)))

    def appoint_deputy(self, command: AppointDeputy, *, today: date, at: datetime) -> None:
        """Let somebody stand in, both days inclusive. Repeating says nothing; anew, the new days hold."""
        self._require_active(at)
        deputy = Deputy(command.since or today, command.until)
        if command.deputy_id == self.id:
            raise Refused("own_deputy", "nobody stands in for themselves", status=422, pointer="/deputy_id")
        if not today <= deputy.since <= deputy.until <= deputy.since + LONGEST_STAND_IN:
            raise Refused(
                "stand_in_days", "from today on, for a year at most, the last day last", status=422, pointer="/until"
            )
        if self.deputies().get(command.deputy_id) != deputy:
            self.record(DeputyAppointed, at=at, deputy_id=command.deputy_id, since=deputy.since, until=deputy.until)

    def dismiss_deputy(self, command: DismissDeputy, *, at: datetime) -> None:
        """Somebody stands in no more. Says nothing of who does not."""
        if command.deputy_id in self.deputies():
            self.record(DeputyDismissed, at=at, deputy_id=command.deputy_id)

    def change_personal(self, fields: tuple[str, ...], *, at: datetime) -> None:
        """What the vault holds of these fields is another now. No fields: says nothing."""
        if fields:
            self.record(PersonalDataChanged, at=at, fields=fields)

    def leave(self, command: Leave, *, at: datetime) -> None:
        """The person leaves, after all else that is said of them. Repeating says nothing."""
        if not self.is_active:
            return
        self._require_active(at)
        require_nothing_after(self, at)
        self.record(PersonLeft, at=at, reason=command.reason)

    def correct(self, command: CorrectFact, *, at: datetime) -> None:
        """Correct an earlier fact. Raises Refused as `Stream.correct_fact`, and where no life could be like that."""
        if "status" in command.changes:
            raise Refused("invalid_value", "void the leaving instead", status=422, pointer="/changes/status")
        self.correct_fact(
            command.version, command.checked(), occurred_at=command.occurred_at, reason=command.reason, at=at
        )
        self._require_possible(at)

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact, or a correction, that never happened; that the person left, for one."""
        self.void_fact(version, reason=reason, at=at)
        self._require_possible(at)

    def _require_possible(self, at: datetime) -> None:
        require_life(self, last=PersonLeft, now=at)
        standing = self.standing
        if not standing["functions"]:
            raise Refused("invalid_value", "a person has a function", status=422, pointer="/changes/functions")
        if (standing["reports_to_unit_id"] is None) == (standing["reports_to_person_id"] is None):
            raise Refused("invalid_value", "a person reports to a unit or a person", status=422, pointer="/changes")

    def _require_active(self, at: datetime) -> None:
        """Raises Refused for a time before joining or, when the person has left, not before that."""
        left = [entry.occurred_at for entry in self.entries() if entry.type == PersonLeft.__name__]
        if left and at >= min(left):
            raise Refused("person_left", "the person has left")
        if at < opened_at(self):
            raise Refused("before_opening", "the person had not joined yet", status=422, pointer="/on")

    # -- state ---------------------------------------------------------------------------------------------

    def deputies(self, day: date | None = None) -> dict[UUID, Deputy]:
        """Who was appointed and not dismissed; with a day, who stands in on it."""
        found = {
            UUID(name.removeprefix(DEPUTY_FIELD)): deputy
            for name, deputy in self.standing.items()
            if name.startswith(DEPUTY_FIELD) and deputy is not None
        }
        return {id: one for id, one in found.items() if day is None or one.since <= day <= one.until}

    def allowed_actions(self) -> tuple[str, ...]:
        """The verbs that who organises may try."""
        if not self.is_active:
            return ("change-personal", "correct", "void")
        dismiss = ("dismiss-deputy",) if self.deputies() else ()
        actions = ("report-to", "post-to", "change-functions", "appoint-deputy", *dismiss)
        return (*actions, "change-personal", "leave", "correct", "void")

    def public_standing(self) -> dict[str, Any]:
        """The standing fields as subscribers get them: deputies as one map."""
        fields = {name: value for name, value in self.standing.items() if not name.startswith(DEPUTY_FIELD)}
        return fields | {"deputies": {str(id): deputy for id, deputy in self.deputies().items()}}

    def decode_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values to their types, deputies included."""
        deputies = {name: value for name, value in changes.items() if name.startswith(DEPUTY_FIELD)}
        others = {name: value for name, value in changes.items() if name not in deputies}
        decoded = {name: msgspec.convert(value, Deputy | None) for name, value in deputies.items()}
        return super().decode_changes(others) | decoded

    def when(self, fact: PersonFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case PersonJoined():
                self.set(
                    fact,
                    functions=fact.functions,
                    unit_id=fact.unit_id,
                    reports_to_unit_id=fact.unit_id,
                    reports_to_person_id=None,
                    external_refs=fact.external_refs,
                    status="active",
                )
            case PersonReportsTo():
                self.set(
                    fact,
                    reports_to_unit_id=fact.reports_to_unit_id,
                    reports_to_person_id=fact.reports_to_person_id,
                )
            case PersonPostedTo():
                self.set(fact, unit_id=fact.unit_id)
            case FunctionsChanged():
                self.set(fact, functions=fact.functions)
            case DeputyAppointed():
                self.set(fact, **{f"{DEPUTY_FIELD}{fact.deputy_id}": Deputy(fact.since, fact.until)})
            case DeputyDismissed():
                self.set(fact, **{f"{DEPUTY_FIELD}{fact.deputy_id}": None})
            case PersonalDataChanged():
                pass  # what changed is in the vault
            case PersonLeft():
                self.set(fact, status="left")
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)


def person_claims(standing: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """What a person of this standing holds for itself: (scope, key)."""
    return frozenset((PERSON_REF, external_key(*item)) for item in standing["external_refs"].items())
