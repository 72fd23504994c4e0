"""What the opportunities service is told by other systems. Only its `main` imports it."""

from __future__ import annotations

from services.inbound import billing, filings, orders, products

ROUTERS = (
    orders.router,
    billing.invoices,
    billing.receipts,
    billing.postings,
    filings.router,
    products.router,
)
