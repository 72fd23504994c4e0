"""The rules of one member of staff: functions and the two edges. Pure: no I/O, no clock, no framework; no names."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, assert_never
from uuid import UUID

from pydantic import Field, model_validator

from services.accounts.business_time import opened_at, require_nothing_after, standing_at
from services.accounts.commands import DatedCommand, ExternalRefs, Name, like
from services.accounts.events import (
    Function,
    FunctionsChanged,
    LeavingReason,
    PersonFact,
    PersonJoined,
    PersonLeft,
    PersonPostedTo,
    PersonReportsTo,
)
from services.accounts.names import external_key
from shared.event_store.stream import Refused, Stream

PERSON_REF = "person.external_ref"
"""Claim scope: a staff reference in another system belongs to one person of the tenant."""

Functions = Annotated[tuple[Function, ...], Field(min_length=1, max_length=len(Function))]
Phone = Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[0-9+()\-\s./xX转]+$")]
Mail = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


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
            raise ValueError("give unit_id or person_id, one of the two")
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

    def leave(self, command: Leave, *, at: datetime) -> None:
        """The person leaves, after all else that is said of them. Repeating says nothing."""
        if not self.is_active:
            return
        self._require_active(at)
        require_nothing_after(self, at)
        self.record(PersonLeft, at=at, reason=command.reason)

    def _require_active(self, at: datetime) -> None:
        if not self.is_active:
            raise Refused("person_left", "the person has left")
        if at < opened_at(self):
            raise Refused("before_opening", "the person had not joined yet", status=422, pointer="/on")

    def allowed_actions(self) -> tuple[str, ...]:
        return ("report-to", "post-to", "change-functions", "leave") if self.is_active else ()

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
            case PersonLeft():
                self.set(fact, status="left")
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)


def person_claims(standing: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """What a person of this standing holds for itself: (scope, key)."""
    return frozenset((PERSON_REF, external_key(*item)) for item in standing["external_refs"].items())
