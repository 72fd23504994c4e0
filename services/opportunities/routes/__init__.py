"""What this service takes and shows over HTTP: commands, single records, lists and reports."""

from __future__ import annotations

from services.opportunities.opportunity.routes import closings, orders, prospects
from services.opportunities.policies import routes as policies
from services.opportunities.products import routes as products
from services.opportunities.routes import lists, pages, reports
from services.opportunities.visits import routes as visits

ROUTERS = (
    prospects.router,
    closings.router,
    orders.router,
    visits.router,
    products.router,
    policies.router,
    lists.router,
    reports.router,
    pages.router,
)
