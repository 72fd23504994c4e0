"""Hints that views have changed, from a running installation: early, few, of one company, ended in order."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.event_store.store import EventStore
from shared.http.open_streams import STREAMS_A_PERSON
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import SAMPLE_TENANT, development_key, mint_token
from shared.postgres.folder import Folder
from tests.opportunities.routes.world import World, found
from tests.stack import Running, started

PATH = "/v1/views/stream"


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=running.url(), timeout=20, limits=limits, trust_env=False) as http:
        yield http


def bearer(running: Running, tenant: UUID = SAMPLE_TENANT) -> dict[str, str]:
    """A director nobody has asked as before."""
    token = mint_token(development_key(running.data), tenant, uuid4(), ("director",))
    return {"authorization": f"Bearer {token}"}


class Stream:
    """An open stream; `next` gives its next event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, seconds: float = 5) -> dict[str, Any]:
        said: dict[str, Any] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "event" in said:
                    return said
                if line and name:
                    said[name] = json.loads(value) if name == "data" else value
        return {"event": "over"}


@asynccontextmanager
async def opened(http: httpx.AsyncClient, headers: dict[str, str], **query: str) -> AsyncIterator[Stream]:
    async with http.stream("GET", PATH, headers=headers, params=query) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


async def tell(http: httpx.AsyncClient, running: Running) -> int:
    """A new account; its position."""
    headers = {"authorization": f"Bearer {running.token}", "idempotency-key": secrets.token_hex(8)}
    answer = await http.post("/v1/accounts", json={"name": secrets.token_hex(6)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["position"])


async def test_a_change_arrives_within_a_second_and_only_of_its_views(
    http: httpx.AsyncClient, running: Running
) -> None:
    async with opened(http, bearer(running)) as stream:
        first = await stream.next()
        assert first["event"] == "views"
        assert {name.partition(".")[0] for name in first["data"]["views"]} == {
            "accounts", "opportunities", "kpi", "webhooks"
        }  # fmt: skip
        await tell(http, running)  # also warms the path
        while (await stream.next())["data"]["view"] != "opportunities.accounts":
            pass
        await asyncio.sleep(3)  # nothing changes: the watcher idles
        begun = time.monotonic()
        position = await tell(http, running)
        told: dict[str, int] = {}
        while "accounts.accounts" not in told:
            event = await stream.next()
            told[event["data"]["view"]] = event["data"]["position"]
        assert time.monotonic() - begun < 1.0
        assert told["accounts.accounts"] >= position
        assert not any(view.endswith((".visits", ".judgements")) for view in told)  # fed by other facts


async def test_many_changes_are_few_hints(http: httpx.AsyncClient, running: Running) -> None:
    async with opened(http, bearer(running), views="accounts.accounts") as stream:
        await stream.next()
        last = max(await asyncio.gather(*(tell(http, running) for _ in range(40))))
        hints = 0
        while True:
            event = await stream.next()
            assert event["data"].keys() == {"view", "position"}
            hints += 1
            if event["data"]["position"] >= last:
                break
        assert hints <= 12


async def test_a_company_hears_nothing_of_another(http: httpx.AsyncClient, running: Running) -> None:
    async with await EventStore.open(Folder.within(running.data).url(), writers=1) as store:
        other: World = await found(store)
        with as_tenant(other.tenant_id):
            founded = (await store.head(other.tenant_id)).position
    headers = bearer(running, other.tenant_id)
    folded = await http.get("/v1/accounts", params={"min_position": founded}, headers=headers)
    assert folded.status_code == 200, folded.text  # of their own founding they hear no more
    async with opened(http, headers, seconds="3") as stream:
        assert (await stream.next())["event"] == "views"
        await tell(http, running)
        events = []
        while (event := await stream.next())["event"] != "over":
            events.append(event)
        assert [event for event in events if event["data"].get("view") == "accounts.accounts"] == []


async def test_who_comes_back_hears_what_they_missed(http: httpx.AsyncClient, running: Running) -> None:
    async with opened(http, bearer(running), views="accounts.accounts") as stream:
        last = (await stream.next())["id"]
    position = await tell(http, running)
    headers = {"authorization": f"Bearer {running.token}"}
    await http.get("/v1/accounts", params={"min_position": position}, headers=headers)
    async with opened(http, bearer(running) | {"last-event-id": last}, views="accounts.accounts") as stream:
        assert (await stream.next())["event"] == "views"
        assert (await stream.next())["data"]["view"] == "accounts.accounts"


async def test_unknown_views_too_many_streams_and_no_credential_are_refused(
    http: httpx.AsyncClient, running: Running
) -> None:
    mine = bearer(running)
    unknown = await http.get(PATH, params={"views": "no.such"}, headers=mine)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_view")
    assert (await http.get(PATH)).status_code == 401
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(http, mine)) for _ in range(STREAMS_A_PERSON)]
        for stream in streams:
            await stream.next()
        refused = await http.get(PATH, headers=mine)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        async with opened(http, bearer(running), seconds="0") as other:
            assert (await other.next())["event"] == "views"


async def test_two_hundred_open_streams_cost_little(http: httpx.AsyncClient, running: Running) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(http, bearer(running))) for _ in range(200)]
        for stream in streams:
            await stream.next()
        before = cpu_seconds(running.pid("door"))
        await asyncio.sleep(4)
        spent = cpu_seconds(running.pid("door")) - before
        assert spent < 0.6, f"{spent} s of 4 s for idle streams"
        begun = time.monotonic()
        await tell(http, running)

        async def hears(stream: Stream) -> None:
            while (await stream.next())["data"]["view"] != "accounts.accounts":
                pass

        await asyncio.gather(*map(hears, streams))
        assert time.monotonic() - begun < 2.0


async def test_open_streams_end_when_the_installation_does(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        async with (
            httpx.AsyncClient(base_url=running.url(), timeout=20, trust_env=False) as http,
            opened(http, bearer(running)) as stream,
            http.stream("GET", "/v1/events/stream", headers=bearer(running)) as events,
        ):
            await stream.next()
            begun = time.monotonic()
            ending = asyncio.create_task(asyncio.to_thread(running.end))
            while (await stream.next(10))["event"] != "over":
                pass
            assert b"event: place" in await events.aread()  # to its end, which is said
            assert time.monotonic() - begun < 5
            assert await ending == 0
            assert time.monotonic() - begun < 9  # well within the grace


def cpu_seconds(process: int) -> float:
    """Seconds of processor time a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
