"""The oracle's follow-up duties and visits, from the facts by the rules of docs/follow-ups.md. No SQL."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.journeys.year.deals import Deals, Row, Rows, credited, moved
from tests.journeys.year.log import Fact, Log, Period, day_of, months_from, standing_at, start

CADENCE = {"N": 1, "H": 2, "A": 4, "B": 7, "C": 15, "O": 7}
"""The level policy as shipped."""
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Run:
    """A stay in the stock at one level. `until` is null while it goes on."""

    level: str
    since: datetime
    until: datetime | None
    stood: Sequence[tuple[datetime, Mapping[str, Any]]]


@dataclass(frozen=True)
class Duty:
    counted_on: date
    outcome: str
    row: Row


def _level(facts: Sequence[Fact], at: datetime, stood: Mapping[str, Any]) -> str | None:
    """At which level a follow-up is owed after an instant; null when none is."""
    match stood.get("status"):
        case "open":
            return str(stood.get("level") or "N")
        case "ordered":
            gone = moved(facts, at + MOMENT, "delivered", "cancelled")
            still = sum(line["units"] - gone.get(line["line"], 0) for line in stood.get("lines") or ())
            return "O" if still > 0 else None
        case _:
            return None


def runs(facts: Sequence[Fact]) -> list[Run]:
    """The stays of one opportunity."""
    found: list[Run] = []
    instants: dict[datetime, Mapping[str, Any]] = {fact.at: fact.stood for fact in facts}
    level: str | None = None
    begun: datetime | None = None
    stood_so: list[tuple[datetime, Mapping[str, Any]]] = []
    for at, stood in sorted(instants.items()):
        now = _level(facts, at, stood)
        if now != level:
            if level is not None and begun is not None:
                found.append(Run(level, begun, at, stood_so))
            level, begun, stood_so = now, at, []
        if now is not None:
            stood_so.append((at, stood))
    if level is not None and begun is not None:
        found.append(Run(level, begun, None, stood_so))
    return found


class Duties:
    """Follow-ups owed and done up to the log's last instant."""

    def __init__(self, log: Log, deals: Deals, until: datetime) -> None:
        self.until = until
        self.today = day_of(until)
        reached = self._reached(log, deals)
        self.all = [duty for id, facts in deals.of.items() for duty in self._of(facts, reached.get(id, []))]

    def _reached(self, log: Log, deals: Deals) -> Mapping[str, list[date]]:
        """The days on which somebody was reached, by opportunity."""
        found: dict[str, set[date]] = {}
        for id, facts in deals.of.items():
            for fact in facts:
                if fact.type == "ContactMade" and fact.changes.get("contact_reached"):
                    found.setdefault(id, set()).add(day_of(fact.at))
        for facts in log.streams("visit").values():
            stood = facts[-1].stood
            if stood.get("status") == "logged" and stood.get("reached"):
                for id in stood.get("opportunity_ids") or ():
                    found.setdefault(id, set()).add(date.fromisoformat(stood["visited_on"]))
        return {id: sorted(days) for id, days in found.items()}

    def _of(self, facts: Sequence[Fact], reached: Sequence[date]) -> Iterator[Duty]:
        for run in runs(facts):
            since, until = day_of(run.since), None if run.until is None else day_of(run.until)
            opened = [since, *(day for day in reached if day > since and (until is None or day <= until))]
            for place, day in enumerate(opened):
                if until is not None and day >= until:
                    continue
                due = day + timedelta(days=CADENCE[run.level])
                done = opened[place + 1] if place + 1 < len(opened) else None
                if done is not None and done <= due:
                    yield Duty(done, "on_time", self._credit(run, done))
                elif due <= self.today and (until is None or until > due):
                    yield Duty(due, "late" if done is not None else "not_done", self._credit(run, due))

    def _credit(self, run: Run, day: date) -> Row:
        """To who has it at the end of that day, or of the run when it ended on it."""
        end = min(start(day + timedelta(days=1)) - MOMENT, self.until)
        place = bisect_right([at for at, _ in run.stood], end)
        return credited(run.stood[max(place, 1) - 1][1])

    def fell_due(self, period: Period, *outcomes: str) -> Rows:
        for duty in self.all:
            if period.first <= duty.counted_on <= period.last and (not outcomes or duty.outcome in outcomes):
                yield duty.row


class Visits:
    """On-site visits of accounts by who is responsible, month by month: 002, by the rule of `visits-due`."""

    def __init__(self, log: Log, until: datetime) -> None:
        self.until = until
        self.accounts = log.streams("account")
        self.made: dict[str, list[tuple[date, Sequence[str]]]] = {}
        for facts in log.streams("visit").values():
            stood = facts[-1].stood
            if stood.get("status") == "logged" and stood.get("way") == "on_site" and stood.get("account_id"):
                on = date.fromisoformat(stood["visited_on"])
                self.made.setdefault(stood["account_id"], []).append((on, stood["participants"]))

    def _due(self, period: Period) -> Iterator[tuple[str, Period, Mapping[str, Any]]]:
        """Account and month: whose they are at the month's end, if they were before it began."""
        for month in months_from(period.first, 12):
            if month.last > period.last or month.begin > self.until:
                return
            at = min(month.end - MOMENT, self.until)
            for account, facts in self.accounts.items():
                stood = standing_at(facts, at)
                if stood.get("owner_id") is not None and _since(facts, at) < month.first:
                    yield account, month, stood

    def due(self, period: Period) -> Rows:
        for account, _, stood in self._due(period):
            yield self._row(account, stood)

    def visited(self, period: Period) -> Rows:
        for account, month, stood in self._due(period):
            made = self.made.get(account, ())
            if any(month.first <= on <= month.last and stood["owner_id"] in who for on, who in made):
                yield self._row(account, stood)

    @staticmethod
    def _row(account: str, stood: Mapping[str, Any]) -> Row:
        return Row(stood["owner_id"], stood.get("unit_id"), account=account)


def _since(facts: Sequence[Fact], at: datetime) -> date:
    """Since when an account has the owner it has at an instant."""
    since, owner = facts[0].at, None
    for fact in facts:
        if fact.at <= at and fact.stood.get("owner_id") != owner:
            since, owner = fact.at, fact.stood.get("owner_id")
    return day_of(since)
