"""Lead plans and weekly reviews over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["lead-plans"])

ROUTERS: tuple[Router, ...] = (router,)
