"""The sample's HTTP client: sends commands as a user would, with keys, ETags and polite retries. Knows no sample."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

ATTEMPTS = 8
"""Tries of one command while the service says 503 or the connection breaks; the key makes that harmless."""
LONGEST_PAUSE_SECONDS = 5.0


class SampleRefused(Exception):
    """The service refused a command of the sample."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a command was answered with."""

    id: UUID
    version: int
    position: int


class Client:
    """One connection pool to the front door. Not for hostile servers: it trusts what it gets."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=30, limits=httpx.Limits(max_connections=64))

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, token: str, **parameters: Any) -> Any:
        """The JSON of a read. Raises SampleRefused."""
        answer = await self._send("GET", path, {"authorization": f"Bearer {token}"}, params=parameters)
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], *, token: str, key: str, version: int | None = None) -> Sent:
        """Send one command under its key; `version` is what the record stood at. Raises SampleRefused."""
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        receipt = (await self._send("POST", path, headers, json=body)).json()
        return Sent(UUID(receipt["id"]), receipt["version"], receipt["position"])

    async def _send(self, method: str, path: str, headers: dict[str, str], **content: Any) -> httpx.Response:
        pause = 0.1
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if answer.status_code < 400:
                    return answer
                if answer.status_code != 503 or attempt == ATTEMPTS:
                    raise SampleRefused(f"{method} {path}: {answer.status_code} {answer.text[:600]}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        raise AssertionError("unreachable")
