"""Invoices, receipts, what is owed, and whether our ledger matches the books."""
