"""Company figures entered or handed over by other systems over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["company"])

ROUTERS: tuple[Router, ...] = (router,)
