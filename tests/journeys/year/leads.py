"""The oracle's leads, visitors and spend, from the facts. Plain Python, no SQL."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.journeys.year.deals import Deals, Row, Rows
from tests.journeys.year.log import Fact, Log, Period

CENT = Decimal("0.01")
WON = ("ordered", "cancelled")
"""A later cancellation is still a deal that was won."""


def _first(facts: list[Fact], type: str) -> Fact | None:
    return next((fact for fact in facts if fact.type == type), None)


class Leads:
    """Leads as a cohort by the day they came in: what had become of them by the log's last instant."""

    def __init__(self, log: Log, until: datetime) -> None:
        self.log = log
        self.until = until

    def came(self, period: Period) -> Iterator[tuple[Fact, list[Fact]]]:
        for facts in self.log.streams("lead").values():
            first = _first(facts, "LeadReceived")
            if first is not None and period.holds(first.at):
                yield first, facts

    def received(self, period: Period) -> Rows:
        """To the first it was assigned to, and the unit it came to."""
        for first, facts in self.came(period):
            assigned = _first(facts, "LeadAssigned")
            yield self._row(None if assigned is None else assigned.stood["owner_id"], first.stood["unit_id"], first)

    def records(self, period: Period) -> Rows:
        """Those that are records, to who was responsible then."""
        for first, facts in self.came(period):
            if facts[-1].stood.get("status") == "record":
                ended = [fact for fact in facts if fact.type == "LeadDisposed"][-1]
                yield self._row(ended.stood.get("owner_id"), ended.stood["unit_id"], first)

    def promised(self, period: Period) -> Rows:
        """Those with a promised time."""
        for first, facts in self.came(period):
            if facts[-1].stood.get("answer_hours") is not None:
                assigned = _first(facts, "LeadAssigned")
                yield self._row(None if assigned is None else assigned.stood["owner_id"], first.stood["unit_id"], first)

    def in_time(self, period: Period) -> Rows:
        """First answered within the promise, to who was responsible then, else who answered."""
        for first, facts in self.came(period):
            answered = _first(facts, "LeadContacted")
            hours = facts[-1].stood.get("answer_hours")
            if answered is None or hours is None:
                continue
            if (answered.at - first.at) <= timedelta(hours=float(hours)):
                who = answered.stood.get("owner_id") or answered.changes["contacts"][0]["by"]
                yield self._row(who, answered.stood["unit_id"], first)

    def ordered(self, period: Period, deals: Deals) -> Rows:
        """Those whose record was ordered, to who had it when it was."""
        for first, facts in self.came(period):
            stood = facts[-1].stood
            if stood.get("status") != "record":
                continue
            won: Fact | None = None
            for fact in deals.of[stood["opportunity_id"]]:
                now, was = fact.stood.get("status") in WON, fact.was.get("status") in WON
                won = fact if now and not was else won if now else None
            if won is not None:
                yield self._row(won.stood["owner_id"], won.stood["unit_id"], first)

    @staticmethod
    def _row(person: str | None, unit: str | None, first: Fact) -> Row:
        return Row(person, unit, channel=first.stood.get("channel"), account=first.stood.get("account_id"))

    # -- beside leads ----------------------------------------------------------------------------------------

    def visitors(self, period: Period) -> Rows:
        for facts in self.log.streams("visitor_count").values():
            stood = facts[-1].stood
            if period.first <= date.fromisoformat(stood["day"]) <= period.last:
                yield Row(None, stood["unit_id"], Decimal(stood["count"]), channel=stood["channel"])

    def spend(self, period: Period) -> Rows:
        """An amount of a month by its days, its parts cut off a running sum so that they add up to the cent."""
        last = min(period.last, (self.until).date())
        for facts in self.log.streams("channel_spend").values():
            stood = facts[-1].stood
            first = date.fromisoformat(stood["day"])
            days = monthrange(first.year, first.month)[1] if stood["period"] == "month" else 1
            upto = min(max((last - first).days + 1, 0), days)
            gone = min(max((period.first - first).days, 0), days)
            if upto <= gone:
                continue
            amount = Decimal(stood["amount"])
            part = _cents(amount * upto / days) - _cents(amount * gone / days)
            yield Row(None, stood["unit_id"], part, stood["currency"], stood["channel"])


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
