"""What every answer carries, and which other origins' pages may read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest

from shared.event_store.store import EventStore
from shared.http import create_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.http import toy
from tests.http.conftest import NOW, Client, Faulty, open_tenant

OURS = "https://crm.example.com"
NOT_OURS = (
    "https://evil.example.com",
    "http://crm.example.com",
    "https://crm.example.com:8443",
    "https://CRM.example.com",
    "https://crm.example.com.evil.com",
    "https://crm.example.com/",
    "null",
    "*",
)
ASKING = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,idempotency-key"}

Serves = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def serves(settings: Settings, store: Faulty, tenant_id: UUID) -> Serves:
    @asynccontextmanager
    async def serving(**chosen: Any) -> AsyncIterator[Client]:
        given = settings.model_copy(update=chosen)
        app = create_app(
            title="Jars",
            service="jars",
            routers=[toy.router, toy.reports],
            facts=toy.FACTS,
            texts=toy.TEXTS,
            settings=given,
            store=cast(EventStore, store),
            clock=lambda: NOW,
        )
        await open_tenant(store, tenant_id)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://jars") as http,
        ):
            person = uuid4()
            token = mint_token(development_key(settings.data), tenant_id, person, ("director",))
            yield Client(http, token, person)

    return serving


async def every_kind_of_answer(client: Client, **headers: str) -> list[httpx.Response]:
    http = client.http
    return [
        await client.get("/v1/jars", headers=headers),
        await client.post("/v1/jars", {"label": "a"}, headers=headers),
        await client.post("/v1/jars", {"labels": "a"}, headers=headers),
        await client.get(f"/v1/jars/{uuid4()}", headers=headers),
        await client.get("/nowhere", headers=headers),
        await http.get("/v1/jars", headers=headers),
        await http.put("/v1/jars", headers=headers),
        await http.get("/v1/me", headers=headers | {"authorization": "Bearer guess"}),
        await client.get("/v1/toys/broken", headers=headers),
        await client.get("/v1/jars?" + "a" * 40_000, headers=headers),
        *[await http.get(path, headers=headers) for path in ("/livez", "/metrics", "/openapi.json", "/docs", "/redoc")],
        await http.get("/problems/stale", headers=headers),
    ]


async def test_every_answer_is_safe_to_show_in_a_browser(serves: Serves) -> None:
    async with serves() as client:
        answers = await every_kind_of_answer(client)
    assert {answer.status_code for answer in answers} >= {200, 201, 401, 404, 414, 422, 500}
    for answer in answers:
        carried = answer.headers
        assert carried["x-content-type-options"] == "nosniff"
        assert carried["x-frame-options"] == "DENY"
        assert carried["referrer-policy"] == "no-referrer"
        assert carried["cross-origin-opener-policy"] == "same-origin"
        assert "default-src 'none'" in carried["content-security-policy"]
        assert "frame-ancestors 'none'" in carried["content-security-policy"]
        assert len(carried.get_list("content-security-policy")) == 1
        assert "traceparent" in carried
        assert "server" not in carried
        assert "strict-transport-security" not in carried  # a laptop has no TLS
        assert not [name for name in carried if name.startswith("access-control-")]
        if answer.request.url.path.startswith("/v1"):
            assert carried["cache-control"] == "no-store"
            assert "unsafe-inline" not in carried["content-security-policy"]


async def test_in_production_browsers_are_told_to_come_by_tls_only(serves: Serves) -> None:
    keys = {"cursor_key": "01" * 32, "vault_key": "02" * 32, "api_key_secret": "03" * 32}
    chosen = {name: Settings.model_validate({name: value}).__getattribute__(name) for name, value in keys.items()}
    async with serves(env="production", **chosen) as client:
        for path in ("/livez", "/docs", "/v1/me", "/nowhere"):
            assert (await client.http.get(path)).headers["strict-transport-security"].startswith("max-age=31536000")


async def test_a_page_of_ours_reads_every_answer_and_its_headers(serves: Serves) -> None:
    async with serves(cors_origins=("https://other.example.com", OURS)) as client:
        for answer in await every_kind_of_answer(client, origin=OURS):
            assert answer.headers["access-control-allow-origin"] == OURS
            assert "access-control-allow-credentials" not in answer.headers
            assert "origin" in ", ".join(answer.headers.get_list("vary"))
            shown = answer.headers["access-control-expose-headers"].split(", ")
            assert {"etag", "location", "link", "ratelimit", "retry-after", "idempotency-replayed"} <= set(shown)


@pytest.mark.parametrize("origin", NOT_OURS)
async def test_a_page_of_another_origin_reads_nothing(serves: Serves, origin: str) -> None:
    async with serves(cors_origins=(OURS,)) as client:
        for answer in await every_kind_of_answer(client, origin=origin):
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "origin" in ", ".join(answer.headers.get_list("vary"))  # a cache must not mix the two up
        refused = await client.http.options("/v1/jars", headers=ASKING | {"origin": origin})
        assert refused.status_code == 401


async def test_a_preflight_needs_no_credential_and_says_exactly_what_may_be_sent(serves: Serves) -> None:
    async with serves(cors_origins=(OURS,)) as client:
        for path in ("/v1/jars", "/v1/nowhere"):
            answer = await client.http.options(path, headers=ASKING | {"origin": OURS})
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer.headers["access-control-allow-origin"] == OURS
            assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT"
            assert {"authorization", "idempotency-key", "if-match", "content-type"} <= set(
                answer.headers["access-control-allow-headers"].split(", ")
            )
            assert answer.headers["access-control-max-age"] == "600"
            assert "*" not in str(answer.headers.raw)
        bare = await client.http.options("/v1/jars", headers={"origin": OURS})  # nothing asked: no preflight
        assert bare.status_code == 401


async def test_without_origins_a_preflight_is_a_request_without_a_credential(serves: Serves) -> None:
    async with serves() as client:
        answer = await client.http.options("/v1/jars", headers=ASKING | {"origin": OURS})
        assert answer.status_code == 401
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_a_wildcard_lets_nobody_in(serves: Serves) -> None:
    async with serves(cors_origins=("*", "null")) as client:
        for origin in ("null", "*", OURS):
            answer = await client.get("/v1/me", headers={"origin": origin})
            assert "access-control-allow-origin" not in answer.headers


def test_origins_are_given_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAKEHU_CORS_ORIGINS", f" {OURS} ,https://b.example.com,")
    assert Settings().cors_origins == (OURS, "https://b.example.com")
    monkeypatch.setenv("DAKEHU_CORS_ORIGINS", "")
    assert Settings().cors_origins == ()
