"""The columns of a table, found from the class of its rows. Knows no format of a file and fetches nothing.

A record within a row becomes columns of its own; a list becomes one readable cell. A cell is what the JSON answer says,
as the type its field declares: a day, an instant (told in the tenant's zone), a number, a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from shared.http.problem import Language
from shared.http.titles import title

Kind = Literal["text", "whole", "number", "day", "instant", "truth", "many", "pairs", "other"]
Cell = str | int | float | Decimal | bool | date | datetime | None

AMOUNT = "amount"
"""Marks a text field that holds a decimal number: `Money = Annotated[str, AMOUNT]`."""
SEEMS_AMOUNT = re.compile(
    r"(^|_)(amounts?|price|cost|costs|budget|bond|value|paid|spend|spent|fee|balance|revenue|margin|discount|invoiced"
    r"|received|allocated|unallocated|owed|outstanding|overdue|credit|probability|weight|share|rate|total|claimed)(_|$)"
)
DECIMAL = re.compile(r"-?\d{1,20}\.\d{1,20}")
WHOLE = re.compile(r"-?[0-9]{1,14}")
EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number; longer ones stay text."""
NAMING = ("name", "label", "product_label", "title", "text", "code")
"""Fields that say what an entry of a list is, without their own title."""
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where in a row its cell is, of which kind, and what it is called."""

    path: tuple[str, ...]
    kind: Kind
    zh: str
    en: str

    def titled(self, language: Language) -> str:
        return self.zh if language == "zh-CN" else self.en

    def cell(self, row: Mapping[str, Any], zone: ZoneInfo, language: Language) -> Cell:
        """The cell of a row as the JSON answer has it."""
        value: Any = row
        for name in self.path:
            if not isinstance(value, Mapping):
                return None
            value = value.get(name)
        return None if value is None else as_kind(self.kind, value, zone, language)


def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of rows of this class, in the order of its fields."""
    found: list[Column] = []
    taken: set[str] = set()
    for path, kind, zh, en in _walk(model, (), "", "", (model,)):
        if zh in taken or en in taken:
            zh, en = f"{zh} ({'.'.join(path)})", f"{en} ({'.'.join(path)})"
        taken |= {zh, en}
        found.append(Column(path, kind, zh, en))
    return tuple(found)


def _walk(
    model: type[BaseModel], before: tuple[str, ...], zh: str, en: str, within: tuple[type[BaseModel], ...]
) -> Iterator[tuple[tuple[str, ...], Kind, str, str]]:
    for name, annotation, metadata, said in _fields(model):
        own_zh, own_en = title(name, said)
        path = (*before, name)
        full_zh = f"{zh}·{own_zh}" if zh else own_zh
        full_en = f"{en}: {own_en[:1].lower()}{own_en[1:]}" if en else own_en
        bare, marks = _bare(annotation, metadata)
        if _is_model(bare) and bare not in within and len(within) < DEEPEST:
            yield from _walk(bare, path, full_zh, full_en, (*within, bare))
        else:
            yield path, _kind(name, bare, marks), full_zh, full_en


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any, Sequence[Any], str | None]]:
    """Name in the answer, annotation, marks and own title of every field."""
    for name, field in model.model_fields.items():
        yield field.serialization_alias or field.alias or name, field.annotation, field.metadata, field.title
    for name, computed in model.model_computed_fields.items():
        yield computed.alias or name, computed.return_type, (), computed.title


def _bare(annotation: Any, metadata: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
    """The type without `None` and marks, and the marks. Of several types: object."""
    marks = list(metadata)
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks += more
        elif origin in (Union, UnionType):
            kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
            if len(kinds) != 1:
                return object, marks
            annotation = kinds[0]
        else:
            return annotation, marks


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _kind(name: str, bare: Any, marks: Sequence[Any]) -> Kind:
    origin = get_origin(bare)
    if origin is not None and origin is not Literal and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return "pairs"
        return "many" if issubclass(origin, (Sequence, set, frozenset)) else "other"
    if not isinstance(bare, type):
        return "text" if origin is Literal else "other"
    if issubclass(bare, bool):
        return "truth"
    if issubclass(bare, int):
        return "whole"
    if issubclass(bare, (float, Decimal)):
        return "number"
    if issubclass(bare, datetime):
        return "instant"
    if issubclass(bare, date):
        return "day"
    if issubclass(bare, str):
        return "number" if AMOUNT in marks or SEEMS_AMOUNT.search(name) else "text"
    return "many" if issubclass(bare, (list, tuple, dict)) else "other" if bare is object else "text"


# -- cells ---------------------------------------------------------------------------------------------------


def as_kind(kind: Kind, value: Any, zone: ZoneInfo, language: Language) -> Cell:
    """A value of the JSON answer as a cell of this kind; what does not fit stays text."""
    match kind:
        case "truth" if isinstance(value, bool):
            return value
        case "whole" | "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if abs(value) < 10**EXACT_DIGITS else str(value)
        case "number" if isinstance(value, str) and DECIMAL.fullmatch(value):
            number = Decimal(value)
            return number if len(number.as_tuple().digits) <= EXACT_DIGITS else value
        case "number" if isinstance(value, str) and WHOLE.fullmatch(value):
            return int(value)
        case "day" | "instant" if isinstance(value, str):
            return _time(value, zone)
        case "pairs" if isinstance(value, dict):  # its keys are not ours: systems, policies
            return "; ".join(f"{key}: {readable(item, language)}" for key, item in value.items())
        case _:
            return readable(value, language)


def _time(value: str, zone: ZoneInfo) -> date | datetime | str:
    """A day, or an instant by the clocks of the zone; what is neither as it is."""
    try:
        if len(value) == len("2026-01-31"):
            return date.fromisoformat(value)
        told = datetime.fromisoformat(value)
        return (told if told.tzinfo is None else told.astimezone(zone)).replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError):
        return value


def readable(value: Any, language: Language) -> str:
    """A text for a cell: entries of a list by semicolons, of a record by commas."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return "; ".join(readable(item, language) for item in value)
        case dict():
            return _entry(value, language)
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def _entry(entry: Mapping[str, Any], language: Language) -> str:
    """What a record in a list says, its name first: `A级车 × 3 @ 120000.00`, `王强, 层次: decision`."""
    if "product" in entry and "units" in entry:
        return _line(entry, language)
    if "zh" in entry and "en" in entry:  # told in both languages
        return str(entry["zh" if language == "zh-CN" else "en"])
    if entry.keys() == {"currency", "amount"}:
        return f"{entry['currency']} {entry['amount']}"
    naming = next((name for name in NAMING if isinstance(entry.get(name), str)), None)
    said = [] if naming is None else [entry[naming]]
    for name, value in entry.items():
        if name == naming or value in (None, "", [], {}) or (naming is not None and _is_id(name)):
            continue
        zh, en = title(name)
        said.append(f"{zh if language == 'zh-CN' else en}: {readable(value, language)}")
    return ", ".join(said)


def _line(line: Mapping[str, Any], language: Language) -> str:
    """A line of an opportunity or order: what, how many, at which price, and what else is said of it."""
    said = f"{line.get('product_label') or line['product']} × {line['units']}"
    if line.get("unit_price") is not None:
        said += f" @ {line['unit_price']}"
    shown = ("line", "product", "product_label", "units", "unit_price")
    rest = {name: value for name, value in line.items() if name not in shown and value not in (0, "0")}
    more = _entry(rest, language)
    return f"{said} ({more})" if more else said


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")
