"""A log of made-up attachments, and what plain Python says the view holds of it. Only for tests."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.opportunities_views.log import Log

START = datetime(2025, 1, 6, tzinfo=UTC)
Row = dict[str, Any]


class MadeUp:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""

    def __init__(self, seed: int, steps: int = 60) -> None:
        self.log = Log(uuid4())
        self.chance = random.Random(seed)
        self.ids = [UUID(int=self.chance.getrandbits(128)) for _ in range(4)]
        for id in self.ids:
            said: Row = {
                "status": "kept", "record_kind": "opportunity", "record_id": str(id), "opportunity_id": str(id),
                "account_id": None, "category": "id", "media_type": "application/pdf", "size": 9, "person_ids": [],
                "added_on": "2025-01-06",
            }  # fmt: skip
            self.log.tell("attachment", id, "AttachmentAdded", self._at(), said)
        for _ in range(steps):
            self._step()

    def _at(self) -> datetime:
        return START + timedelta(hours=self.chance.randint(0, 60))

    def _step(self) -> None:
        chance, log, id = self.chance, self.log, self.chance.choice(self.ids)
        match chance.randint(0, 3):
            case 0:
                log.tell(
                    "attachment", id, "AttachmentConcerns", self._at(), {"person_ids": [str(chance.choice(self.ids))]}
                )
            case 1:
                said = {"status": "removed", "removed_on": "2025-02-01", "removal_reason": "错"}
                log.tell("attachment", id, "AttachmentRemoved", self._at(), said)
            case _:
                found = [one for one in log.told if one.version > 1 and not one.type.startswith("Fact")]
                if found:
                    one = chance.choice(found)
                    if chance.random() < 0.5:
                        log.void("attachment", one.stream_id, one.version)
                    else:
                        log.correct("attachment", one.stream_id, one.version, {}, self._at())


def attachments(log: Log, upto: int | None) -> list[Row]:
    """What plain Python says."""
    rows = []
    for id, facts in log.streams("attachment", upto):
        standing: Row = {}
        for index, fact in enumerate(facts):
            standing = {**standing, **fact.changes}
            until = facts[index + 1].at if index + 1 < len(facts) else None
            if until == fact.at or "record_id" not in standing:
                continue
            removed = standing.get("removed_on")
            rows.append(
                {
                    "stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version,
                    **{name: standing[name] for name in ("status", "record_kind", "category", "media_type", "size")},
                    "record_id": id, "opportunity_id": id,
                    "person_ids": [UUID(person) for person in standing["person_ids"]],
                    "added_by": None, "added_on": date.fromisoformat(standing["added_on"]),
                    "removed_on": None if removed is None else date.fromisoformat(removed),
                    "removal_reason": standing.get("removal_reason"),
                }
            )  # fmt: skip
    return rows
