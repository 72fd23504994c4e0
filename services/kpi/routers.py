"""What this service takes and shows over HTTP. Only `main` imports it."""

from __future__ import annotations

from services.kpi import routes as funnel
from services.kpi.agenda import routes as agenda
from services.kpi.assessments import routes as assessments
from services.kpi.budgets import routes as budgets
from services.kpi.calendar import routes as calendar
from services.kpi.company import routes as company
from services.kpi.engine import routes as engine
from services.kpi.forecasts import routes as forecasts
from services.kpi.improvements import routes as improvements
from services.kpi.inventories import routes as inventories
from services.kpi.lead_plans import routes as lead_plans
from services.kpi.meetings import routes as meetings
from services.kpi.months import routes as months
from services.kpi.plans import routes as plans
from services.kpi.reporting import routes as reporting
from services.kpi.rolling import routes as rolling
from services.kpi.splits import routes as splits
from services.kpi.workbooks import routes as workbooks
from shared.http.route import Router

ROUTERS: tuple[Router, ...] = (
    funnel.router,
    *agenda.ROUTERS,
    *assessments.ROUTERS,
    *budgets.ROUTERS,
    *calendar.ROUTERS,
    *company.ROUTERS,
    *engine.ROUTERS,
    *forecasts.ROUTERS,
    *improvements.ROUTERS,
    *inventories.ROUTERS,
    *lead_plans.ROUTERS,
    *meetings.ROUTERS,
    *months.ROUTERS,
    *plans.ROUTERS,
    *reporting.ROUTERS,
    *rolling.ROUTERS,
    *splits.ROUTERS,
    *workbooks.ROUTERS,
)
