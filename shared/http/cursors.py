"""Opaque places in a list or in the log. Signed, so that nobody can make one; bound to the tenant and the question."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from shared.http.problem import At, Problem

MAC_BYTES = 16
MAX_CHARS = 2_000
FEED = "events"
"""The question of the feed: a place in the log is good for any filter, of one tenant and one epoch."""


def sign(key: bytes, tenant_id: UUID, question: str, place: Sequence[Any]) -> str:
    """A cursor to this place (JSON values) of the answer to `question`."""
    payload = orjson.dumps(list(place), default=str)
    return base64.urlsafe_b64encode(_mac(key, tenant_id, question, payload) + payload).decode().rstrip("=")


def read(key: bytes, tenant_id: UUID, question: str, cursor: str) -> list[Any]:
    """The place a cursor of ours leads to. Raises Problem (400): altered, of another tenant or another question."""
    try:
        if len(cursor) > MAX_CHARS:
            raise ValueError
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[MAC_BYTES:]
        if not hmac.compare_digest(raw[:MAC_BYTES], _mac(key, tenant_id, question, payload)):
            raise ValueError
        place = orjson.loads(payload)
        if not isinstance(place, list):
            raise ValueError
        return place
    except ValueError:
        raise Problem(400, "cursor_invalid", errors=(At("/after", "cursor_invalid", where="query"),)) from None


def _mac(key: bytes, tenant_id: UUID, question: str, payload: bytes) -> bytes:
    bound = tenant_id.bytes + hashlib.sha256(question.encode(errors="surrogatepass")).digest()
    return hmac.new(key, bound + payload, hashlib.sha256).digest()[:MAC_BYTES]
