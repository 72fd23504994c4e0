"""The AsyncAPI 3 document: the events of all services by their two pushed ways, stream and webhook."""

from __future__ import annotations

from typing import Any

from services.documents import envelopes
from services.documents.published import newest
from services.documents.signals import SIGNALS
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
    signals = {signal.name: {"$ref": f"#/components/messages/{signal.name}"} for signal in SIGNALS}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Dakehu events", "version": version, "description": SAID},
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "address": None,
                "title": "Webhook",
                "description": "Your endpoint's address, as registered. One event a POST, signed as Standard Webhooks.",
                "messages": {**messages, **signals},
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
            "messages": {
                **{event.type: _message(event.type, event.summary, envelopes.example(event)) for event in events},
                **{signal.name: _message(signal.name, signal.summary, signal.example) for signal in SIGNALS},
            },
            "schemas": {
                **envelopes.parts(events, at=AT),
                **{signal.name: signal.form for signal in SIGNALS},
                HEADERS_PART: _headers(),
            },
        },
    }


def _message(name: str, summary: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "headers": {"$ref": f"{AT}{HEADERS_PART}"},
        "payload": {"$ref": f"{AT}{name}"},
        "examples": [{"payload": example}],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Of webhooks alone",
        "properties": {name: {"type": "string", "description": said["description"]} for name, said in HEADERS.items()},
    }
