"""Follow-up duties counted again in plain Python, day by day, from the rows of the oracle. Shares no code with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.days import end_of
from tests.opportunities_views import oracle
from tests.opportunities_views.log import Log
from tests.opportunities_views.recount import CADENCE, ZONE, Question, day, text

Row = dict[str, Any]
DEFAULT = {**CADENCE, "O": 7}
ESCALATION = {"N": 1, "H": 1, "A": 2, "B": 4, "C": 7, "O": 3}


@dataclass(frozen=True)
class Duty:
    """One duty; `until`: the day its run ended."""

    deal: UUID
    run: datetime
    level: str
    opened_on: date
    due_on: date
    done_on: date | None
    until: date | None

    def counted_on(self, today: date) -> date | None:
        if self.done_on is not None and self.done_on <= self.due_on:
            return self.done_on
        fell_due = self.due_on <= today and (self.until is None or self.until > self.due_on)
        return self.due_on if fell_due else None

    @property
    def outcome(self) -> str:
        if self.done_on is None:
            return "not_done"
        return "on_time" if self.done_on <= self.due_on else "late"


class FollowUps:
    """All duties at a question's instant."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.today = question.day
        self.cadences = policies(question.log, question.known_at)
        self.escalations = escalations(question.log, question.known_at)
        self.rows: dict[UUID, list[Row]] = defaultdict(list)
        for row in oracle.standings(question.log, question.known_at):
            if row["from_at"] <= question.at:
                self.rows[row["stream_id"]].append(row)
        self.contacts: dict[UUID, set[date]] = defaultdict(set)
        for made in oracle.contacts_made(question.log, question.known_at):
            if made["reached"] and made["made_at"] <= question.at:
                self.contacts[made["stream_id"]].add(day(made["made_at"]))
        self.visits: dict[UUID, list[Row]] = defaultdict(list)
        for visit in question.contacts():
            if visit["visited_on"] <= self.today:
                self.visits[visit["opportunity_id"]].append(visit)
                if visit["reached"]:
                    self.contacts[visit["opportunity_id"]].add(visit["visited_on"])
        self.duties = [duty for deal in self.rows for duty in self._duties(deal)]

    def _duties(self, deal: UUID) -> list[Duty]:
        found = []
        runs: dict[datetime, Row] = {}
        for row in self.rows[deal]:
            if row["stock"] is not None:
                runs[row["duty_at"]] = row  # the last row of the run
        for began, last in runs.items():
            level = "O" if last["stock"] == "ordered" else last["level"] or "N"
            ended = last["to_at"] is not None and last["to_at"] <= self.question.at
            until = day(last["to_at"]) if ended else None
            opened: date | None = day(began)
            if until == opened:
                continue
            on = day(began)
            while on < (until or self.today):
                on += timedelta(days=1)
                if on in self.contacts[deal] and opened is not None:
                    found.append(self._duty(deal, began, level, opened, on, until))
                    opened = None if on == until else on
            if opened is not None:
                found.append(self._duty(deal, began, level, opened, None, until))
        return found

    def _duty(self, deal: UUID, run: datetime, level: str, opened: date, done: date | None, until: date | None) -> Duty:
        days, otherwise = in_force(self.cadences, opened)
        return Duty(deal, run, level, opened, opened + timedelta(days=days.get(level, otherwise)), done, until)

    def after(self, level: str, due_on: date) -> int | None:
        """Days overdue from which a duty is the head's."""
        days, otherwise = in_force(self.escalations, due_on)
        found: int | None = days.get(level, otherwise)
        return found

    # -- what is answered --------------------------------------------------------------------------------

    def open(self) -> dict[UUID, tuple[Any, ...]]:
        """By opportunity: level, opened, due, planned, state, days overdue, escalated."""
        shown = {row["stream_id"]: row for row in self.question.rows() if row["stock"] is not None}
        found = {}
        for duty in self.duties:
            if duty.done_on is not None or duty.until is not None or duty.deal not in shown:
                continue
            late = max((self.today - duty.due_on).days, 0)
            planned = self._planned(shown[duty.deal])
            state = "planned" if planned else "upcoming"
            if duty.due_on <= self.today:
                state = "due" if duty.due_on == self.today else "overdue"
            after = self.after(duty.level, duty.due_on)
            escalated = after is not None and late >= after
            found[duty.deal] = (duty.level, duty.opened_on, duty.due_on, planned, state, late, escalated)
        return found

    def _planned(self, deal: Row) -> date | None:
        visits = self.visits[deal["stream_id"]]
        reached = max((visit["visited_on"] for visit in visits if visit["reached"]), default=date.min)
        here: date | None = deal["follow_up_on"]
        said = day(deal["follow_up_said_at"]) if here else None
        if here and said and reached >= min(said + timedelta(days=1), here):
            here = None
        last = max(visits, key=lambda visit: (visit["visited_on"], visit["from_at"], visit["stream_id"]), default=None)
        there: date | None = None if last is None else last["next_on"]
        called = day(deal["contacted_at"]) if deal["contacted_at"] else date.min
        if last and there and called >= min(last["visited_on"] + timedelta(days=1), there):
            there = None
        if here and there:
            return here if last is None or said is None or said >= last["visited_on"] else there
        return here or there

    def done(self, since: date, until: date) -> list[tuple[Any, ...]]:
        shown = self.question.seen_today()
        return sorted(
            (duty.deal, duty.level, duty.opened_on, duty.due_on, duty.done_on)
            for duty in self.duties
            if duty.deal in shown
            and duty.done_on is not None
            and since <= duty.done_on <= until
            and duty.counted_on(self.today)
        )

    def report(self, dimension: str, since: date, until: date) -> dict[str | None, tuple[int, ...]]:
        """Key → fell due, on time, late, not done, escalated."""
        found: dict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        for duty in self.duties:
            counted = duty.counted_on(self.today)
            if counted is None or not since <= counted <= until:
                continue
            end = min(end_of(counted, ZONE), self.question.at)
            of_run = [row for row in self.rows[duty.deal] if row["stock"] is not None and row["duty_at"] == duty.run]
            owner = max((row for row in of_run if row["from_at"] <= end), key=lambda row: row["from_at"])
            if not self.question.sees(owner):
                continue
            match dimension:
                case "owner":
                    key = text(owner["owner_id"])
                case "org_unit":
                    key = text(owner["unit_id"])
                case "branch" | "region":
                    key = text(self.question.place(owner["unit_id"], dimension))
                case "level":
                    key = duty.level
                case _:
                    key = f"{counted:%Y-%m}"
            cell = found[key]
            cell[0] += 1
            cell[("on_time", "late", "not_done").index(duty.outcome) + 1] += 1
            after = self.after(duty.level, duty.due_on)
            over = ((duty.done_on or duty.until or self.today) - duty.due_on).days
            cell[4] += after is not None and over >= after
        return {key: tuple(cell) for key, cell in found.items()}


