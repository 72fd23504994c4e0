"""Contracts: drafts, limits, signature, amendments, expiry: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
