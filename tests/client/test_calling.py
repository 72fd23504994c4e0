"""What the client sends again and what not, with which key, after how long; how streams and batches are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from dakehu_client import (
    AsyncClient,
    Busy,
    Client,
    Conflict,
    CursorGone,
    CutShort,
    FileCursor,
    MemoryCursor,
    NotAllowed,
    NotFound,
    Refused,
    Retries,
    Stale,
    StreamEnded,
    Unreachable,
)
from dakehu_client.retrying import retry_after

Answers = Sequence[httpx.Response | httpx.TransportError]
RECEIPT = {"id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11", "version": 2, "position": 7, "code": "ok"}


class Service:
    """Answers what it is told to, in turn, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers: Iterator[httpx.Response | httpx.TransportError] = iter(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def run(self, act: str, *args: Any, way: str = "sync", retries: Retries | None = None, **given: Any) -> Any:
        """The same call by either client."""
        retries = retries or Retries(chance=lambda: 0.0)
        transport = httpx.MockTransport(self)
        if way == "sync":
            with Client(
                "http://dakehu", "dk_1", transport=transport, sleep=self.slept.append, retries=retries
            ) as client:
                return getattr(client, act)(*args, **given)

        async def run() -> Any:
            async with AsyncClient(
                "http://dakehu", "dk_1", transport=transport, sleep=self._sleep, retries=retries
            ) as client:
                return await getattr(client, act)(*args, **given)

        return asyncio.run(run())


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    headers = {"content-type": "application/problem+json", **more.pop("headers", {})}
    return httpx.Response(status, headers=headers, content=json.dumps({"code": code, "status": status, **more}))


both = pytest.mark.parametrize("way", ["sync", "async"])


@both
def test_a_command_whose_answer_is_lost_is_sent_again_under_its_key(way: str) -> None:
    service = Service(
        httpx.ReadError("cut"),
        problem(503, "outcome_unknown", headers={"retry-after": "3"}),
        problem(409, "conflict"),
        httpx.Response(200, json=RECEIPT, headers={"idempotency-replayed": "true", "etag": '"2"'}),
    )
    answer = service.run("post", "/v1/jars/1/fill", {"units": 1}, if_match=1, way=way)
    assert (answer.version, answer.position, answer.replayed, answer.etag) == (2, 7, True, '"2"')
    assert service.slept == [0.5, 3.0, 2.0]
    (key,) = {request.headers["idempotency-key"] for request in service.asked}
    assert len(key) >= 32
    assert {request.headers["if-match"] for request in service.asked} == {'"1"'}
    assert {request.headers["authorization"] for request in service.asked} == {"Bearer dk_1"}
    assert len({request.content for request in service.asked}) == 1


@both
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthenticated", NotAllowed), (403, "forbidden", NotAllowed), (404, "not_found", NotFound),
        (409, "already_ordered", Conflict), (410, "cursor_of_another_epoch", CursorGone), (412, "stale", Stale),
        (422, "validation", Refused), (428, "precondition_required", Refused),
    ],
)  # fmt: skip
def test_a_no_is_told_at_once(way: str, status: int, code: str, kind: type[Refused]) -> None:
    service = Service(problem(status, code, version=4, errors=[{"pointer": "/on", "detail": "not yet"}]))
    with pytest.raises(kind) as told:
        service.run("post", "/v1/jars", {}, way=way)
    errors = [{"pointer": "/on", "detail": "not yet"}]
    assert (type(told.value), told.value.code, told.value.errors) == (kind, code, errors)
    assert "/on: not yet" in str(told.value)
    if isinstance(told.value, Stale):
        assert told.value.version == 4
    assert service.slept == []


@both
def test_it_gives_up_after_its_attempts_and_says_how(way: str) -> None:
    few = Retries(attempts=3, chance=lambda: 0.5)
    service = Service(*[httpx.ConnectError("nobody")] * 3)
    with pytest.raises(Unreachable):
        service.run("get", "/v1/me", way=way, retries=few)
    assert service.slept == [pytest.approx(0.55), pytest.approx(1.1)]
    with pytest.raises(Busy) as busy:
        Service(*[problem(503, "database_unavailable")] * 3).run("get", "/v1/me", way=way, retries=few)
    assert busy.value.code == "database_unavailable"
    service = Service(problem(429, "export_quota", headers={"retry-after": "7200"}))
    with pytest.raises(Busy) as told:
        service.run("get", "/v1/me", way=way, retries=few)
    assert (told.value.retry_after, service.slept) == (7200.0, [])


