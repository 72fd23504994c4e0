"""What operations on webhook endpoints need. Tests nothing itself, and nothing is sent."""

from __future__ import annotations

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

ENDPOINT: JSON = {"name": "ERP", "url": "https://erp.example.com/hooks"}


def _endpoint(r: Records, service: str) -> Made:
    return r.tell(service, "/v1/webhooks", ENDPOINT)


def _paused(r: Records, service: str) -> Made:
    made = _endpoint(r, service)
    return r.tell(service, f"/v1/webhooks/{made.id}/pause", {}, made.version)


def _with_two_secrets(r: Records, service: str) -> Made:
    made = _endpoint(r, service)
    return r.tell(service, f"/v1/webhooks/{made.id}/secrets", {}, made.version)


def _on(body: JSON) -> Maker:
    return lambda r, service: on("endpoint_id", _endpoint(r, service), body)


MADE: dict[str, Maker] = {
    "webhooks.register": lambda r, _: Ready(body=ENDPOINT),
    "webhooks.get": lambda r, service: on("endpoint_id", r.often("endpoint", lambda: _endpoint(r, service))),
    "webhooks.change": _on({"rate": 5}),
    "webhooks.prove": _on({}),
    "webhooks.pause": _on({}),
    "webhooks.resume": lambda r, service: on("endpoint_id", _paused(r, service), {}),
    "webhooks.skip": _on({"to": "beginning"}),
    "webhooks.remove": _on({}),
    "webhooks.add_secret": _on({}),
    "webhooks.retire_secret": lambda r, service: on(
        "endpoint_id", _with_two_secrets(r, service), {"number": 1, "overlap_seconds": 0}
    ),
}
