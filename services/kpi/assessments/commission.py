"""One commission proposal of a person and month: computed, signed off, appealed, adjusted. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.assessments.life import LIFE, Result
from services.kpi.events import (
    AmountDue,
    CommissionAcknowledged,
    CommissionAdjusted,
    CommissionAdjustment,
    CommissionAppealAnswered,
    CommissionAppealed,
    CommissionLine,
    CommissionProposed,
    CommissionRecomputed,
    CommissionReturned,
    CommissionSigned,
    ResultStatus,
)
from shared.event_store.stream import Fact

OF_WHOM: Final = ("month", "owner_id", "unit_id", "post")
COMPUTED: Final = ("known_at", "known_before", "lines", "due", "proposed_by")


@dataclass(frozen=True, slots=True)
class Computed:
    """A commission as computed, before anybody proposed it."""

    month: date
    owner_id: UUID
    unit_id: UUID
    post: str
    known_at: int
    known_before: int | None
    lines: tuple[CommissionLine, ...]
    due: tuple[AmountDue, ...]


class Commission(Result):
    """See the module."""

    noun: ClassVar[str] = "Commission"
    signed: ClassVar[type[Fact]] = CommissionSigned
    returned: ClassVar[type[Fact]] = CommissionReturned
    acknowledged: ClassVar[type[Fact]] = CommissionAcknowledged
    appealed: ClassVar[type[Fact]] = CommissionAppealed
    answered: ClassVar[type[Fact]] = CommissionAppealAnswered

    stream_type: ClassVar[str] = "commission"
    standing_types: ClassVar[Mapping[str, Any]] = {
        **LIFE,
        "month": date,
        "owner_id": UUID,
        "unit_id": UUID,
        "post": str,
        "known_at": int,
        "known_before": int | None,
        "lines": tuple[CommissionLine, ...],
        "due": tuple[AmountDue, ...],
        "proposed_by": UUID,
        "adjustments": tuple[CommissionAdjustment, ...],
    }
    additive: ClassVar[frozenset[str]] = frozenset({"adjustments"})
    before_first: ClassVar[str] = "before_commission"
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"return_reason"}

    @classmethod
    def id_of(cls, tenant_id: UUID, month: date, person_id: UUID) -> UUID:
        """The stream of a person's commission of a month: there is one."""
        return uuid5(tenant_id, f"commission/{month.isoformat()}/{person_id}")

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case CommissionProposed():
                names: tuple[str, ...] = (*OF_WHOM, *COMPUTED)
                return {"status": ResultStatus.PROPOSED, **{name: getattr(fact, name) for name in names}}
            case CommissionRecomputed():
                return {"status": ResultStatus.PROPOSED, **{name: getattr(fact, name) for name in COMPUTED}}
            case CommissionAdjusted():
                return {"status": ResultStatus.PROPOSED, "adjustments": fact.adjustments}
            case _:
                return self.life(fact)

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def propose(cls, computed: Computed, *, id: UUID, by: UUID, at: datetime) -> Self:
        said = {name: getattr(computed, name) for name in (*OF_WHOM, *COMPUTED) if name != "proposed_by"}
        return cls.begin(CommissionProposed, id=id, at=at, proposed_by=by, **said)

    def recompute(self, computed: Computed, *, by: UUID, at: datetime) -> None:
        """Before it is signed off, or after an appeal that was upheld."""
        said = {name: getattr(computed, name) for name in COMPUTED if name != "proposed_by"}
        self.happen(CommissionRecomputed, at=at, proposed_by=by, **said)

    def adjust(self, currency: str, amount: Decimal, reason: str, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(CommissionAdjusted, at=at, adjustments=(CommissionAdjustment(currency, amount, reason, day, by),))


def payable(due: Sequence[AmountDue], adjustments: Sequence[CommissionAdjustment]) -> dict[str, Decimal]:
    """What is to be paid by currency: what is due, with what was decided otherwise."""
    found: dict[str, Decimal] = {}
    both: tuple[AmountDue | CommissionAdjustment, ...] = (*due, *adjustments)
    for one in both:
        found[one.currency] = found.get(one.currency, Decimal(0)) + one.amount
    return found
