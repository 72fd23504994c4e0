"""Manufacturer filings: submitted, accepted, reported, supported: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
