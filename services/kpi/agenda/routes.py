"""What is due, for whom, and what is late over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["agenda"])

ROUTERS: tuple[Router, ...] = (router,)
