"""Leads: enquiries by channel, assigned and disposed of; visitors counted; what a channel cost: over HTTP."""

from __future__ import annotations

from services.opportunities.leads import check, counts, intake, reads, report_route, rules, working
from shared.http.route import Router

router = Router()
for part in (
    intake.router,
    working.router,
    rules.router,
    counts.router,
    reads.router,
    report_route.router,
    check.router,
):
    router.routes.extend(part.routes)
