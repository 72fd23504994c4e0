"""KPI definitions, values, drill-down over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["engine"])

ROUTERS: tuple[Router, ...] = (router,)
