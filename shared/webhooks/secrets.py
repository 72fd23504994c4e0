"""The secrets of endpoints: sealed under the tenant's key, in no event, no log and no answer but the one that made it.

Several are good at a time while one is being replaced: every one of them signs.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HMAC: Literal["v1"] = "v1"
ED25519: Literal["v1a"] = "v1a"
Kind = Literal["v1", "v1a"]

KEY_BYTES = 32
"""Of a fresh secret, of either kind."""
SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"


@dataclass(frozen=True, slots=True)
class Secret:
    """One signing secret. `key`: 24-64 random bytes (v1), or the 32 bytes of an Ed25519 private key (v1a)."""

    endpoint_id: UUID
    number: int
    kind: Kind
    key: bytes
    made_at: datetime
    expires_at: datetime | None = None

    def good(self, at: datetime) -> bool:
        return self.expires_at is None or self.expires_at > at

    def __repr__(self) -> str:
        return f"Secret({self.endpoint_id}, {self.number}, {self.kind})"  # the key reaches no log


def new_key() -> bytes:
    """The key of a secret of either kind, made by chance."""
    return secrets.token_bytes(KEY_BYTES)


def public_key(key: bytes) -> bytes:
    """The 32 bytes by which signatures of this v1a key are verified."""
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def secret_text(key: bytes) -> str:
    """A v1 key as Standard Webhooks writes it: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def public_text(key: bytes) -> str:
    """A public key as Standard Webhooks writes it: `whpk_` and base64."""
    return PUBLIC_PREFIX + base64.b64encode(key).decode()
