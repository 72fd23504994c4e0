"""The level an expected day gives under the level policy of a day, for findings of a sheet. Publishes no policy.

The rule is that of the opportunities service (docs/views.md, level policies): this service folds what was published,
and knows the shipped default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.kpi.asking import Asking, Reads, Sql

NEW: Final = "N"
OVERDUE: Final = "overdue"
POLICY = """
select l.policy
  from {level_policies} as l
 where l.tenant_id = $1 and (l.policy ->> 'default')::boolean and l.effective_from <= {day}
 order by l.effective_from desc, l.version desc
 limit 1
"""


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a policy from the nearest order to the farthest, each with its window in days (null: beyond)."""

    windows: Sequence[tuple[str, int | None]]

    def computed(self, declared: str, expected_on: date | None, day: date) -> str:
        """The level the expected day gives; N stays N until it was judged, a day gone by gives `overdue`."""
        if declared == NEW:
            return NEW
        if expected_on is None:
            return self.windows[-1][0]
        days = (expected_on - day).days
        if days < 0:
            return OVERDUE
        return next((code for code, window in self.windows if window is None or days <= window), self.windows[-1][0])

    @property
    def codes(self) -> Sequence[str]:
        """All levels of the open stock, not judged first, then the farthest order."""
        return (NEW, *(code for code, _ in reversed(self.windows)))


SHIPPED: Final = Levels((("H", 7), ("A", 15), ("B", 30), ("C", None)))
"""`h7-a15-b30`, in force where nothing is published."""


async def levels(reads: Reads, asking: Asking) -> Levels:
    """The tenant's own policy of the day asked about, as known then."""
    sql = Sql(asking)
    policy: Any = await reads.fetchval(sql.text(POLICY), *sql.values)
    if policy is None:
        return SHIPPED
    return Levels(tuple((rule["code"], rule.get("window_days")) for rule in policy["levels"]))
