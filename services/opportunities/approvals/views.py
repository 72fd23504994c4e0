"""The views of approvals, for the list of all; who reads one imports it from its own module."""

from __future__ import annotations

from services.opportunities.views.requests import REQUESTS, VERIFICATIONS
from services.opportunities.views.set_aside import SET_ASIDE
from shared.projections.view import View

VIEWS: tuple[View, ...] = (REQUESTS, VERIFICATIONS, SET_ASIDE)
