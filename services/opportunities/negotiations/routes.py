"""Negotiations: rounds, terms, concessions, open points: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
