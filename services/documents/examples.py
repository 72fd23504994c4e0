"""One example of whatever a JSON Schema describes: plausible by the names of fields, valid, always the same.

A standing is long: of `changes` and `standing` only the fields are shown that tell something of the event.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.feed.envelope import envelope

Schema = Mapping[str, Any]
Parts = Mapping[str, Schema]

TENANT = uuid5(NAMESPACE_URL, "dakehu:example")
EPOCH, POSITION = 1, 4_711
DAY = "2026-03-16"
INSTANT = "2026-03-16T09:30:00+08:00"
ALWAYS_SHOWN = ("status", "account_id", "owner_id", "unit_id")
DEEPEST = 6

TEXTS = {
    "currency": "CNY",
    "product": "EV-C7",
    "channel": "referral",
    "level": "A",
    "level_before": "B",
    "stage": "negotiation",
    "name": "江淮物流集团",
    "title": "城配车队更新",
    "year_month": "2026-03",
    "month": "2026-03",
    "code": "B00",
    "reason": "other_brand.price",
    "order_ref": "SO-2026-0417",
    "url": "https://erp.example.com/dakehu",
}
DECIMALS = {
    "unit_price": "98000.00",
    "probability": "0.6",
    "share": "0.25",
    "rate": "0.08",
    "weight": "0.5",
    "discount": "0.03",
}
AMOUNT = "1176000.00"
WHOLES = {"year": 2026, "units": 12, "line": 1, "ordered": 12, "delivered": 0, "cancelled": 0}
SAYS = re.compile(r"\b([a-z_]+) = ([a-z_]+)")
"""What a fact says of itself: "Sets: status = ordered, review = null"."""


def shown(type: str, version: int, form: Schema, parts: Parts, subject_type: str | None) -> dict[str, Any]:
    """An event of this form in its envelope."""
    row = {
        "position": POSITION,
        "type": type,
        "schema_version": version,
        "stream_id": of_name("subject"),
        "stream_type": subject_type or "opportunity",
        "version": 3,
        "occurred_at": INSTANT,
        "recorded_at": "2026-03-16T09:30:02+08:00",
        "data": data(form, parts),
        "metadata": {"actor": str(of_name("actor")), "correlation": str(of_name("correlation"))},
    }
    return envelope(row, tenant_id=TENANT, epoch=EPOCH)


def data(form: Schema, parts: Parts) -> dict[str, Any]:
    """The `data` of an event: its own fields, and of the standing what has to do with them."""
    own: dict[str, Schema] = form.get("properties", {})
    said = dict(SAYS.findall(form.get("description", "")))
    found = {}
    for name, schema in own.items():
        if name in ("changes", "standing"):
            wanted = {*own, *said, *(ALWAYS_SHOWN if name == "standing" else ())}
            found[name] = _standing(schema, parts, wanted, said)
        else:
            found[name] = example(schema, parts, name)
    return found


def _standing(schema: Schema, parts: Parts, wanted: Collection[str], said: Mapping[str, str]) -> dict[str, Any]:
    known: dict[str, Schema] = _resolved(schema, parts).get("properties", {})
    return {name: _as_said(one, parts, name, said.get(name)) for name, one in known.items() if name in wanted}


def _as_said(schema: Schema, parts: Parts, name: str, said: str | None) -> Any:
    """The value the event's description names, when the schema has it; else any."""
    schema = _resolved(schema, parts)
    kinds = [_resolved(one, parts) for one in schema.get("anyOf", (schema,))]
    if said == "null" and any("null" in one.get("type", ()) for one in kinds):
        return None
    if any(said in one.get("enum", ()) for one in kinds):
        return said
    return example(schema, parts, name)


def example(schema: Schema, parts: Parts, name: str = "", deep: int = 0) -> Any:
    """A value the schema allows, for a field of this name."""
    schema = _resolved(schema, parts)
    for words in ("enum", "anyOf"):
        if first := schema.get(words):
            return first[0] if words == "enum" else example(first[0], parts, name, deep + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    match kind:
        case "object":
            return _object(schema, parts, name, deep)
        case "array":
            length = max(schema.get("minItems", 0), 0 if deep > DEEPEST else 1)
            return [example(schema.get("items", {}), parts, name.removesuffix("s"), deep + 1)] * length
        case "integer" | "number":
            return max(WHOLES.get(name, 1), schema.get("minimum", 0))
        case "boolean":
            return True
        case "string":
            return _text(schema, name)
        case _:
            return None


def _object(schema: Schema, parts: Parts, name: str, deep: int) -> dict[str, Any]:
    if deep > DEEPEST:
        wanted: Collection[str] = schema.get("required", ())
    else:
        wanted = schema.get("properties", {})
    found = {key: example(schema["properties"][key], parts, key, deep + 1) for key in wanted}
    others = schema.get("additionalProperties")
    if not found and isinstance(others, Mapping):
        found = {"erp" if name == "external_refs" else "code": example(others, parts, name, deep + 1)}
    return found


def _text(schema: Schema, name: str) -> str:
    match schema.get("format"):
        case "uuid":
            return str(of_name(name))
        case "date":
            return DAY
        case "date-time":
            return INSTANT
        case "decimal":
            return next((value for word, value in DECIMALS.items() if word in name), AMOUNT)
        case _:
            return TEXTS.get(name, name or "x")


def _resolved(schema: Schema, parts: Parts) -> Schema:
    while "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    return schema


def of_name(name: str) -> UUID:
    """The id that stands for a field in every example."""
    return uuid5(TENANT, name.removesuffix("_id"))
