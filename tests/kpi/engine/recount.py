"""Every KPI of prospects, orders, defeats and buyers in plain Python, from the steps of `world.py`. Tests nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.kpi.engine.period import Period, previous, year_before
from shared.days import day_of, start_of
from tests.kpi.engine.told import Step, Stood

ZONE = ZoneInfo("Asia/Shanghai")
Keys = tuple[str | None, ...]
Amounts = dict[tuple[Keys, str | None], Decimal]
"""By group and currency (null for what is not money)."""
Told = tuple[Step | Stood, Sequence[str | None], Decimal, str | None]
"""What counts, its products, how much, and in which currency."""
DEFEATED = "defeated"


@dataclass(frozen=True)
class Recount:
    """What is known up to an instant, told apart by these dimensions."""

    steps: Sequence[Step]
    stock: Sequence[Stood]
    at: datetime
    group_by: Sequence[str]
    told: dict[tuple[str, Period], Amounts] = field(default_factory=dict)

    # -- parts of the KPIs -------------------------------------------------------------------------------------

    def part(self, name: str, period: Period) -> Amounts:
        if (name, period) not in self.told:
            found: Amounts = defaultdict(Decimal)
            told: Iterator[Told] = getattr(self, name)(period.start(ZONE), period.end(ZONE), period)
            for one, products, amount, currency in told:
                for key in self._keys(one, products):
                    found[key, currency] += amount
            self.told[name, period] = {key: amount for key, amount in found.items() if amount}
        return self.told[name, period]

    def _keys(self, one: Step | Stood, products: Sequence[str | None]) -> Iterator[Keys]:
        said = {"person": str(one.owner), "unit": str(one.unit), "channel": one.channel}
        for product in products if "product" in self.group_by else (None,):
            yield tuple(product if name == "product" else said[name] for name in self.group_by)

    def _in(self, name: str, start: datetime, end: datetime) -> Iterator[Step]:
        return (one for one in self.steps if one.name == name and start <= one.at < end and one.at <= self.at)

    def _each(self, name: str, start: datetime, end: datetime, which: Callable[[Step], bool]) -> Iterator[Told]:
        for one in self._in(name, start, end):
            if which(one):
                yield one, list(one.lines or {None: (0, None)}), Decimal(1), None

    def captured(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each("captured", start, end, lambda one: True)

    def captured_won(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each("captured", start, end, lambda one: self._by(one.won_at) and one.won_at < end)  # type: ignore[operator]

    def won(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._firsts("ordered", start, end)

    def lost(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._firsts(DEFEATED, start, end)

    def _firsts(self, name: str, start: datetime, end: datetime) -> Iterator[Told]:
        """Each prospect once, by its first such step in the period."""
        seen = set()
        for one in sorted(self._in(name, start, end), key=lambda one: (one.at, one.version)):
            if one.prospects and one.id not in seen:
                seen.add(one.id)
                yield one, list(one.lines or {None: (0, None)}), Decimal(1), None

    def _by(self, at: datetime | None) -> bool:
        return at is not None and at <= self.at

    def defeats(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each(DEFEATED, start, end, lambda one: True)

    def called(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each(DEFEATED, start, end, lambda one: one.verdict is not None)

    def confirmed(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each(DEFEATED, start, end, lambda one: one.verdict == "confirmed")

    def _within(self, one: Step, then: datetime | None, days: int = 90) -> bool:
        return self._by(then) and then is not None and day_of(then, ZONE) - day_of(one.at, ZONE) <= timedelta(days)

    def reopened(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each(DEFEATED, start, end, lambda one: self._within(one, one.reopened_at))

    def rewon(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each(
            DEFEATED, start, end, lambda one: self._within(one, one.reopened_at) and self._within(one, one.won_at)
        )

    def requests(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each("defeat_requested", start, end, lambda one: True)

    def clear(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each("defeat_requested", start, end, lambda one: one.category != "unknown")

    def rejected(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._each("defeat_rejected", start, end, lambda one: True)

    def _units(self, name: str, start: datetime, end: datetime) -> Iterator[Told]:
        for one in self._in(name, start, end):
            if "product" in self.group_by:
                for product, (units, _) in (one.lines or {}).items():
                    yield one, [product], Decimal(units), None
            else:
                yield one, [None], Decimal(one.units), None

    def ordered(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._units("ordered", start, end)

    def delivered(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._units("delivered", start, end)

    def cancelled(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._units("cancelled", start, end)

    def amount(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        for one in self._in("ordered", start, end):
            if "product" in self.group_by:
                for product, (_units, amount) in (one.lines or {}).items():
                    yield one, [product], amount or Decimal(0), one.currency
            else:
                yield one, [None], one.amount or Decimal(0), one.currency

    # -- stock ---------------------------------------------------------------------------------------------------

    def _standing(self, stock: str, bound: datetime) -> Iterator[Stood]:
        for one in self.stock:
            if one.stock == stock and one.since < bound and (one.until is None or one.until >= bound):
                yield one

    def _open(self, start: datetime, which: Callable[[Stood], bool]) -> Iterator[Told]:
        if start > self.at:
            return
        for one in self._standing("open", start):
            if which(one):
                yield one, list(one.lines or {None: 0}), Decimal(1), None

    def opening(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._open(start, lambda one: True)

    def opening_won(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._open(start, lambda one: self._by(one.won_at) and one.won_at < end)  # type: ignore[operator]

    def _recent(self, period: Period, one: Stood) -> bool:
        return one.captured_at >= start_of(period.first - timedelta(days=90), ZONE)

    def recent(self, start: datetime, end: datetime, period: Period) -> Iterator[Told]:
        return self._open(start, lambda one: self._recent(period, one))

    def recent_won(self, start: datetime, end: datetime, period: Period) -> Iterator[Told]:
        return self._open(
            start, lambda one: self._recent(period, one) and self._by(one.won_at) and one.won_at < end  # type: ignore[operator]
        )  # fmt: skip

    def _undelivered(self, bound: datetime) -> Iterator[Told]:
        for one in self._standing("ordered", bound):
            if "product" in self.group_by:
                for product, units in (one.lines or {}).items():
                    yield one, [product], Decimal(units), None
            else:
                yield one, [None], Decimal(one.units), None

    def opening_units(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return self._undelivered(start) if start <= self.at else iter(())

    # -- buyers --------------------------------------------------------------------------------------------------

    def _orders(self) -> list[Step]:
        found = [o for o in self.steps if o.name == "ordered" and o.prospects and o.account and o.at <= self.at]
        return sorted(found, key=lambda one: (one.at, str(one.id), one.version))

    def _bought(self, start: datetime, end: datetime) -> dict[object, Step]:
        found: dict[object, Step] = {}
        for one in self._orders():
            if start <= one.at < end:
                found.setdefault(one.account, one)
        return found

    def buyers(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        return ((one, [None], Decimal(1), None) for one in self._bought(start, end).values())

    def new_buyers(self, start: datetime, end: datetime, _: Period) -> Iterator[Told]:
        earlier = {one.account for one in self._orders() if one.at < start}
        return (
            (one, [None], Decimal(1), None) for a, one in self._bought(start, end).items() if a not in earlier
        )  # fmt: skip

    def earlier_buyers(self, start: datetime, end: datetime, period: Period) -> Iterator[Told]:
        before = previous(period)
        found = self._bought(before.start(ZONE), before.end(ZONE)) if before.start(ZONE) <= self.at else {}
        return ((one, [None], Decimal(1), None) for one in found.values())

    def kept_buyers(self, start: datetime, end: datetime, period: Period) -> Iterator[Told]:
        again = self._bought(start, end)
        return (told for told in self.earlier_buyers(start, end, period) if told[0].account in again)

    # -- KPIs ----------------------------------------------------------------------------------------------------

    def figure(self, kpi: str, period: Period) -> dict[tuple[Keys, str | None], tuple[Decimal, Decimal | None]]:
        """Numerator and denominator of every group and currency that has one."""
        above, below = PARTS[kpi]
        numerator = self._sum(above, period)
        denominator = self._sum(above, year_before(period)) if kpi in GROWTH else self._sum(below, period)
        keys = {*numerator, *denominator}
        none = None if not below and kpi not in GROWTH else Decimal(0)
        return {key: (numerator.get(key, Decimal(0)), denominator.get(key, none)) for key in keys}

    def _sum(self, parts: Sequence[str], period: Period) -> Amounts:
        found: Amounts = defaultdict(Decimal)
        for name in parts:
            sign = -1 if name.startswith("-") else 1
            for key, amount in self.part(name.lstrip("-"), period).items():
                found[key] += sign * amount
        return found


GROWTH = ("order_growth", "sales_growth")
STOCK = ("captured", "opening")
ORDERS = ("ordered", "opening_units")
PARTS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "new_records": (("captured",), ()),
    "orders": (("ordered",), ()),
    "deliveries": (("delivered",), ()),
    "order_amount": (("amount",), ()),
    "prospect_conversion": (("won",), STOCK),
    "defeat_rate": (("lost",), STOCK),
    "cohort_signing": (("captured_won",), ("captured",)),
    "stock_signing_month": (("opening_won",), ("opening",)),
    "stock_signing_90": (("recent_won",), ("recent",)),
    "delivery_rate": (("delivered",), ORDERS),
    "cancellation_rate": (("cancelled",), ORDERS),
    "net_orders": (("ordered", "-cancelled"), ()),
    "defeat_clarity": (("clear",), ("requests",)),
    "defeat_rejection": (("rejected",), ("requests",)),
    "defeat_accuracy": (("confirmed",), ("called",)),
    "revival_rate": (("reopened",), ("defeats",)),
    "revival_won_rate": (("rewon",), ("defeats",)),
    "retention": (("kept_buyers",), ("earlier_buyers",)),
    "new_account_rate": (("new_buyers",), ("buyers",)),
    "order_growth": (("ordered",), ()),
    "sales_growth": (("amount",), ()),
}
