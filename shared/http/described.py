"""GET /openapi.json: the document of an app, made once, beside the loop, and sent as the bytes it came to."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/openapi.json"


class Described:
    """The document as it is sent. Making it takes seconds of Python: requests are served meanwhile."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self._made: tuple[bytes, str] | None = None

    async def answer(self, request: Request) -> Response:
        """The document, or 304 to who has it."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._bytes)
        body, tag = self._made
        headers = {"etag": tag, "cache-control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    def _bytes(self) -> tuple[bytes, str]:
        body = orjson.dumps(self._make())
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def route(self) -> Route:
        return Route(PATH, self.answer, methods=["GET"], include_in_schema=False)
