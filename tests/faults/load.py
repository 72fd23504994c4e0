"""Clients that send commands with keys while things break, and what must be true of every answer afterwards."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.stack import PATIENCE_SECONDS, Running

OPPORTUNITIES = "/v1/opportunities"
MOST_COMMANDS_A_CLIENT = 150
PAUSE_SECONDS = 0.05


@dataclass
class Sent:
    """One command, and its answer if one came."""

    key: str
    path: str
    body: dict[str, Any]
    version: int | None
    answer: tuple[int, dict[str, Any]] | None = None


@dataclass
class Load:
    """Some clients, each working on records of its own; the first gives up what is not answered at once."""

    running: Running
    url: str
    clients: int = 6
    sent: list[Sent] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    """Requests that ended without an answer."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=32))
        self.said = {"authorization": f"Bearer {self.running.token}"}

    @property
    def acknowledged(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.answer is not None]

    async def client(self, number: int) -> None:
        careless = number == 0
        chance = random.Random(number)
        record: tuple[str, int] | None = None
        for turn in range(MOST_COMMANDS_A_CLIENT):
            if self.stop.is_set():
                return
            await asyncio.sleep(chance.uniform(0, 2 * PAUSE_SECONDS))
            if record is None or turn % 5 == 0:
                body: dict[str, Any] = {"title": f"采购 {number}-{turn}", "amount": "1000.00"}
                sent = Sent(secrets.token_hex(8), OPPORTUNITIES, body, None)
            else:
                body = {"level": "CBAH"[turn % 4], "expected_on": f"2031-01-{turn % 28 + 1:02}"}
                sent = Sent(secrets.token_hex(8), f"{OPPORTUNITIES}/{record[0]}/qualify", body, record[1])
            self.sent.append(sent)
            answer = await self.post(sent, patient=not careless)
            record = None
            if answer is not None and answer.status_code in (200, 201):
                sent.answer = (answer.status_code, answer.json())
                record = (sent.answer[1]["id"], sent.answer[1]["version"])

    async def reader(self, path: str) -> None:
        """Somebody looks at a report all the while."""
        while not self.stop.is_set():
            await self._ask("GET", self.running.url() + path, dict(self.said))
            await asyncio.sleep(0.2)

    async def post(self, sent: Sent, *, patient: bool = True) -> httpx.Response | None:
        """Send it; when patient, until it is answered by something else than 503."""
        headers = self.said | {"idempotency-key": sent.key}
        if sent.version is not None:
            headers["if-match"] = f'"{sent.version}"'
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = await self._ask("POST", self.url + sent.path, headers, sent.body)
                if not patient or (answer is not None and answer.status_code != 503):
                    return answer
                await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None
    ) -> httpx.Response | None:
        try:
            answer = await self.http.request(method, url, headers=headers, json=body)
        except httpx.TransportError:
            self.broken += 1
            return None
        self.statuses[answer.status_code] += 1
        if answer.status_code not in (200, 201, 503):
            self.wrong.append(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
        elif answer.status_code == 503 and not answer.headers.get("retry-after"):
            self.wrong.append(f"{method} {url}: 503 without Retry-After")
        return answer

    async def more(self, count: int = 30) -> None:
        """Wait until so many more commands are acknowledged: the services answer again."""
        wanted = len(self.acknowledged) + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.acknowledged) < wanted:
                await asyncio.sleep(0.02)

    async def facts(self) -> dict[str, list[dict[str, Any]]]:
        """The whole feed, by idempotency key."""
        found: dict[str, list[dict[str, Any]]] = {}
        after, last = "0", 0
        while True:
            answer = await self.http.get(
                f"{self.running.url()}/v1/events", params={"after": after, "limit": 1000}, headers=self.said
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for item in page["items"]:
                assert item["position"] == last + 1, "a hole"
                last = item["position"]
                found.setdefault(item["metadata"].get("key", ""), []).append(item)
            if not page["items"]:
                return found
            after = page["next"]


@asynccontextmanager
async def load(running: Running, url: str | None = None) -> AsyncIterator[Load]:
    """Clients at work within the block; after it, proof that every answer was true."""
    it = Load(running, url or running.url("DAKEHU_OPPORTUNITIES_PORT"))
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(it.clients):
                group.create_task(it.client(number))
            group.create_task(it.reader("/v1/pipeline"))
            group.create_task(it.reader("/v1/hot-customers"))
            try:
                await it.more(20)
                yield it
                await it.more()
            finally:
                it.stop.set()
        await prove(it)
    finally:
        await it.http.aclose()


async def prove(it: Load) -> None:
    """Acknowledged exactly once, others at most once; every key answers as first; the log whole, views its folds."""
    assert not it.wrong, it.wrong[:5]
    facts = await it.facts()
    for sent in it.sent:
        recorded = facts.get(sent.key, [])
        if sent.answer is None:
            assert len(recorded) <= 1, sent
            continue
        assert len(recorded) == 1, (sent, recorded)
        assert (recorded[0]["position"], recorded[0]["subject"], recorded[0]["subject_version"]) == (
            sent.answer[1]["position"],
            sent.answer[1]["id"],
            sent.answer[1]["version"],
        )
    gate = asyncio.Semaphore(8)
    await asyncio.gather(*(_retried(it, sent, gate) for sent in it.sent))
    assert not it.wrong, it.wrong[:5]
    again = await it.facts()
    assert all(len(again.get(sent.key, [])) == 1 for sent in it.sent)

    head = await it.http.get(f"{it.running.url()}/v1/events/head", headers=it.said)
    async with asyncio.timeout(PATIENCE_SECONDS):
        params = {"min_position": head.json()["position"]}
        while (await it.http.get(f"{it.running.url()}/v1/pipeline", params=params, headers=it.said)).status_code != 200:
            await asyncio.sleep(PAUSE_SECONDS)
    verified = await asyncio.to_thread(it.running.dakehu, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def _retried(it: Load, sent: Sent, gate: asyncio.Semaphore) -> None:
    async with gate:
        if sent.answer is None:
            first = await it.post(sent)
            assert first is not None
            sent.answer = (first.status_code, first.json())
        answer = await it.post(sent)
    assert answer is not None
    assert (answer.status_code, answer.json()) == sent.answer
    assert answer.headers["idempotency-replayed"] == "true"
