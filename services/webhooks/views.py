"""The views of webhook endpoints."""

from __future__ import annotations

from shared.projections.view import View

VIEWS: tuple[View, ...] = ()
