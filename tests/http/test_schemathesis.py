"""The document is true: a foreign tool sends whatever it allows, and much that it does not, to a real server."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn

from shared.event_store.store import EventStore
from shared.http import create_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from shared.testing.loop import run_apart
from tests.http import toy
from tests.http.conftest import open_tenant


@pytest.fixture
def address(database_url: str, settings: Settings, tenant_id: UUID) -> Iterator[str]:
    async def opened() -> None:
        async with await EventStore.open(database_url, writers=1, readers=1) as store:
            await open_tenant(store, tenant_id)

    run_apart(opened())
    app = create_app(
        title="Jars", service="jars", routers=[toy.router], facts=toy.FACTS, texts=toy.TEXTS, settings=settings
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, http="httptools"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=host, transport=httpx.HTTPTransport(retries=5)) as client:
                assert client.get("/readyz", timeout=10).status_code == 200
            yield host
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.slow
def test_schemathesis_finds_no_server_error_and_nothing_undocumented(
    address: str, settings: Settings, tenant_id: UUID, tmp_path: Path
) -> None:
    token = mint_token(development_key(settings.data), tenant_id, uuid4(), ["head_office"])
    config = str(Path(__file__).with_name("schemathesis.toml"))
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                config,
            ),
            *("run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {token}"),
            *("--max-examples", "4", "--seed", "1", "--workers", "1", "--no-color", "--max-time", "18"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
