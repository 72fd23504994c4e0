"""Every KPI recomputed from raw facts: formula by formula, by person, unit, branch. Plain Python; no product code.

An oracle answers as of a day, as known at a position. `opening` is the one whose knowledge the opening stock is of: for
an official figure that of the close before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from tests.journeys.year.deals import Deals, Row, Rows
from tests.journeys.year.duties import Duties, Visits
from tests.journeys.year.leads import Leads
from tests.journeys.year.log import Event, Log, Period, Places, before, start, year_before
from tests.journeys.year.money import Money
from tests.journeys.year.targets import Targets

Key = tuple[str | None, ...]
Count = Callable[["Oracle", Period], Rows]
Sums = dict[tuple[Key, str | None], Decimal]
WINDOW = 90
"""Days of the KPIs with a window, as shipped."""
YEAR = 365


@dataclass(frozen=True)
class Figure:
    """One figure; `value` is null when there is nothing to divide by. Of a growth the denominator is last year's."""

    numerator: Decimal
    denominator: Decimal | None
    value: Decimal | None
    factor: Decimal | None = None


NOTHING = Decimal()


@dataclass(frozen=True)
class Formula:
    """What is added up above and below the line. `growth`: against the same a year before; `factor`: of a cost."""

    above: Count
    below: Count | None = None
    growth: bool = False
    factor: Count | None = None
    measure: str | None = None
    """Below the line stands the target of this measure."""
    following: bool = False
    """The target of the month after."""
    points: bool = False
    """Graded by the deviation."""


class Oracle:
    """What every figure must be, as of the end of a day."""

    def __init__(self, events: Iterable[Event], *, as_of: date, known_at: int | None = None) -> None:
        self.at = start(as_of + timedelta(days=1)) - timedelta(microseconds=1)
        self.log = Log(events, known_at=known_at, until=self.at)
        self.places = Places(self.log, self.at)
        self.opening = self
        self._rows: dict[tuple[Count, Period], Sequence[Row]] = {}

    def official(self, opening: Oracle, places: Places) -> Oracle:
        """The same with the opening stock as another knows it, rolled up along the tree of the question."""
        found = copy(self)
        found.opening, found.places, found._rows = opening, places, {}
        return found

    @cached_property
    def deals(self) -> Deals:
        return Deals(self.log)

    @cached_property
    def leads(self) -> Leads:
        return Leads(self.log, self.at)

    @cached_property
    def duties(self) -> Duties:
        return Duties(self.log, self.deals, self.at)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.log, self.at)

    @cached_property
    def money(self) -> Money:
        return Money(self.log, self.deals, self.at)

    @cached_property
    def targets(self) -> Targets:
        return Targets(self.log)

    # -- one KPI ---------------------------------------------------------------------------------------------

    def figures(self, kpi: str, period: Period, by: Sequence[str] = ()) -> Mapping[tuple[Key, str | None], Figure]:
        """By group and currency. What is no money counts for each currency of its group."""
        formula = FORMULAS[kpi]
        above = self._sums(formula.above, period, by)
        below: Sums | None = None
        if formula.growth:
            below = self._sums(formula.above, year_before(period), by)
        elif formula.measure is not None:
            below = self._planned(formula.measure, period, by, following=formula.following)
        elif formula.below is not None:
            below = self._sums(formula.below, period, by)
        factor = None if formula.factor is None else self._sums(formula.factor, period, by)
        currencies: dict[Key, set[str | None]] = defaultdict(set)
        for key, currency in (*above, *(below or ()), *(factor or ())):
            currencies[key].add(currency)
        found: dict[tuple[Key, str | None], Figure] = {}
        for key, told in currencies.items():
            for currency in told - {None} or {None}:
                of = Group(key, currency)
                found[key, currency] = _figure(formula, of.of(above), of.of(below), of.of(factor))
        return found

    def rows(self, count: Count, period: Period) -> Sequence[Row]:
        """What is counted in a period, worked out once."""
        key = (count, period)
        if key not in self._rows:
            self._rows[key] = list(count(self, period))
        return self._rows[key]

    def _sums(self, count: Count, period: Period, by: Sequence[str]) -> Sums:
        found: Sums = defaultdict(Decimal)
        for row in self.rows(count, period):
            if row.whole and not self._told_apart(row, by):
                continue
            found[tuple(self._key(row, dimension) for dimension in by), row.currency] += row.amount
        return {key: amount for key, amount in found.items() if amount}

    def _told_apart(self, row: Row, by: Sequence[str]) -> bool:
        """Of figures of units with all below: the company's own, or those of the very units asked for."""
        kind = by[0] if by else "head_office"
        return bool(self.places.units.get(row.unit or "", {}).get("kind") == kind)

    def _key(self, row: Row, dimension: str) -> str | None:
        match dimension:
            case "person":
                return row.person
            case "unit":
                return row.unit
            case "channel":
                return row.channel
            case place:
                return self.places.up(row.unit, place)

    def _planned(self, measure: str, period: Period, by: Sequence[str], *, following: bool) -> Sums:
        """Targets of whole months: of persons, of branches as they stand, of the company as its topmost unit."""
        month = period.last + timedelta(days=1) if following else period.first
        found: Sums = {}
        while following or month <= period.last:
            for key, target in self._of_month(measure, month, tuple(by)).items():
                found[key, None] = found.get((key, None), Decimal()) + target
            if following:
                break
            month = (month + timedelta(days=32)).replace(day=1)
        return found

    def _of_month(self, measure: str, month: date, by: tuple[str, ...]) -> Mapping[Key, Decimal]:
        if by == ("person",):
            return {(person,): target for person, target in self.targets.of_persons(month, measure).items()}
        kind = by[0] if by else "head_office"
        units = [unit for unit, stood in self.places.units.items() if stood.get("kind") == kind]
        targets = {unit: self.targets.of_unit(month, measure, unit) for unit in units}
        return {((unit,) if by else ()): target for unit, target in targets.items() if target is not None}


