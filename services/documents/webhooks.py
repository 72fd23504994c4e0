"""What is pushed, in OpenAPI's words: one webhook for each type of event, with an example. Sends nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from services.documents import envelopes
from services.documents.published import newest
from services.documents.signals import SIGNALS
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
    "webhook-attempt": {"required": False, "description": "Which attempt this is: 1, 2, 3 …"},
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
        "schemas": {
            **envelopes.parts(events, at=AT, prefix=PREFIX),
            **{f"{PREFIX}{signal.name}": signal.form for signal in SIGNALS},
        },
        "parameters": PARAMETERS,
        "responses": RESPONSES,
    }
    return {
        **{event.type: _post(event.type, event.summary, envelopes.example(event)) for event in events},
        **{signal.name: _post(signal.name, signal.summary, signal.example) for signal in SIGNALS},
    }, components


def _post(name: str, summary: str, example: dict[str, Any]) -> dict[str, Any]:
    operation = {
        "operationId": f"{PREFIX}{name}",
        "tags": ["webhooks"],
        "summary": summary,
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{AT}{PREFIX}{name}"},
                    "examples": {name: {"value": example}},
                }
            },
        },
        "responses": {name.partition(".")[2]: {"$ref": f"#/components/responses/{name}"} for name in RESPONSES},
    }
    return {"post": operation}
