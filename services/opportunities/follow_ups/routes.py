"""Follow-up duty: contacts made and planned, what is due and overdue, the day of a person: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
