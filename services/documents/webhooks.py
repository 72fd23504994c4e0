"""What is pushed, in OpenAPI's words: one webhook for each type of event, with an example. Sends nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from services.documents import envelopes
from services.documents.published import Published, newest
from shared.http.openapi import Pushed

AT = "#/components/schemas/"
PREFIX = "event."
"""Of the names of parts: a service's own have none with a dot."""

HEADERS: dict[str, dict[str, Any]] = {
    "webhook-id": {"required": True, "description": "The event's `id`; the same at every attempt and replay"},
    "webhook-timestamp": {"required": True, "description": "When this attempt was signed, in Unix seconds"},
    "webhook-signature": {
        "required": True,
        "description": "`v1,<base64>` (HMAC-SHA256) and `v1a,<base64>` (Ed25519), one for each secret that is good, "
        "separated by spaces; over `<id>.<timestamp>.<body>`",
    },
    "webhook-replay": {"required": False, "description": "The replay this belongs to"},
}
PARAMETERS = {
    name: {"name": name, "in": "header", **said, "schema": {"type": "string"}} for name, said in HEADERS.items()
}
RESPONSES = {
    "webhook.2XX": {"description": "Taken. Whatever else it says, it does not get it again"},
    "webhook.410": {"description": "Nobody is there any more: the endpoint is paused"},
    "webhook.default": {"description": "Not taken: it comes again, later and later, for about three days"},
}


def pushed(service: str) -> Pushed:
    """For a service's document: what it publishes, made when the document is asked for."""
    return partial(_pushed, service)


def _pushed(service: str) -> tuple[dict[str, Any], dict[str, Any]]:
    events = [event for event in newest() if event.service in (service, None)]
    components = {
        "schemas": envelopes.parts(events, at=AT, prefix=PREFIX),
        "parameters": PARAMETERS,
        "responses": RESPONSES,
    }
    return {event.type: {"post": _operation(event)} for event in events}, components


def _operation(event: Published) -> dict[str, Any]:
    reference = {"$ref": f"{AT}{PREFIX}{event.type}"}
    return {
        "operationId": f"event.{event.type}",
        "tags": ["webhooks"],
        "summary": event.summary or event.type,
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference,
                    "examples": {event.type: {"value": envelopes.example(event)}},
                }
            },
        },
        "responses": {name.partition(".")[2]: {"$ref": f"#/components/responses/{name}"} for name in RESPONSES},
    }
