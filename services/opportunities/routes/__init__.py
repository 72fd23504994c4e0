"""What this service takes and shows over HTTP: commands and single records. Lists and reports have their own place."""

from __future__ import annotations

from services.opportunities.routes import closings, orders, pages, products, prospects, publishing, visits

ROUTERS = (
    prospects.router,
    closings.router,
    orders.router,
    visits.router,
    products.router,
    publishing.router,
    pages.router,
)
