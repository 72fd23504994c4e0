"""A stream is open no longer than its credential holds."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI

from shared.http import view_stream
from tests.http.conftest import Speaks


async def test_a_credential_that_ends_ends_its_stream(
    app: FastAPI, speaks: Speaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_stream, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(view_stream, "TICK_SECONDS", 0.1)
    stream = asyncio.create_task(speaks("director").get("/v1/views/stream", params={"seconds": "10"}))
    await asyncio.sleep(0.7)
    app.state.kit.tokens = None  # as in production, where such a credential is none
    answer = await asyncio.wait_for(stream, 5)
    events = [part for part in answer.text.split("\n\n") if part.startswith("event:")]
    assert ": alive" in answer.text
    assert events[0].startswith("event: views")
    assert events[-1] == 'event: end\ndata: {"code":"invalid_token"}'
