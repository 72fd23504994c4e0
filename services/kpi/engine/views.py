"""Views behind the figures, folded from the facts of the other services; those of deals are in `services/kpi/views`."""

from __future__ import annotations

from services.kpi.engine.sources import follow_ups_views, leads_views, money_views, visits_views
from shared.projections.view import View

VIEWS: tuple[View, ...] = (
    *leads_views.VIEWS,
    *visits_views.VIEWS,
    *follow_ups_views.VIEWS,
    *money_views.VIEWS,
)
