"""To whom each record goes. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from services.hand_overs.commands import HandOver
from services.hand_overs.records import OPPORTUNITY, VISIT, Record


@dataclass(frozen=True, slots=True)
class Targets:
    """The successors a hand-over names. An opportunity's own goes before its account's, that before the rest's."""

    rest: UUID | None
    accounts: Mapping[UUID, UUID]
    opportunities: Mapping[UUID, UUID]
    keep_unit: bool

    @classmethod
    def of(cls, command: HandOver) -> Self:
        return cls(
            command.to,
            {one.account_id: one.to for one in command.accounts},
            {one.opportunity_id: one.to for one in command.opportunities},
            command.keep_unit,
        )

    def successor(self, record: Record) -> UUID | None:
        """To whom a record goes; None: it stays."""
        if record.kind == OPPORTUNITY and record.id in self.opportunities:
            return self.opportunities[record.id]
        if record.kind == VISIT:  # with the opportunity it is about, when that has a successor of its own
            for opportunity_id in record.opportunity_ids:
                if opportunity_id in self.opportunities:
                    return self.opportunities[opportunity_id]
        if record.account_id is not None and record.account_id in self.accounts:
            return self.accounts[record.account_id]
        return self.rest

    def unit(self, record: Record, successors_unit: UUID) -> UUID:
        """The unit a record is in afterwards."""
        return record.unit_id if self.keep_unit and record.unit_id is not None else successors_unit

    def moves(self, records: Iterable[Record], unit_of: Callable[[UUID], UUID]) -> list[Move]:
        """What is to be moved. `unit_of`: a successor's place of work."""
        found = []
        for record in records:
            to = self.successor(record)
            if to is not None:
                found.append(Move(record, to, self.unit(record, unit_of(to))))
        return found


@dataclass(frozen=True, slots=True)
class Move:
    """A record and where it goes."""

    record: Record
    to: UUID
    unit_id: UUID

    def said(self) -> dict[str, Any]:
        """What the operation keeps of it: ids alone."""
        return {
            "to": str(self.to),
            "unit_id": str(self.unit_id),
            "unit_before": None if self.record.unit_id is None else str(self.record.unit_id),
            "account_id": None if self.record.account_id is None else str(self.record.account_id),
            "status": self.record.status,
        }
