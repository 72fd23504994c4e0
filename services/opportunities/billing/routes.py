"""Invoices, receipts, what is owed, and whether our ledger matches the books: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
