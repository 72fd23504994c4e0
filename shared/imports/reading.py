"""Rules made into functions of a row's cells, their refusals into row problems. Knows no file, clock or database."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from shared.imports.lookups import Lookups
from shared.imports.problems import RowProblem, ValueRefused
from shared.imports.rows import Cells, Row
from shared.imports.rules import (
    AttributeRule,
    DayRule,
    Defaults,
    MoneyRule,
    NumberRule,
    Part,
    PercentRule,
    ReferenceRule,
    Rule,
    rules_of,
)
from shared.imports.values import (
    CACHED_VALUES,
    MULTIPLES,
    amount_of,
    day_parser,
    decimal_of,
    integer_of,
    share_of,
    trimmed,
    truth_of,
)

T = TypeVar("T")
Read = Callable[[Cells], T]
"""A value out of a row's cells, None where blank. Raises ValueRefused."""

Attribute = str | int | bool | Decimal | date

TEXT_CHARS: Final = 10_000


class Way(msgspec.Struct, frozen=True):
    """One way of finding something: by what, and its value."""

    by: str
    value: str


class Reference(msgspec.Struct, frozen=True):
    """Something a row names: the ways to find it in order, whether to make it, what is known of it (no blanks)."""

    ways: tuple[Way, ...]
    create: bool = False
    attributes: dict[str, Attribute] = {}

    def by(self, way: str) -> str | None:
        """The value of one way, None where the row gives none."""
        return next((found.value for found in self.ways if found.by == way), None)


class Reading:
    """One row while it is read: gathers every problem of it instead of stopping at the first."""

    __slots__ = ("cells", "line", "problems")

    def __init__(self, row: Row) -> None:
        self.line = row.line
        self.cells: Cells = row.cells
        self.problems: list[RowProblem] = []

    def take(self, read: Read[T]) -> T | None:
        """The value; None where it is blank or refused."""
        try:
            return read(self.cells)
        except ValueRefused as refused:
            problem = refused.on(self.line)
            if problem not in self.problems:
                self.problems.append(problem)
            return None

    def refuse(self, code: str, value: str = "", column: str = "") -> None:
        """Note a problem of the row as a whole or of a column."""
        self.problems.append(ValueRefused(code, value, column).on(self.line))


