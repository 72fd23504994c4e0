"""What this service takes and shows over HTTP: commands, single records, lists and reports."""

from __future__ import annotations

from services.opportunities.routes import (
    closings,
    lists,
    orders,
    pages,
    products,
    prospects,
    publishing,
    reports,
    visits,
)

ROUTERS = (
    prospects.router,
    closings.router,
    orders.router,
    visits.router,
    products.router,
    publishing.router,
    lists.router,
    reports.router,
    pages.router,
)
