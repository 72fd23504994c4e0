"""The same credentials open every service, hot routes and the front door included; production takes no others."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.accounts.main import make_app as accounts
from services.kpi.main import make_app as kpi
from services.opportunities.main import opportunities_app as opportunities
from services.opportunities.views import VIEWS
from shared.event_store.store import EventStore
from shared.http.door import Door
from shared.identity.tokens import development_key, mint_token
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.accounts.company import Client, Company
from tests.identity.conftest import ask, join, send, trust
from tests.identity.issuer import Issuer

Administrator = Callable[..., Client]
SECRET = "ab" * 32


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return Settings.model_validate(settings.model_dump() | {"api_key_secret": SECRET})


async def test_a_token_and_a_key_open_all_services_and_their_hot_routes(
    app: FastAPI,
    settings: Settings,
    store: EventStore,
    company: Company,
    administrator: Administrator,
    issuer: Issuer,
    pool: asyncpg.Pool,
) -> None:
    await prepare(pool, VIEWS)
    person = await join(company, "E-1", "head_office")
    await trust(administrator(company), issuer)
    scopes = ["opportunities:write", "reports:read", "units:read"]
    made = await company["director"].make(
        "/v1/api-keys", {"name": "ERP", "functions": ["integration"], "scopes": scopes}
    )
    body = {"title": "出租车更新", "channel": "phone", "expected_on": "2027-01-20"}
    door = Door(
        {
            "accounts": accounts(settings=settings, store=store),
            "opportunities": opportunities(settings=settings, store=store),
            "kpi": kpi(settings=settings, store=store),
        }
    )
    async with (
        door._running(door._life),
        httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as http,
    ):
        captured = await send(http, issuer.token(number="E-1"), "/v1/opportunities", body)
        assert captured.status_code == 201, captured.text
        actor = await pool.fetchval(
            "select metadata->>'actor' from es.events where tenant_id = $1 and stream_id = $2",
            company.tenant_id,
            captured.json()["id"],
        )
        assert actor == str(person)
        by_key = await send(http, made["key"], "/v1/opportunities", body, on_behalf_of=str(person))
        assert by_key.status_code == 201, by_key.text
        assert (await ask(http, made["key"], "/v1/units")).status_code == 200
        for path in ("/v1/opportunities", "/v1/visits", "/v1/people", "/v1/events", "/v1/operations", "/v1/views"):
            refused = await ask(http, made["key"], path)
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), path
        visit = await send(http, made["key"], "/v1/visits", {})
        assert (visit.status_code, visit.json()["scope"]) == (403, "visits:write")
        for path in ("/v1/opportunities", "/v1/kpi/funnel", "/v1/units"):
            stranger = await ask(http, f"dakehu_{secrets.token_hex(23)}", path)
            assert (stranger.status_code, stranger.json()["code"]) == (401, "invalid_token")


async def test_production_takes_keys_and_asks_no_issuer_over_http_and_knows_no_development_token(
    app: FastAPI,
    settings: Settings,
    store: EventStore,
    company: Company,
    administrator: Administrator,
    issuer: Issuer,
) -> None:
    await join(company, "E-1")
    await trust(administrator(company), issuer)
    made = await company["director"].make(
        "/v1/api-keys", {"name": "ERP", "functions": ["integration"], "scopes": ["units:read"]}
    )
    given = {"env": "production", "cursor_key": "cd" * 32, "vault_key": "ef" * 32, "api_key_secret": SECRET}
    chosen = Settings.model_validate(given | {"data": settings.data, "database_url": settings.database_url})
    production = accounts(settings=chosen, store=store)
    transport = httpx.ASGITransport(production)
    async with (
        production.router.lifespan_context(production),
        httpx.AsyncClient(transport=transport, base_url="http://production") as http,
    ):
        assert (await ask(http, made["key"], "/v1/units")).status_code == 200
        development = mint_token(development_key(settings.data), company.tenant_id, company.root_id, ("director",))
        assert (await ask(http, development)).status_code == 401
        answer = await ask(http, issuer.token(number="E-1"))
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider_unavailable")
        assert issuer.asked == []
    lacking = Settings.model_validate({**given, "api_key_secret": None, "data": settings.data})
    with pytest.raises(Exception, match="DAKEHU_API_KEY_SECRET"):
        async with accounts(settings=lacking, store=store).router.lifespan_context(production):
            pass


async def test_keys_hashed_under_another_secret_open_nothing(
    settings: Settings, store: EventStore, company: Company
) -> None:
    made = await company["director"].make(
        "/v1/api-keys", {"name": "ERP", "functions": ["integration"], "scopes": ["units:read"]}
    )
    elsewhere = accounts(settings=Settings(data=settings.data, database_url=settings.database_url), store=store)
    async with (
        elsewhere.router.lifespan_context(elsewhere),
        httpx.AsyncClient(transport=httpx.ASGITransport(elsewhere), base_url="http://elsewhere") as http,
    ):
        assert (await ask(http, made["key"])).status_code == 401