class Readers:
    """Makes readers from rules: `defaults` and the zone apply where a rule does not say otherwise."""

    def __init__(self, defaults: Defaults, zone: ZoneInfo, lookups: Lookups) -> None:
        self._defaults = defaults
        self._zone = zone
        self._lookups = lookups

    def given(self, rule: Rule) -> Read[str | None]:
        """The cell as it stands, untouched by `values` and `lookup`: for keeping beside the mapped value."""
        if rule.constant is not None:
            return lambda cells: rule.constant
        column, trim = rule.column or "", rule.trim or self._defaults.trim
        return lambda cells: trimmed(cells.get(column, ""), trim) or None

    def text(self, rule: Rule) -> Read[str | None]:
        """A text. Refuses: `blank` (if required), `unmapped`, `not_in_lookup`, `too_long`."""
        given, column = self.given(rule), rule.column or ""
        values, keep = rule.values, rule.unmapped == "keep"
        table = self._lookups.table(rule.lookup) if rule.lookup else None
        strict = rule.lookup is not None and rule.lookup.missing == "problem"

        def read(cells: Cells) -> str | None:
            text = given(cells)
            if text is not None and values is not None:
                mapped = values.get(text)
                if mapped is None and not keep:
                    raise ValueRefused("unmapped", text, column)
                text = text if mapped is None else mapped or None
            if text is not None and table is not None:
                found = table.get(text)
                if found is None and strict:
                    raise ValueRefused("not_in_lookup", text, column)
                text = found or None
            if text is None:
                text = rule.when_blank
            if text is None and rule.required:
                raise ValueRefused("blank", "", column)
            if text is not None and len(text) > TEXT_CHARS:
                raise ValueRefused("too_long", text, column)
            return text

        return read

    def parsed(self, rule: Rule, parse: Callable[[str], T]) -> Read[T | None]:
        """A text read by a parser, whose refusals are given the column."""
        text, column = self.text(rule), rule.column or ""

        def read(cells: Cells) -> T | None:
            cell = text(cells)
            if cell is None:
                return None
            try:
                return parse(cell)
            except ValueRefused as refused:
                raise ValueRefused(refused.code, refused.value, column) from None

        return read

    def day(self, rule: DayRule) -> Read[date | None]:
        """A day, or an aware instant where the cell has a time of day."""
        return self.parsed(rule, day_parser(rule.formats or self._defaults.dates, self._zone))

    def integer(self, rule: Rule) -> Read[int | None]:
        """A whole number ≥ 0."""
        return self.parsed(rule, lambda cell: _not_negative(integer_of(cell), cell))

    def decimal(self, rule: NumberRule) -> Read[Decimal | None]:
        """A number."""
        mark = rule.decimal_mark
        return self.parsed(rule, lambda cell: decimal_of(cell, mark))

    def share(self, rule: PercentRule) -> Read[Decimal | None]:
        """A percentage as a share from 0 to 1."""
        scale = rule.scale
        return self.parsed(rule, lambda cell: share_of(cell, scale))

    def amount(self, rule: MoneyRule, currency: Read[str | None]) -> Read[Decimal | None]:
        """An amount ≥ 0 in the row's currency, at its minor unit; blank where the currency is."""
        text, column = self.text(rule), rule.column or ""
        multiple = MULTIPLES.get(rule.multiple, Decimal(1))

        @lru_cache(maxsize=CACHED_VALUES)
        def parse(cell: str, code: str) -> Decimal | None:
            found = amount_of(cell, code, multiple=multiple, decimal_mark=rule.decimal_mark)
            return None if rule.zero_is_blank and not found else _not_negative(found, cell)

        def read(cells: Cells) -> Decimal | None:
            cell, code = text(cells), currency(cells)
            if cell is None or code is None:
                return None
            try:
                return parse(cell, code)
            except ValueRefused as refused:
                raise ValueRefused(refused.code, refused.value, column) from None

        return read

    def attribute(self, rule: AttributeRule) -> Read[Attribute | None]:
        """A value of the attribute's own type."""
        match rule.type:
            case "text":
                return self.text(rule)
            case "integer":
                return self.parsed(rule, integer_of)
            case "decimal":
                multiple = MULTIPLES.get(rule.multiple, Decimal(1))
                return self.parsed(rule, lambda cell: decimal_of(cell) * multiple)
            case "date":
                day = self.day(rule)
                return lambda cells: day_only(day(cells), self._zone)
            case "truth":
                return self.parsed(rule, truth_of)

    def memo(self, part: Part, read: Read[T]) -> Read[T]:
        """The same reader, remembering its values by the cells of the columns that `part` names; never a refusal."""
        columns = sorted({rule.column for _, rule in rules_of(part) if rule.column is not None})
        known: dict[tuple[str | None, ...], T] = {}

        def recall(cells: Cells) -> T:
            key = tuple(map(cells.get, columns))
            if key in known:
                return known[key]
            if len(known) == CACHED_VALUES:
                known.clear()
            found = known[key] = read(cells)
            return found

        return recall

    def reference(self, rule: ReferenceRule) -> Read[Reference | None]:
        """What the row names; None where every way is blank. Refuses: `blank` (if required)."""
        ways = [(by, self.text(way)) for by, way in rule.find.items()]
        attributes = [(name, self.attribute(attribute)) for name, attribute in rule.attributes.items()]
        columns = " / ".join(way.column for way in rule.find.values() if way.column)

        def read(cells: Cells) -> Reference | None:
            found = tuple(Way(by, value) for by, way in ways if (value := way(cells)) is not None)
            if not found:
                if rule.required:
                    raise ValueRefused("blank", "", columns)
                return None
            known = {name: fact for name, of in attributes if (fact := of(cells)) is not None}
            return Reference(found, rule.create, known)

        return self.memo(rule, read)


def day_only(found: date | None, zone: ZoneInfo) -> date | None:
    """The calendar day in a zone of a day or an instant."""
    return found.astimezone(zone).date() if isinstance(found, datetime) else found


def instant_only(found: date | None) -> datetime | None:
    """The instant, where the cell had a time of day."""
    return found if isinstance(found, datetime) else None


Number = TypeVar("Number", int, Decimal)


def _not_negative(found: Number, cell: str) -> Number:
    if found < 0:
        raise ValueRefused("negative", cell)
    return found
