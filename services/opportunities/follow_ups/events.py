"""Facts about follow ups: storage format and public language, for ever. See the service's `events.py`.

Contacts made and planned are facts of the opportunity: see `opportunity/events.py`.
"""

from __future__ import annotations

from datetime import date

import msgspec

from shared.event_store.stream import FirstOrLaterFact


class EscalationRule(msgspec.Struct, frozen=True):
    """After how many days overdue a duty of this level is the head's, too; null: never."""

    level: str
    after_days: int | None


class FollowUpPolicyPublished(FirstOrLaterFact):
    """When an overdue follow-up is the head's, from a day on. sets: policies (additive: this one)"""

    effective_from: date
    escalations: tuple[EscalationRule, ...]
    otherwise_after_days: int | None  # of every level not named
