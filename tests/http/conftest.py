"""The toy service on a real database, and a client that speaks for anyone."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.event_store.command import Command, Outcome, OutcomeUnknown, Overloaded
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.http import create_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.http import toy

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
JSON = dict[str, Any]


class Faulty:
    """A store whose next append goes wrong: `cut` after it committed, or `full` before."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.fault: str | None = None
        self.appended = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, command: Command) -> Outcome:
        fault, self.fault = self.fault, None
        if fault == "full":
            raise Overloaded
        outcome = await self._store.append(command)
        self.appended += 1
        if fault == "cut":
            raise OutcomeUnknown
        return outcome


class Client:
    """Sends as one principal; every POST gets a new key unless given one."""

    def __init__(self, http: httpx.AsyncClient, token: str, person: UUID) -> None:
        self.http = http
        self.token = token
        self.person = person

    async def get(self, path: str, *, language: str = "en", **given: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", "accept-language": language, **given.pop("headers", {})}
        return await self.http.get(path, headers=headers, **given)

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | None = None,
        language: str = "en",
        headers: dict[str, str] | None = None,
        **given: Any,
    ) -> httpx.Response:
        sent = {
            "authorization": f"Bearer {self.token}",
            "accept-language": language,
            "idempotency-key": key or secrets.token_hex(8),
        }
        if version is not None:
            sent["if-match"] = f'"{version}"'
        if "content" not in given and body is not None:
            given["json"] = body
        return await self.http.post(path, headers=sent | (headers or {}), **given)

    async def jar(self, label: str | None = None) -> str:
        """A new jar's id."""
        answer = await self.post("/v1/jars", {"label": label or secrets.token_hex(4)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Faulty]:
    async with await EventStore.open(database_url, writers=1, readers=4) as store:
        yield Faulty(store)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=database_url)


@pytest.fixture
async def app(settings: Settings, store: Faulty, tenant_id: UUID) -> AsyncIterator[FastAPI]:
    app = create_app(
        title="Jars",
        service="jars",
        routers=[toy.router, toy.reports],
        facts=toy.FACTS,
        texts=toy.TEXTS,
        settings=settings,
        store=cast(EventStore, store),
        clock=lambda: NOW,
    )
    await open_tenant(store, tenant_id)
    async with app.router.lifespan_context(app):
        yield app


async def open_tenant(store: Any, tenant_id: UUID, zone: str = "Asia/Shanghai") -> None:
    await store.open_tenant(tenant_id)
    tenant = toy.Tenant.begin(toy.TenantOpened, id=tenant_id, at=NOW, name="toys", zone=zone)
    appends = (Repository(store, toy.Tenant, facts=toy.FACTS).appends(tenant),)
    await store.append(Command(tenant_id, uuid4(), None, None, 201, "ok", appends, metadata=b"{}"))
    store.appended = 0


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # an exception that leaves the app fails the test
    async with httpx.AsyncClient(transport=transport, base_url="http://jars") as client:
        yield client


Speaks = Callable[..., Client]


@pytest.fixture
def speaks(http: httpx.AsyncClient, settings: Settings, tenant_id: UUID) -> Speaks:
    """`speaks("representative")`: a client with these functions, of the test's tenant unless another is given."""

    def client(*functions: str, tenant: UUID | None = None, unit: UUID | None = None) -> Client:
        person = uuid4()
        token = mint_token(development_key(settings.data), tenant or tenant_id, person, functions, unit)
        return Client(http, token, person)

    return client


@pytest.fixture
def head_office(speaks: Speaks) -> Client:
    return speaks("head_office")
