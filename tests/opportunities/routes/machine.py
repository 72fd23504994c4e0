"""An integration that tells facts, alone and as lines. Only for tests of routes."""

from __future__ import annotations

import json
import secrets
from typing import Any

import httpx

JSON = dict[str, Any]


class Machine:
    """An integration of a company, and how it tells things."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http, self.token = http, token

    async def send(
        self, noun: str, content: bytes, *, key: str, media: str = "application/x-ndjson", query: str = ""
    ) -> httpx.Response:
        headers = {
            "authorization": f"Bearer {self.token}",
            "accept-language": "en",
            "content-type": media,
            "idempotency-key": key,
        }
        return await self.http.post(f"/v1/inbound/{noun}{query}", content=content, headers=headers)

    async def alone(self, noun: str, row: JSON, *, key: str | None = None) -> httpx.Response:
        body = json.dumps(row).encode()
        return await self.send(noun, body, key=key or secrets.token_hex(6), media="application/json")

    async def batch(
        self, noun: str, *rows: JSON | str, key: str | None = None, query: str = ""
    ) -> tuple[list[JSON], JSON]:
        """The outcomes, and what sums them up."""
        body = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()
        answer = await self.send(noun, body, key=key or secrets.token_hex(6), query=query)
        assert answer.status_code == 200, answer.text
        *outcomes, summary = [json.loads(line) for line in answer.text.splitlines()]
        assert [outcome["line"] for outcome in outcomes] == sorted(outcome["line"] for outcome in outcomes)
        assert summary["rows"] == len(outcomes) == sum(summary[name] for name in ("done", "refused", "not_tried"))
        return outcomes, summary


def brief(outcomes: list[JSON]) -> list[tuple[int, str]]:
    """Status and code of each."""
    return [(outcome["status"], outcome["code"]) for outcome in outcomes]
