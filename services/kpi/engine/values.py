"""Figures: definitions computed for periods and groups, beside target, previous period and last year. No SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.computing import computed
from services.kpi.engine.definition import Chosen, Dimension, Measure
from services.kpi.engine.period import CALENDAR, Months, Period, previous, year_before
from services.kpi.engine.question import EVERYTHING, Filters, Keys, Question, Use
from services.kpi.engine.shipped import SOURCES
from services.kpi.engine.sources.targets import TARGETS
from shared.records.places import places

State = Literal["ok", "zero_denominator", "no_source"]


@dataclass(slots=True)
class Value:
    """One figure. Amounts are exact; `value` is null unless `state` is ok. `keys`: of the dimensions grouped by."""

    chosen: Chosen
    period: Period
    keys: Keys
    currency: str | None
    numerator: Decimal | None
    denominator: Decimal | None
    factor: Decimal | None
    value: Decimal | None
    state: State
    target: Decimal | None = None
    attainment: Decimal | None = None
    gap: Decimal | None = None
    previous: Decimal | None = None
    same_period_last_year: Decimal | None = None


async def values(
    reads: Reads,
    asking: Asking,
    wanted: Sequence[Chosen],
    periods: Sequence[Period],
    *,
    group_by: Sequence[Dimension] = (),
    filters: Filters = EVERYTHING,
    compare: bool = True,
    targets: bool = True,
    opening_known_at: int | None = None,
    months: Months = CALENDAR,
) -> list[Value]:
    """A figure per definition, period, group and currency: in order of definitions, periods, keys.

    `compare`: with the previous period and the same of last year. `targets`: with target, attainment and gap.
    `opening_known_at`: the position at which the opening stock was fixed (of an official figure). Who calls waits for
    `views_of(wanted)` first. Every group that has anything in one of the periods has a figure for each of them.
    """
    growth = any(one.definition.kind == "growth" for one in wanted)
    frame = Frame.of(periods, compare, months, growth=growth, grouped=bool(group_by))
    question = Question(
        asking,
        frame.periods,
        tuple(group_by),
        filters,
        await places(reads, Sql(asking), group_by),
        opening_known_at,
        months,
    )
    counted = await count(reads, question, [*uses_of(wanted), *(_targets(wanted) if targets else ())])
    absent = {name for name in counted.silent if not await SOURCES[name].exists(reads, asking)}
    found: list[Value] = []
    for chosen in wanted:
        found += _figures(chosen, frame, counted, absent, compare=compare, targets=targets)
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """The periods counted, and where in them those asked for, the ones before and those of last year are."""

    periods: tuple[Period, ...]
    asked: Sequence[int]
    before: Mapping[int, int]
    last_year: Mapping[int, int]
    grouped: bool

    @classmethod
    def of(cls, asked: Sequence[Period], compare: bool, months: Months, *, growth: bool, grouped: bool) -> Frame:
        shown = {period: (previous(period, months), year_before(period, months)) for period in asked}
        every = set(asked)
        if compare:
            every.update(period for pair in shown.values() for period in pair)
        years = {period: year_before(period, months) for period in every} if growth else {}
        every.update(years.values())
        days: dict[tuple[date, date], Period] = {(period.first, period.last): period for period in every}
        ordered = tuple(days[key] for key in sorted(days))
        place = {(period.first, period.last): number for number, period in enumerate(ordered)}

        def at(period: Period) -> int:
            return place[period.first, period.last]

        before = {at(period): at(pair[0]) for period, pair in shown.items()} if compare else {}
        last = {at(period): at(year) for period, year in years.items()}
        if compare:
            last.update({at(period): at(pair[1]) for period, pair in shown.items()})
        return cls(ordered, [at(period) for period in asked], before, last, grouped)


def uses_of(wanted: Sequence[Chosen]) -> Sequence[Use]:
    """The measures these definitions need, with their parameters, each once."""
    return list(dict.fromkeys(use_of(chosen, term.measure) for chosen in wanted for term in chosen.definition.terms))


def use_of(chosen: Chosen, measure: Measure) -> Use:
    """A measure as this definition takes it."""
    names = (*measure.parameters, *(("channels",) if "channel" in chosen.definition.dimensions else ()))
    given = [(name, chosen.parameter(name)) for name in names]
    return Use(measure, tuple((name, value) for name, value in given if value is not None))


def _targets(wanted: Sequence[Chosen]) -> Sequence[Use]:
    names = dict.fromkeys(chosen.definition.target for chosen in wanted)
    return [Use(TARGETS[name]) for name in names if name is not None]


@dataclass(frozen=True, slots=True)
class Tables:
    """Amounts by use: of period, group and currency (null for what is not money)."""

    of: Mapping[Use, Mapping[tuple[int, Keys, str | None], Decimal | int]]
    silent: Collection[str]
    """Sources that had nothing to say."""


async def count(reads: Reads, question: Question, uses: Sequence[Use]) -> Tables:
    """Ask each source once for all that is wanted of it."""
    by_source: dict[str, list[Use]] = {}
    for use in dict.fromkeys(uses):
        by_source.setdefault(use.measure.source, []).append(use)
    tables: dict[Use, dict[tuple[int, Keys, str | None], Decimal | int]] = {}
    silent = []
    told = [SOURCES[name].amounts(reads, question, asked) for name, asked in by_source.items()]
    if hasattr(reads, "acquire"):  # a pool: each source may have a connection of its own
        answers = await asyncio.gather(*told)
    else:
        answers = [await one for one in told]
    for (name, asked), rows in zip(by_source.items(), answers, strict=True):
        into = [tables.setdefault(use, {}) for use in asked]
        money = [use.measure.is_money for use in asked]
        for period, keys, currency, amounts in rows:
            for table, is_money, amount in zip(into, money, amounts, strict=True):
                if amount:
                    key = (period, keys, currency if is_money else None)
                    table[key] = table.get(key, 0) + amount
        if not any(into):
            silent.append(name)
    return Tables(tables, silent)


def _figures(
    chosen: Chosen, frame: Frame, counted: Tables, absent: Collection[str], *, compare: bool, targets: bool
) -> list[Value]:
    definition = chosen.definition
    parts = [
        [(counted.of[use_of(chosen, term.measure)], term.sign, term.measure.is_money) for term in figure]
        for figure in (definition.numerator, definition.denominator, definition.factor)
    ]
    planned = None
    if targets and definition.target is not None and chosen.parameter("channels") is None:
        planned = counted.of[Use(TARGETS[definition.target])]
    no_source = not definition.numerator or any(term.measure.source in absent for term in definition.terms)
    is_growth, is_money = definition.kind == "growth", definition.is_money
    has_denominator = bool(parts[1]) or is_growth

    def figure(part: int, k: int, keys: Keys, currency: str | None) -> Decimal | int:
        total: Decimal | int = 0
        for table, sign, per_currency in parts[part]:
            total += sign * table.get((k, keys, currency if per_currency else None), 0)
        return total

    def below(k: int, keys: Keys, currency: str | None) -> Decimal | int:
        return figure(0, frame.last_year[k], keys, currency) if is_growth else figure(1, k, keys, currency)

    def value_at(k: int, keys: Keys, currency: str | None) -> Decimal | None:
        if no_source:
            return None
        above = figure(0, k, keys, currency)
        return computed(definition, above, below(k, keys, currency), figure(2, k, keys, currency))

    found = []
    shown = {*frame.asked, *(frame.last_year[k] for k in frame.asked if is_growth)}
    groups = _groups(frame, shown, [table for part in parts for table, *_ in part], planned, is_money)
    for k in frame.asked:
        for keys, currency in groups:
            above, under, times = figure(0, k, keys, currency), below(k, keys, currency), figure(2, k, keys, currency)
            value = None if no_source else computed(definition, above, under, times)
            state: State = "no_source" if no_source else "zero_denominator" if value is None else "ok"
            one = Value(
                chosen,
                frame.periods[k],
                keys,
                currency,
                None if no_source else Decimal(above),
                None if no_source or not has_denominator else Decimal(under),
                None if no_source or not parts[2] else Decimal(times),
                value,
                state,
            )
            if planned is not None and (target := planned.get((k, keys, currency if is_money else None))):
                one.target = Decimal(target)
                if value is not None:
                    one.attainment, one.gap = value / one.target, value - one.target
            if compare:
                one.previous = value_at(frame.before[k], keys, currency)
                one.same_period_last_year = value_at(frame.last_year[k], keys, currency)
            found.append(one)
    return found


def _groups(
    frame: Frame,
    asked: Collection[int],
    tables: Sequence[Mapping[tuple[int, Keys, str | None], Decimal | int]],
    planned: Mapping[tuple[int, Keys, str | None], Decimal | int] | None,
    is_money: bool,
) -> Sequence[tuple[Keys, str | None]]:
    """The groups and currencies that have anything in one of these periods; without groups there is always one."""
    found: dict[Keys, set[str]] = {}
    for table in (*tables, *(() if planned is None else (planned,))):
        for k, keys, currency in table:
            if k in asked:
                said = found.setdefault(keys, set())
                if currency is not None:
                    said.add(currency)
    if not found and not frame.grouped:
        return [((), None)]
    shown: list[tuple[Keys, str | None]] = []
    for keys in sorted(found, key=lambda keys: [(key is None, key or "") for key in keys]):
        currencies = sorted(found[keys]) if is_money else ()
        shown += [(keys, currency) for currency in currencies or (None,)]
    return shown
