"""How a call goes, in steps that do no I/O: what to send, how long to wait. Both clients carry the same steps out.

A generator yields what is to be done and gets what came of it: `Send` a response or the error it ended in, `Wait`
nothing. What it returns is the answer.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from dakehu_client.answers import Answer, Event, Page, RowOutcome, Snapshot
from dakehu_client.errors import Busy, CutShort, Refused, Unreachable, refusal
from dakehu_client.retrying import PASSING, Retries, retry_after

LINES = "application/x-ndjson"
MOST_ROWS = 1_000
MOST_BYTES = 900_000
"""Of one batch: below what the service takes by default, 1 MiB."""
LONGEST_WAIT_SECONDS = 25
"""Of one long poll, well within a proxy's patience."""


@dataclass(frozen=True, slots=True)
class Send:
    """A request; the same for every attempt."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


Step = Send | Wait
Came = httpx.Response | httpx.TransportError | None
Steps = Generator[Step, Came, Any]


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Query parameters: None is left out, lists are joined by commas, `from_` is `from`."""
    said = {name.rstrip("_"): value for name, value in params.items() if value is not None}
    return {
        name: ",".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else value
        for name, value in said.items()
    }


def call(send: Send, retries: Retries) -> Generator[Step, Came, httpx.Response]:
    """The response, tried again while it may go well. Raises Refused and what derives from it, Busy, Unreachable.

    Raises ValueError for a path that names a server: the token is for one alone.
    """
    if not send.path.startswith("/") or send.path.startswith("//"):
        raise ValueError("a path begins with one slash")
    attempt = 0
    while True:
        attempt += 1
        came = yield send
        if isinstance(came, httpx.TransportError):
            wait = retries.wait(attempt)
            if wait is None:
                raise Unreachable(f"{send.method} {send.path}: {type(came).__name__}") from came
        else:
            assert came is not None
            if came.status_code < 400:
                return came
            problem = problem_of(came)
            passing = came.status_code in PASSING or problem.get("code") == "conflict"
            said = retry_after(came.headers)
            if not passing:
                raise refusal(came.status_code, problem)
            wait = retries.wait(attempt, said)
            if wait is None:
                if came.status_code in (429, 502, 503, 504):
                    raise Busy(came.status_code, problem, said)
                raise refusal(came.status_code, problem)
        yield Wait(wait)


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; of a proxy's page, what can be said."""
    try:
        found = response.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"code": f"status_{response.status_code}", "detail": ""}


def not_opened(response: httpx.Response) -> Refused:
    """Why a stream was not opened; the body is read. Busy where it may be opened later."""
    problem = problem_of(response)
    if response.status_code in PASSING:
        return Busy(response.status_code, problem, retry_after(response.headers))
    return refusal(response.status_code, problem)


def answer_of(response: httpx.Response) -> Answer:
    """The answer of a call that went well."""
    said = response.json() if response.content and "json" in response.headers.get("content-type", "") else None
    return Answer(response.status_code, dict(response.headers), said if said is not None else response.content)


def read(path: str, params: Mapping[str, Any], retries: Retries) -> Generator[Step, Came, Answer]:
    """A GET."""
    return answer_of((yield from call(Send("GET", path, given(params)), retries)))


def command(
    method: str,
    path: str,
    body: Any,
    retries: Retries,
    *,
    key: str | None,
    if_match: int | str | None,
    on_behalf_of: str | None,
) -> Generator[Step, Came, Answer]:
    """A command under one key, whatever it takes to have it answered."""
    headers = {"idempotency-key": key or uuid4().hex, "content-type": "application/json"}
    if if_match is not None:
        headers["if-match"] = f'"{if_match}"' if isinstance(if_match, int) else if_match
    if on_behalf_of is not None:
        headers["on-behalf-of"] = on_behalf_of
    content = json.dumps({} if body is None else body, ensure_ascii=False).encode()
    return answer_of((yield from call(Send(method, path, {}, headers, content), retries)))


# -- lists and the feed --------------------------------------------------------------------------------------


def page(
    after: str | int | None, params: Mapping[str, Any], retries: Retries, *, wait: int
) -> Generator[Step, Came, Page]:
    """One page of the feed; with `wait` an empty one comes only after so many seconds."""
    said = {**given(params), "wait": wait or None, "after": None if after is None else str(after)}
    send = Send("GET", "/v1/events", given(said), timeout=wait + 15.0 if wait else None)
    body = (yield from call(send, retries)).json()
    return Page([Event.of(item) for item in body["items"]], body["next"])


def snapshot_page(
    after: str | None, params: Mapping[str, Any], retries: Retries
) -> Generator[Step, Came, tuple[Snapshot, str | None]]:
    """One page of a snapshot, and after which the next begins."""
    body = (yield from call(Send("GET", "/v1/events/snapshot", given({**params, "after": after})), retries)).json()
    return Snapshot(body["items"], body["cursor"]), body.get("next")


# -- batches -------------------------------------------------------------------------------------------------


def batches(rows: Iterable[Mapping[str, Any]], key: str) -> Iterator[tuple[int, str, bytes]]:
    """(number of the first row, key, lines) of each batch: as many rows as one may have."""
    lines: list[bytes] = []
    first = size = 0
    for number, row in enumerate(rows):
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        if lines and (len(lines) == MOST_ROWS or size + len(line) > MOST_BYTES):
            yield first, f"{key}.{first}", b"".join(lines)
            lines, first, size = [], number, 0
        lines.append(line)
        size += len(line)
    if lines:
        yield first, f"{key}.{first}", b"".join(lines)


def batch(
    noun: str, first: int, key: str, lines: bytes, retries: Retries, *, on_refusal: str
) -> Generator[Step, Came, Sequence[RowOutcome]]:
    """The outcomes of one batch, sent again under its key until every row that may go well has had its answer.

    What was done is answered again and not done twice. Raises CutShort when the answer keeps ending early.
    """
    params = {} if on_refusal == "hold" else {"on_refusal": on_refusal}
    send = Send("POST", f"/v1/inbound/{noun}", params, {"idempotency-key": key, "content-type": LINES}, lines, 300.0)
    attempt = 0
    while True:
        attempt += 1
        outcomes = _outcomes((yield from call(send, retries)), first)
        wait = retries.wait(attempt, None)
        if outcomes is None:
            if wait is None:
                raise CutShort(f"{noun}: the answer to batch {key} ended early")
        elif wait is None or not any(one.status >= 500 or one.status == 429 for one in outcomes):
            return outcomes
        yield Wait(wait)


def _outcomes(response: httpx.Response, first: int) -> Sequence[RowOutcome] | None:
    """Those of an answer that is whole; None of one that was cut short."""
    try:
        *said, summary = [json.loads(line) for line in response.content.splitlines()]
    except ValueError:
        return None
    if "rows" not in summary or summary["rows"] != len(said):
        return None
    return [RowOutcome.of(one, first + number) for number, one in enumerate(said)]
