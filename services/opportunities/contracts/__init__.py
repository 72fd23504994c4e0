"""Contracts: drafts, limits, signature, amendments, expiry."""