Steps = list[tuple[date, int, dict[str, int], int | None]]


def in_force(steps: Steps, on: date) -> tuple[dict[str, Any], Any]:
    """Days by level, and of the others, of the policy in force; before the first of all: that."""
    known = [step for step in steps if step[0] <= on] or [min(steps)]
    step = max(known, key=lambda step: step[:2])
    return step[2], step[3]


def policies(log: Log, upto: int | None) -> Steps:
    steps: Steps = [(date(2000, 1, 1), -1, DEFAULT, 15)]
    for number, row in enumerate(_published(oracle.level_policies(log, upto))):
        policy = row["policy"]
        if policy["default"]:
            days = {level["code"]: level["follow_up_days"] for level in policy["levels"]}
            days |= {"N": policy["new_follow_up_days"], "O": policy["ordered_follow_up_days"]}
            steps.append((row["effective_from"], number, days, policy["levels"][-1]["follow_up_days"]))
    return steps


def escalations(log: Log, upto: int | None) -> Steps:
    steps: Steps = [(date(2000, 1, 1), -1, ESCALATION, 7)]
    for number, row in enumerate(_published(oracle.follow_up_policies(log, upto))):
        rules = {rule["level"]: rule["after_days"] for rule in row["policy"]["escalations"]}
        steps.append((row["effective_from"], number, rules, row["policy"]["otherwise_after_days"]))
    return steps


def _published(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["published_at"], row["version"]))
