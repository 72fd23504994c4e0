"""The views of approvals."""

from __future__ import annotations

from shared.projections.view import View

VIEWS: tuple[View, ...] = ()
