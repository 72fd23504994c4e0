"""A lead plan week by week, as of any day: leads against target, run rate, spend and what it bought. Stores nothing.

Leads, records, orders and spend are the measures of the KPIs: of the leads received in a week what became of them up
to the instant asked about. A channel's target falls on its weeks by their working days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from services.kpi.answers import figure
from services.kpi.asking import Asking, Labels, Reads, Row, Sql, rounded
from services.kpi.calendar.working_days import WorkingDays
from services.kpi.engine.period import Period
from services.kpi.engine.question import Filters, Question, Use
from services.kpi.engine.sources import leads
from services.kpi.engine.values import count
from services.kpi.lead_plans.events import LeadChannel, WeekReview
from services.kpi.lead_plans.weeks import Week, shared_out, weeks, working_days_of
from services.kpi.month import said
from services.kpi.words import with_channel

ONE: Final = "select p.* from {lead_plans} as p where p.stream_id = {plan} and {holds}"
COUNTS: Final[Mapping[str, Use]] = {
    "leads": Use(leads.RECEIVED),
    "visitors": Use(leads.VISITORS),
    "records": Use(leads.RECORDED),
    "orders": Use(leads.WON),
}
SPEND: Final = Use(leads.SPEND)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Counted:
    """What one cell of the table counts; money by currency."""

    counts: dict[str, int]
    spend: dict[str, Decimal]

    @classmethod
    def nothing(cls) -> Counted:
        return cls(dict.fromkeys(COUNTS, 0), {})

    def add(self, other: Counted) -> None:
        for name, number in other.counts.items():
            self.counts[name] += number
        for currency, amount in other.spend.items():
            self.spend[currency] = self.spend.get(currency, Decimal(0)) + amount


async def weekly(reads: Reads, asking: Asking, labels: Labels, days: WorkingDays, plan_id: UUID) -> Row | None:
    """The plan's table; None when there was no plan then. Whoever asks may see it."""
    sql = Sql(asking)
    plan = await reads.fetchrow(sql.text(ONE, plan=sql(plan_id), holds=sql.holds("p")), *sql.values)
    if plan is None:
        return None
    bounds = days.month_bounds(plan["month"])
    cut = weeks(*bounds)
    worked = [working_days_of(week, days.is_working) for week in cut]
    channels = msgspec.convert(plan["channels"], tuple[LeadChannel, ...])
    reviews = msgspec.convert(plan["reviews"], tuple[WeekReview, ...])
    counted = await _counted(reads, asking, plan["unit_id"], cut)
    planned = {one.channel: one for one in channels}
    others = sorted({channel for channel, _ in counted} - planned.keys(), key=lambda channel: channel or "")
    targets = {one.channel: shared_out(one.leads, worked) for one in channels}
    elapsed = days.working_between(bounds[0], min(bounds[1], asking.day)) if asking.day >= bounds[0] else ()
    rows: list[Row] = []
    whole = [Counted.nothing() for _ in cut]
    for channel in (*planned, *others):
        cells = [counted.get((channel, index), Counted.nothing()) for index in range(len(cut))]
        for total, cell in zip(whole, cells, strict=True):
            total.add(cell)
        one = planned.get(channel) if channel is not None else None
        target = targets.get(channel or "", [0] * len(cut))
        rows += _rows(channel, cut, worked, target, cells, len(elapsed), one, ())
    sums = [sum(target[index] for target in targets.values()) for index in range(len(cut))]
    total_rows = _rows(None, cut, worked, sums, whole, len(elapsed), _budget(channels), reviews)
    units = await labels.units(reads, asking, [plan["unit_id"]])
    return {
        "rows": [with_channel(row, labels.language) for row in (*total_rows, *rows)],
        "lead_plan_id": plan_id,
        "month": said(plan["month"]),
        "unit_id": plan["unit_id"],
        "unit": units.get(plan["unit_id"]),
        "status": plan["status"],
    }


