"""The month's split and personal confirmation over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["splits"])

ROUTERS: tuple[Router, ...] = (router,)
