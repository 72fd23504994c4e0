"""What the model of a request body must be: closed, its times with their zone. And how it is read: to the letter.

Pydantic takes `"0"` for a day in 1970, `true` for one unit and `"yes"` for a decision. A body means what it says: JSON
types are not converted, and a day or an instant is written as one.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticCustomError, SchemaValidator

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = TypeAdapter(datetime)


def reader(kind: Any) -> Callable[[bytes], Any]:
    """What reads a JSON body of this type to the letter. Raises pydantic's ValidationError."""
    schema = _to_the_letter(TypeAdapter(kind).core_schema)
    try:
        validator = SchemaValidator(schema, _use_prebuilt=False)  # else the models' own validators are taken
    except TypeError:  # pydantic-core before 2.30 has none prebuilt
        validator = SchemaValidator(schema)
    return validator.validate_json


def _to_the_letter(schema: Any) -> Any:
    """The same schema, its numbers and decisions not taken from other types, its days and instants not from numbers."""
    if isinstance(schema, list):
        return [_to_the_letter(part) for part in schema]
    if isinstance(schema, tuple):
        return tuple(_to_the_letter(part) for part in schema)
    if not isinstance(schema, dict):
        return schema
    copied = {
        name: value if name in ("cls", "metadata", "serialization", "default") else _to_the_letter(value)
        for name, value in schema.items()
    }
    if schema.get("type") in ("int", "bool"):
        copied["strict"] = True
    if (form := WRITTEN.get(schema.get("type", ""))) is not None:
        function = {"type": "no-info", "function": form}
        return {"type": "function-before", "function": function, "schema": copied}
    return copied


def day(value: object) -> date:
    """The day that is written here, and nothing but a day."""
    if isinstance(value, str) and DAY.fullmatch(value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise PydanticCustomError("date_parsing", "not a day")


def moment(value: object) -> datetime:
    """The instant that is written here; not a number, nor one in disguise."""
    if isinstance(value, str) and DAY.match(value):
        return INSTANT.validate_python(value)
    raise PydanticCustomError("datetime_parsing", "not an instant")


WRITTEN = {"date": day, "datetime": moment}


def body_faults(routes: Iterable[Any]) -> Iterator[str]:
    """What is wrong with the models of these routes' JSON bodies, in words for the developer."""
    for route in routes:
        if not getattr(route, "takes_json", False):
            continue
        for model in sorted(_models(route), key=lambda found: found.__name__):
            if model.model_config.get("extra") != "forbid":
                yield f"{route.path}: {model.__name__} must forbid unknown fields (extra='forbid')"
            if _has_naive(model):
                yield f"{route.path}: {model.__name__} has a datetime that may lack its zone; use AwareDatetime"


def _models(route: APIRoute) -> set[type[BaseModel]]:
    kinds = (field.field_info.annotation for field in route.dependant.body_params)
    return {
        model for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel) for model in _models_of(kind)
    }


@cache
def _models_of(kind: type[BaseModel]) -> frozenset[type[BaseModel]]:
    """A model and those inside it; looked up once, however many apps are made."""
    inside = (node["cls"] for node in _nodes(kind.__pydantic_core_schema__) if node.get("type") == "model")
    return frozenset((kind, *(model for model in inside if issubclass(model, BaseModel))))


@cache
def _has_naive(model: type[BaseModel]) -> bool:
    schema = model.__pydantic_core_schema__
    return any(node.get("type") == "datetime" and node.get("tz_constraint") is None for node in _nodes(schema))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """All parts of a pydantic-core schema."""
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            pending.extend(value for name, value in part.items() if name not in ("serialization", "metadata"))
        elif isinstance(part, list | tuple):
            pending.extend(part)
