"""Budgets: proposal, inquiry, approval, claims, use over HTTP: the routers. The rules are elsewhere."""

from __future__ import annotations

from services.kpi.budgets.budget_routes import router as budgets
from services.kpi.budgets.claim_reads import router as claim_reads
from services.kpi.budgets.claim_routes import router as claims
from services.kpi.budgets.reads import router as reads
from shared.http.route import Router

ROUTERS: tuple[Router, ...] = (claim_reads, claims, reads, budgets)
