"""Facts on their way: read, carried out one after the other, answered line by line. Knows no noun and no rule.

A row is the same command whether it is sent alone or among others: same key, same answer. Rows are carried out one
after the other, since what they say depends on each other; what came to nothing holds back what follows about the same
record, so that a delivery is never judged before the order it belongs to. Every row goes through the record's own
command, with the rights of who sends it.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import BaseModel, Field

from shared.http.bodies import reader
from shared.http.body import check_json
from shared.http.call import Call
from shared.http.context import CommandContext
from shared.http.errors import problem_of
from shared.http.inbound_facts import Fact, Row
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.identity.scopes import needed
from shared.telemetry import logger

NOT_TRIED: Final = 424

OnRefusal = Literal["hold", "continue"]

log = logger("inbound")


class RowOutcome(BaseModel):
    """One line of the answer: what became of a row. Rows are answered in their order; the last line sums up."""

    line: int = Field(description="Of the request, counted from 1.")
    key: str | None = Field(description="The key it went under; null when the row could not be read.")
    fact: str | None
    status: int = Field(description="As it would be alone: 200, 201, 403, 404, 409, 422, 503. 424: not tried.")
    id: UUID | None = None
    version: int | None = None
    position: int | None = None
    code: str
    replayed: bool = Field(default=False, description="The first answer once more.")
    problem: dict[str, Any] | None = Field(default=None, description="Why not (RFC 9457).")


class BatchSummary(BaseModel):
    """The last line: without it the answer was cut short. Send the same again."""

    rows: int
    done: int
    refused: int
    not_tried: int
    position: int | None = Field(description="Of the last event recorded: give it as `min_position`.")


@dataclass(slots=True)
class _Told:
    """A row on its way: as it was read, or why it could not be."""

    line: int
    key: str | None = None
    fact: Fact | None = None
    row: Row | None = None
    unread: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a row."""

    body: Mapping[str, Any]
    status: int

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def passing(self) -> bool:
        """No answer of a rule: the same again may go well."""
        return self.status >= 500 or self.status == 429


