"""Forecast calls over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["forecasts"])

ROUTERS: tuple[Router, ...] = (router,)
