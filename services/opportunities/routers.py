"""What this service takes and shows over HTTP: commands, single records, lists and reports. Only `main` imports it."""

from __future__ import annotations

from services.opportunities.approvals import routes as approvals
from services.opportunities.attachments import routes as attachments
from services.opportunities.bids import routes as bids
from services.opportunities.billing import routes as billing
from services.opportunities.catalogues import routes as catalogues
from services.opportunities.contracts import routes as contracts
from services.opportunities.filings import routes as filings
from services.opportunities.follow_ups import routes as follow_ups
from services.opportunities.leads import routes as leads
from services.opportunities.negotiations import routes as negotiations
from services.opportunities.opportunity.routes import by_ref, closings, orders, prospects
from services.opportunities.policies import routes as policies
from services.opportunities.products import routes as products
from services.opportunities.projects import routes as projects
from services.opportunities.routes import defeats, flows, lists, pages, reports
from services.opportunities.search import routes as search
from services.opportunities.solutions import routes as solutions
from services.opportunities.visits import routes as visits

ROUTERS = (
    by_ref.router,
    prospects.router,
    closings.router,
    orders.router,
    visits.router,
    products.router,
    policies.router,
    catalogues.router,
    leads.router,
    follow_ups.router,
    approvals.router,
    solutions.router,
    bids.router,
    negotiations.router,
    contracts.router,
    *billing.ROUTERS,
    filings.router,
    projects.router,
    attachments.router,
    search.router,
    lists.router,
    reports.router,
    flows.router,
    defeats.router,
    pages.router,
)
