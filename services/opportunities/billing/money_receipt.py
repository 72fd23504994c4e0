"""The rules of money received: allocated to invoices, released, returned. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.billing.commands import RecordReceipt, ReturnReceipt
from services.opportunities.billing.money import allocated, paid_invoices, unallocated
from services.opportunities.billing.record import MoneyRecord
from services.opportunities.events import (
    Allocation,
    AllocationReleased,
    ReceiptAllocated,
    ReceiptRecorded,
    ReceiptReturned,
)
from shared.event_store.command import Claim
from shared.event_store.stream import Entry, Refused
from shared.records.recordable import is_money

SCOPE = "bank_reference"
SAID = ("account_id", "amount", "currency", "received_on", "bank_reference")


class ReceiptStatus(StrEnum):
    """Where money received stands."""

    RECEIVED = "received"
    RETURNED = "returned"


class MoneyReceipt(MoneyRecord):
    """Money received from an account."""

    stream_type: ClassVar[str] = "receipt"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": ReceiptStatus,
        "account_id": UUID,
        "amount": Decimal,
        "currency": str,
        "received_on": date,
        "bank_reference": str | None,
        "allocations": tuple[Allocation, ...],
        "released": tuple[Allocation, ...],
        "returned_on": date,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"allocations", "released"})
    not_correctable: ClassVar[frozenset[str]] = frozenset({"status", "allocations", "released"})
    on_both: ClassVar[frozenset[str]] = frozenset({"ReceiptAllocated", "AllocationReleased"})

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        match fact:
            case ReceiptRecorded():
                return {"status": ReceiptStatus.RECEIVED} | {name: getattr(fact, name) for name in SAID}
            case ReceiptAllocated():
                return {"allocations": fact.allocations}
            case AllocationReleased():
                return {"released": fact.released}
            case ReceiptReturned():
                return {"status": ReceiptStatus.RETURNED, "returned_on": fact.on}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """No more is allocated than came in; what is allocated is released before the money goes back."""
        if standing.get("status") is not ReceiptStatus.RECEIVED:
            return Refused("receipt_returned", "the money went back")
        if fact == "ReceiptReturned" and allocated(standing):
            return Refused("receipt_allocated", f"{allocated(standing)} is allocated: release it first")
        taken = sum((part.amount for part in changes.get("allocations", ())), Decimal())
        if taken > (left := unallocated(standing)):
            detail = f"only {left} of the receipt is unallocated"
            return Refused("more_than_unallocated", detail, unallocated=str(left), pointer="/invoices")
        for part in changes.get("released", ()):
            if part.amount > allocated(standing, part.invoice_id):
                return Refused("not_allocated", "the receipt does not pay so much of the invoice")
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def record_receipt(cls, command: RecordReceipt, *, id: UUID, at: datetime, day: date) -> Self:
        """Money came in."""
        return cls.begin(ReceiptRecorded, id=id, at=at, received_on=day, **command.model_dump(exclude={"on"}))

    def allocate(self, parts: Sequence[tuple[UUID, Decimal]], *, at: datetime, day: date) -> None:
        """Parts of it pay invoices; the invoices say so too."""
        self.happen(ReceiptAllocated, at=at, allocations=tuple(Allocation(id, amount, day) for id, amount in parts))

    def release(self, parts: Sequence[tuple[UUID, Decimal]], *, reason: str, at: datetime, day: date) -> None:
        """Parts of it no longer pay; the invoices say so too."""
        released = tuple(Allocation(id, amount, day) for id, amount in parts)
        self.happen(AllocationReleased, at=at, released=released, reason=reason)

    def give_back(self, command: ReturnReceipt, *, at: datetime, day: date) -> Mapping[UUID, Decimal]:
        """The money went back. What it paid until then is returned: the invoices must say so too."""
        standing = self.standing_at(at)
        paying = paid_invoices(standing)
        if standing.get("status") is ReceiptStatus.RETURNED:
            return {}
        if paying:
            self.release(list(paying.items()), reason=command.reason, at=at, day=day)
        self.happen(ReceiptReturned, at=at, on=day, reason=command.reason)
        return paying

    def require_sound(self, entry: Entry) -> None:
        """An amount is above nothing."""
        super().require_sound(entry)
        amount = entry.changes.get("amount")
        if amount is not None and not (is_money(amount) and amount > 0):
            raise Refused("invalid_value", "an amount is above nothing", status=422, pointer="/changes/amount")


def key_of(receipt: MoneyReceipt) -> frozenset[Claim]:
    """The bank's reference it holds; money that never came holds none."""
    reference = receipt.standing.get("bank_reference")
    return frozenset() if reference is None else frozenset({Claim(SCOPE, reference, receipt.id)})
