"""A log of made-up plans, annual and rolling, and what plain Python says their views and the targets are. For tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from tests.opportunities_views.log import Counts, Log

START = datetime(2025, 11, 3, tzinfo=UTC)
Row = dict[str, Any]
Key = tuple[date, str, UUID, str | None, str | None]


def months(first: date, count: int) -> list[date]:
    return [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]


class MadeUp:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""

    def __init__(self, seed: int, steps: int = 60) -> None:
        self.log = Log(uuid4())
        self.chance = random.Random(seed)
        self.units = [UUID(int=self.chance.getrandbits(128)) for _ in range(4)]
        self.plans = {unit: UUID(int=self.chance.getrandbits(128)) for unit in self.units}
        self.rolling = {unit: UUID(int=self.chance.getrandbits(128)) for unit in self.units}
        self.root = self.plans[self.units[0]]
        opening = {"status": "draft", "year": 2026, "unit_id": str(self.units[0]), "owner_id": None}
        self.log.tell(
            "annual_plan",
            self.root,
            "AnnualPlanProposed",
            self._at(),
            {**opening, "rows": self._rows(date(2026, 1, 1))},
        )
        for unit in self.units:
            said = {"status": "open", "unit_id": str(unit), "owner_id": str(unit)}
            self.log.tell("rolling_plan", self.rolling[unit], "RollingPlanOpened", START, said)
        for _ in range(steps):
            self._step()

    def _at(self) -> datetime:
        return START + timedelta(days=self.chance.randint(0, 60))

    def _rows(self, first: date) -> list[Row]:
        return [
            {
                "month": month.isoformat(), "measure": measure, "target": str(self.chance.randint(0, 99)),
                "stretch": self.chance.choice((None, "120")), "product": self.chance.choice((None, "A6L")),
                "currency": None,
            }
            for month in months(first, 4) for measure in ("orders", "deliveries")
        ]  # fmt: skip

    def _step(self) -> None:
        chance, log, unit = self.chance, self.log, self.chance.choice(self.units)
        told: tuple[str, UUID, str, Row]
        match chance.randint(0, 6):
            case 0:
                told = ("annual_plan", self.root, "AnnualPlanIssued", {"status": "issued", "issued_by": str(unit)})
            case 1:
                told = ("annual_plan", self.root, "AnnualPlanReturned", {"status": "returned", "comment": "太低"})
            case 2:
                said = {"rows": self._rows(date(2026, 1, 1)), "number": chance.randint(1, 5), "change_reason": "追加"}
                told = ("annual_plan", self.plans[unit], "AnnualPlanChanged", said)
            case 3:
                other = chance.choice(self.units[1:])
                said = {
                    "status": "handed_down", "year": 2026, "unit_id": str(other), "root_id": str(self.root),
                    "parent_id": str(self.root), "step": 1, "rows": self._rows(date(2026, 1, 1)),
                }  # fmt: skip
                told = ("annual_plan", self.plans[other], "AnnualPlanHandedDown", said)
            case 4 | 5:
                base = chance.choice(months(date(2026, 1, 1), 3))
                said = {
                    "status": "open", "number": chance.randint(1, 9), "base_month": base.isoformat(),
                    "firm_months": 1, "outlook_months": chance.randint(0, 2), "rows": self._rows(base),
                    "reason": None, "published_by": str(unit), "approved_by": None,
                }  # fmt: skip
                told = ("rolling_plan", self.rolling[unit], "RollingVersionPublished", said)
            case _:
                found = [one for one in log.told if one.version > 1 and not one.type.startswith("Fact")]
                if found:
                    one = chance.choice(found)
                    if chance.random() < 0.4:
                        log.void(one.stream_type, one.stream_id, one.version)
                    else:
                        log.correct(one.stream_type, one.stream_id, one.version, {}, self._at())
                return
        log.tell(told[0], told[1], told[2], self._at(), told[3])


# -- what plain Python says ----------------------------------------------------------------------------------


def standing_at(facts: list[Counts], at: datetime) -> Row:
    standing: Row = {}
    for fact in facts:
        if fact.at <= at:
            standing |= fact.changes
    return standing


def plans_at(log: Log, at: datetime, upto: int | None = None) -> dict[UUID, Row]:
    found = {id: standing_at(facts, at) for id, facts in log.streams("annual_plan", upto)}
    return {id: standing for id, standing in found.items() if standing.keys() >= {"year", "status", "rows"}}


def versions(log: Log, upto: int | None = None) -> Iterator[tuple[UUID, Counts]]:
    for id, facts in log.streams("rolling_plan", upto):
        for fact in facts:
            if fact.type == "RollingVersionPublished":
                yield id, fact


def targets(log: Log, at: datetime, upto: int | None = None) -> dict[Key, tuple[Decimal, Decimal | None, str]]:
    """By month, measure, unit, product and currency: target, stretch, where from."""
    found: dict[Key, tuple[Decimal, Decimal | None, str]] = {}

    def put(row: Row, unit: str, source: str) -> None:
        key = (date.fromisoformat(row["month"]), row["measure"], UUID(unit), row["product"], row["currency"])
        stretch = None if row["stretch"] is None else Decimal(row["stretch"])
        found[key] = (Decimal(row["target"]), stretch, source)

    plans = plans_at(log, at, upto)
    for id, plan in plans.items():
        root = plans.get(UUID(plan["root_id"]) if plan.get("root_id") else id)
        if root is not None and root["status"] == "issued":
            for row in plan["rows"]:
                put(row, plan["unit_id"], "annual")
    for _, facts in log.streams("rolling_plan", upto):
        unit = next(fact.changes["unit_id"] for fact in facts if fact.type == "RollingPlanOpened")
        in_force: dict[str, list[Row]] = {}
        for fact in facts:
            if fact.type == "RollingVersionPublished" and fact.at <= at:
                said = fact.changes
                covered = months(date.fromisoformat(said["base_month"]), said["firm_months"] + said["outlook_months"])
                for month in covered:
                    of_month = [row for row in said["rows"] if row["month"] == month.isoformat()]
                    in_force[month.isoformat()] = of_month
        for of_month in in_force.values():
            for row in of_month:
                put(row, unit, "rolling")
    return found
