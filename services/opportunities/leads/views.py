"""The views of leads."""

from __future__ import annotations

from services.opportunities.leads.figure_views import CHANNEL_SPEND, VISITOR_COUNTS
from services.opportunities.leads.view import LEADS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (LEADS, VISITOR_COUNTS, CHANNEL_SPEND)
