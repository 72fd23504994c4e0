"""How a flow fares with its receiver: how fast it goes, what it waits for, when it is told that it fails. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from shared.webhooks.schedule import (
    FIRST_PACE,
    GIVE_UP,
    Chance,
    Verdict,
    asked_to_wait,
    fails,
    hold,
    pace,
    probe_delay,
)
from shared.webhooks.sending import Answer

FAILING: Final = "failing"
RECOVERED: Final = "recovered"
PAUSED: Final = "paused"
PARKED: Final = "parked"
BACKLOG: Final = "backlog"
CAUGHT_UP: Final = "caught_up"
Kind = Literal["failing", "recovered", "paused", "backlog", "caught_up", "parked"]
"""What is told of an endpoint, each once as long as it lasts."""
BY_GONE, BY_FAILING = "gone", "failing"


@dataclass(slots=True)
class Standing:
    """One flow's. `failures` are in a row, since `failing_since`; from `alarmed_at` on one event at a time is tried."""

    pace: float = FIRST_PACE
    not_before: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    alarmed_at: datetime | None = None
    paused_by: str | None = None

    def answered(self, verdict: Verdict, answer: Answer, now: datetime, chance: Chance) -> Sequence[Kind]:
        """What an answer changes; what is to be told of it."""
        self.pace = pace(self.pace, answer)
        asked = asked_to_wait(answer, now)
        if (held := hold(answer, asked, chance)) is not None:
            self.not_before = max(now + held, self.not_before or now)
        match verdict:
            case Verdict.DELIVERED:
                return self._works()
            case Verdict.OURS:
                return ()
            case Verdict.GONE:
                return self._pause(BY_GONE)
            case Verdict.LATER | Verdict.NEVER:
                return self._fails(asked, now, chance)

    def waits(self, now: datetime) -> bool:
        """Whether nothing may be sent now."""
        return self.paused_by is not None or (self.not_before is not None and self.not_before > now)

    @property
    def most(self) -> int:
        """Events under way at a time."""
        return 1 if self.alarmed_at is not None else max(1, int(self.pace))

    def _works(self) -> Sequence[Kind]:
        alarmed = self.alarmed_at is not None
        self.failures, self.failing_since, self.alarmed_at = 0, None, None
        if alarmed:
            self.not_before = None
        return (RECOVERED,) if alarmed else ()

    def _fails(self, asked: float, now: datetime, chance: Chance) -> Sequence[Kind]:
        self.failures += 1
        since = self.failing_since = self.failing_since or now
        if not fails(self.failures, now - since):
            return ()
        told = self.alarmed_at is not None
        self.alarmed_at = self.alarmed_at or now
        if told and now - since >= GIVE_UP:
            return self._pause(BY_FAILING)
        self.not_before = max(now + probe_delay(self.failures, asked, chance), self.not_before or now)
        return () if told else (FAILING,)

    def _pause(self, by: str) -> Sequence[Kind]:
        if self.paused_by is not None:  # several were under way
            return ()
        self.paused_by = by
        return (PAUSED,)
