"""Invoices, receipts, what is owed, and whether our ledger matches the books: over HTTP."""

from __future__ import annotations

from services.opportunities.billing import invoice_routes, receipt_routes, reconciliation_routes, report_routes

ROUTERS = (invoice_routes.router, receipt_routes.router, report_routes.router, reconciliation_routes.router)
