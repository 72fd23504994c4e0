"""The secrets of endpoints: sealed under the tenant's key, in no event, no log and no answer but the one that made it.

Several are good at a time while one is being replaced: every one of them signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

HMAC, ED25519 = "v1", "v1a"
Kind = Literal["v1", "v1a"]


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
