"""The oracle's figures of prospects, orders and defeats: what each KPI adds up, row by row. Plain Python, no SQL.

Every function gives the rows of a numerator or denominator for a period: whom each is credited to, and how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.journeys.year.log import Fact, Log, Period, day_of, standing_at, standing_before, start

CLEAR_NOT = "unknown"


@dataclass(frozen=True)
class Row:
    """One thing counted, to whom it is credited."""

    person: str | None
    unit: str | None
    amount: Decimal = Decimal(1)
    currency: str | None = None
    channel: str | None = None
    account: str | None = None
    whole: bool = False
    """Of a unit with all below it: not to be added to theirs."""


Rows = Iterator[Row]


def credited(standing: Mapping[str, Any], amount: int | Decimal = 1, currency: str | None = None) -> Row:
    """To owner and unit of that standing."""
    return Row(
        standing.get("owner_id"), standing.get("unit_id"), Decimal(amount), currency, standing.get("channel"),
        standing.get("account_id"),
    )  # fmt: skip


def units_of(lines: Sequence[Mapping[str, Any]] | None) -> int:
    return sum(int(line["units"]) for line in lines or ())


def amount_of(standing: Mapping[str, Any]) -> Decimal:
    """Of the lines: units by price; those without a price share what is left of the stated total."""
    lines = standing.get("lines") or ()
    priced = sum((Decimal(line["unit_price"]) * line["units"] for line in lines if line.get("unit_price")), Decimal())
    stated = standing.get("amount")
    if not lines:
        return Decimal(stated) if stated is not None else Decimal()
    if all(line.get("unit_price") for line in lines) or stated is None:
        return priced
    return max(Decimal(stated), priced)


def moved(facts: Sequence[Fact], upto: datetime, *names: str) -> Mapping[int, int]:
    """Units that left an order before an instant, by line."""
    found: dict[int, int] = {}
    for fact in facts:
        if fact.at < upto:
            for name in names:
                for part in fact.changes.get(name) or ():
                    found[part["line"]] = found.get(part["line"], 0) + part["units"]
    return found


def undelivered(facts: Sequence[Fact], upto: datetime) -> int:
    """Units of an order neither delivered nor cancelled just before an instant; none unless ordered."""
    stood = standing_before(facts, upto)
    if stood.get("status") != "ordered":
        return 0
    gone = moved(facts, upto, "delivered", "cancelled")
    return max(0, sum(int(line["units"]) - gone.get(line["line"], 0) for line in stood.get("lines") or ()))


class Deals:
    """Opportunities as the log has them, asked about periods."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.of = {
            id: facts for id, facts in log.streams("opportunity").items() if any(fact.version == 1 for fact in facts)
        }

    def happened(self, period: Period, *types: str) -> Iterator[tuple[Fact, Sequence[Fact]]]:
        for facts in self.of.values():
            for fact in facts:
                if fact.type in types and period.holds(fact.at):
                    yield fact, facts

    # -- prospects -------------------------------------------------------------------------------------------

    def captured(self, period: Period) -> Rows:
        return (credited(fact.stood) for fact, _ in self.happened(period, "ProspectCaptured"))

    def opening(self, period: Period) -> Rows:
        for facts in self.of.values():
            stood = standing_before(facts, period.begin)
            if self.in_stock(facts, period.begin):
                yield credited(stood)

    @staticmethod
    def in_stock(facts: Sequence[Fact], at: datetime) -> bool:
        """Whether it was open stock just before an instant: captured, and nothing ended it."""
        return standing_before(facts, at).get("status") == "open"

    def could(self, period: Period) -> Rows:
        """What could have been ordered or lost: captured in the period, and the opening stock."""
        yield from self.captured(period)
        yield from self.opening(period)

    def first(self, period: Period, type: str) -> Rows:
        """Prospects with such a fact in the period, once each, as of the first."""
        for facts in self.of.values():
            for fact in facts:
                if fact.type == type and period.holds(fact.at):
                    yield credited(fact.stood)
                    break

    def won(self, period: Period) -> Rows:
        return self.first(period, "DealWon")

    def lost(self, period: Period) -> Rows:
        return self.first(period, "DealLost")

    def captured_won(self, period: Period) -> Rows:
        for fact, facts in self.happened(period, "ProspectCaptured"):
            if any(other.type == "DealWon" and period.holds(other.at) for other in facts):
                yield credited(fact.stood)

    def opening_since(self, period: Period, days: int | None) -> Iterator[tuple[Sequence[Fact], Row]]:
        for facts in self.of.values():
            if not self.in_stock(facts, period.begin):
                continue
            taken = next(fact for fact in facts if fact.type == "ProspectCaptured")
            if days is None or taken.at >= start(period.first - timedelta(days=days)):
                yield facts, credited(standing_before(facts, period.begin))

    def stock(self, period: Period, days: int | None = None) -> Rows:
        return (row for _, row in self.opening_since(period, days))

    def stock_won(self, period: Period, days: int | None = None, *, of: Deals | None = None) -> Rows:
        """Of the opening stock, as `of` knows it, those ordered in the period, as known here."""
        for facts, row in (of or self).opening_since(period, days):
            if any(fact.type == "DealWon" and period.holds(fact.at) for fact in self.of[facts[0].stream]):
                yield row

    # -- units and money -------------------------------------------------------------------------------------

    def ordered(self, period: Period) -> Rows:
        for fact, _ in self.happened(period, "DealWon", "OrderAmended"):
            was = 0 if fact.type == "DealWon" else units_of(fact.was.get("lines"))
            yield credited(fact.stood, units_of(fact.stood.get("lines")) - was)

    def ordered_amount(self, period: Period) -> Rows:
        for fact, _ in self.happened(period, "DealWon", "OrderAmended"):
            yield credited(fact.stood, amount_of(fact.stood), fact.stood.get("currency"))
            if fact.type == "OrderAmended":
                yield credited(fact.stood, -amount_of(fact.was), fact.was.get("currency"))

    def _moved(self, period: Period, type: str, name: str) -> Rows:
        for fact, _ in self.happened(period, type):
            yield credited(fact.stood, units_of(fact.changes.get(name)))

    def delivered(self, period: Period) -> Rows:
        return self._moved(period, "UnitsDelivered", "delivered")

    def cancelled(self, period: Period) -> Rows:
        return self._moved(period, "UnitsCancelled", "cancelled")

    def opening_orders(self, period: Period) -> Rows:
        for facts in self.of.values():
            if units := undelivered(facts, period.begin):
                yield credited(standing_before(facts, period.begin), units)

    def closing_orders(self, period: Period) -> Rows:
        for facts in self.of.values():
            if units := undelivered(facts, period.end):
                yield credited(standing_before(facts, period.end), units)

    def to_deliver(self, period: Period) -> Rows:
        yield from self.ordered(period)
        yield from self.opening_orders(period)

    # -- defeats ---------------------------------------------------------------------------------------------

    def requests(self, period: Period) -> Rows:
        return (credited(fact.stood) for fact, _ in self.happened(period, "DefeatRequested"))

    def clear_requests(self, period: Period) -> Rows:
        for fact, _ in self.happened(period, "DefeatRequested"):
            if fact.stood.get("defeat_category") != CLEAR_NOT:
                yield credited(fact.stood)

    def rejected(self, period: Period) -> Rows:
        return (credited(fact.stood) for fact, _ in self.happened(period, "DefeatRejected"))

    def defeats(self, period: Period) -> Rows:
        return (credited(fact.stood) for fact, _ in self.happened(period, "DealLost"))

    def called(self, period: Period, *verdicts: str) -> Rows:
        for fact, _ in self.happened(period, "DealLost"):
            verdict = fact.stood.get("verdict")
            if verdict is not None and (not verdicts or verdict in verdicts):
                yield credited(fact.stood)

    def revived(self, period: Period, days: int, *, won: bool = False) -> Rows:
        for fact, facts in self.happened(period, "DealLost"):
            later = [other for other in facts if (other.at, other.version) > (fact.at, fact.version)]
            back = next((other for other in later if other.type == "DealReopened"), None)
            order = next((other for other in later if other.type == "DealWon"), None)
            if back is None or (day_of(back.at) - day_of(fact.at)).days > days:
                continue
            if won and (order is None or (day_of(order.at) - day_of(fact.at)).days > days):
                continue
            yield credited(fact.stood)

    # -- buyers ----------------------------------------------------------------------------------------------

    def orders_of(self, period: Period) -> Mapping[str, list[Fact]]:
        """Orders by account, in order of time."""
        found: dict[str, list[Fact]] = {}
        for fact, _ in self.happened(period, "DealWon"):
            if fact.stood.get("account_id"):
                found.setdefault(fact.stood["account_id"], []).append(fact)
        for facts in found.values():
            facts.sort(key=lambda fact: (fact.at, fact.stream, fact.version))
        return found

    def first_order_of(self, account: str) -> datetime | None:
        return min(
            (fact.at for facts in self.of.values() for fact in facts
             if fact.type == "DealWon" and fact.stood.get("account_id") == account),
            default=None,
        )  # fmt: skip

    @staticmethod
    def bought(order: Fact) -> Row:
        return credited(order.stood)

    # -- reports to the manufacturer -------------------------------------------------------------------------

    def reported(self, period: Period) -> Rows:
        """Units whose report stands accepted, on the day they were reported, to who had the order then."""
        for facts in self.log.streams("filing").values():
            deal = facts[0].stood["opportunity_id"]
            latest: dict[str, Mapping[str, Any]] = {}
            told: dict[str, tuple[Mapping[str, Any], datetime]] = {}
            for fact in facts:
                for step in fact.changes.get("reports") or ():
                    latest[step["vin"]] = step
                    if step["state"] == "reported":
                        told[step["vin"]] = (step, fact.at)
            for vin, step in latest.items():
                if step["state"] == "accepted" and vin in told:
                    report, at = told[vin]
                    if period.first <= date.fromisoformat(report["on"]) <= period.last:
                        yield credited(standing_at(self.of[deal], at))
