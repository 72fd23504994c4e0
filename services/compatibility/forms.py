"""JSON Schemas of every event, made from the classes of the facts. Reads no record of what was published.

Parts that events share (values, standings) stand once, under `parts`; `services/documents/published.py` gives each
schema those it needs.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from services.compatibility.streams import OF, STREAMS, Of
from services.event_page import BOTH, SERVICES
from shared.event_store.facts import FactType, registry
from shared.feed.envelope import LEFT_SCOPE

Schema = dict[str, Any]

REFERENCE = "#/$defs/{name}"
ANY_OBJECT: Schema = {"type": "object"}
LEFT: Schema = {
    "description": "The record left what the reader sees: drop your copy; nothing of it comes any more.",
    "type": "object",
    "maxProperties": 0,
}
ALL = "all"
OF_ALL = frozenset((ALL, "webhooks"))
"""Whose facts every service publishes."""
CHANGES_SAID = "The standing fields this event set, and only those."
STANDING_SAID = "The standing of the record after this event."


def forms() -> dict[str, dict[str, Any]]:
    """As JSON: `events`, by type, what they are about and the schema of each version of their data; and `parts`."""
    facts = [
        (service, fact)
        for service, module in SERVICES.items()
        for name, fact in registry(module).types.items()
        if name not in BOTH
    ]
    both = [(ALL, registry(SERVICES["accounts"]).types[name]) for name in BOTH]
    standings = [made for row in STREAMS for made in _standings(row)]
    wanted = [*(fact.form for _, fact in (*facts, *both)), *standings]
    _, made = msgspec.json.schema_components(wanted, ref_template=REFERENCE)
    parts = {name: _compact(schema) for name, schema in made.items()}
    if unlike := sorted(name for name, schema in made.items() if schema.get("title", name) != name):
        raise TypeError(f"two parts of events have one name: {unlike}")
    for row in STREAMS:
        for beginning, kind in row.numbered.items():
            _, found = msgspec.json.schema_components([kind], ref_template=REFERENCE)
            parts |= {name: _compact(schema) for name, schema in found.items()}
            (schema,), _ = msgspec.json.schema_components([kind], ref_template=REFERENCE)
            pattern = f"^{beginning.replace('.', '[.]')}"
            parts[_changes_name(row)]["patternProperties"] = {pattern: _compact(schema)}
    events = {
        fact.name: {
            "service": service if service not in OF_ALL else None,
            "subject_type": of.stream.stream_type if (of := OF.get(fact.name)) else None,
            "versions": {str(fact.schema_version): _event(fact, parts.pop(fact.name), of)},
        }
        for service, fact in (*facts, *both)
    }
    events[LEFT_SCOPE] = {"service": None, "subject_type": None, "versions": {"1": LEFT}}
    plain: dict[str, dict[str, Any]] = msgspec.json.decode(
        msgspec.json.encode({"events": dict(sorted(events.items())), "parts": dict(sorted(parts.items()))})
    )
    return plain


def _event(fact: FactType, schema: Schema, row: Of | None) -> Schema:
    changes = ANY_OBJECT if row is None else _referred(_changes_name(row))
    standing = ANY_OBJECT if row is None else _referred(_standing_name(row))
    added = {"standing": {**standing, "description": STANDING_SAID}}
    if fact.name not in BOTH:
        added = {"changes": {**changes, "description": CHANGES_SAID}, **added}
    return {
        "description": inspect.cleandoc(fact.cls.__doc__ or ""),
        "type": "object",
        "properties": {**schema["properties"], **added},
        "required": [*schema.get("required", ()), *added],
    }


def _referred(name: str) -> Schema:
    return {"$ref": REFERENCE.format(name=name)}


def _changes_name(row: Of) -> str:
    return f"{row.stream.stream_type}.fields"


def _standing_name(row: Of) -> str:
    return f"{row.stream.stream_type}.standing" if row.shown else _changes_name(row)


def _standings(row: Of) -> list[type[msgspec.Struct]]:
    """What may stand in `changes`; and in `standing`, where subscribers get it in another form."""
    found = [_optional(_changes_name(row), row.stream.standing_types)]
    if row.shown:
        shown = {**row.stream.standing_types, **row.shown}
        found.append(_optional(_standing_name(row), {name: kind for name, kind in shown.items() if kind is not None}))
    return found


def _optional(name: str, kinds: Mapping[str, Any]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, [(field, kind, msgspec.UNSET) for field, kind in kinds.items()], kw_only=True)


def _compact(value: Any) -> Any:
    """The same schema in fewer words: no titles, no empty lists, `null` as one more type."""
    if isinstance(value, list):
        return [_compact(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: {name: _compact(item) for name, item in inner.items()} if key == "properties" else _compact(inner)
        for key, inner in value.items()
        if not (key == "title" or (key == "required" and not inner) or (key == "default" and inner is None))
    }
    match made.get("anyOf"):
        case [{"type": str(kind), **rest}, {"type": "null"}]:
            del made["anyOf"]
            made = {"type": [kind, "null"], **rest, **made}
        case _:
            pass
    return made
