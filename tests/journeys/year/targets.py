"""The oracle's targets: of annual plans in force and of issued splits, from their facts. Plain Python, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tests.journeys.year.log import Log

Of = tuple[str, str, str, str | None]
"""Month (its first day), measure, unit, person (null: the unit's own)."""


class Planned(NamedTuple):
    """One target. `rank`: the split above (1) counts before the annual plan (3), that before what a unit split (9)."""

    rank: int
    target: Decimal


class Targets:
    """Those in force at the log's last instant; of all products together."""

    def __init__(self, log: Log) -> None:
        self.of: dict[Of, Planned] = {}
        plans = {id: facts[-1].stood for id, facts in log.streams("annual_plan").items()}
        for id, stood in plans.items():
            root = plans.get(stood.get("root_id") or id, {})
            if root.get("status") == "issued":
                for row in stood.get("rows") or ():
                    self._put(row, stood["unit_id"], None, 3)
        splits = sorted(log.streams("split").values(), key=lambda facts: facts[-1].at)
        for facts in splits:
            stood = facts[-1].stood
            if stood.get("status") != "issued":
                continue
            month = {"month": stood["month"]}
            for total in stood["totals"]:
                self._put({**total, **month}, stood["unit_id"], None, 9)
            for line in stood["lines"]:
                unit = line.get("unit_id") or stood["unit_id"]
                self._put({**line, **month}, unit, line.get("person_id"), 1)

    def _put(self, row: Mapping[str, Any], unit: str, person: str | None, rank: int) -> None:
        assert row.get("product") is None, "the story plans all products together"
        key = (row["month"], row["measure"], unit, person)
        known = self.of.get(key)
        if known is None or rank <= known.rank:
            self.of[key] = Planned(rank, Decimal(row["target"]))

    def of_unit(self, month: date, measure: str, unit: str | None) -> Decimal | None:
        planned = self.of.get((month.isoformat(), measure, unit or "", None))
        return None if planned is None else planned.target

    def of_persons(self, month: date, measure: str) -> Mapping[str, Decimal]:
        """What each person is to do, in all units."""
        found: dict[str, Decimal] = {}
        for (of, what, _, person), planned in self.of.items():
            if of == month.isoformat() and what == measure and person is not None:
                found[person] = found.get(person, Decimal()) + planned.target
        return found
