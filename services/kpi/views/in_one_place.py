"""The views of this service, in one place."""

from __future__ import annotations

from services.kpi.assessments import views as assessments
from services.kpi.budgets import views as budgets
from services.kpi.calendar import views as calendar
from services.kpi.company import views as company
from services.kpi.engine import views as engine
from services.kpi.forecasts import views as forecasts
from services.kpi.improvements import views as improvements
from services.kpi.inventories import views as inventories
from services.kpi.lead_plans import views as lead_plans
from services.kpi.meetings import views as meetings
from services.kpi.months import views as months
from services.kpi.plans import views as plans
from services.kpi.reporting import views as reporting
from services.kpi.rolling import views as rolling
from services.kpi.splits import views as splits
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.people import PEOPLE
from services.kpi.views.products import PRODUCTS
from services.kpi.views.reports import REPORTED
from services.kpi.views.stock import STOCK
from services.kpi.views.teams import TEAMS
from services.kpi.views.units import UNITS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (
    UNITS,
    PEOPLE,
    TEAMS,
    ACCOUNTS,
    PRODUCTS,
    FUNNEL,
    STOCK,
    REPORTED,
    *assessments.VIEWS,
    *budgets.VIEWS,
    *calendar.VIEWS,
    *company.VIEWS,
    *engine.VIEWS,
    *forecasts.VIEWS,
    *improvements.VIEWS,
    *inventories.VIEWS,
    *lead_plans.VIEWS,
    *meetings.VIEWS,
    *months.VIEWS,
    *plans.VIEWS,
    *reporting.VIEWS,
    *rolling.VIEWS,
    *splits.VIEWS,
)
