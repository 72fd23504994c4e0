"""Views of rolling, folded from the log."""

from __future__ import annotations

from shared.projections.view import View

VIEWS: tuple[View, ...] = ()
