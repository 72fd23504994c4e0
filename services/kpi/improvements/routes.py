"""Improvement loops and training needs over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["improvements"])

ROUTERS: tuple[Router, ...] = (router,)
