"""Annual plans and targets over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["plans"])

ROUTERS: tuple[Router, ...] = (router,)
