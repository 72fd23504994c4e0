"""Several decisions in one request: each carried out, refused and remembered for itself. Holds no rule of any kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.opportunities.approvals.kinds import Kind
from services.opportunities.fields import Code, Command
from shared.http.context import CommandContext
from shared.http.errors import problem_of
from shared.http.problem import At, Problem
from shared.identity.scopes import needed

MAX_ITEMS = 100


class Item(Command):
    """One decision about one request."""

    kind: str = Field(max_length=40, description="As in the inbox.")
    id: UUID
    version: int = Field(ge=0, le=10**9, description="The record as the caller has read it.")
    decision: str = Field(max_length=40, description="One of `allowed`.")
    body: Annotated[dict[Code, Any], Field(max_length=20)] = Field(
        default_factory=dict, description="What the decision's own path takes: comment, finding, recall_on, owner_id …"
    )


class DecideTogether(Command):
    """Up to a hundred decisions. Each has an outcome of its own; one that fails stops no other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "kind": "defeat",
                            "id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11",
                            "version": 4,
                            "decision": "approve",
                            "body": {"comment": "电话核实"},
                        }
                    ]
                }
            ]
        }
    )

    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]


class Outcome(BaseModel):
    """What came of one decision: `status` is the HTTP status its own path would have answered with."""

    kind: str
    id: UUID
    decision: str
    status: int
    code: str
    version: int | None = Field(description="Of the record now; null when it was refused.")
    position: int | None = Field(description="Of the last event; null when it was refused.")
    title: str | None = Field(description="Why not, in words; null when it was carried out.")
    detail: str | None
    pointer: str | None = Field(description="Which part of `body` is wrong.")


class Outcomes(BaseModel):
    """The outcomes, in the order asked for."""

    items: list[Outcome]
    carried_out: int
    refused: int


async def decide_together(ctx: CommandContext, kinds: Mapping[str, Kind], items: Sequence[Item]) -> Outcomes:
    """Carry out one after the other. A retry with the same key answers what was carried out as it was then."""
    outcomes = [await _decide(ctx, kinds, number, item) for number, item in enumerate(items)]
    done = sum(outcome.status < 400 for outcome in outcomes)
    return Outcomes(items=outcomes, carried_out=done, refused=len(outcomes) - done)


async def _decide(ctx: CommandContext, kinds: Mapping[str, Kind], number: int, item: Item) -> Outcome:
    headers = len(ctx.call.headers)
    try:
        kind = kinds.get(item.kind)
        decision = None if kind is None else kind.decisions.get(item.decision)
        if kind is None or decision is None:
            pointer = "/decision" if kind is not None else "/kind"
            raise Problem(422, "unknown_decision", errors=(At(pointer, "unknown_decision"),))
        scope = needed("POST", kind.path.format(id=item.id))  # of the decision's own path, on top of this one's
        if scope is not None and not ctx.principal.may(scope):
            raise Problem(403, "scope_missing", params={"scope": scope})
        command = decision.command.model_validate(item.body)
        receipt = await decision.act(item.id, command, _own(ctx, number, item))
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        texts, language = ctx.kit.catalogue, ctx.call.language
        first = next(iter(problem.errors), None)
        params = {**problem.params, **(first.params or {} if first else {})}
        return Outcome(
            kind=item.kind,
            id=item.id,
            decision=item.decision,
            status=problem.status,
            code=problem.code,
            version=None,
            position=None,
            title=texts.title(problem.code, problem.status, language),
            detail=texts.detail(problem.code, problem.status, language, problem.detail, params),
            pointer=first.pointer if first else None,
        )
    finally:
        del ctx.call.headers[headers:]  # of one record; the answer is about many
    return Outcome(
        kind=item.kind,
        id=item.id,
        decision=item.decision,
        status=200,
        code=receipt.code,
        version=receipt.version,
        position=receipt.position,
        title=None,
        detail=None,
        pointer=None,
    )


def _own(ctx: CommandContext, number: int, item: Item) -> CommandContext:
    """The context of one decision: a key of its own made from the request's, and the version it is about."""
    own = CommandContext(ctx.call, must_match=True)
    own.key = f"{hashlib.sha256(ctx.key.encode()).hexdigest()[:40]}-{number}"
    own.if_match = item.version
    own.now = ctx.now
    own.fingerprint = f"{ctx.call.path}\n{number}\n{item.model_dump_json()}".encode()
    return own
