"""The rules of an organisation unit. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_never
from uuid import UUID

from pydantic import Field

from services.accounts.account_commands import CorrectFact
from services.accounts.business_time import opened_at, require_life, require_nothing_after, standing_at
from services.accounts.commands import Code, DatedCommand, Name, Reason, like
from services.accounts.events import (
    UnitClosed,
    UnitFact,
    UnitKind,
    UnitMoved,
    UnitOpened,
)
from shared.event_store.stream import Refused, Stream
from shared.names import comparable

LONGEST_CODE = 64
UNIT_CODE = "unit.code"
"""Claim scope: a unit's code is unique in the tenant, also after the unit was closed."""


# -- commands -------------------------------------------------------------------------------------------


class OpenUnit(DatedCommand):
    """Open an organisation unit below another."""

    model_config = like(code="SH", name="上海店", kind="branch", parent_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11")

    code: Code
    name: Name
    kind: UnitKind
    parent_id: UUID


class MoveUnit(DatedCommand):
    """Put a unit, with all below it, under another one."""

    model_config = like(parent_id="3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11", on="2026-01-01")

    parent_id: UUID


class CloseUnit(DatedCommand):
    """Close a unit that has no open units below it and nobody at it."""

    model_config = like(reason="与杭州店合并")

    reason: Reason | None = Field(default=None)


# -- streams --------------------------------------------------------------------------------------------


class Unit(Stream):
    """One unit of the organisation and where it stands."""

    stream_type: ClassVar[str] = "unit"
    standing_types: ClassVar = {
        "code": str,
        "name": str,
        "kind": UnitKind,
        "parent_id": UUID | None,
        "status": str,
    }

    @classmethod
    def open_root(cls, id: UUID, *, code: str, name: str, at: datetime) -> Self:
        """The one unit without a unit above it: made when the tenant is opened."""
        return cls.begin(UnitOpened, id=id, at=at, code=code, name=name, kind=UnitKind.HEAD_OFFICE, parent_id=None)

    @classmethod
    def open(cls, id: UUID, command: OpenUnit, *, at: datetime) -> Self:
        return cls.begin(
            UnitOpened,
            id=id,
            at=at,
            code=command.code,
            name=command.name,
            kind=command.kind,
            parent_id=command.parent_id,
        )

    @property
    def is_open(self) -> bool:
        return bool(self.standing["status"] == "open")

    def move(self, command: MoveUnit, *, path: tuple[UUID, ...], at: datetime) -> None:
        """Put it under another unit, whose `path` leads from itself up to the root. Repeating says nothing."""
        self._require_open(at)
        self._require_opened_by(at)
        if standing_at(self, at)["parent_id"] == command.parent_id:
            return
        if self.standing["parent_id"] is None:
            raise Refused("root_unit", "the head office stands under no other unit")
        if self.id in path:
            raise Refused("below_itself", "a unit cannot stand below itself", status=422, pointer="/parent_id")
        self.record(UnitMoved, at=at, parent_id=command.parent_id)

    def close(self, command: CloseUnit, *, open_units: int, people: int, at: datetime) -> None:
        """Close it. `open_units` stand directly below it, `people` work at it or report to it."""
        if not self.is_open:
            return
        self._require_opened_by(at)
        if self.standing["parent_id"] is None:
            raise Refused("root_unit", "the head office cannot be closed")
        require_nothing_after(self, at)
        if open_units:
            raise Refused("has_open_units", f"{open_units} open units stand below it", count=open_units)
        if people:
            raise Refused("has_people", f"{people} people work at it or report to it", count=people)
        self.record(UnitClosed, at=at, reason=command.reason)

    def correct(self, command: CorrectFact, *, at: datetime) -> None:
        """Correct an earlier fact. Raises Refused as `Stream.correct_fact`, and where no life could be like that."""
        if "status" in command.changes:
            raise Refused("invalid_value", "void the closing instead", status=422, pointer="/changes/status")
        root = self.standing["parent_id"] is None
        self.correct_fact(
            command.version, command.checked(), occurred_at=command.occurred_at, reason=command.reason, at=at
        )
        if (self.standing["parent_id"] is None) != root:
            raise Refused("root_unit", "the head office, and no other unit, stands under none")
        code = self.standing["code"]
        if not 1 <= len(code) <= LONGEST_CODE or len(code.split()) != 1:
            raise Refused("invalid_value", "a code is one word", status=422, pointer="/changes/code")
        require_life(self, last=UnitClosed, now=at)

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact, or a correction, that never happened; that the unit was closed, for one."""
        self.void_fact(version, reason=reason, at=at)
        require_life(self, last=UnitClosed, now=at)

    def _require_open(self, at: datetime) -> None:
        """Raises Refused for a time from which the unit is closed; before that it may still be told of."""
        if any(entry.type == UnitClosed.__name__ and at >= entry.occurred_at for entry in self.entries()):
            raise Refused("unit_closed", "the unit is closed")

    def _require_opened_by(self, at: datetime) -> None:
        if at < opened_at(self):
            raise Refused("before_opening", "the unit did not exist yet", status=422, pointer="/on")

    def allowed_actions(self) -> tuple[str, ...]:
        """The verbs a caller may try; rules about what stands below it are judged when tried."""
        if not self.is_open:
            return ("correct", "void")
        return ("correct", "void") if self.standing["parent_id"] is None else ("move", "close", "correct", "void")

    def when(self, fact: UnitFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case UnitOpened():
                self.set(fact, code=fact.code, name=fact.name, kind=fact.kind, parent_id=fact.parent_id, status="open")
            case UnitMoved():
                self.set(fact, parent_id=fact.parent_id)
            case UnitClosed():
                self.set(fact, status="closed")
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)


def unit_claims(standing: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """What a unit of this standing holds for itself: (scope, key)."""
    return frozenset({(UNIT_CODE, comparable(standing["code"]))})
