"""What is published of routes: from the OpenAPI document of all services, without the words. Serves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from shared.http.merged import merge

AT = "#/components/schemas/"
WORDS = frozenset(("title", "description", "examples", "example", "discriminator", "summary"))
"""Of schemas: what a reader is told and a program does not need."""


def routes(apps: Mapping[str, FastAPI]) -> dict[str, Any]:
    """`operations`: by operation id; and `parts`, the schemas they refer to."""
    return of_document(merge({name: app.openapi() for name, app in apps.items()}))


def of_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same of one OpenAPI document."""
    operations = {
        operation["operationId"]: _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    schemas = document["components"]["schemas"]
    parts: dict[str, Any] = {}
    pending: list[Any] = [operations]
    while pending:
        for name in _references(pending.pop()):
            if name not in parts:
                parts[name] = _bare(schemas[name])
                pending.append(parts[name])
    return {"operations": dict(sorted(operations.items())), "parts": dict(sorted(parts.items()))}


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    asked = operation.get("requestBody", {})
    return {
        "method": method.upper(),
        "path": path,
        "scope": sorted({scope for one in operation.get("security", ()) for found in one.values() for scope in found}),
        "open": operation.get("security") == [],
        "parameters": {
            f"{one['in']} {one['name']}": {"required": one.get("required", False), "schema": _bare(one["schema"])}
            for one in operation.get("parameters", ())
        },
        "body": {media: _bare(one.get("schema", {})) for media, one in asked.get("content", {}).items()},
        "body_required": asked.get("required", False),
        "answers": {
            status: {
                "headers": sorted(answer.get("headers", ())),
                "content": {media: _bare(one.get("schema", {})) for media, one in answer.get("content", {}).items()},
            }
            for status, answer in operation["responses"].items()
            if status.startswith("2")
        },
    }


def _bare(value: Any, *, names: bool = False) -> Any:
    """A schema without words; `names`: of a mapping whose keys are names of fields."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _bare(inner, names=key in ("properties", "patternProperties"))
        if isinstance(inner, Mapping | list) and key not in ("enum", "required", "default")
        else inner
        for key, inner in value.items()
        if names or key not in WORDS
    }


def _references(value: Any) -> Iterator[str]:
    match value:
        case Mapping():
            for key, inner in value.items():
                if key == "$ref" and isinstance(inner, str):
                    yield inner.removeprefix(AT)
                else:
                    yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)
        case _:
            pass
