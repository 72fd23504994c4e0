"""What is too large is refused soon and cheaply, and refused as a problem."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.http.server import BoundedHead
from tests.http.conftest import Client

QUICK_SECONDS = 0.5


@pytest.mark.parametrize(("content", "status", "code"), [
    (b'{"label": "a", "marks": [' + b"1," * 1_000_000 + b"1]}", 413, "too_large"),
    (b'{"label": "a", "marks": [' + b"1," * 500_000 + b"1]}", 422, "too_long"),
    (b'{"label": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 422, "too_deep"),
    (b'{"label": ' + b"[" * 10_000, 422, "too_deep"),
    (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 422, "too_deep"),
    (b'{"label": "' + b"a" * 1_000_000 + b'"}', 422, "validation"),
    (b"{" + b",".join(b'"n%d":1' % n for n in range(50_000)) + b"}", 422, "too_long"),
    (b'{"label": "a", "price": ' + b"9" * 100_000 + b"}", 422, "invalid_json"),
    (b'{"label": "a", "price": 1e999999999}', 422, "validation"),
    (b'{"label": "' + b"\\u0041" * 100_000 + b'"}', 422, "validation"),
    (b'{"label": "a", "marks": ["' + b'","'.join([b"x"] * 11) + b'"]}', 422, "validation"),
])  # fmt: skip
async def test_a_body_beyond_any_measure_is_refused_soon(
    head_office: Client, content: bytes, status: int, code: str
) -> None:
    started = time.perf_counter()
    answer = await head_office.post("/v1/jars", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert time.perf_counter() - started < QUICK_SECONDS
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(("query", "status", "code"), [
    ("&".join(f"p{n}=1" for n in range(7_000)), 414, "address_too_long"),
    ("&".join(f"p{n}=1" for n in range(100)), 400, "too_many_parameters"),
    ("&".join(["limit=1"] * 100), 400, "too_many_parameters"),
    ("starts=" + "a" * 40_000, 414, "address_too_long"),
    ("limit=1000000000", 422, "validation"),
    ("limit=" + "9" * 5_000, 422, "validation"),
    ("limit=0", 422, "validation"),
    ("limit=-1", 422, "validation"),
    ("after=" + "a" * 5_000, 422, "validation"),
])  # fmt: skip
async def test_a_question_beyond_any_measure_is_refused_soon(
    head_office: Client, query: str, status: int, code: str
) -> None:
    started = time.perf_counter()
    answer = await head_office.get(f"/v1/jars?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert time.perf_counter() - started < QUICK_SECONDS


@pytest.mark.parametrize("path", ["/v1/jars/" + "a" * 40_000, "/livez?" + "a" * 40_000])
async def test_a_long_address_is_refused_with_and_without_a_credential(
    http: httpx.AsyncClient, head_office: Client, path: str
) -> None:
    for answer in (await http.get(path), await head_office.get(path)):
        assert (answer.status_code, answer.json()["code"]) == (414, "address_too_long")


@pytest.mark.parametrize("headers", [{f"x-{n}": "1" for n in range(100)}, {"x-long": "a" * 40_000}])
async def test_headers_beyond_any_measure_are_refused(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.get("/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")
    assert answer.headers["connection"] == "close"


async def test_every_bound_is_told_in_both_languages(head_office: Client) -> None:
    for language, word in (("en", "At most 64"), ("zh-CN", "最多 64")):
        answer: Any = await head_office.get("/v1/jars?" + "&".join(["a=1"] * 100), language=language)
        assert word in answer.json()["detail"]


# -- on a socket ------------------------------------------------------------------------------------------


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """The service behind a real server, its lifespan run by the test."""
    config = uvicorn.Config(app, http=BoundedHead, lifespan="off", log_config=None, port=0, host="127.0.0.1")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await serving


async def answered(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass  # closed while we still wrote
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


async def test_ten_thousand_parameters_on_a_socket(port: int) -> None:
    query = b"&".join([b"a=1"] * 10_000)
    answer = await answered(port, b"GET /v1/jars?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 414")
    assert b"address_too_long" in answer


@pytest.mark.parametrize("endless", [b"x-long: " + b"a" * 65_536, b"x" * 65_536, b"a: b\r\n" * 10_000])
async def test_a_head_that_never_ends_is_ended(port: int, endless: bytes) -> None:
    answer = await answered(port, b"GET /livez HTTP/1.1\r\nHost: x\r\n" + endless, *[b"a" * 65_536] * 20)
    assert answer == b"reset" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    alive = await answered(port, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert alive.startswith(b"HTTP/1.1 200")


async def test_many_requests_on_one_connection_are_no_long_head(port: int) -> None:
    one = b"GET /livez HTTP/1.1\r\nHost: x\r\nx-pad: " + b"a" * 5_000 + b"\r\n\r\n"
    body = b"POST /v1/jars HTTP/1.1\r\nHost: x\r\ncontent-length: 200000\r\n\r\n" + b"a" * 200_000
    last = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await answered(port, *[one] * 40, body, last)
    assert answer.count(b"HTTP/1.1 200") == 41
    assert answer.count(b"HTTP/1.1 401") == 1