@dataclass(frozen=True)
class Group:
    """Of whom and in which currency a figure is."""

    key: Key
    currency: str | None

    def of(self, sums: Sums | None) -> Decimal | None:
        if sums is None:
            return None
        return sums.get((self.key, self.currency), sums.get((self.key, None), NOTHING))


def _figure(formula: Formula, above: Decimal | None, below: Decimal | None, factor: Decimal | None) -> Figure:
    assert above is not None
    if below is None:
        return Figure(above, None, above)
    if formula.points:
        return Figure(above, below, Decimal(_points(above, below)))
    if not below:
        return Figure(above, below, None, factor)
    if formula.growth:
        return Figure(above, below, (above - below) / below)
    return Figure(above, below, (above if factor is None else above * factor) / below, factor)


def _points(forecast: Decimal, actual: Decimal) -> int:
    """100 to 20 % off, 80 to 50 %, 60 to 100 %, 40 to 200 %, else 20."""
    if not actual:
        return 20 if forecast else 100
    off = abs(forecast - actual) / actual
    return next(
        (points for most, points in (("0.2", 100), ("0.5", 80), ("1", 60), ("2", 40)) if off <= Decimal(most)), 20
    )


# -- the formulas --------------------------------------------------------------------------------------------


def _could(oracle: Oracle, period: Period) -> Rows:
    """Captured in the period, and the opening stock as known when the month before was closed."""
    yield from oracle.deals.captured(period)
    yield from oracle.opening.deals.opening(period)


def _to_deliver(oracle: Oracle, period: Period) -> Rows:
    yield from oracle.deals.ordered(period)
    yield from oracle.opening.deals.opening_orders(period)


def _net(oracle: Oracle, period: Period) -> Rows:
    yield from oracle.deals.ordered(period)
    for row in oracle.deals.cancelled(period):
        yield Row(row.person, row.unit, -row.amount, row.currency, row.channel, row.account)


def _buyers(oracle: Oracle, period: Period) -> Rows:
    for orders in oracle.deals.orders_of(period).values():
        yield oracle.deals.bought(orders[0])


def _new_buyers(oracle: Oracle, period: Period) -> Rows:
    for account, orders in oracle.deals.orders_of(period).items():
        first = oracle.deals.first_order_of(account)
        if first is not None and first >= period.begin:
            yield oracle.deals.bought(orders[0])


def _earlier(oracle: Oracle, period: Period) -> Rows:
    return _buyers(oracle, before(period))


def _kept(oracle: Oracle, period: Period) -> Rows:
    again = oracle.deals.orders_of(period)
    for account, orders in oracle.deals.orders_of(before(period)).items():
        if account in again:
            yield oracle.deals.bought(orders[0])


def _came(oracle: Oracle, period: Period) -> Rows:
    yield from oracle.leads.received(period)
    yield from oracle.leads.visitors(period)


