"""The three headers of Standard Webhooks: over the bytes that are sent, by every secret that is good. No I/O, no clock.

The foreign libraries verify; none of them signs here: theirs know no v1a, and take a local time for UTC.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.webhooks.secrets import ED25519, HMAC, Secret

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

SAFE_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")
"""No dot: what is signed is `id.timestamp.body`, and where the id ends must not be for anybody to choose."""


class NothingSigns(ValueError):
    """No secret is good: nothing is sent without a signature."""


def sign(secrets: Sequence[Secret], id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """`webhook-id`, `webhook-timestamp` (of this attempt, in seconds), `webhook-signature` (one by each good secret).

    The newest secret's comes first. Raises NothingSigns, ValueError for an id with a dot or a time without a zone.
    """
    if SAFE_ID.fullmatch(id) is None:
        raise ValueError(f"not an id that can be signed: {id!r}")
    if at.tzinfo is None:
        raise ValueError("the time of an attempt has a zone")
    stamp = str(int(at.timestamp()))
    content = b".".join((id.encode(), stamp.encode(), body))
    good = sorted((secret for secret in secrets if secret.good(at)), key=lambda secret: -secret.number)
    if not good:
        raise NothingSigns("no secret of the endpoint is good")
    return {ID: id, TIMESTAMP: stamp, SIGNATURE: " ".join(_signature(secret, content) for secret in good)}


def _signature(secret: Secret, content: bytes) -> str:
    match secret.kind:
        case "v1":
            return f"{HMAC},{_text(hmac.digest(secret.key, content, 'sha256'))}"
        case "v1a":
            return f"{ED25519},{_text(Ed25519PrivateKey.from_private_bytes(secret.key).sign(content))}"
        case _:
            assert_never(secret.kind)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
