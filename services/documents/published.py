"""What is published of events, as it was recorded: the schema of each version of each event. Imports no fact.

The record is the contract: what is served is what the compatibility check holds the code against. A version that code
no longer writes stays in it, for the events that are stored in that form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from shared.feed.envelope import schema_path

Schema = dict[str, Any]

FOLDER = Path(__file__).with_name("published")
EVENTS = FOLDER / "events.json"
ROUTES = FOLDER / "routes.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Published:
    """One version of one event. `service` whose events.py has it, `subject_type` whose records it is about: None when
    they are of all services and of all kinds of record."""

    type: str
    version: int
    newest: bool
    service: str | None
    subject_type: str | None
    form: Schema

    @property
    def path(self) -> str:
        return schema_path(self.type, self.version)

    @property
    def summary(self) -> str:
        """The first sentence of what it says."""
        return str(self.form.get("description", "")).partition("\n")[0]


@cache
def record() -> Mapping[str, Any]:
    """The whole record of events."""
    found: Mapping[str, Any] = orjson.loads(EVENTS.read_bytes())
    return found


@cache
def published() -> Mapping[tuple[str, int], Published]:
    """Every version of every event, by type and version."""
    found = {}
    for type, event in record()["events"].items():
        newest = max(map(int, event["versions"]))
        for version, form in event["versions"].items():
            found[type, int(version)] = Published(
                type, int(version), int(version) == newest, event["service"], event["subject_type"], form
            )
    return found


def newest() -> Iterator[Published]:
    """The version of each event that is written today."""
    return (one for one in published().values() if one.newest)


def schema(one: Published) -> Schema:
    """The JSON Schema of its `data`, whole in itself."""
    parts = parts_of(one.form)
    return {
        "$schema": DIALECT,
        "$id": one.path,
        "title": one.type,
        **one.form,
        **({"$defs": parts} if parts else {}),
    }


def parts_of(form: Schema) -> dict[str, Schema]:
    """The shared parts a form refers to, and those they refer to."""
    parts: Mapping[str, Schema] = record()["parts"]
    found: dict[str, Schema] = {}
    pending = [form]
    while pending:
        for name in references(pending.pop()):
            if name not in found:
                found[name] = parts[name]
                pending.append(parts[name])
    return dict(sorted(found.items()))


def references(value: Any) -> Iterator[str]:
    """The names of the parts a schema refers to itself."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref" and isinstance(inner, str) and inner.startswith(REFERENCE):
                yield inner.removeprefix(REFERENCE)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def written(value: Any, deep: int = 2) -> str:
    """JSON for people who compare two versions of the record: one line for each event, part and route."""
    if deep and isinstance(value, dict) and value:
        inner = ",\n".join(f"{json.dumps(key)}: {written(item, deep - 1)}" for key, item in value.items())
        return f"{{\n{inner}\n}}"
    return json.dumps(value, ensure_ascii=False)
