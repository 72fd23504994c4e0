"""An office whose opportunities are read over HTTP, the worker being this process. Shared by the stories of imports."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.opportunities.main import opportunities_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.imports.office import Office, opened

CHECKOUT = Path(__file__).resolve().parents[2]
MAPPINGS = CHECKOUT / "tests" / "mappings"


@dataclass
class Desk:
    """One person at the opportunities service."""

    office: Office
    http: httpx.AsyncClient
    token: str

    async def read(self, path: str, **params: Any) -> dict[str, Any]:
        answer = await self.http.get(path, params={k: str(v) for k, v in params.items()} or None, headers=self._said())
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        return list((await self.read(path, **params))["rows"])

    async def send(
        self,
        file: Path,
        mapping: Path,
        *,
        beside: Mapping[str, Path] | None = None,
        key: str | None = None,
        **params: Any,
    ) -> httpx.Response:
        """POST /v1/imports with these files."""
        parts = [("file", (file.name, file.read_bytes())), ("mapping", (mapping.name, mapping.read_bytes()))]
        parts += [("lookup", (name, path.read_bytes())) for name, path in (beside or {}).items()]
        return await self.http.post(
            "/v1/imports",
            files=parts,
            params={k: str(v) for k, v in params.items()} or None,
            headers=self._said() | {"idempotency-key": key or secrets.token_hex(8)},
        )

    async def post(self, path: str, *, key: str | None = None) -> httpx.Response:
        return await self.http.post(path, headers=self._said() | {"idempotency-key": key or secrets.token_hex(8)})

    async def imported(self, file: Path, mapping: Path, **given: Any) -> dict[str, Any]:
        """The import when a worker has done it."""
        answer = await self.send(file, mapping, **given)
        assert answer.status_code == 202, answer.text
        started = answer.json()
        assert answer.headers["location"] == f"/v1/operations/{started['id']}"
        operation = await self.office.work_off(started["id"])
        assert operation.error is None
        return await self.read(f"/v1/imports/{started['id']}")

    def _said(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "accept-language": "en"}


@asynccontextmanager
async def desk(database_url: str, data: Path, settings: Settings | None = None) -> AsyncIterator[Desk]:
    """A director's desk over a database of its own."""
    async with opened(database_url, data) as office:
        app = opportunities_app(store=office.store, settings=settings or office.settings)
        key = development_key(office.settings.data)
        token = mint_token(key, office.tenant_id, office.person_id, ("director",), office.root_id)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://opportunities") as http,
        ):
            yield Desk(office, http, token)
