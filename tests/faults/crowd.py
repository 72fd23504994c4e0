"""Many writers at once over HTTP, and a reader at the log's tail: every answer is kept and proved. Knows no command.

A `Crowd` spreads its writers over several processes that serve the same log.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

Body = Mapping[str, Any]

PAUSE_SECONDS = 0.02
BUSY = (409, 412, 503)
"""Somebody was faster, or the server is busy: read again, try again."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What to send: open a record by a POST to `path`, act on it by a POST to `path/id/verb`."""

    path: str
    opening: Body
    verb: str
    body: Callable[[int], Body]
    """Of the version it is meant for; changes what the one before it left."""
    acts: int = 8
    """So many on each of many records."""


@dataclass(slots=True)
class Found:
    """What a crowd did and what was wrong with it."""

    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[tuple[int, str, int]] = field(default_factory=list)
    """Position, record and version of each answer that said yes."""
    tailed: list[tuple[int, str, int]] = field(default_factory=list)
    """The same of each event, in the order the tailing reader got them."""
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that is not as it must be, in words; empty when all is well."""
        found = list(self.wrong)
        positions = [position for position, _, _ in self.tailed]
        if positions and positions != list(range(positions[0], positions[0] + len(positions))):
            found.append("the reader saw a hole or another order")
        if len(set(self.acknowledged)) != len(self.acknowledged):
            found.append("two commands were given the same place")
        if lost := set(self.acknowledged) - set(self.tailed):
            found.append(f"{len(lost)} acknowledged commands are not in the log: {sorted(lost)[:3]}")
        versions: dict[str, int] = {}
        for position, record, version in self.tailed:
            before = versions.get(record, version - 1)
            if version != before + 1:
                found.append(f"version {version} of {record} at position {position} follows version {before}")
            versions[record] = version
        return found


class Crowd:
    """Writers and a reader of one tenant. `urls`: the processes, each writer keeps to one."""

    def __init__(self, urls: Sequence[str], token: str, commands: Commands, *, feed: str | None = None) -> None:
        self.urls = urls
        self.feed = feed or urls[0]
        self.commands = commands
        self.found = Found()
        self._said = {"authorization": f"Bearer {token}"}
        self._end = asyncio.Event()
        self._last = 0

    async def on_one_record(self, writers: int, seconds: float) -> Found:
        """All act on the same record, each on the version it has read last."""
        async with self._tail():
            async with self._client(0) as http:
                opened = await self._yes(http, self.commands.path, self.commands.opening, None)
            id = str(opened["id"])
            await self._together([self._act(number, id, seconds) for number in range(writers)])
        return self.found

    async def on_many_records(self, writers: int, seconds: float) -> Found:
        """Each opens records of its own and acts on them."""
        async with self._tail():
            await self._together([self._live(number, seconds) for number in range(writers)])
        return self.found

    # -- writers ------------------------------------------------------------------------------------------

    async def _act(self, number: int, id: str, seconds: float) -> None:
        path = f"{self.commands.path}/{id}/{self.commands.verb}"
        until = asyncio.get_running_loop().time() + seconds
        version = 1
        async with self._client(number) as http:
            while asyncio.get_running_loop().time() < until:
                answer = await self._post(http, path, self.commands.body(version), version, secrets.token_hex(8))
                if answer.status_code == 412:
                    version = int(answer.headers["etag"].strip('"'))
                elif answer.status_code == 200:
                    said = answer.json()
                    self._acknowledge(said)
                    version = said["version"]

    async def _live(self, number: int, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        async with self._client(number) as http:
            while asyncio.get_running_loop().time() < until:
                record = await self._yes(http, self.commands.path, self.commands.opening, None)
                path = f"{self.commands.path}/{record['id']}/{self.commands.verb}"
                for _ in range(self.commands.acts):
                    version = record["version"]
                    record = await self._yes(http, path, self.commands.body(version), version)

    async def _yes(self, http: httpx.AsyncClient, path: str, body: Body, version: int | None) -> dict[str, Any]:
        """The receipt of a command nobody else can be in the way of."""
        key = secrets.token_hex(8)
        while True:
            answer = await self._post(http, path, body, version, key)
            if answer.status_code in (200, 201):
                said: dict[str, Any] = answer.json()
                self._acknowledge(said)
                return said
            if answer.status_code != 503:
                self.found.wrong.append(f"POST {path}: {answer.status_code} {answer.text[:300]}")
                raise RuntimeError(self.found.wrong[-1])
            await asyncio.sleep(PAUSE_SECONDS)

    async def _post(
        self, http: httpx.AsyncClient, path: str, body: Body, version: int | None, key: str
    ) -> httpx.Response:
        headers = {"idempotency-key": key} | ({} if version is None else {"if-match": f'"{version}"'})
        answer = await http.post(path, json=dict(body), headers=headers)
        self.found.statuses[answer.status_code] += 1
        if answer.status_code not in (200, 201, *BUSY):
            self.found.wrong.append(f"POST {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def _acknowledge(self, said: Mapping[str, Any]) -> None:
        self.found.acknowledged.append((said["position"], said["id"], said["version"]))

    async def _together(self, writers: Sequence[Any]) -> None:
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer)

    def _client(self, number: int) -> httpx.AsyncClient:
        url = self.urls[number % len(self.urls)]
        return httpx.AsyncClient(
            base_url=url, timeout=60, headers=self._said, transport=httpx.AsyncHTTPTransport(verify=False)
        )

    # -- the reader ---------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _tail(self) -> AsyncIterator[None]:
        """Read the feed from its present end, all the while and until everything acknowledged was seen."""
        async with httpx.AsyncClient(base_url=self.feed, timeout=60, headers=self._said) as http:
            self._last = (await http.get("/v1/events/head")).json()["position"]
            self._end.clear()
            reading = asyncio.create_task(self._read(http))
            try:
                yield
            finally:
                self._end.set()
                await reading

    async def _read(self, http: httpx.AsyncClient) -> None:
        after = str(self._last)
        while True:
            ending = self._end.is_set()
            answer = await http.get("/v1/events", params={"after": after, "limit": 500})
            self.found.statuses[answer.status_code] += 1
            if answer.status_code == 503:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code != 200:
                self.found.wrong.append(f"GET /v1/events: {answer.status_code} {answer.text[:300]}")
                return
            page = answer.json()
            after = page["next"]
            self.found.tailed += [(it["position"], it["subject"], it["subject_version"]) for it in page["items"]]
            if not page["items"]:
                if ending:
                    return
                await asyncio.sleep(PAUSE_SECONDS)
