"""All views of the kpi service."""

from __future__ import annotations

from services.kpi.views.funnel import FUNNEL
from services.kpi.views.people import PEOPLE
from services.kpi.views.teams import TEAMS
from services.kpi.views.units import UNITS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (UNITS, PEOPLE, TEAMS, FUNNEL)
