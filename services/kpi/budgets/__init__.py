"""Budgets: proposal, inquiry, approval, claims, use (预算)."""
