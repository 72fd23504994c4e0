"""Budgets: proposal, inquiry, approval, claims, use over HTTP. The rules are elsewhere."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1", tags=["budgets"])

ROUTERS: tuple[Router, ...] = (router,)
