"""Follow-up duty: contacts made and planned, what is due and overdue, the day of a person: over HTTP."""

from __future__ import annotations

from services.opportunities.follow_ups import acting, reads
from services.opportunities.follow_ups.today import routes as today
from shared.http.route import Router

router = Router()
for part in (acting.router, reads.router, today.router):
    router.routes.extend(part.routes)  # flat, as the app takes them