def test_retry_after_is_seconds_or_a_date_or_nothing() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for text, seconds in (
        ("120", 120.0), ("0", 0.0), ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0), ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("-5", None), ("soon", None), ("", None),
    ):  # fmt: skip
        assert retry_after({"retry-after": text}, now) == seconds, text


def test_jitter_only_adds_and_waits_are_bounded() -> None:
    plain, shaken = Retries(attempts=20, chance=lambda: 0.0), Retries(attempts=20, chance=lambda: 1.0)
    for attempt in range(1, 20):
        wait, more = plain.wait(attempt), shaken.wait(attempt)
        assert wait is not None
        assert more is not None
        assert wait <= more <= wait * 1.2 <= 24.0
    assert plain.wait(20) is None


# -- batches -------------------------------------------------------------------------------------------------


def outcome(line: int, status: int = 200, **more: Any) -> dict[str, Any]:
    return {"line": line, "key": f"k:{line}", "fact": "x", "status": status, "code": "ok", "position": line, **more}


def lines(*said: dict[str, Any], rows: int | None = None) -> httpx.Response:
    summary = [] if rows == 0 else [{"rows": len(said) if rows is None else rows}]
    text = "".join(json.dumps(one) + "\n" for one in [*said, *summary])
    return httpx.Response(200, headers={"content-type": "application/x-ndjson"}, text=text)


@both
def test_a_batch_is_sent_again_until_its_answer_is_whole_and_nothing_is_only_passing(way: str) -> None:
    cut = httpx.Response(200, text=json.dumps(outcome(1)) + '\n{"line": 2, "ke')
    service = Service(
        cut,
        lines(outcome(1), rows=0),
        httpx.RemoteProtocolError("cut"),
        lines(outcome(1), outcome(2, 503), outcome(3, 424)),
        lines(outcome(1, replayed=True), outcome(2), outcome(3, 409)),
    )
    found = service.run("inbound", "orders", [{"n": 1}, {"n": 2}, {"n": 3}], key="night", way=way)
    assert [(one.row, one.status, one.replayed) for one in found.outcomes] == [
        (0, 200, True),
        (1, 200, False),
        (2, 409, False),
    ]
    assert (found.position, [one.row for one in found.failed]) == (3, [2])
    assert {request.headers["idempotency-key"] for request in service.asked} == {"night.0"}
    assert len({request.content for request in service.asked}) == 1
    with pytest.raises(CutShort):
        Service(*[cut] * 3).run("inbound", "orders", [{"n": 1}], way=way, retries=Retries(attempts=2))


def test_many_rows_are_cut_into_batches_with_keys_of_their_own() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return lines(*(outcome(number) for number, _ in enumerate(request.content.splitlines(), 1)))

    transport = httpx.MockTransport(answer)
    with Client("http://dakehu", "dk", transport=transport) as client:
        found = client.inbound("orders", ({"n": number} for number in range(2_500)), key="k")
        assert [one.row for one in found.outcomes] == list(range(2_500))
        assert not client.inbound("orders", []).outcomes
        long = client.inbound("orders", [{"text": "x" * 400_000}] * 5)
        assert len(long.outcomes) == 5


# -- the feed ------------------------------------------------------------------------------------------------


def event(position: int) -> dict[str, Any]:
    return {
        "id": f"evt_1_{position}", "type": "DealWon", "subject": RECEIPT["id"], "subject_type": "opportunity",
        "subject_version": position, "position": position, "epoch": 1, "time": "2026-01-31T08:00:00+00:00", "data": {},
    }  # fmt: skip


def page(*positions: int, after: str) -> httpx.Response:
    return httpx.Response(200, json={"items": [event(position) for position in positions], "next": after})


def test_a_place_is_kept_only_once_the_events_before_it_were_dealt_with(tmp_path: Path) -> None:
    kept = FileCursor(tmp_path / "cursor")
    assert kept.load() is None
    service = Service(page(1, 2, after="c2"), page(3, after="c3"))
    with Client("http://dakehu", "dk", transport=httpx.MockTransport(service)) as client:
        events = client.events(kept, types=["DealWon", "DealLost"])
        assert next(events).position == 1
        assert next(events).position == 2
        assert kept.load() is None
        assert next(events).position == 3
        assert kept.load() == "c2"
    assert service.asked[0].url.params["types"] == "DealWon,DealLost"
    assert "after" not in service.asked[0].url.params
    again = Service(page(3, after="c3"), page(after="c3"))
    with Client("http://dakehu", "dk", transport=httpx.MockTransport(again)) as client:
        assert [one.position for one in client.events(kept, follow=False)] == [3]
    assert again.asked[0].url.params["after"] == "c2"
    assert kept.load() == "c3"


