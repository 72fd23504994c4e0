"""Proof that who answers at an address wants events: a signed ping gives back its challenge, or an OPTIONS allows us.

A receiver that gives every body back has shown nothing: the answer is the challenge and nothing beside it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.feed.envelope import rendered, source
from shared.webhooks.secrets import Secret
from shared.webhooks.sending import Answer, Asks, Networks, Sends
from shared.webhooks.signing import sign

PING = "webhook.ping"
DEADLINE_SECONDS = 10.0
"""For a proof: somebody waits for its outcome."""
CHALLENGE_BYTES = 24
REQUEST_ORIGIN, ALLOWED_ORIGIN = "WebHook-Request-Origin", "webhook-allowed-origin"


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether they want events, and what was answered."""

    proven: bool
    answer: Answer


def ping_body(challenge: str, id: str, *, tenant_id: UUID, endpoint_id: UUID, at: datetime) -> bytes:
    """A ping in the form of every event, its place in the log apart: it has none."""
    said: dict[str, Any] = {
        "specversion": "1.0",
        "id": id,
        "source": source(tenant_id),
        "type": PING,
        "subject": str(endpoint_id),
        "time": at,
        "timestamp": at,
        "datacontenttype": "application/json",
        "data": {"challenge": challenge},
    }
    return rendered(said)


async def ping(
    sends: Sends,
    url: str,
    secrets_: Sequence[Secret],
    headers: Mapping[str, str],
    *,
    tenant_id: UUID,
    endpoint_id: UUID,
    at: datetime,
    allowed: Networks,
    deadline: float = DEADLINE_SECONDS,
) -> Proof:
    """Post a ping signed like every delivery; proven by a 2xx that is the challenge. Raises NothingSigns."""
    challenge, id = secrets.token_urlsafe(CHALLENGE_BYTES), f"ping_{secrets.token_hex(12)}"
    body = ping_body(challenge, id, tenant_id=tenant_id, endpoint_id=endpoint_id, at=at)
    sent = {**headers, "content-type": "application/json", **sign(secrets_, id, at, body)}
    answer = await sends.post(url, sent, body, allowed=allowed, deadline=deadline)
    return Proof(answer.ok and echoes(answer.heard, challenge), answer)


def echoes(heard: bytes, challenge: str) -> bool:
    """Whether an answer is the challenge: as text, as a JSON string, or as `{"challenge": …}`, and nothing more."""
    try:
        text = heard.decode().strip()
        if secrets.compare_digest(text.encode(), challenge.encode()):
            return True
        said = json.loads(text)
    except (ValueError, RecursionError):  # brackets without end
        return False
    return said in (challenge, {"challenge": challenge})


async def handshake(
    asks: Asks, url: str, origin: str, *, allowed: Networks, deadline: float = DEADLINE_SECONDS
) -> Proof:
    """CloudEvents' validation: the address allows our origin, or any. What status it says that with counts nothing."""
    answer = await asks.options(url, {REQUEST_ORIGIN: origin}, allowed=allowed, deadline=deadline)
    granted = answer.webhook.get(ALLOWED_ORIGIN, "").strip()
    return Proof(granted in ("*", origin), answer)
