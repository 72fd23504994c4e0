"""Finding records by what people remember of them: over HTTP."""

from __future__ import annotations

from shared.http.route import Router

router = Router(prefix="/v1")
