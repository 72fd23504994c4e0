"""The form of one event for those outside: Standard Webhooks' and CloudEvents' at once. No I/O.

One envelope whichever way it is carried: a page, a stream, a webhook. Its bytes are made once (`rendered`), since
webhooks are signed over them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import orjson

LEFT_SCOPE = "left_scope"
"""In place of an event by which a record left what the reader sees: drop your copy; nothing of it comes any more."""


def event_id(epoch: int, position: int) -> str:
    """One event's id for ever: the envelope's `id`, the `webhook-id`. Another after a restore that forked history."""
    return f"evt_{epoch}_{position}"


def source(tenant_id: UUID) -> str:
    """CloudEvents `source`: whose log it is. With `id` it is unique in the world."""
    return f"urn:uuid:{tenant_id}"


def schema_path(type: str, schema_version: int) -> str:
    """Where the JSON Schema of an event's `data` is, for ever."""
    return f"/v1/schemas/events/{type}/{schema_version}"


def envelope(row: Mapping[str, Any], *, tenant_id: UUID, epoch: int) -> dict[str, Any]:
    """An event of the log (columns of es.events by name) in full, as JSON values; instants are datetimes."""
    origin = row["metadata"].get("origin")
    return {
        "specversion": "1.0",
        "id": event_id(epoch, row["position"]),
        "source": source(tenant_id),
        "type": row["type"],
        "subject": str(row["stream_id"]),
        "time": row["occurred_at"],
        "timestamp": row["occurred_at"],
        "datacontenttype": "application/json",
        "dataschema": schema_path(row["type"], row["schema_version"]),
        "position": row["position"],
        "epoch": epoch,
        "subject_type": row["stream_type"],
        "subject_version": row["version"],
        "schema_version": row["schema_version"],
        "occurred_at": row["occurred_at"],
        "recorded_at": row["recorded_at"],
        **({} if origin is None else {"origin": origin}),
        "data": row["data"],
        "metadata": row["metadata"],
    }


def left_scope(row: Mapping[str, Any], *, tenant_id: UUID, epoch: int) -> dict[str, Any]:
    """What stands for an event by which its record left the reader's sight: which record, and nothing about it."""
    full = envelope(row, tenant_id=tenant_id, epoch=epoch)
    return {
        **{name: full[name] for name in ENVELOPE if name in full},
        "type": LEFT_SCOPE,
        "dataschema": schema_path(LEFT_SCOPE, 1),
        "schema_version": 1,
        "data": {},
        "metadata": {},
    }


def cloudevent_headers(body: Mapping[str, Any]) -> dict[str, str]:
    """The headers that make a message whose data is this envelope a CloudEvent in binary mode.

    For readers that refuse extension names with an underscore, as the envelope has them.
    """
    said = {name: body[name] for name in ATTRIBUTES}
    said["time"] = said["time"].isoformat() if isinstance(said["time"], datetime) else said["time"]
    return {f"ce-{name}": quote(str(value), safe=PRINTABLE) for name, value in said.items()}


ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "dataschema", "position", "epoch")
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')

ENVELOPE = (
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "timestamp",
    "datacontenttype",
    "dataschema",
    "position",
    "epoch",
    "subject_type",
    "subject_version",
    "schema_version",
    "occurred_at",
    "recorded_at",
    "origin",
)
"""What every payload carries, however thin."""


def rendered(value: Any) -> bytes:
    """JSON, whatever numbers its facts hold; the feed must not end at one of more than 64 bits."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, default=_instant).encode()


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
