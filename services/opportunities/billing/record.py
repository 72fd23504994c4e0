"""What invoices and receipts have in common: facts that stand on both are undone together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from shared.event_store.stream import Entry, FactVoided, Refused
from shared.records.record import Correctable
from shared.records.recordable import CURRENCY

MAX_REFERENCE = 200
"""Characters of a number or reference."""
PAIRED = frozenset({"account_id", "currency"})
"""An invoice and the receipts that pay it agree in these."""


class MoneyRecord(Correctable):
    """An invoice or a receipt."""

    before_first: ClassVar[str] = "before_recorded"
    first_may_be_voided: ClassVar[bool] = True
    on_both: ClassVar[frozenset[str]] = frozenset()
    """Facts that say the same as one of another stream: released by a command, never corrected or voided alone."""

    @property
    def about(self) -> Mapping[str, Any]:
        """What it is about, even when all that was said of it is void."""
        return self.standing or self.ledger[1].original_changes

    def correct(
        self, version: int, changes: Mapping[str, Any], *, occurred_at: datetime | None, reason: str, at: datetime
    ) -> None:
        """See the base. Refused for what stands on another record too, and where the two would no longer agree."""
        self._require_alone(version)
        if PAIRED & set(changes) and any(entry.type in self.on_both for entry in self.entries()):
            raise Refused("stands_on_both", "allocations were made in this account and currency", pointer="/changes")
        super().correct(version, changes, occurred_at=occurred_at, reason=reason, at=at)

    def require_sound(self, entry: Entry) -> None:
        """Numbers and references are short and say something; a currency has three letters."""
        for name in ("number", "issuer", "bank_reference"):
            value = entry.changes.get(name)
            if value is not None and not 0 < len(value.strip()) <= len(value) <= MAX_REFERENCE:
                raise Refused("invalid_value", "that is empty or too long", status=422, pointer=f"/changes/{name}")
        if CURRENCY.fullmatch(entry.changes.get("currency", "CNY")) is None:
            raise Refused("invalid_value", "a currency has three letters", status=422, pointer="/changes/currency")

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact; the first one too when nothing else was said: then the record never was."""
        self._require_alone(version)
        if version != 1:
            super().void(version, reason=reason, at=at)
        elif not self.entries():
            return
        elif any(entry.version != 1 for entry in self.entries()):
            raise Refused("first_fact", "the first fact of a record cannot be voided")
        else:  # the base spares first facts; what never was has no other
            self.record(FactVoided, at=at, version=1, reason=reason)

    def _require_alone(self, version: int) -> None:
        entry = self.entry_about(version)
        if entry is not None and entry.type in self.on_both:
            raise Refused("stands_on_both", "the other record says it too: release the allocation", pointer="/version")
