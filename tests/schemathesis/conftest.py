"""The three services on their own ports, the worker beside them, one database, the sample tenant and its token."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.accounts.main import make_app as accounts_app
from services.bootstrap import prepare
from services.kpi.main import make_app as kpi_app
from services.opportunities.main import opportunities_app
from services.work import Worker, operations, views
from shared.identity.tokens import SAMPLE_ROOT, SAMPLE_TENANT, development_key, mint_token
from shared.settings import Settings
from shared.testing.loop import run_apart
from tests.webhooks.listener import Listener

SERVICES = {"accounts": accounts_app, "opportunities": opportunities_app, "kpi": kpi_app}


@dataclass(frozen=True)
class Running:
    """Where each service listens, the development token they take, and that of a colleague, who asks for approvals."""

    addresses: dict[str, str]
    token: str
    colleague: str


@pytest.fixture
def running(own_database_url: str, tmp_path: Path) -> Iterator[Running]:
    settings = Settings(data=tmp_path, database_url=own_database_url)
    run_apart(prepare(settings, own_database_url))
    with ExitStack() as stack:
        listeners = {name: stack.enter_context(_listener()) for name in SERVICES}
        addresses = {name: f"http://127.0.0.1:{listener.getsockname()[1]}" for name, listener in listeners.items()}
        ended = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(_serve(settings, listeners, ended)))
        thread.start()
        try:
            for address in addresses.values():
                _wait_until_ready(address)
            token = (tmp_path / "token").read_text().strip()
            for address in addresses.values():
                _wait_until_live(address, token)
            key = development_key(tmp_path)
            yield Running(addresses, token, mint_token(key, SAMPLE_TENANT, uuid4(), ("director",), SAMPLE_ROOT))
        finally:
            ended.set()
            thread.join()


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def _wait_until_ready(address: str) -> None:
    with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=5)) as client:
        for _ in range(600):
            answer = client.get("/readyz", timeout=30)
            if answer.status_code == 200:
                return
            time.sleep(0.1)
    raise AssertionError(answer.text)


def _wait_until_live(address: str, token: str) -> None:
    """Until the worker has made the views of a service."""
    for _ in range(600):
        answer = httpx.get(f"{address}/v1/views", headers={"authorization": f"Bearer {token}"}, timeout=30)
        if all(view["status"] == "live" for view in answer.json()["items"]):
            return
        time.sleep(0.1)
    raise AssertionError(answer.text)


async def _serve(settings: Settings, listeners: dict[str, socket.socket], ended: threading.Event) -> None:
    """The services and the worker in one loop, until told to end."""
    worker = Worker(views(), operations(), settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        apps = [SERVICES[name](settings=settings) for name in listeners]
        for app in apps:
            app.state.kit.sender = Listener()  # whatever addresses are made up: nothing leaves this machine
        servers = [_server(app) for app in apps]
        for server, listener in zip(servers, listeners.values(), strict=True):
            group.create_task(server.serve([listener]))
        while not ended.is_set():
            await asyncio.sleep(0.1)
        for server in servers:
            server.should_exit = True
        worker.stop.set()


def _server(app: FastAPI) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, http="httptools"))