NO_SOURCE = ("complaint_rate", "satisfaction", "team_satisfaction")
"""Surveys and complaints are not recorded yet."""
FORMULAS: Mapping[str, Formula] = {
    "new_records": Formula(lambda o, p: o.deals.captured(p)),
    "orders": Formula(lambda o, p: o.deals.ordered(p)),
    "deliveries": Formula(lambda o, p: o.deals.delivered(p)),
    "reported": Formula(lambda o, p: o.deals.reported(p)),
    "order_amount": Formula(lambda o, p: o.deals.ordered_amount(p)),
    "prospect_conversion": Formula(lambda o, p: o.deals.won(p), _could),
    "defeat_rate": Formula(lambda o, p: o.deals.lost(p), _could),
    "cohort_signing": Formula(lambda o, p: o.deals.captured_won(p), lambda o, p: o.deals.captured(p)),
    "stock_signing_month": Formula(
        lambda o, p: o.deals.stock_won(p, of=o.opening.deals), lambda o, p: o.opening.deals.stock(p)
    ),
    "stock_signing_90": Formula(
        lambda o, p: o.deals.stock_won(p, WINDOW, of=o.opening.deals), lambda o, p: o.opening.deals.stock(p, WINDOW)
    ),
    "delivery_rate": Formula(lambda o, p: o.deals.delivered(p), _to_deliver),
    "cancellation_rate": Formula(lambda o, p: o.deals.cancelled(p), _to_deliver),
    "net_orders": Formula(_net),
    "order_cover": Formula(lambda o, p: o.deals.closing_orders(p), measure="deliveries", following=True),
    "attainment_orders": Formula(lambda o, p: o.deals.ordered(p), measure="orders"),
    "attainment_deliveries": Formula(lambda o, p: o.deals.delivered(p), measure="deliveries"),
    "attainment_reported": Formula(lambda o, p: o.deals.reported(p), measure="reported"),
    "defeat_clarity": Formula(lambda o, p: o.deals.clear_requests(p), lambda o, p: o.deals.requests(p)),
    "defeat_rejection": Formula(lambda o, p: o.deals.rejected(p), lambda o, p: o.deals.requests(p)),
    "defeat_accuracy": Formula(lambda o, p: o.deals.called(p, "confirmed"), lambda o, p: o.deals.called(p)),
    "defeat_cost": Formula(
        lambda o, p: o.deals.defeats(p), lambda o, p: o.leads.received(p), factor=lambda o, p: o.leads.spend(p)
    ),
    "revival_rate": Formula(lambda o, p: o.deals.revived(p, WINDOW), lambda o, p: o.deals.defeats(p)),
    "revival_won_rate": Formula(lambda o, p: o.deals.revived(p, WINDOW, won=True), lambda o, p: o.deals.defeats(p)),
    "retention": Formula(_kept, _earlier),
    "new_account_rate": Formula(_new_buyers, _buyers),
    "order_growth": Formula(lambda o, p: o.deals.ordered(p), growth=True),
    "sales_growth": Formula(lambda o, p: o.deals.ordered_amount(p), growth=True),
    "follow_up_timeliness": Formula(lambda o, p: o.duties.fell_due(p, "on_time"), lambda o, p: o.duties.fell_due(p)),
    "visit_compliance": Formula(lambda o, p: o.visits.visited(p), lambda o, p: o.visits.due(p)),
    "lead_attainment": Formula(lambda o, p: o.leads.received(p), measure="leads"),
    "lead_response": Formula(lambda o, p: o.leads.in_time(p), lambda o, p: o.leads.promised(p)),
    "record_rate": Formula(lambda o, p: o.leads.records(p), _came),
    "cost_per_lead": Formula(lambda o, p: o.leads.spend(p), lambda o, p: o.leads.received(p)),
    "cost_per_record": Formula(lambda o, p: o.leads.spend(p), lambda o, p: o.leads.records(p)),
    "cost_per_order": Formula(lambda o, p: o.leads.spend(p), lambda o, p: o.leads.ordered(p, o.deals)),
    "forecast_deviation": Formula(lambda o, p: o.money.forecast(p), lambda o, p: o.deals.ordered(p), points=True),
    "receivables_open": Formula(lambda o, p: o.money.owed(p)),
    "receivables_overdue": Formula(lambda o, p: o.money.owed(p, overdue=True)),
    "ledger_match": Formula(lambda o, p: o.money.ledger(p, matched=True), lambda o, p: o.money.ledger(p)),
    "key_account_share": Formula(lambda o, p: o.deals.ordered_amount(p), lambda o, p: o.money.of_company(p, "sales")),
    "customer_share": Formula(lambda o, p: o.money.customers(p, ours=True), lambda o, p: o.money.customers(p)),
    "profit": Formula(lambda o, p: o.money.of_company(p, "profit")),
    "profit_growth": Formula(lambda o, p: o.money.of_company(p, "profit"), growth=True),
    "churn": Formula(
        lambda o, p: o.money.buyers_before(p, YEAR, gone=True), lambda o, p: o.money.buyers_before(p, YEAR)
    ),
}
