"""The oracle's money: owed, the ledger beside the books of the ERP, company figures, forecasts, buyers gone. No SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.journeys.year.deals import Deals, Row, Rows, amount_of, credited
from tests.journeys.year.log import Fact, Log, Period, day_of, months_from, standing_at

DUE_DAYS = 30
"""After the invoice, as shipped; the story has no contracts and no credit policy."""
CENT = Decimal("0.01")
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """A delivery of a line, or a posting."""

    ref: str
    line: int
    units: int
    amount: Decimal
    currency: str
    on: date
    row: Row

    def alike(self, in_all: bool) -> tuple[Any, ...]:
        """What two entries have in common to be one: all they say, or order and line alone."""
        return (self.ref, self.line, self.units, self.amount, self.currency) if in_all else (self.ref, self.line)


class Money:
    """See the module."""

    def __init__(self, log: Log, deals: Deals, until: datetime) -> None:
        self.log = log
        self.deals = deals
        self.until = until
        self.entries = self._entries()

    # -- receivables -----------------------------------------------------------------------------------------

    def owed(self, period: Period, *, overdue: bool = False) -> Rows:
        """Open at the period's end, or at the instant asked about; to who has the order then."""
        at = min(period.end - MOMENT, self.until)
        if period.begin > self.until:
            return
        for facts in self.log.streams("invoice").values():
            stood = standing_at(facts, at)
            if not stood or stood.get("status") != "issued":
                continue
            paid = _parts(facts, at, "payments") - _parts(facts, at, "released")
            still = Decimal(stood["gross"]) - _parts(facts, at, "credits") - paid
            issued = date.fromisoformat(stood["issued_on"])
            due = date.fromisoformat(stood["due_on"]) if stood.get("due_on") else issued + timedelta(days=DUE_DAYS)
            if still and (not overdue or due < day_of(at)):
                order = standing_at(self.deals.of[stood["opportunity_id"]], at)
                yield Row(order.get("owner_id"), order.get("unit_id"), still, stood["currency"])

    # -- ledger ----------------------------------------------------------------------------------------------

    def _entries(self) -> Sequence[tuple[Entry, bool]]:
        """Every entry, and whether both sides agree in it."""
        ours, theirs = list(self._ours()), list(self._theirs())
        found: list[tuple[Entry, bool]] = []
        for agrees in (True, False):
            waiting: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
            for entry in sorted(theirs, key=lambda entry: entry.on):
                waiting[entry.alike(agrees)].append(entry)
            left = []
            for entry in sorted(ours, key=lambda entry: entry.on):
                if waiting[entry.alike(agrees)]:
                    waiting[entry.alike(agrees)].pop(0)
                    found.append((entry, agrees))
                else:
                    left.append(entry)
            ours, theirs = left, [entry for some in waiting.values() for entry in some]
        return [*found, *((entry, False) for entry in (*ours, *theirs))]

    def _ours(self) -> Iterator[Entry]:
        for id, facts in self.deals.of.items():
            for fact in facts:
                if fact.type != "UnitsDelivered":
                    continue
                then = standing_at(facts, fact.at)
                for part in fact.changes["delivered"]:
                    amount = _amount_of_line(then, part["line"], part["units"])
                    ref = then.get("order_ref") or id
                    yield Entry(ref, part["line"], part["units"], amount, then["currency"],
                                date.fromisoformat(part["on"]), credited(then))  # fmt: skip

    def _theirs(self) -> Iterator[Entry]:
        orders = {}
        for facts in self.deals.of.values():
            stood = facts[-1].stood
            if stood.get("order_ref") and stood.get("status") in ("ordered", "cancelled"):
                orders[stood["order_ref"]] = facts
        for facts in self.log.streams("posting").values():
            said = facts[0].stood
            known = orders.get(said["order_ref"])
            row = Row(None, None) if known is None else credited(standing_at(known, facts[0].at))
            yield Entry(said["order_ref"], said["line"], said["units"], Decimal(said["amount"]), said["currency"],
                        date.fromisoformat(said["posted_on"]), row)  # fmt: skip

    def ledger(self, period: Period, *, matched: bool = False) -> Rows:
        for entry, agrees in self.entries:
            if period.first <= entry.on <= period.last and (agrees or not matched):
                yield entry.row

    # -- company figures -------------------------------------------------------------------------------------

    def company(self, period: Period, kind: str) -> Iterator[tuple[Mapping[str, Any], Period]]:
        """Figures of months that lie in the period; the story tells months only."""
        for facts in self.log.streams("company_figure").values():
            said = facts[-1].stood
            (month,) = months_from(date.fromisoformat(said["month"]), 1)
            assert said["months"] == 1, "the story tells months"
            if said["kind"] == kind and period.first <= month.first and month.last <= period.last:
                yield said, month

    def of_company(self, period: Period, kind: str) -> Rows:
        for said, _ in self.company(period, kind):
            yield Row(None, said["unit_id"], Decimal(said["amount"]), said["currency"], whole=True)

    def customers(self, period: Period, *, ours: bool = False) -> Rows:
        """What customers spent with everybody, or of it with us: of those whose total is known."""
        for said, month in self.company(period, "customer_total"):
            at = min(month.end - MOMENT, self.until)
            account = standing_at(self.log.streams("account")[said["account_id"]], at)
            amount = Decimal(said["amount"])
            if ours:
                rows = self.deals.ordered_amount(month)
                amount = sum(
                    (
                        row.amount
                        for row in rows
                        if (row.account, row.currency) == (said["account_id"], said["currency"])
                    ),
                    Decimal(),
                )
            yield Row(account.get("owner_id"), account.get("unit_id"), amount, said["currency"])

    # -- forecasts -------------------------------------------------------------------------------------------

    def forecast(self, period: Period) -> Rows:
        """The calls of whole months in force at each month's end: the head's figure of that call, or the person's."""
        for month in months_from(period.first, 12):
            if month.last > period.last:
                return
            at = min(month.end - MOMENT, self.until)
            for facts in self.log.streams("forecast").values():
                stood = standing_at(facts, at)
                if not stood or date.fromisoformat(stood["month"]) != month.first:
                    continue
                adjusted = stood.get("adjusted") if stood.get("adjusted_number") == stood.get("number") else None
                said = {line["measure"]: line for line in (*stood["lines"], *(adjusted or ()))}
                if "orders" in said:
                    yield Row(stood["owner_id"], stood["unit_id"], Decimal(said["orders"]["figure"]))

    # -- buyers gone -----------------------------------------------------------------------------------------

    def buyers_before(self, period: Period, days: int, *, gone: bool = False) -> Rows:
        """Accounts whose last order before the period is not longer ago; gone: that did not order in it."""
        orders: dict[str, list[Fact]] = defaultdict(list)
        for facts in self.deals.of.values():
            for fact in facts:
                if fact.type == "DealWon" and fact.stood.get("account_id"):
                    orders[fact.stood["account_id"]].append(fact)
        for told in orders.values():
            told.sort(key=lambda fact: (fact.at, fact.stream, fact.version))
            earlier = [fact for fact in told if fact.at < period.begin]
            if not earlier or (period.first - day_of(earlier[-1].at)).days > days or period.begin > self.until:
                continue
            if not gone or not any(period.holds(fact.at) for fact in told):
                yield credited(earlier[-1].stood)


def _parts(facts: Sequence[Fact], at: datetime, name: str) -> Decimal:
    return sum(
        (Decimal(part["amount"]) for fact in facts if fact.at <= at for part in fact.changes.get(name) or ()), Decimal()
    )


def _amount_of_line(stood: Mapping[str, Any], number: int, units: int) -> Decimal:
    """Of units of a line: by its price, else its part of the stated total."""
    line = next(line for line in stood["lines"] if line["line"] == number)
    if line.get("unit_price"):
        return Decimal(line["unit_price"]) * units
    unpriced = [one for one in stood["lines"] if not one.get("unit_price")]
    rest = amount_of(stood) - sum(
        (Decimal(one["unit_price"]) * one["units"] for one in stood["lines"] if one.get("unit_price")), Decimal()
    )
    every = sum(one["units"] for one in unpriced)
    so_far = sum(one["units"] for one in unpriced if one["line"] <= number)
    share = _cents(rest * so_far / every) - _cents(rest * (so_far - line["units"]) / every)
    return _cents(share * units / line["units"])


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
