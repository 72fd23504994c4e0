"""The feed as it happens, over real connections: each event once and in order, whoever reads or does not."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, nullcontext
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.feed.reading import read
from shared.feed.scopes import Scope
from shared.http import event_stream
from shared.http import open_streams as limits
from shared.http.open_streams import STREAMS_A_PERSON, open_streams
from shared.http.problem import Problem
from shared.identity.principal import Principal
from tests.feed.serving import STREAM, opened, served
from tests.http.conftest import Client, Faulty, Speaks, app, http, open_tenant, settings, speaks, store

__all__ = ["app", "http", "settings", "speaks", "store"]

NEXT_EPOCH = "insert into es.epochs (tenant_id, epoch, from_position, reason) values ($1, 2, 2, 'of a test')"


@pytest.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    async with served(app) as url:
        yield url


@pytest.fixture
async def wire(url: str) -> AsyncIterator[httpx.AsyncClient]:
    many = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=many, trust_env=False) as http:
        yield http


def bearer(client: Client) -> dict[str, str]:
    return {"authorization": f"Bearer {client.token}"}


async def pulled(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/events", params={"limit": "1000", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_what_happens_arrives_as_the_pages_have_it(speaks: Speaks, wire: httpx.AsyncClient) -> None:
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        place = await stream.next()
        assert place["event"] == "place"
        assert place["id"] == place["data"]["cursor"]
        jars = [await director.jar() for _ in range(3)]
        events = await stream.events(3)
        assert [event["subject"] for event in events] == jars
        assert [
            event | page for event, page in zip(events, await pulled(director, after=place["id"]), strict=True)
        ] == events


async def test_coming_back_with_the_last_id_misses_nothing_and_repeats_nothing(
    speaks: Speaks, wire: httpx.AsyncClient
) -> None:
    director = speaks("director")
    begun = (await director.get("/v1/events/head")).json()["position"]
    writing = asyncio.create_task(_jars(director, 60))
    got: list[int] = []
    last = {"after": str(begun)}
    while len(got) < 60:
        headers = bearer(director) | ({"last-event-id": last["id"]} if "id" in last else {})
        async with opened(wire, headers, after=str(begun)) as stream:
            for _ in range(2 + len(got) % 7):  # the place first; then cut anywhere
                said = await stream.next()
                last["id"] = said["id"]
                if said["event"] == "event":
                    got.append(said["data"]["position"])
                if len(got) == 60:
                    break
    await writing
    assert got == list(range(begun + 1, begun + 61))


async def _jars(client: Client, count: int) -> None:
    for _ in range(count):
        await client.jar()


async def test_what_is_asked_for_arrives_and_the_place_goes_on_past_the_rest(
    speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.3)
    director = speaks("director")
    async with opened(wire, bearer(director), types="SweetAdded") as stream:
        await stream.next()
        jar = await director.jar()
        place = await stream.next()
        head = (await director.get("/v1/events/head")).json()["position"]
        assert (place["event"], place["data"]["position"]) == ("place", head)
        await director.post(f"/v1/jars/{jar}/add", {"sweets": 3}, version=1)
        assert [event["type"] for event in await stream.events(1)] == ["SweetAdded"]
    async with opened(wire, bearer(director), subject=jar, after=str(head - 1)) as stream:
        assert [event["subject_version"] for event in await stream.events(2)] == [1, 2]


async def test_each_hears_what_they_see_and_nothing_of_another_company(
    app: FastAPI, store: Faulty, speaks: Speaks, wire: httpx.AsyncClient
) -> None:
    app.state.kit.scopes = {"jar": Scope(owner="owner_id")}
    other = uuid4()
    await open_tenant(store, other)
    one, two, director, stranger = (
        speaks("representative"), speaks("representative"), speaks("director"), speaks("director", tenant=other)
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        streams = {
            client: await stack.enter_async_context(opened(wire, bearer(client), seconds="3"))
            for client in (one, two, director, stranger)
        }
        jars = {client: await client.jar() for client in (one, two, stranger)}
        heard: dict[Client, list[str]] = {client: [] for client in streams}
        for client, stream in streams.items():
            while (said := await stream.next())["event"] != "over":
                if said["event"] == "event":
                    heard[client].append(said["data"]["subject"])
        assert heard == {
            one: [jars[one]], two: [jars[two]], director: [jars[one], jars[two]], stranger: [jars[stranger]]
        }  # fmt: skip


async def test_a_database_that_was_away_costs_time_and_no_event(
    speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "AGAIN_SECONDS", 0.05)
    away = [ConnectionError, TimeoutError, ConnectionError]

    async def sometimes(*given: Any, **said: Any) -> Any:
        if away:
            raise away.pop()
        return await read(*given, **said)

    monkeypatch.setattr(event_stream, "read", sometimes)
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        await stream.next()
        jars = [await director.jar() for _ in range(5)]
        assert [event["subject"] for event in await stream.events(5)] == jars
    assert not away


async def test_a_quota_that_is_used_up_ends_the_stream(
    app: FastAPI, speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "CHARGED_ROWS", 1)
    monkeypatch.setattr(app.state.kit.quotas, "_persons", 3)
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        await stream.next()
        for _ in range(3):
            await director.jar()
            await stream.events(1)
        await director.jar()
        said = await stream.next()
        while said["event"] == "event":
            said = await stream.next()
        assert said == {"event": "end", "data": {"code": "export_quota"}}


async def test_a_restored_log_ends_the_streams_of_the_other_history(
    app: FastAPI, speaks: Speaks, wire: httpx.AsyncClient, database_url: str, tenant_id: UUID
) -> None:
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        place = await stream.next()
        owner = await asyncpg.connect(database_url)
        await owner.execute(NEXT_EPOCH, tenant_id)
        await owner.close()
        app.state.kit.tail.look_now()
        assert await stream.next() == {"event": "end", "data": {"code": "cursor_of_another_epoch"}}
    refused = await wire.get(STREAM, headers=bearer(director) | {"last-event-id": place["id"]})
    assert (refused.status_code, refused.json()["code"]) == (410, "cursor_of_another_epoch")


async def test_a_credential_that_ends_ends_its_stream(
    app: FastAPI, speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.3)
    async with opened(wire, bearer(speaks("director"))) as stream:
        await stream.next()
        app.state.kit.tokens = None  # as in production, where such a credential is none
        assert await stream.next() == {"event": "end", "data": {"code": "invalid_token"}}
        assert (await stream.next())["event"] == "over"


async def test_nothing_is_sent_any_more_once_the_credential_is_void(
    app: FastAPI, speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "CHECK_SECONDS", 0.0)
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        await stream.next()
        await director.jar()
        await stream.events(1)
        sent = asyncio.create_task(director.jar())
        await asyncio.sleep(0)
        app.state.kit.tokens = None
        said = await stream.next()
        assert said == {"event": "end", "data": {"code": "invalid_token"}}
        await sent


async def test_who_is_too_far_behind_is_told_where_to_page_from(
    speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MOST_BEHIND", 3)
    director = speaks("director")
    begun = (await director.get("/v1/events/head")).json()["position"]
    await _jars(director, 4)
    async with opened(wire, bearer(director), after=str(begun)) as stream:
        assert (await stream.next())["event"] == "place"
        resync = await stream.next()
        assert (resync["event"], resync["data"]["position"]) == ("resync", begun)
        assert (await stream.next())["event"] == "over"
    assert len(await pulled(director, after=resync["data"]["cursor"])) == 4


async def test_places_that_are_none_and_too_many_streams_are_refused(speaks: Speaks, wire: httpx.AsyncClient) -> None:
    director = speaks("director")
    mine = bearer(director)
    head = (await director.get("/v1/events/head")).json()["position"]
    for headers, query, status, code in (
        (mine, {"after": str(head + 1)}, 409, "not_recorded_yet"),
        (mine | {"last-event-id": "nonsense"}, {}, 400, "cursor_invalid"),
        (mine, {"after": "nonsense"}, 400, "cursor_invalid"),
        (mine, {"subject": "nobody"}, 422, "validation"),
        ({}, {}, 401, "unauthenticated"),
    ):
        refused = await wire.get(STREAM, headers=headers, params=query | {"seconds": "0"})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    other = speaks("director")
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(wire, bearer(other))) for _ in range(STREAMS_A_PERSON)]
        for stream in streams:
            await stream.next()
        refused = await wire.get(STREAM, headers=bearer(other), params={"seconds": "0"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    async with asyncio.timeout(20):  # clients that have gone are noticed at once, not at the next event
        while open_streams:
            await asyncio.sleep(0.01)


async def test_one_company_leaves_streams_for_others(
    speaks: Speaks, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STREAMS_A_TENANT", 2)
    async with opened(wire, bearer(speaks("director"))) as one, opened(wire, bearer(speaks("director"))) as two:
        await one.next()
        await two.next()
        refused = await wire.get(STREAM, headers=bearer(speaks("director")))
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        (tenant_id,) = {tenant_id for tenant_id, _ in open_streams}
        for tenant, free in ((tenant_id, False), (uuid4(), True)):
            who = Principal(tenant, uuid4(), frozenset(), None, frozenset(), ZoneInfo("UTC"))
            with nullcontext() if free else pytest.raises(Problem):
                limits.require_room(who)


async def test_who_asks_at_once_has_no_more_streams_than_one_after_the_other(
    speaks: Speaks, wire: httpx.AsyncClient
) -> None:
    director = speaks("director")
    head = (await director.get("/v1/events/head")).json()["position"]
    asked = {"after": str(head), "wait": "5"}
    answers = await asyncio.gather(
        *(wire.get("/v1/events", headers=bearer(director), params=asked) for _ in range(3 * STREAMS_A_PERSON))
    )
    taken = sum(answer.status_code == 200 for answer in answers)
    assert taken == STREAMS_A_PERSON, [answer.status_code for answer in answers]


async def test_a_client_that_takes_nothing_is_cut_off_and_delays_nobody(
    app: FastAPI, speaks: Speaks, url: str, wire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STALLED_SECONDS", 0.5)
    director = speaks("director")
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(stalled, ("127.0.0.1", urlsplit(url).port))
    asked = f"GET {STREAM} HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {director.token}\r\n\r\n"
    await loop.sock_sendall(stalled, asked.encode())
    async with asyncio.timeout(60), opened(wire, bearer(speaks("director"))) as stream:
        while open_streams.total() < 2:
            await asyncio.sleep(0.01)
        written = 0
        while open_streams.total() == 2:  # until what is under way to it fills all there is between
            await asyncio.gather(*(director.post("/v1/jars", _wide()) for _ in range(20)))
            written += 20
            await stream.events(20)
    stalled.close()
    assert written >= 20


def _wide() -> dict[str, Any]:
    return {"label": secrets.token_hex(20), "marks": ["x" * 1000] * 10}


async def test_streams_end_in_order_when_the_process_does(
    app: FastAPI, speaks: Speaks, wire: httpx.AsyncClient
) -> None:
    director = speaks("director")
    async with opened(wire, bearer(director)) as stream:
        await stream.next()
        app.state.kit.stopping = True
        assert (await stream.next())["event"] == "over"


async def test_an_hour_is_the_longest(speaks: Speaks, wire: httpx.AsyncClient) -> None:
    director = speaks("director")
    async with opened(wire, bearer(director), seconds="0") as stream:
        assert [(await stream.next())["event"], (await stream.next())["event"]] == ["place", "over"]
    refused = await wire.get(STREAM, headers=bearer(director), params={"seconds": "3601"})
    assert refused.status_code == 422
