"""What the model of a request body must be, checked when a service is made: closed, its times with their zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.http.route import Route


def body_faults(routes: Iterable[Any]) -> Iterator[str]:
    """What is wrong with the models of these routes' JSON bodies, in words for the developer."""
    for route in routes:
        if not (isinstance(route, Route) and route.takes_json):
            continue
        for model in sorted(_models(route), key=lambda found: found.__name__):
            if model.model_config.get("extra") != "forbid":
                yield f"{route.path}: {model.__name__} must forbid unknown fields (extra='forbid')"
            if _has_naive(model.__pydantic_core_schema__):
                yield f"{route.path}: {model.__name__} has a datetime that may lack its zone; use AwareDatetime"


def _models(route: APIRoute) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    for field in route.dependant.body_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.add(kind)
            found |= {
                node["cls"]
                for node in _nodes(kind.__pydantic_core_schema__)
                if node.get("type") == "model" and issubclass(node["cls"], BaseModel)
            }
    return found


def _has_naive(schema: Any) -> bool:
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
