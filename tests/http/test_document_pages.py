"""The pages people read the interface on work where nothing but this service is reached."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_a_page_loads_nothing_from_elsewhere(app: FastAPI, page: str) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as reader:
        shown = await reader.get(page)
        assert shown.status_code == 200
        assets = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|png))"', shown.text)
        assert assets
        assert not re.search(r'(?:src|href)="(?:https?:)?//', shown.text)
        for asset in assets:
            assert (await reader.get(asset)).status_code == 200, asset


async def test_assets_are_those_of_the_pages_alone(app: FastAPI) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as reader:
        for path in ("/docs/assets/../../settings.py", "/docs/assets/%2e%2e/__init__.py", "/docs/assets/none.js"):
            answer = await reader.get(path)
            assert (answer.status_code, answer.headers["content-type"]) in (
                (404, "application/problem+json"),
                (401, "application/problem+json"),
            ), path


async def test_the_document_is_sent_again_only_to_who_has_another(app: FastAPI) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as reader:
        first = await reader.get("/openapi.json")
        assert first.json() == app.openapi()
        again = await reader.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await reader.get("/openapi.json", headers={"If-None-Match": '"another"'})
        assert other.content == first.content
