"""A log of made-up projects, and what plain Python says the view holds of it. Only for tests."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from tests.opportunities_views.log import Log

START = datetime(2025, 1, 6, tzinfo=UTC)
Row = dict[str, Any]


class MadeUp:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""

    def __init__(self, seed: int, steps: int = 90) -> None:
        self.log = Log(uuid4())
        self.chance = random.Random(seed)
        self.projects = [UUID(int=self.chance.getrandbits(128)) for _ in range(3)]
        for id in self.projects:
            said = {
                "status": "running", "title": "交付", "opportunity_id": str(id), "account_id": None,
                "owner_id": str(id), "unit_id": str(id), "manager_id": str(id), "currency": "CNY", "phases": [],
                "milestones": self._plan(), "budget": self._money(),
            }  # fmt: skip
            self.log.tell("project", id, "ProjectOpened", self._at(), said)
        for _ in range(steps):
            self._step()

    def _at(self) -> datetime:
        return START + timedelta(hours=self.chance.randint(0, 300))

    def _day(self) -> str:
        return (date(2025, 1, 6) + timedelta(days=self.chance.randint(0, 60))).isoformat()

    def _plan(self) -> list[Row]:
        codes = self.chance.sample("ABCD", self.chance.randint(1, 4))
        return [{"code": code, "title": code, "planned_on": self._day(), "phase": None} for code in codes]

    def _money(self) -> list[Row]:
        return [{"category": name, "amount": str(self.chance.randint(1, 999))} for name in ("travel", "training")]

    def _step(self) -> None:
        chance, log, id = self.chance, self.log, self.chance.choice(self.projects)
        code = chance.choice("ABCD")
        told: tuple[str, Row]
        match chance.randint(0, 10):
            case 0:
                told = ("ProjectReplanned", {"phases": [], "milestones": self._plan(), "plan_reason": "推迟"})
            case 1:
                told = ("ProjectBudgeted", {"budget": self._money()[:1], "budget_reason": "减"})
            case 2:
                told = ("MilestoneReached", {"reached": [{"code": code, "reached_on": self._day()}]})
            case 3 | 4:
                cost = {
                    "category": chance.choice(("travel", "other")),
                    "amount": "12.50",
                    "on": self._day(),
                    "ref": None,
                }
                told = ("CostEntered", {"costs": [cost]})
            case 5:
                told = ("ProjectReviewed", {"reviews": [{"on": self._day(), "by": str(id), "findings": [code]}]})
            case 6:
                closed = chance.random() < 0.4
                risk = {"code": code, "title": code, "probability": "high", "closed": closed}
                told = ("RiskClosed" if closed else "RiskAssessed", {"risks": [risk]})
            case 7:
                points = [{"code": code, "title": code, "due_on": self._day(), "done_on": None}]
                acceptance = {"on": self._day(), "result": "accepted_with_open_points", "person_id": None}
                said = {"status": "accepted", "acceptance": acceptance, "open_points": points}
                told = ("AcceptanceHeld", said)
            case 8:
                told = ("LessonLearned", {"lessons": [{"on": self._day(), "text": code}]})
            case _:
                found = [one for one in log.told if one.version > 1 and not one.type.startswith("Fact")]
                if found:
                    one = chance.choice(found)
                    if chance.random() < 0.5:
                        log.void(one.stream_type, one.stream_id, one.version)
                    else:
                        log.correct(one.stream_type, one.stream_id, one.version, {}, self._at())
                return
        log.tell("project", id, told[0], self._at(), told[1])


def projects(log: Log, upto: int | None) -> list[Row]:
    """What plain Python says."""
    rows = []
    for id, facts in log.streams("project", upto):
        standing: Row = {}
        gathered: dict[str, list[Row]] = {}
        plans: dict[str, str] = {}
        replanned = 0
        for index, fact in enumerate(facts):
            standing = {**standing, **fact.changes}
            for name in ("reached", "costs", "reviews", "risks", "open_points", "lessons"):
                gathered.setdefault(name, []).extend(fact.changes.get(name, ()))
            for one in fact.changes.get("milestones", ()):
                plans.setdefault(one["code"], one["planned_on"])
            replanned += fact.type == "ProjectReplanned"
            until = facts[index + 1].at if index + 1 < len(facts) else None
            if until == fact.at or "title" not in standing:
                continue
            reached = {step["code"]: step["reached_on"] for step in gathered["reached"]}
            costs: dict[str, Decimal] = {}
            for cost in gathered["costs"]:
                costs[cost["category"]] = costs.get(cost["category"], Decimal(0)) + Decimal(cost["amount"])
            last = {name: {one["code"]: one for one in gathered[name]} for name in ("risks", "open_points")}
            reviews = gathered["reviews"]
            rows.append(
                {
                    "stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version,
                    "status": standing["status"], "title": standing["title"], "opportunity_id": id,
                    "account_id": None, "owner_id": id, "unit_id": id, "manager_id": id, "currency": "CNY",
                    "opened_at": next(one.at for one in facts if one.version == 1), "phases": standing["phases"],
                    "milestones": [
                        {
                            **one, "first_planned_on": plans[one["code"]], "reached_on": reached.get(one["code"]),
                        }
                        for one in standing["milestones"]
                    ],
                    "times_replanned": replanned, "budget": standing["budget"],
                    "budget_amount": sum((Decimal(line["amount"]) for line in standing["budget"]), Decimal(0)),
                    "costs": [{"category": name, "amount": str(costs[name])} for name in sorted(costs)],
                    "cost_amount": sum(costs.values(), Decimal(0)),
                    "reviews": len(reviews),
                    "reviewed_on": date.fromisoformat(reviews[-1]["on"]) if reviews else None,
                    "findings": reviews[-1]["findings"] if reviews else [],
                    "risks": [last["risks"][code] for code in sorted(last["risks"])],
                    "acceptance": standing.get("acceptance"),
                    "open_points": [last["open_points"][code] for code in sorted(last["open_points"])],
                    "lessons": len(gathered["lessons"]), "closed_on": None,
                }
            )  # fmt: skip
    return rows
