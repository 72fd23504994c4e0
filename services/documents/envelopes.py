"""The envelope as a JSON Schema, and events within it as parts of a document. Which documents: those that import it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from services.documents import examples
from services.documents.published import DIALECT, REFERENCE, Published, Schema, parts_of
from shared.feed.envelope import ENVELOPE, LEFT_SCOPE, left_scope, rendered

INSTANT: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 1}

FIELDS: dict[str, Schema] = {
    "specversion": {"const": "1.0", "description": "CloudEvents 1.0"},
    "id": TEXT | {"description": "`evt_<epoch>_<position>`; the `webhook-id`. Take each once: it names the event."},
    "source": TEXT | {"format": "uri", "description": "Whose log it is"},
    "type": TEXT | {"description": "What happened"},
    "subject": TEXT | {"format": "uuid", "description": "The record it is about"},
    "time": INSTANT | {"description": "When it happened: `occurred_at`, as CloudEvents calls it"},
    "timestamp": INSTANT | {"description": "The same, as Standard Webhooks calls it"},
    "datacontenttype": TEXT,
    "dataschema": TEXT | {"format": "uri-reference", "description": "The JSON Schema of `data`"},
    "position": COUNT | {"description": "The place in the log: 1, 2, 3 … without a hole"},
    "epoch": COUNT | {"description": "Another after a restore that forked history"},
    "subject_type": TEXT,
    "subject_version": COUNT | {"description": "The record's version after the event: dense, the order of its events"},
    "schema_version": COUNT,
    "occurred_at": INSTANT,
    "recorded_at": INSTANT,
    "origin": TEXT | {"description": "`import`: history taken in from elsewhere. Absent: it was told as it happened"},
    "metadata": {
        "type": "object",
        "description": "Who (`actor`), for whom (`on_behalf_of`), by which request (`correlation`, `trace`)",
    },
}
"""Every field but `data`, which is each type's own."""

REQUIRED = [name for name in ENVELOPE if name != "origin"]

SAID = "One event, the same whichever way it comes: a page, a stream, a webhook. More fields may be added."
ENVELOPE_SCHEMA: Schema = {
    "$schema": DIALECT,
    "$id": "/v1/schemas/envelope/1",
    "title": "envelope",
    "description": f"{SAID} A thin payload has empty `data`, one of selected fields those "
    "alone, and neither `metadata`. Where an endpoint is sent fields of persons, they are in `data.persons`.",
    "type": "object",
    "properties": {**FIELDS, "data": {"type": "object"}},
    "required": [*REQUIRED, "data"],
}


def common() -> Schema:
    """What the events of a document share."""
    fields = {name: schema for name, schema in FIELDS.items() if name != "type"}
    return {
        "description": SAID,
        "type": "object",
        "properties": fields,
        "required": [*(name for name in REQUIRED if name != "type"), "metadata"],
    }


def parts(events: Iterable[Published], *, at: str, prefix: str = "") -> dict[str, Schema]:
    """Schemas of these events in their envelopes, and of all they share, for a document that keeps them under `at`
    (`#/components/schemas/`) by names that begin with `prefix`."""
    found: dict[str, Schema] = {f"{prefix}envelope": common()}
    for event in events:
        found |= {f"{prefix}{name}": _moved(part, at + prefix) for name, part in parts_of(event.form).items()}
        own = {"type": {"const": event.type}, "data": _moved(event.form, at + prefix)}
        found[f"{prefix}{event.type}"] = {
            "allOf": [
                {"$ref": f"{at}{prefix}envelope"},
                {"type": "object", "properties": own, "required": list(own)},
            ],
        }
    return found


def example(event: Published) -> dict[str, Any]:
    """One event in its envelope, as it is sent."""
    made = examples.shown(event.type, event.version, event.form, parts_of(event.form), event.subject_type)
    if event.type == LEFT_SCOPE:
        row = {**made, "stream_id": made["subject"], "stream_type": made["subject_type"]}
        made = left_scope({**row, "version": 3}, tenant_id=examples.TENANT, epoch=examples.EPOCH)
    found: dict[str, Any] = orjson.loads(rendered(made))
    return found


def _moved(value: Any, to: str) -> Any:
    """The schema with its references to shared parts leading there."""
    match value:
        case {"$ref": str(reference), **rest} if reference.startswith(REFERENCE):
            return {"$ref": to + reference.removeprefix(REFERENCE), **_moved(rest, to)}
        case Mapping():
            return {key: _moved(inner, to) for key, inner in value.items()}
        case list():
            return [_moved(inner, to) for inner in value]
        case _:
            return value