def sse(*said: str) -> httpx.Response:
    text = "".join(f"{one}\n\n" for one in said)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)


def told(position: int) -> str:
    return f"event: event\nid: c{position}\ndata: {json.dumps(event(position))}"


def streamed(answers: Answers, way: str, kept: MemoryCursor, count: int) -> tuple[list[int], Service]:
    """The first positions a stream gives."""
    service = Service(*answers)
    transport = httpx.MockTransport(service)
    if way == "sync":
        with Client("http://dakehu", "dk", transport=transport, sleep=service.slept.append) as client:
            found = []
            for one in client.stream(kept):
                found.append(one.position)
                if len(found) == count:
                    break
            return found, service

    async def run() -> list[int]:
        async with AsyncClient("http://dakehu", "dk", transport=transport, sleep=service._sleep) as client:
            found = []
            async for one in client.stream(kept):
                found.append(one.position)
                if len(found) == count:
                    break
            return found

    return asyncio.run(run()), service


@both
def test_a_stream_comes_back_to_its_place_and_pages_when_it_is_far_behind(way: str) -> None:
    kept = MemoryCursor()
    resync = 'event: resync\nid: c2\ndata: {"cursor": "c2", "position": 2, "head": 60000}'
    found, service = streamed(
        [
            sse("retry: 2000", ": alive", 'event: place\nid: c0\ndata: {"cursor": "c0", "position": 0}', told(1)),
            httpx.ReadError("cut"),
            problem(503, "database_unavailable"),
            sse(told(2), resync),
            page(3, 4, after="c4"),
            page(after="c4"),
            sse(told(5)),
        ],
        way, kept, 5,
    )  # fmt: skip
    assert found == [1, 2, 3, 4, 5]
    assert kept.cursor == "c4"  # the fifth was not dealt with yet
    assert [request.headers.get("last-event-id") for request in service.asked] == [
        None, "c1", "c1", "c1", None, None, "c4",
    ]  # fmt: skip
    assert service.asked[0].url.params["after"] == "0"
    assert service.slept[0] == 2.0


@both
def test_a_stream_that_is_ended_says_why(way: str) -> None:
    with pytest.raises(StreamEnded) as ended:
        streamed([sse('event: end\ndata: {"code": "invalid_token"}')], way, MemoryCursor("c1"), 1)
    assert ended.value.code == "invalid_token"
    with pytest.raises(CursorGone):
        streamed([problem(410, "cursor_of_another_epoch")], way, MemoryCursor("c1"), 1)


def test_all_pages_of_a_list_and_of_a_snapshot_are_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after")
        items, following = ([{"n": 1}], "x") if after is None else ([{"n": 2}], None)
        return httpx.Response(200, json={"items": items, "next": following, "cursor": "c9"})

    with Client("http://dakehu", "dk", transport=httpx.MockTransport(answer)) as client:
        assert [item["n"] for item in client.items("/v1/accounts")] == [1, 2]
        found = client.snapshot(subject_type="opportunity")
        assert ([record["n"] for record in found.records], found.cursor) == ([1, 2], "c9")


@both
@pytest.mark.parametrize("path", ["https://elsewhere.example.com/v1/me", "//elsewhere.example.com/v1/me", "v1/me"])
def test_the_token_goes_to_no_other_server(way: str, path: str) -> None:
    service = Service(httpx.Response(200, json={}))
    for act, *more in (("get",), ("post", {})):
        with pytest.raises(ValueError, match="path"):
            service.run(act, path, *more, way=way)
    assert service.asked == []


def test_a_token_that_expires_is_asked_for_each_time() -> None:
    tokens = iter(["first", "second"])
    service = Service(httpx.ReadError("cut"), httpx.Response(200, json={}))
    ask: Callable[[], str] = lambda: next(tokens)  # noqa: E731
    with Client("http://dakehu", ask, transport=httpx.MockTransport(service), sleep=service.slept.append) as client:
        client.get("/v1/me", as_of=None, from_="2026-01-01")
    assert [request.headers["authorization"] for request in service.asked] == ["Bearer first", "Bearer second"]
    assert dict(service.asked[0].url.params) == {"from": "2026-01-01"}
