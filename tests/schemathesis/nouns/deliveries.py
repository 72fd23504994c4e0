"""What operations on deliveries need: an endpoint, or a replay of it. Tests nothing itself, and nothing is sent."""

from __future__ import annotations

from tests.schemathesis.nouns.webhooks import _endpoint
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

OLD = "2020-01-01T00:00:00Z"


def _seen(r: Records, service: str) -> Ready:
    return on("endpoint_id", r.often("endpoint", lambda: _endpoint(r, service)))


def _with(body: JSON) -> Maker:
    return lambda r, service: on("endpoint_id", _endpoint(r, service), body)


def _replay(r: Records, service: str) -> Ready:
    endpoint = _endpoint(r, service)
    replay: Made = r.tell(service, f"/v1/webhooks/{endpoint.id}/replays", {})
    return Ready(path={"endpoint_id": endpoint.id, "replay_id": replay.id})


MADE: dict[str, Maker] = {
    "webhooks.replay": _with({"dry_run": True}),
    "webhooks.replays": _seen,
    "webhooks.get_replay": _replay,
    "webhooks.pause_replay": _replay,
    "webhooks.resume_replay": _replay,
    "webhooks.cancel_replay": _replay,
    "webhooks.attempts": _seen,
    "webhooks.expunge": _with({"until": OLD}),
    "webhooks.lanes": _seen,
    "webhooks.retry_lanes": _with({}),
    "webhooks.figures": _seen,
    "webhooks.test": _with({"dry_run": True}),
}
