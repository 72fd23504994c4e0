"""One attempt in words: the headers it carries, the row that is kept of it, what a notice says of it. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.feed.envelope import event_id
from shared.webhooks.attempts import Attempt, new_id
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.flows import Flow
from shared.webhooks.sending import USER_AGENT, Answer
from shared.webhooks.signing import sign
from shared.webhooks.standing import Standing
from shared.webhooks.vaulted import Signing
from shared.webhooks.window import Item

MOST_ERROR = 500
EVERY_REQUEST = {"content-type": "application/json", "user-agent": USER_AGENT}
"""Headers of whatever is posted: events, tests, notices."""


def headers_of(flow: Flow, signing: Signing, item: Item, now: datetime, body: bytes) -> dict[str, str]:
    """The endpoint's own headers, and ours over them. Raises NothingSigns."""
    headers = dict(signing.headers)
    headers |= EVERY_REQUEST
    headers |= sign(signing.secrets, event_id(flow.epoch, item.position), now, body)
    headers["webhook-attempt"] = str(item.attempts + 1)
    if flow.replay:
        headers["webhook-replay"] = str(flow.flow_id)
    trace = item.shown.body["metadata"].get("trace")
    if isinstance(trace, str) and trace.isascii():
        headers["traceparent"] = trace
    return headers


def attempt_of(
    flow: Flow, item: Item, answer: Answer, *, number: int, at: datetime, next_at: datetime | None
) -> Attempt:
    return Attempt(
        attempt_id=new_id(at),
        endpoint_id=flow.endpoint_id,
        event_id=event_id(flow.epoch, item.position),
        position=item.position,
        type=item.shown.type,
        subject=item.shown.subject,
        lane=item.lane,
        number=number,
        at=at,
        took_ms=answer.took_ms,
        status=answer.status,
        fault=answer.fault,
        error=storable(answer.error),
        answer=answer.body,
        next_at=next_at,
    )


def said_of(flow: Flow, endpoint: Endpoint, standing: Standing, item: Item, answer: Answer) -> dict[str, Any]:
    """What a notice tells: which endpoint and event, and what was answered."""
    since = standing.failing_since
    return {
        "name": endpoint.name,
        "replay": str(flow.flow_id) if flow.replay else None,
        "event_id": event_id(flow.epoch, item.position),
        "type": item.shown.type,
        "subject": str(item.shown.subject),
        "status": answer.status,
        "fault": answer.fault,
        "error": storable(answer.error),
        "failures": standing.failures,
        "failing_since": None if since is None else since.isoformat(),
        "paused_by": standing.paused_by,
    }


def storable(text: str | None) -> str | None:
    """What a receiver made somebody say must not keep a whole statement from being written."""
    return None if text is None else text.replace("\0", "").encode(errors="replace").decode()[:MOST_ERROR]
