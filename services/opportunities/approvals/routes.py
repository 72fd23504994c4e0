"""What waits for a decision: the inbox of heads, in one place: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
