"""A record that may turn out never to have been: its first fact is voided while it is the only one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from shared.event_store.stream import FactVoided
from shared.records.record import Correctable


class Withdrawable(Correctable):
    """See the module."""

    first_may_be_voided: ClassVar[bool] = True

    @property
    def about(self) -> Mapping[str, Any]:
        """What it was recorded as, even when it was taken back."""
        return self.standing or self.ledger[1].original_changes

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact; the first one only while nothing else rests on it. Raises Refused 409 `first_fact`."""
        if version == 1 and all(entry.version == 1 for entry in self.entries()):
            if self.standing:
                self.record(FactVoided, at=at, version=1, reason=reason)
            return
        super().void(version, reason=reason, at=at)