@dataclass(slots=True)
class Noun:
    """The facts told about one kind of record."""

    name: str
    facts: Mapping[str, Fact]
    _readers: dict[str, Callable[[bytes], Any]] = field(default_factory=dict)

    # -- reading ---------------------------------------------------------------------------------------

    def read(self, body: bytes) -> tuple[Fact, Row]:
        """A row from its JSON. Raises Problem 422, ValidationError."""
        check_json(body)
        said = _object(body)
        if not isinstance(said, dict):
            raise Problem(422, "validation", errors=(At("", "not_object"),), params={"count": 1})
        fact = self.facts.get(name) if isinstance(name := said.get("fact"), str) else None
        if fact is None:
            known = At("/fact", "missing" if "fact" not in said else "not_in_list", params={"expected": self.known})
            raise Problem(422, "validation", errors=(known,), params={"count": 1})
        if fact.name not in self._readers:
            self._readers[fact.name] = reader(fact.form)
        return fact, self._readers[fact.name](body)

    @property
    def known(self) -> str:
        return ", ".join(self.facts)

    def rows(self, body: bytes, key: str) -> Iterator[_Told]:
        """The rows of a batch, empty lines left out."""
        for number, line in enumerate(body.removeprefix(BOM_UTF8).split(b"\n"), 1):
            if line.strip():
                yield self._row(number, line.strip(), key)

    def _row(self, number: int, line: bytes, key: str) -> _Told:
        try:
            fact, row = self.read(line)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            return _Told(number, unread=problem)
        return _Told(number, row.idempotency_key or f"{key}:{number}", fact, row)

    # -- carrying out ----------------------------------------------------------------------------------

    async def one(self, call: Call, ctx: CommandContext, body: bytes) -> Response:
        """A fact sent alone."""
        fact, row = self.read(body)
        if row.idempotency_key is not None:
            unknown = At("/idempotency_key", "unknown_field")
            raise Problem(422, "validation", errors=(unknown,), params={"count": 1})
        receipt, headers = await self._carried_out(call, fact, row, ctx.key)
        call.headers += headers
        return Response(_json(receipt.model_dump()), _status(headers), media_type="application/json")

    async def _carried_out(
        self, call: Call, fact: Fact, row: Row, key: str
    ) -> tuple[Receipt, list[tuple[bytes, bytes]]]:
        """The receipt of a row and its headers. Raises what its command refuses with."""
        inner = copy(call)
        inner.path, inner.body, inner.headers, inner.counted = fact.resource, b"", [], True
        inner.given = {name: value for name, value in call.given.items() if name != b"if-match"}
        ctx = CommandContext(inner, must_match=False)
        ctx.key = key
        said = row.model_dump_json(exclude={"idempotency_key"}, exclude_unset=True)
        ctx.fingerprint = f"POST /v1/inbound/{self.name}\n{said}".encode()
        scope = needed("POST", fact.resource)
        if scope is not None and not ctx.principal.may(scope):
            raise Problem(403, "scope_missing", params={"scope": scope}, extra={"scope": scope})
        return await fact.tell(row, ctx), inner.headers

    async def answered(self, call: Call, told: Sequence[_Told], on_refusal: OnRefusal) -> AsyncIterator[bytes]:
        """The outcomes as lines, in the order of the rows, each as soon as it is known."""
        failed: dict[str, _Done] = {}
        outcomes = []
        for row in told:
            lane = None if row.fact is None else row.fact.about(row.row)
            before = None if lane is None else failed.get(lane)
            if before is None:
                outcome = await self._outcome(call, row)
            else:
                outcome = _refused(
                    call, row, Problem(NOT_TRIED, "row_before_failed", params={"line": before.body["line"]})
                )
            if lane is not None and before is None and not outcome.ok and (on_refusal == "hold" or outcome.passing):
                failed[lane] = outcome
            outcomes.append(outcome)
            yield _json(outcome.body) + b"\n"
        yield _json(_summary(outcomes)) + b"\n"

    async def _outcome(self, call: Call, told: _Told) -> _Done:
        if told.unread is not None or told.fact is None or told.row is None or told.key is None:
            return _refused(call, told, told.unread or Problem(422, "validation"))
        try:
            receipt, headers = await self._carried_out(call, told.fact, told.row, told.key)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                log.error("defect", trace_id=call.trace.trace_id, noun=self.name, exc_info=error)
                problem = Problem(500, "internal")
            return _refused(call, told, problem)
        status = _status(headers)
        said = {"line": told.line, "key": told.key, "fact": told.fact.name, "status": status, **receipt.model_dump()}
        if any(name == b"idempotency-replayed" for name, _ in headers):
            said["replayed"] = True
        return _Done(said, status)


def _object(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:  # numbers beyond any; the form of the fact refuses them
        return json.loads(body, parse_int=float)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=str)  # a driver's ids are of a class of their own


def _status(headers: Sequence[tuple[bytes, bytes]]) -> int:
    return 201 if any(name == b"location" for name, _ in headers) else 200


def _refused(call: Call, told: _Told, problem: Problem) -> _Done:
    shown = call.kit.catalogue.render(problem, call.language, instance=call.path, trace_id=call.trace.trace_id)
    said: dict[str, Any] = {
        "line": told.line,
        "key": told.key,
        "fact": None if told.fact is None else told.fact.name,
        "status": problem.status,
        "code": problem.code,
    }
    if problem.headers.get("Idempotency-Replayed"):
        said["replayed"] = True
    if (after := problem.headers.get("Retry-After")) is not None:
        said["retry_after"] = int(after)
    return _Done({**said, "problem": orjson.loads(shown)}, problem.status)


def _summary(outcomes: Sequence[_Done]) -> dict[str, Any]:
    positions = [outcome.body["position"] for outcome in outcomes if outcome.ok]
    return {
        "rows": len(outcomes),
        "done": sum(outcome.ok for outcome in outcomes),
        "refused": sum(not outcome.ok and outcome.status != NOT_TRIED for outcome in outcomes),
        "not_tried": sum(outcome.status == NOT_TRIED for outcome in outcomes),
        "position": max(positions, default=None),
    }
