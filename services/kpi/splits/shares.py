"""Dividing a target by weight so that the parts sum to it, and whether parts do. Pure arithmetic; knows no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from services.kpi.splits.events import SplitLine, SplitTotal, SplitWeight
from shared.event_store.stream import Refused

ONE = Decimal(1)
CENT = Decimal("0.01")
SHARE = Decimal("0.000001")

Key = tuple[str, str | None, str | None]
"""Measure, product, currency: what is divided for itself."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A unit below, or a person: who may get a part."""

    unit_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a receiver did before, and has open, of one measure."""

    history: Decimal = Decimal(0)
    pipeline: Decimal = Decimal(0)


def key_of(part: SplitTotal | SplitLine) -> Key:
    return part.measure, part.product, part.currency


def divided(total: Decimal, shares: Sequence[Decimal], *, smallest: Decimal) -> list[Decimal]:
    """Parts of `total` in proportion to `shares`, in steps of `smallest`, that sum to it exactly.

    The largest remainders are rounded up; of equal ones the first. All shares zero: equal parts.
    """
    if not shares:
        return []
    whole = sum(shares, Decimal(0))
    exact = [total * (share / whole if whole else ONE / len(shares)) for share in shares]
    parts = [(one / smallest).quantize(ONE, ROUND_FLOOR) * smallest for one in exact]  # no `0E+26`
    left = int(((total - sum(parts, Decimal(0))) / smallest).to_integral_value(rounding="ROUND_FLOOR"))
    order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for turn in range(left):
        parts[order[turn % len(order)]] += smallest
    parts[order[0]] += total - sum(parts, Decimal(0))
    return parts


def smallest_of(total: SplitTotal) -> Decimal:
    """Whole units, unless the total itself is finer; money in cents."""
    if total.measure == "amount":
        return CENT
    return ONE if total.target == total.target.to_integral_value() else CENT


def shares_of(past: Sequence[Past], history_share: Decimal) -> list[Decimal]:
    """The share of each: so much of it by history, the rest by pipeline; by the other where one of them is empty."""
    history = sum((one.history for one in past), Decimal(0))
    pipeline = sum((one.pipeline for one in past), Decimal(0))
    by_history = history_share if pipeline else ONE
    if not history:
        by_history = Decimal(0)
    if not history and not pipeline:
        return [ONE / len(past) for _ in past]
    return [
        (by_history * one.history / history if history else Decimal(0))
        + ((ONE - by_history) * one.pipeline / pipeline if pipeline else Decimal(0))
        for one in past
    ]


def weighed(
    totals: Sequence[SplitTotal],
    receivers: Sequence[Receiver],
    past: Mapping[tuple[str, Receiver], Past],
    history_share: Decimal,
) -> tuple[tuple[SplitLine, ...], tuple[SplitWeight, ...]]:
    """A line per total and receiver, and per measure and receiver what it went by."""
    lines: list[SplitLine] = []
    weights: dict[str, list[SplitWeight]] = {}
    for total in totals:
        measured = [past.get((total.measure, one), Past()) for one in receivers]
        shares = shares_of(measured, history_share)
        if total.measure not in weights:
            weights[total.measure] = [
                SplitWeight(total.measure, was.history, was.pipeline, share.quantize(SHARE), one.unit_id, one.person_id)
                for one, was, share in zip(receivers, measured, shares, strict=True)
            ]
        smallest = smallest_of(total)
        targets = divided(total.target, shares, smallest=smallest)
        stretches: Sequence[Decimal | None] = (
            [None] * len(targets)
            if total.stretch is None
            else divided(total.stretch, shares, smallest=smallest_of_stretch(total))
        )
        lines += [
            SplitLine(total.measure, target, stretch, one.unit_id, one.person_id, total.product, total.currency)
            for one, target, stretch in zip(receivers, targets, stretches, strict=True)
        ]
    return tuple(lines), tuple(weight for found in weights.values() for weight in found)


def smallest_of_stretch(total: SplitTotal) -> Decimal:
    assert total.stretch is not None
    return smallest_of(SplitTotal(total.measure, total.stretch))


# -- whether they sum --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """A total and what its lines come to."""

    total: SplitTotal
    target: Decimal
    stretch: Decimal

    @property
    def closes(self) -> bool:
        return self.target == self.total.target and (self.total.stretch is None or self.stretch == self.total.stretch)


def gaps(totals: Iterable[SplitTotal], lines: Iterable[SplitLine]) -> list[Gap]:
    """Every total with the sum of its lines."""
    target: defaultdict[Key, Decimal] = defaultdict(Decimal)
    stretch: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for line in lines:
        target[key_of(line)] += line.target
        stretch[key_of(line)] += line.stretch or Decimal(0)
    return [Gap(total, target[key_of(total)], stretch[key_of(total)]) for total in totals]


def require_closing(totals: Sequence[SplitTotal], lines: Sequence[SplitLine]) -> None:
    """Raises Refused 409 `sums_do_not_close`, with the first total whose lines come to something else."""
    for gap in gaps(totals, lines):
        if not gap.closes:
            of_target = gap.target != gap.total.target
            raise Refused(
                "sums_do_not_close",
                "the parts do not sum to the total",
                pointer="/lines",
                measure=gap.total.measure,
                product=f" {gap.total.product}" if gap.total.product else "",
                total=str(gap.total.target if of_target else gap.total.stretch),
                given=str(gap.target if of_target else gap.stretch),
            )


def require_lines(totals: Sequence[SplitTotal], lines: Sequence[SplitLine]) -> None:
    """Raises Refused 422 `line_twice`, `nothing_to_split_of`."""
    keys = {key_of(total) for total in totals}
    seen: set[tuple[object, ...]] = set()
    for index, line in enumerate(lines):
        if key_of(line) not in keys:
            raise Refused(
                "nothing_to_split_of",
                "the unit has no such target",
                status=422,
                pointer=f"/lines/{index}/measure",
                measure=line.measure,
            )
        one = (line.unit_id, line.person_id, *key_of(line))
        if one in seen:
            raise Refused("line_twice", "that is given twice", status=422, pointer=f"/lines/{index}")
        seen.add(one)
