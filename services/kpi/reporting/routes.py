"""Daily and monthly reports, intelligence, month-end hand-in over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["reporting"])

ROUTERS: tuple[Router, ...] = (router,)
