"""What create_app asks of a service, and the OpenAPI document it makes."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from shared.http import Ctx, Receipt, Router, create_app
from shared.http.openapi import undocumented
from shared.http.route import Route
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.http import toy


class Open(BaseModel):
    at: datetime


async def test_a_body_that_takes_anything_or_naive_times_is_a_defect(tmp_path: Path) -> None:
    router = Router(tags=["x"])

    @router.post("/v1/x", operation_id="x.x")
    async def x(command: Open, ctx: Ctx) -> Receipt:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"(?s)forbid unknown fields.*AwareDatetime"):
        create_app(title="x", service="x", routers=[router], settings=Settings(data=tmp_path))


async def test_commands_take_the_hot_path(app: FastAPI) -> None:
    hot = {route.operation_id: route.hot for route in app.routes if isinstance(route, Route)}
    assert hot["jars.open"]
    assert hot["jars.add"]
    assert hot["jars.seal"]
    assert not hot["jars.read"]


async def test_the_document_is_complete(app: FastAPI, http: httpx.AsyncClient) -> None:
    assert list(undocumented(app)) == []
    document: dict[str, Any] = (await http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "servers" not in document
    assert "HTTPValidationError" not in str(document)
    ids = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            ids.append(operation["operationId"])
            assert operation["tags"]
            assert operation["summary"]
            refused = {status for status, response in operation["responses"].items() if status >= "400"}
            for status in refused:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
            if path.startswith("/v1"):
                assert {"400", "401", "403", "422", "503"} <= refused
            if method == "post":
                names = {parameter["name"] for parameter in operation["parameters"]}
                assert "Idempotency-Key" in names
                assert "On-Behalf-Of" in names or path == "/v1/exports", "what is taken away is taken by oneself"
                assert ("If-Match" in names) == ("412" in refused)
    assert len(ids) == len(set(ids))
    opening = document["paths"]["/v1/jars"]["post"]["responses"]["201"]
    assert {"ETag", "Location", "Idempotency-Replayed"} <= opening["headers"].keys()
    assert opening["links"]["read"]["operationId"] == "jars.read"
    reading = document["paths"]["/v1/jars/{jar_id}"]["get"]["responses"]["200"]
    assert reading["links"]["add"]["parameters"]["header.If-Match"] == "$response.header.ETag"


async def test_docs_are_served(http: httpx.AsyncClient) -> None:
    answer = await http.get("/docs")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_a_service_starts_without_its_database_and_says_so(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    app = create_app(title="x", service="x", routers=[toy.router], facts=toy.FACTS, settings=settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http,
    ):
        assert (await http.get("/livez")).status_code == 200
        unready = await http.get("/readyz")
        assert (unready.status_code, unready.json()["reasons"]) == (503, ["database_unavailable"])
        assert (await http.get("/metrics")).status_code == 200
        token = mint_token(development_key(tmp_path), uuid4(), uuid4(), ["director"])
        answer = await http.get("/v1/me", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "1"


async def test_production_wants_its_keys_and_takes_no_development_token(tmp_path: Path, database_url: str) -> None:
    app = create_app(title="x", service="x", facts=toy.FACTS, settings=Settings(data=tmp_path, env="production"))
    with pytest.raises(ValueError, match="DAKEHU_CURSOR_KEY"):
        async with app.router.lifespan_context(app):
            pass
    settings = Settings.model_validate(
        {
            "data": tmp_path,
            "env": "production",
            "cursor_key": "ab" * 32,
            "vault_key": "cd" * 32,
            "database_url": database_url,
        }
    )
    app = create_app(title="x", service="x", facts=toy.FACTS, settings=settings)
    app.state.kit.settings = settings
    token = mint_token(development_key(tmp_path), uuid4(), uuid4(), ["director"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        answer = await http.get("/v1/me", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_a_signal_to_stop_makes_it_unready_first(app: FastAPI) -> None:
    kit = app.state.kit
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGTERM, lambda number, frame: loop.call_soon_threadsafe(stopped.set))
    try:
        restore = kit._unready_on_signal()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stopped.wait(), 2)
        assert kit.stopping
        restore()
    finally:
        signal.signal(signal.SIGTERM, before)
