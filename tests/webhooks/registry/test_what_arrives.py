"""From a registration to a delivery that strangers verify: app, worker and receiver, over sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cloudevents.v1.http import from_http
from fastapi import FastAPI

from services.accounts.views import VIEWS
from services.webhooks.views import ENDPOINTS
from services.work import Worker
from shared.settings import Settings
from shared.webhooks.networks import allow
from shared.webhooks.posting import Poster
from shared.webhooks.sending import Network
from tests.accounts.company import Client, Clock, Company
from tests.webhooks.foreign import Case, javascript_verifies, public_key_verifies, python_verifies
from tests.webhooks.receivers import Receiver, Request, receiver, says

BASE = "/v1/webhooks"
PATIENCE_SECONDS = 30.0
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@pytest.fixture
def database_url(own_database_url: str) -> str:
    """The worker looks after the endpoints of all tenants: it gets a database to itself."""
    return own_database_url


async def willing(request: Request, writer: asyncio.StreamWriter) -> None:
    """Gives back the challenge of a ping, and takes what comes."""
    said = json.loads(request.body)
    echo = json.dumps({"challenge": said["data"]["challenge"]}).encode() if said["type"] == "webhook.ping" else b""
    await says(200, echo)(request, writer)


@asynccontextmanager
async def at_work(settings: Settings) -> AsyncIterator[None]:
    """The worker: it folds, and delivers."""
    worker = Worker((*VIEWS, ENDPOINTS), {}, settings, deliveries=True)
    work = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop.set()
        await asyncio.wait_for(work, PATIENCE_SECONDS)


async def arrived(theirs: Receiver, wanted: Callable[[dict[str, Any]], bool]) -> Request:
    """The first request whose body is like this, once it is there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for request in theirs.requests:
                if wanted(json.loads(request.body)):
                    return request
            await asyncio.sleep(0.02)


async def act(client: Client, made: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    shown = await client.read(f"{BASE}/{made['id']}")
    return await client.make(f"{BASE}/{made['id']}/{verb}", body, version=shown["version"])


async def open_unit(client: Client, company: Company, code: str) -> str:
    unit = {"code": code, "name": f"{code} 店", "kind": "branch", "parent_id": str(company.root_id)}
    return str((await client.make("/v1/units", unit))["id"])


async def first_after(theirs: Receiver, director: Client, company: Company, secret: str) -> Request:
    """The first event that this secret does not sign any more: who delivers hears of its end within two seconds."""
    for number in range(200):
        unit_id = await open_unit(director, company, f"SZ{number}")
        request = await arrived(theirs, lambda event, id=unit_id: event["subject"] == id)  # type: ignore[misc]
        if not python_verifies(Case(secret, request.headers, request.body)):
            return request
    raise AssertionError("a secret that was retired signs for ever")


async def test_what_arrives_is_verified_by_strangers_through_a_whole_rotation(
    app: FastAPI,
    company: Company,
    settings: Settings,
    pool: asyncpg.Pool[asyncpg.Record],
    http: httpx.AsyncClient,
    clock: Clock,
    tmp_path: Path,
) -> None:
    clock.now = datetime.now(UTC)  # strangers look at their own
    director = company["director"]
    await allow(pool, company.tenant_id, Network.of("127.0.0.0/8"))
    async with Poster() as poster, receiver(willing) as theirs, at_work(settings):
        app.state.kit.sender = poster
        made = await director.make(
            BASE, {"name": "ERP", "url": theirs.url, "types": ["UnitOpened"], "headers": {"X-Line": "7"}}
        )
        assert made["status"] == "open", made
        second = await act(director, made, "secrets")
        asymmetric = await act(director, made, "secrets", kind="v1a")
        ping = theirs.requests[0]
        assert python_verifies(Case(made["secret"], ping.headers, ping.body))

        unit_id = await open_unit(director, company, "GZ")
        during = await arrived(theirs, lambda event: event["subject"] == unit_id)
        await act(director, made, "retire-secret", number=1, overlap_seconds=0)
        after = await first_after(theirs, director, company, made["secret"])
        query = {"tenant": str(company.tenant_id), "endpoint": made["id"]}
        (key,) = (await http.get("/.well-known/webhook-keys", params=query)).json()["keys"]

    changed = Request(during.line, during.headers, during.body.replace(b":", b": ", 1))
    told = [
        (Case(made["secret"], during.headers, during.body), True),
        (Case(second["secret"], during.headers, during.body), True),
        (Case(second["secret"], changed.headers, changed.body), False),
        (Case(made["secret"], after.headers, after.body), False),
        (Case(second["secret"], after.headers, after.body), True),
    ]
    assert [python_verifies(case) for case, _ in told] == [holds for _, holds in told]
    public = f"whpk_{base64.b64encode(base64.urlsafe_b64decode(key['x'] + '=')).decode()}"
    assert public == key["webhook_key"] == asymmetric["public_key"]
    assert public_key_verifies(public, during.headers, during.body)
    assert public_key_verifies(public, after.headers, after.body)
    assert not public_key_verifies(public, changed.headers, changed.body)

    event = from_http({"content-type": "application/cloudevents+json"}, during.body)
    assert (event["type"], event["subject"], event["id"]) == ("UnitOpened", unit_id, during.headers["webhook-id"])
    assert event["source"] == f"urn:uuid:{company.tenant_id}"
    assert datetime.fromisoformat(event["time"]).astimezone(UTC).year >= 2025
    assert (during.headers["x-line"], during.headers["content-type"]) == ("7", "application/json")
    assert {event["type"] for event in map(json.loads, (request.body for request in theirs.requests))} == {
        "webhook.ping",
        "UnitOpened",
    }
    assert javascript_verifies([case for case, _ in told], tmp_path) == [holds for _, holds in told]
