"""The front door: several apps on one port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.http.door import Door
from shared.http.merged import merge


def service(name: str, *own: str, ready: int = 200, life: list[str] | None = None) -> Starlette:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"by": name, "path": request.url.path})

    async def readiness(request: Request) -> JSONResponse:
        return JSONResponse({"by": name}, status_code=ready)

    async def views(request: Request) -> JSONResponse:
        return JSONResponse({"items": [f"{name}.view"]})

    async def problem(request: Request) -> JSONResponse:
        return JSONResponse({"by": name}, status_code=200 if request.path_params["code"] == name else 404)

    async def document(request: Request) -> JSONResponse:
        return JSONResponse(
            {"openapi": "3.1.0", "info": {"title": name, "version": "1"}, "paths": {f"/v1/{path}": {} for path in own}}
        )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if life is not None:
            life.append(f"{name} begins")
        yield
        if life is not None:
            life.append(f"{name} ends")

    routes = [
        Route("/readyz", readiness),
        Route("/v1/me", answer),
        Route("/v1/views", views),
        Route("/v1/views/{view}/retry", answer, methods=["POST"]),
        Route("/problems/{code}", problem),
        Route("/openapi.json", document),
        *(Route(f"/v1/{path}", answer) for path in own),
        *(Route(f"/v1/{path}/{{id}}/change", answer, methods=["POST"]) for path in own),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    door = Door({"accounts": service("accounts", "accounts"), "kpi": service("kpi", "kpi")})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
        yield client


async def test_an_address_goes_to_the_service_that_has_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/accounts")).json()["by"] == "accounts"
    assert (await client.get("/v1/kpi?from=x")).json()["by"] == "kpi"
    assert (await client.post("/v1/kpi/7/change")).json() == {"by": "kpi", "path": "/v1/kpi/7/change"}
    assert (await client.post("/v1/kpi")).status_code == 405


async def test_a_noun_below_what_several_share_goes_to_the_service_that_has_it() -> None:
    door = Door({"accounts": service("accounts", "inbound/people"), "kpi": service("kpi", "inbound/figures")})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
        assert (await client.get("/v1/inbound/people")).json()["by"] == "accounts"
        assert (await client.get("/v1/inbound/figures")).json()["by"] == "kpi"
        assert (await client.post("/v1/inbound/figures/7/change")).json()["by"] == "kpi"
        assert (await client.get("/v1/inbound/nothing")).status_code == 404


async def test_what_all_have_and_what_none_has_goes_to_the_first(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/me")).json()["by"] == "accounts"
    assert (await client.get("/v1/nowhere")).status_code == 404


async def test_ready_means_that_all_are() -> None:
    door = Door({"accounts": service("accounts"), "kpi": service("kpi", ready=503)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"by": "kpi"})


async def test_views_of_all_services_are_one_list(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/views")
    assert answer.json() == {"items": ["accounts.view", "kpi.view"]}
    assert answer.headers["content-length"] == str(len(answer.content))
    assert (await client.post("/v1/views/kpi.view/retry")).json()["by"] == "kpi"


async def test_a_problem_is_explained_by_the_service_that_knows_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/problems/kpi")).json() == {"by": "kpi"}
    assert (await client.get("/problems/unknown")).status_code == 404


async def test_one_document_describes_all(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) == {"/v1/accounts", "/v1/kpi"}
    assert document["info"]["title"] == "Dakehu"


async def test_every_service_begins_and_ends_with_the_door() -> None:
    life: list[str] = []
    door = Door({"accounts": service("accounts", life=life), "kpi": service("kpi", life=life)})
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await door({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert life == ["accounts begins", "kpi begins", "kpi ends", "accounts ends"]


def test_parts_of_one_name_that_differ_are_set_apart() -> None:
    def document(kind: str) -> dict[str, Any]:
        return {
            "info": {"title": "x", "version": "1"},
            "tags": [{"name": "views"}],
            "paths": {f"/{kind}": {"get": {"schema": {"$ref": "#/components/schemas/Row"}}}},
            "components": {
                "schemas": {
                    "Row": {"type": kind, "again": {"$ref": "#/components/schemas/Row"}},
                    "Receipt": {"type": "object"},
                }
            },
        }

    merged = merge({"accounts": document("a"), "kpi": document("b")})
    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"Row", "kpi_Row", "Receipt"}
    assert schemas["kpi_Row"] == {"type": "b", "again": {"$ref": "#/components/schemas/kpi_Row"}}
    assert merged["paths"]["/b"]["get"]["schema"]["$ref"] == "#/components/schemas/kpi_Row"
    assert merged["paths"]["/a"]["get"]["schema"]["$ref"] == "#/components/schemas/Row"
    assert merged["tags"] == [{"name": "views"}]
