"""Projects: phases, milestones, budget, risks, acceptance, lessons: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
