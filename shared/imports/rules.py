"""The parts a mapping is written in: where a value comes from, how it is read. `reading.py` applies them, not this."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from shared.imports.values import DATE_FORMATS, Trim

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00:]+$")]
"""A plain file name: no folder, so that a mapping cannot reach for other files."""

MAX_ENTRIES: Final = 10_000
MAX_PATTERN: Final = 60
"""Characters of a strptime pattern."""


class Part(BaseModel):
    """Any part of a mapping: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _formats(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _known_format(value: str) -> str:
    if value in DATE_FORMATS:
        return value
    if not isinstance(value, str) or "%" not in value or len(value) > MAX_PATTERN:
        raise ValueError(f"no such date format; one of {', '.join(DATE_FORMATS)}, or a strptime pattern")
    try:
        datetime.strptime(datetime(2000, 1, 1, tzinfo=UTC).strftime(value), value)  # noqa: DTZ007 - only tried out
    except (ValueError, re.error) as error:
        raise ValueError(f"no such date format: {value}") from error
    return value


DateFormat = Annotated[str, BeforeValidator(_known_format)]
DateFormats = Annotated[tuple[DateFormat, ...], BeforeValidator(_formats), Field(min_length=1, max_length=20)]


class Lookup(Part):
    """Another file's column: the row whose `key` is the value at hand, its `take`."""

    file: FileName
    key: Name
    take: Name
    missing: Literal["problem", "blank"] = "problem"


class Rule(Part):
    """Where a text comes from. A bare string in the mapping means `{column: string}`.

    Steps, in this order: the cell (or `constant`), `trim`, `values`, `lookup`, then `when_blank` if nothing is left.
    """

    column: Name | None = None
    constant: Name | None = None
    trim: Trim | None = None
    values: Annotated[dict[str, str], Field(min_length=1, max_length=MAX_ENTRIES)] | None = None
    unmapped: Literal["problem", "keep"] = "problem"
    lookup: Lookup | None = None
    when_blank: Name | None = None
    required: bool = False

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> "Rule":
        if (self.column is None) == (self.constant is None):
            raise ValueError("either `column` or `constant` must be given, and not both")
        if self.unmapped == "keep" and self.values is None:
            raise ValueError("`unmapped` says nothing without `values`")
        return self


class DayRule(Rule):
    """A day, in the mapping's date formats or in its own."""

    formats: DateFormats | None = None


class MoneyRule(Rule):
    """An amount of money, rounded half up to the minor unit of its currency."""

    multiple: Literal["1", "千", "万", "百万", "千万", "亿"] = "1"
    decimal_mark: Literal[".", ","] = "."
    zero_is_blank: bool = False
    """For files that write 0 where they mean that nothing is known."""


class NumberRule(Rule):
    """A number, whole where the target says so."""

    decimal_mark: Literal[".", ","] = "."


class PercentRule(Rule):
    """A percentage: 75, 75 %, or with `scale: fraction` 0.75."""

    scale: Literal["percent", "fraction"] = "percent"


class AttributeRule(DayRule):
    """Something to be known about what a row refers to, of a stated type."""

    type: Literal["text", "integer", "decimal", "date", "truth"] = "text"
    multiple: Literal["1", "千", "万", "百万", "千万", "亿"] = "1"
    """For a decimal in a column "in millions"."""


class ReferenceRule(Part):
    """How something a row names is found: ways in the order given; made anew if none finds it and `create` says so.

    A bare string means: found by the name in that column.
    """

    find: Annotated[dict[str, Rule], Field(min_length=1, max_length=8)]
    create: bool = False
    required: bool = False
    attributes: Annotated[dict[Name, AttributeRule], Field(default_factory=dict, max_length=100)]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"find": {"name": value}} if isinstance(value, str) else value


class ExternalRule(Rule):
    """The record's own key in the system it comes from: a file read twice changes nothing."""

    system: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]
    required: bool = True

    @field_validator("required")
    @classmethod
    def _always(cls, value: bool) -> bool:
        if not value:
            raise ValueError("a record without its key could not be recognised again")
        return value


class Defaults(Part):
    """What holds for every rule that does not say otherwise."""

    trim: Trim = "ends"
    dates: DateFormats = ("iso", "yyyy-m-d", "yyyy/m/d", "yyyy.m.d", "yyyy年m月d日", "yyyymmdd")


def rules_of(part: Any, path: str = "") -> Iterator[tuple[str, Rule]]:
    """Every rule of a mapping with its path."""
    match part:
        case Rule():
            yield path, part
            yield from _inner(part, path)
        case BaseModel():
            yield from _inner(part, path)
        case dict():
            for key, value in part.items():
                yield from rules_of(value, f"{path}.{key}" if path else str(key))
        case tuple() | list():
            for at, value in enumerate(part):
                yield from rules_of(value, f"{path}.{at}")


def _inner(part: BaseModel, path: str) -> Iterator[tuple[str, Rule]]:
    for name in type(part).model_fields:
        yield from rules_of(getattr(part, name), f"{path}.{name}" if path else name)
