"""What a KPI is: a definition with id and version that says its unit and its date. Types and their checks; no SQL.

A definition refers to measures of sources (`services/kpi/engine/sources`). One that counts different things above and
below the line, or mixes dates, without saying so cannot be made: `Mixed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Counts = Literal[
    "prospects", "deals", "units", "money", "leads", "visitors", "visits", "duties", "requests", "accounts", "records",
    "entries", "points", "calls", "answers", "complaints",
]  # fmt: skip
"""What is counted. A deal is one order or defeat; a prospect counts once in a period whatever happened to it."""
CountsOn = Literal[
    "capture", "order", "hand_over", "cancellation", "report", "request", "decision", "approval", "reopening",
    "opening", "closing", "target", "receipt", "first_contact", "visit", "due", "spend", "forecast", "posting",
    "entry", "invoice", "survey", "complaint",
]  # fmt: skip
"""The date that counts. `opening` and `closing`: what stands at a bound of the period."""
Kind = Literal["sum", "ratio", "growth", "cost", "points"]
"""How a value is made of its parts.

`sum`: the numerator. `ratio`: numerator / denominator. `growth`: (numerator - the same a year before) / that.
`cost`: numerator x factor / denominator. `points`: graded from the deviation of the numerator (forecast) from the
denominator (actual).
"""
Dimension = Literal["person", "unit", "branch", "region", "channel", "product", "account_kind", "segment"]
DIMENSIONS: tuple[Dimension, ...] = (
    "person", "unit", "branch", "region", "channel", "product", "account_kind", "segment",
)  # fmt: skip
ORGANISATION: tuple[Dimension, ...] = ("person", "unit", "branch", "region")

Value = int | tuple[str, ...] | None
"""Of a parameter: days or a count, a set of codes, or null (no limit)."""


class Mixed(ValueError):
    """A definition counts different things, or by different dates, and does not say so."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One amount of a source: what it counts, on which date. `parameters`: those of a definition it understands."""

    source: str
    name: str
    counts: Counts
    on: CountsOn
    parameters: tuple[str, ...] = ()

    @property
    def is_money(self) -> bool:
        return self.counts == "money"


@dataclass(frozen=True, slots=True)
class Term:
    """A measure added to a figure, or (`sign` -1) taken away from it."""

    measure: Measure
    sign: Literal[1, -1] = 1


Figure = tuple[Term, ...]


def plus(*measures: Measure) -> Figure:
    """The sum of these measures."""
    return tuple(Term(measure) for measure in measures)


def minus(first: Measure, *others: Measure) -> Figure:
    """The first without the others."""
    return (Term(first), *(Term(other, -1) for other in others))


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a tenant may publish otherwise: a count within bounds, or (`codes`) a set of codes; null without default."""

    name: str
    zh: str
    en: str
    default: Value
    least: int = 0
    most: int = 3_650
    codes: bool = False

    def takes(self, value: object) -> bool:
        """Whether this is a value of it."""
        if value is None:
            return self.default is None
        if self.codes:
            return isinstance(value, (tuple, list)) and 0 < len(value) <= 50 and all(isinstance(v, str) for v in value)
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most


CHANNELS = Parameter("channels", "计入的渠道（不设＝全部）", "channels counted (none named: all)", None, codes=True)
"""Every definition that has the dimension channel takes it."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One KPI as published: what is divided by what, of which unit and date. Raises Mixed.

    `unit` is what the numerator counts and `date` its date; `per` is what the denominator counts when that is another
    thing; `other_dates` are all further dates its measures go by, said out loud. `better`: which way is good.
    `target`: the planned measure its value is held against.
    """

    id: str
    zh: str
    en: str
    what_zh: str
    what_en: str
    unit: Counts
    date: CountsOn
    numerator: Figure
    denominator: Figure = ()
    factor: Figure = ()
    kind: Kind = "sum"
    version: int = 1
    per: Counts | None = None
    other_dates: tuple[CountsOn, ...] = ()
    dimensions: tuple[Dimension, ...] = DIMENSIONS
    better: Literal["higher", "lower"] = "higher"
    parameters: tuple[Parameter, ...] = ()
    target: str | None = None
    source: str = ""
    missing_zh: str | None = None
    missing_en: str | None = None

    def __post_init__(self) -> None:
        if not self.numerator and self.missing_en is None:
            raise Mixed(f"{self.id} counts nothing")
        if bool(self.denominator) != (self.kind in ("ratio", "cost", "points")) and self.missing_en is None:
            raise Mixed(f"{self.id} is a {self.kind} and has {'a' if self.denominator else 'no'} denominator")
        if bool(self.factor) != (self.kind == "cost"):
            raise Mixed(f"{self.id}: only a cost has a factor")
        self._one_unit("numerator", self.numerator, self.unit)
        self._one_unit("denominator", self.denominator, self.per or self.unit)
        stated = {self.date, *self.other_dates}
        if unsaid := {term.measure.on for term in self.terms} - stated:
            raise Mixed(f"{self.id} also goes by the date of {', '.join(sorted(unsaid))} and does not say so")
        known = {parameter.name for parameter in self.all_parameters}
        if unknown := {name for term in self.terms for name in term.measure.parameters} - known:
            raise Mixed(f"{self.id} does not state {', '.join(sorted(unknown))}")

    def _one_unit(self, part: str, figure: Figure, unit: Counts) -> None:
        if other := {term.measure.counts for term in figure} - {unit}:
            raise Mixed(f"the {part} of {self.id} counts {', '.join(sorted(other))}, said are {unit}")

    @property
    def terms(self) -> Sequence[Term]:
        return (*self.numerator, *self.denominator, *self.factor)

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        return (*self.parameters, CHANNELS) if "channel" in self.dimensions else self.parameters

    @property
    def defaults(self) -> Mapping[str, Value]:
        return {parameter.name: parameter.default for parameter in self.all_parameters}

    @property
    def is_money(self) -> bool:
        """Whether its parts are per currency."""
        return any(term.measure.is_money for term in self.terms)

    @property
    def value_is_money(self) -> bool:
        """Whether the value itself is an amount of money."""
        if self.kind == "cost":
            return any(term.measure.is_money for term in self.factor)
        if self.kind == "sum":
            return self.unit == "money"
        return self.kind == "ratio" and self.unit == "money" and self.per not in (None, "money")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A definition with the parameters in force: what `values` computes."""

    definition: Definition
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def parameter(self, name: str) -> Value:
        return self.parameters.get(name, self.definition.defaults.get(name))
