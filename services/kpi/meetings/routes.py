"""Review meetings over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["meetings"])

ROUTERS: tuple[Router, ...] = (router,)
