"""The AsyncAPI 3 document: the events of all services by their two pushed ways, stream and webhook."""

from __future__ import annotations

from typing import Any

from services.documents import envelopes
from services.documents.published import Published, newest
from services.documents.webhooks import HEADERS

AT = "#/components/schemas/"
HEADERS_PART = "webhook.headers"

SAID = """Every event of every service, in one envelope, whichever way it comes: `GET /v1/events` page by page,
`GET /v1/events/stream` as it happens, or pushed to an endpoint of yours (`POST /v1/webhooks`). Events about one record
come in order; take each `id` once. Schemas grow by addition alone."""


def asyncapi(version: str) -> dict[str, Any]:
    """The whole document."""
    events = sorted(newest(), key=lambda event: event.type)
    messages = {event.type: {"$ref": f"#/components/messages/{event.type}"} for event in events}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Dakehu events", "version": version, "description": SAID},
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "address": None,
                "title": "Webhook",
                "description": "Your endpoint's address, as registered. One event a POST, signed as Standard Webhooks.",
                "messages": messages,
            },
            "stream": {
                "address": "/v1/events/stream",
                "title": "Server-sent events",
                "description": "One event a message; `id:` is the cursor to go on from.",
                "messages": messages,
            },
        },
        "operations": {
            "push": {"action": "send", "channel": {"$ref": "#/channels/webhook"}, "summary": "Push an event"},
            "stream": {"action": "send", "channel": {"$ref": "#/channels/stream"}, "summary": "Stream events"},
        },
        "components": {
            "messages": {event.type: _message(event) for event in events},
            "schemas": {**envelopes.parts(events, at=AT), HEADERS_PART: _headers()},
        },
    }


def _message(event: Published) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.type,
        "summary": event.summary,
        "contentType": "application/json",
        "headers": {"$ref": f"{AT}{HEADERS_PART}"},
        "payload": {"$ref": f"{AT}{event.type}"},
        "examples": [{"payload": envelopes.example(event)}],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Of webhooks alone",
        "properties": {name: {"type": "string", "description": said["description"]} for name, said in HEADERS.items()},
    }
