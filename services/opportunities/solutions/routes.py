"""Solution requests: drafted by technical support, approved by the account manager: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
