"""What was decided about one person's data: corrected, restricted, erased. Pure: no I/O, no clock; knows no value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, assert_never
from uuid import UUID, uuid5

from services.accounts.events import (
    DataSubjectFact,
    ErasureFact,
    ErasureReason,
    PersonalDataCorrected,
    PersonErased,
    ProcessingRestricted,
    RestrictionGround,
    RestrictionLifted,
)
from shared.event_store.stream import Stream


def data_subject_id(tenant_id: UUID, subject_id: UUID) -> UUID:
    """The stream of what was decided about a person's data."""
    return uuid5(tenant_id, f"data_subject:{subject_id}")


def erasure_id(tenant_id: UUID, subject_id: UUID) -> UUID:
    """The stream of the receipt of a person's erasure."""
    return uuid5(tenant_id, f"erasure:{subject_id}")


class DataSubject(Stream):
    """A person as whose data they are; begins with the first thing decided about them."""

    stream_type: ClassVar[str] = "data_subject"
    standing_types: ClassVar = {"subject_id": UUID, "kind": str, "restricted": bool}

    @classmethod
    def corrected(cls, id: UUID, subject_id: UUID, kind: str, fields: Sequence[str], *, at: datetime) -> Self:
        """Begin with a correction."""
        return cls.begin(PersonalDataCorrected, id=id, at=at, subject_id=subject_id, kind=kind, fields=tuple(fields))

    @classmethod
    def restricted(cls, id: UUID, subject_id: UUID, kind: str, ground: RestrictionGround, *, at: datetime) -> Self:
        """Begin with a restriction."""
        return cls.begin(ProcessingRestricted, id=id, at=at, subject_id=subject_id, kind=kind, ground=ground)

    @property
    def is_restricted(self) -> bool:
        return bool(self.standing.get("restricted"))

    def correct(self, fields: Sequence[str], *, at: datetime) -> None:
        """Say that these fields of the vault were corrected."""
        self.record(PersonalDataCorrected, at=at, fields=tuple(fields), **self._whose())

    def restrict(self, ground: RestrictionGround, *, at: datetime) -> None:
        """Keep, and use no more. Repeating says nothing."""
        if not self.is_restricted:
            self.record(ProcessingRestricted, at=at, ground=ground, **self._whose())

    def lift(self, *, at: datetime) -> None:
        """Use again. Says nothing when there is nothing to lift."""
        if self.is_restricted:
            self.record(RestrictionLifted, at=at, **self._whose())

    def _whose(self) -> dict[str, object]:
        return {"subject_id": self.standing["subject_id"], "kind": self.standing["kind"]}

    def when(self, fact: DataSubjectFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case PersonalDataCorrected():
                self.set(fact, subject_id=fact.subject_id, kind=fact.kind)
            case ProcessingRestricted():
                self.set(fact, subject_id=fact.subject_id, kind=fact.kind, restricted=True)
            case RestrictionLifted():
                self.set(fact, subject_id=fact.subject_id, kind=fact.kind, restricted=False)
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)


class Erasure(Stream):
    """The receipt of one person's erasure. One fact."""

    stream_type: ClassVar[str] = "erasure"
    standing_types: ClassVar = {"subject_id": UUID, "kind": str, "reason": ErasureReason}

    @classmethod
    def of(cls, tenant_id: UUID, subject_id: UUID, kind: str, reason: ErasureReason, *, at: datetime) -> Self:
        """The receipt for this person."""
        return cls.begin(
            PersonErased,
            id=erasure_id(tenant_id, subject_id),
            at=at,
            subject_id=subject_id,
            kind=kind,
            reason=reason,
        )

    def when(self, fact: ErasureFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case PersonErased():
                self.set(fact, subject_id=fact.subject_id, kind=fact.kind, reason=fact.reason)
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)
