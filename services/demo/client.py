"""The sample's HTTP client: sends commands as a user would, with keys, ETags and polite retries. Knows no sample."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

ATTEMPTS = 8
"""Tries of one command while the service says 503 or the connection breaks; the key makes that harmless."""
LONGEST_PAUSE_SECONDS = 5.0
STALE = 412


class SampleRefused(Exception):
    """The service refused a command of the sample."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a command was answered with."""

    id: UUID
    version: int
    position: int


class Client:
    """Connections to the front door. Not for hostile servers: it trusts what it gets."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._all: list[httpx.AsyncClient] = []
        self._idle: list[httpx.AsyncClient] = []

    async def close(self) -> None:
        for connection in self._all:
            await connection.aclose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of one connection: a shared pool would look at each of its connections for each request."""
        if not self._idle:
            one = httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_connections=1))
            made = httpx.AsyncClient(base_url=self._base_url, timeout=30, transport=one)
            self._all.append(made)
            self._idle.append(made)
        connection = self._idle.pop()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    async def get(self, path: str, token: str, **parameters: Any) -> Any:
        """The JSON of a read. Raises SampleRefused."""
        answer = await self._send("GET", path, {"authorization": f"Bearer {token}"}, params=parameters)
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], *, token: str, key: str, version: int | None = None) -> Sent:
        """Send one command under its key; `version` is what the record stands at as far as known. Raises SampleRefused.

        Nobody else works on the sample's records: if it is known wrongly, the service says the right one.
        """
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = await self._send("POST", path, headers, json=body)
        if answer.status_code == STALE:
            answer = await self._send("POST", path, {**headers, "if-match": answer.headers["etag"]}, json=body)
        if answer.status_code == STALE:
            raise SampleRefused(f"POST {path}: somebody else works on this record")
        receipt = answer.json()
        return Sent(UUID(receipt["id"]), receipt["version"], receipt["position"])

    async def post_many(self, path: str, body: dict[str, Any], *, token: str, key: str) -> Any:
        """Send a command on many records; the JSON of its answer. Raises SampleRefused."""
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        return (await self._send("POST", path, headers, json=body)).json()

    async def _send(self, method: str, path: str, headers: dict[str, str], **content: Any) -> httpx.Response:
        pause = 0.1
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._connection() as connection:
                    answer = await connection.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if answer.status_code < 400 or answer.status_code == STALE:
                    return answer
                if answer.status_code != 503 or attempt == ATTEMPTS:
                    raise SampleRefused(f"{method} {path}: {answer.status_code} {answer.text[:600]}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        raise AssertionError("unreachable")
