"""Verifying what is delivered: Standard Webhooks, `v1` by a shared secret and `v1a` by a public key. No I/O.

Give the body as it came, byte for byte, before anything parses it. A delivery may come twice: `event.id` is the same.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dakehu_client.answers import Event
from dakehu_client.errors import DakehuError

TOLERANCE_SECONDS = 300
LEAST_BYTES = 16
"""Of a secret: with less, an empty variable above all, anybody could sign."""


class NotVerified(DakehuError):
    """Not from whom it says, altered, or too old: answer 400 and do nothing. `reason` is for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Verifier:
    """Knows the secrets of an endpoint: several during rotation, one of which must have signed.

    `whsec_…` is a shared secret (v1), `whpk_…` a public key (v1a; needs `cryptography`). Raises ValueError for others.
    """

    def __init__(
        self,
        *secrets: str,
        tolerance_seconds: float = TOLERANCE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not secrets:
            raise ValueError("a secret or a public key is needed")
        self._tolerance = tolerance_seconds
        self._clock = clock
        self._shared = [_key(secret, "whsec_") for secret in secrets if secret.startswith("whsec_")]
        self._public = [_public(_key(secret, "whpk_")) for secret in secrets if secret.startswith("whpk_")]
        if len(self._shared) + len(self._public) != len(secrets):
            raise ValueError("a secret begins with whsec_, a public key with whpk_")

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event of a delivery. Raises NotVerified."""
        return Event.of(self.verified(headers, body))

    def verified(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The JSON of a delivery, whatever it is: a ping and a notice are no events. Raises NotVerified."""
        given = {name.lower(): value for name, value in headers.items()}
        try:
            id, stamp, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        except KeyError as missing:
            raise NotVerified(f"{missing.args[0]} is missing") from None
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise NotVerified("webhook-timestamp is no time")
        if abs(self._clock() - int(stamp)) > self._tolerance:
            raise NotVerified("webhook-timestamp is too far from now")
        content = b".".join((id.encode(), stamp.encode(), body))
        if not any(self._good(signature, content) for signature in signatures.split()):
            raise NotVerified("no signature is good")
        try:
            said = json.loads(body)
        except ValueError:
            raise NotVerified("the body is not JSON") from None
        if not isinstance(said, dict):
            raise NotVerified("the body is no object")
        return said

    def _good(self, signature: str, content: bytes) -> bool:
        version, _, text = signature.partition(",")
        try:
            given = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return False
        if version == "v1":
            return any(hmac.compare_digest(given, hmac.digest(key, content, "sha256")) for key in self._shared)
        if version == "v1a":
            return any(verify(given, content) for verify in self._public)
        return False  # of a version to come


def _key(secret: str, prefix: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"not base64 after {prefix}") from None
    if len(key) < LEAST_BYTES:
        raise ValueError(f"too short after {prefix}")
    return key


def _public(key: bytes) -> Callable[[bytes, bytes], bool]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(key)

    def verify(signature: bytes, content: bytes) -> bool:
        try:
            public.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    return verify


def public_keys(document: Mapping[str, Any]) -> Sequence[str]:
    """The keys of `/.well-known/webhook-keys?tenant=…&endpoint=…`, as a Verifier takes them."""
    return [key["webhook_key"] for key in document["keys"]]
