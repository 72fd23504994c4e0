"""Tells steps to a running installation, several at once, and reads as one person or another. Judges nothing."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from tests.journeys.year.steps import Id, Step
from tests.stack import Running

SERVED = {
    "DAKEHU_ACCOUNTS_PORT": {"units", "people", "accounts", "hand-overs"},
    "DAKEHU_OPPORTUNITIES_PORT": {
        "opportunities", "leads", "visitor-counts", "spend", "visits", "filings", "invoices", "receipts", "ledger",
        "products", "level-policies", "pipeline", "events",
    },
}  # fmt: skip
"""What each service serves; the kpi service all else."""
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # else looked for on disk, thrice a request
AT_ONCE = 8
PATIENCE = 120
"""Times a read is tried again while a view is behind."""


class Teller:
    """The people's tokens, what the server called their records, and where each record stands."""

    def __init__(self, running: Running, office: str) -> None:
        self.running = running
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        self.client = httpx.AsyncClient(timeout=60, limits=limits)
        self.tokens: dict[str, str] = {"office": office}
        self.ids: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.position = 0
        self.told = 0
        self.gate = asyncio.Semaphore(AT_ONCE)
        self._keys = itertools.count(1)

    def _url(self, path: str) -> str:
        noun = path.split("/")[2]
        port = next((port for port, nouns in SERVED.items() if noun in nouns), "DAKEHU_KPI_PORT")
        return self.running.url(port) + path

    # -- telling -------------------------------------------------------------------------------------------

    async def play(self, parts: Iterable[Sequence[Step]]) -> None:
        """All these tracks to their end, beside each other."""
        await asyncio.gather(*(self._track(part) for part in parts))

    async def _track(self, steps: Sequence[Step]) -> None:
        async with self.gate:
            for step in steps:
                await self.step(step)

    async def step(self, step: Step) -> dict[str, Any]:
        """One command, its answer kept."""
        body = self._filled(step.body)
        if "body_on" in body:  # a correction says the day it was, which is not the day of the step
            body["on"] = body.pop("body_on")
        if "on" not in body and "at" not in body and not step.path.endswith(DAYLESS):
            body["on"] = step.on.isoformat()
        receipt = await self.tell(
            step.by, step.path.format_map(self.ids), body, of=step.of, behalf=step.behalf, where=str(step)
        )
        if step.new is not None:
            self.ids[step.new] = receipt["id"]
            self.versions[step.new] = receipt["version"]
        if step.fact is not None:
            self.versions[step.fact] = receipt["version"]
        return receipt

    async def tell(
        self,
        by: str,
        path: str,
        body: Mapping[str, Any],
        *,
        of: str | None = None,
        behalf: str | None = None,
        where: str = "",
        method: str = "POST",
    ) -> dict[str, Any]:
        """A command that must succeed. One that finds the record moved on goes on from there."""
        said = {"authorization": f"Bearer {self.tokens[by]}", "accept-language": "en"}
        if behalf is not None:
            said["on-behalf-of"] = self.ids[behalf]
        for _ in range(5):
            said["idempotency-key"] = f"year-{next(self._keys)}"
            if of is not None:
                said["if-match"] = f'"{self.versions.get(of, 1)}"'
            answer = await self.client.request(method, self._url(path), json=dict(body), headers=said)
            receipt: dict[str, Any] = answer.json()
            if answer.status_code == 412 and of is not None:
                self.versions[of] = receipt["version"]
                continue
            if receipt.get("code") == "duplicate_prospect" and body.get("duplicate") == "intended":
                continue  # a colleague's record of the same account was faster; this one is meant to be a second
            break
        assert answer.status_code in (200, 201, 202), f"{answer.status_code} {receipt} to {path} {body} {where}"
        self.told += 1
        self.position = max(self.position, receipt.get("position") or 0)
        if of is not None and "version" in receipt:
            self.versions[of] = receipt["version"]
        return receipt

    def _filled(self, body: Any) -> Any:
        match body:
            case Id():
                return self.ids[body.key] if body.key in self.ids else self.versions[body.key]
            case Mapping():
                return {name: self._filled(value) for name, value in body.items() if value is not None}
            case list() | tuple():
                return [self._filled(value) for value in body]
            case _:
                return body

    # -- reading -------------------------------------------------------------------------------------------

    async def read(self, by: str, path: str, query: Mapping[str, Any] | None = None, *, waits: bool = True) -> Any:
        """What a read answers that has seen all that was told; `waits` false: one that takes no position."""
        said = {"authorization": f"Bearer {self.tokens[by]}", "accept-language": "en"}
        params = {name: str(value) for name, value in (query or {}).items()}
        if waits:
            params.setdefault("min_position", str(self.position))
        for _ in range(PATIENCE):
            answer = await self.client.get(self._url(path), params=params, headers=said)
            if answer.status_code != 503:
                break
        assert answer.status_code == 200, f"{answer.status_code} {answer.text} to {path} {params}"
        return answer.json()

    async def sees(self, by: str, path: str) -> bool:
        """Whether it is there for this person."""
        answer = await self.client.get(self._url(path), headers={"authorization": f"Bearer {self.tokens[by]}"})
        return answer.status_code == 200

    async def asked(self, by: str, path: str, queries: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Several reads of one path, a few at once."""

        async def one(query: Mapping[str, Any]) -> Any:
            async with self.gate:
                return await self.read(by, path, query)

        return list(await asyncio.gather(*(one(query) for query in queries)))

    async def feed(self, after: int = 0) -> list[dict[str, Any]]:
        """All facts after a position, in order."""
        said = {"authorization": f"Bearer {self.tokens['office']}"}
        found: list[dict[str, Any]] = []
        place = str(after)
        while True:
            query = {"after": place, "limit": "1000"}
            answer = await self.client.get(self._url("/v1/events"), params=query, headers=said)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            if not page["items"]:
                return found
            found += page["items"]
            place = page["next"]

    async def end(self) -> None:
        await self.client.aclose()


DAYLESS = ("/v1/visitor-counts", "/v1/spend", "/v1/ledger/postings", "/v1/leads/bulk", "/correct", "/void")
"""Commands that say their days otherwise."""