async def _counted(
    reads: Reads, asking: Asking, unit_id: UUID, cut: Sequence[Week]
) -> dict[tuple[str | None, int], Counted]:
    """By channel and week (its place)."""
    periods = tuple(Period(week.first, week.last, f"w{week.number}", "week", week.first) for week in cut)
    question = Question(asking, periods, ("channel",), Filters(unit_id=unit_id))
    tables = (await count(reads, question, (*COUNTS.values(), SPEND))).of
    found: dict[tuple[str | None, int], Counted] = {}
    for name, use in COUNTS.items():
        for (period, (channel,), _), amount in tables[use].items():
            found.setdefault((channel, period), Counted.nothing()).counts[name] += int(amount)
    for (period, (channel,), currency), amount in tables[SPEND].items():
        cell = found.setdefault((channel, period), Counted.nothing())
        cell.spend[currency or ""] = cell.spend.get(currency or "", Decimal(0)) + Decimal(amount)
    return found


def _rows(
    channel: str | None,
    cut: Sequence[Week],
    worked: Sequence[int],
    targets: Sequence[int],
    cells: Sequence[Counted],
    elapsed: int,
    plan: LeadChannel | None,
    reviews: Sequence[WeekReview],
) -> list[Row]:
    """The month so far, then week by week."""
    rows: list[Row] = []
    month = Counted.nothing()
    target_so_far = 0
    for week, days, target, cell in zip(cut, worked, targets, cells, strict=True):
        month.add(cell)
        target_so_far += target
        of_week = [review for review in reviews if review.week == week.number]
        rows.append(
            _row(channel, week.number, (week.first, week.last), days, target, cell)
            | {
                "target_so_far": target_so_far,
                "leads_so_far": month.counts["leads"],
                **dict.fromkeys(("run_rate", "projected", "budget", "budget_currency")),
                "reviewed_on": of_week[-1].on if of_week else None,
                "findings": list(of_week[-1].findings) if of_week else [],
            }
        )
    pace = month.counts["leads"] / elapsed if elapsed else None
    first = _row(channel, None, (cut[0].first, cut[-1].last), sum(worked), sum(targets), month)
    return [
        first
        | {
            "target_so_far": target_so_far,
            "leads_so_far": month.counts["leads"],
            "run_rate": rounded(pace),
            "projected": None if pace is None else round(pace * sum(worked)),
            "budget": None if plan is None else figure(plan.budget, plan.currency),
            "budget_currency": None if plan is None else plan.currency,
            "reviewed_on": reviews[-1].on if reviews else None,
            "findings": [],
        },
        *rows,
    ]


def _row(
    channel: str | None, week: int | None, days: tuple[date, date], working: int, target: int, cell: Counted
) -> Row:
    came = cell.counts["leads"]
    visited = came + cell.counts["visitors"]
    return {
        "channel": channel,
        "week": week,
        "first": days[0],
        "last": days[1],
        "working_days": working,
        "target": target,
        **cell.counts,
        "attainment": rounded(came / target) if target else None,
        "gap": came - target,
        "record_rate": rounded(cell.counts["records"] / visited) if visited else None,
        "spend": [_spend(currency, amount, cell.counts) for currency, amount in sorted(cell.spend.items())],
    }


def _spend(currency: str, amount: Decimal, counts: Mapping[str, int]) -> dict[str, Any]:
    def per(name: str) -> str | None:
        return figure((amount / counts[name]).quantize(Decimal("0.01")), currency) if counts[name] else None

    return {
        "currency": currency,
        "amount": figure(amount, currency),
        "cost_per_lead": per("leads"),
        "cost_per_record": per("records"),
        "cost_per_order": per("orders"),
    }


def _budget(channels: Sequence[LeadChannel]) -> LeadChannel | None:
    """Of all channels, where they are in one currency."""
    currencies = {one.currency for one in channels if one.budget is not None}
    if len(currencies) != 1:
        return None
    total = sum((one.budget for one in channels if one.budget is not None), Decimal(0))
    return LeadChannel("", 0, None, total, currencies.pop())
