"""Operations over HTTP: /v1/operations. Shows and cancels; starting one is the business of its own route."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.context import Ctx, Parts, Who
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.problem import Problem as Refusal
from shared.http.reading import Listed, Paged
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.jobs.operations import (
    Operation,
    Problem,
    State,
    cancel_operation,
    get_operation,
    list_operations,
    problems_of,
)
from shared.privacy.disclosure import disclosure

QUOTED = "value"
"""The parameter of a problem that quotes a cell of a file."""

router = Router(prefix="/v1/operations", tags=["operations"])


class OperationShown(BaseModel):
    """Long work under way or over. Poll until `finished`."""

    id: UUID
    kind: str
    state: State
    finished: bool
    done: int = Field(description="Of `total`, in the kind's own unit (rows of an import, say).")
    total: int | None = Field(description="Null until known.")
    problems: int = Field(description="How many items could not be taken; see /problems.")
    result: dict[str, Any] | None
    error: str | None = Field(description="Why it failed: a stable code, or a sentence for its owner.")
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, operation: Operation) -> OperationShown:
        return cls(
            id=operation.operation_id, **{name: getattr(operation, name) for name in cls.model_fields.keys() - {"id"}}
        )


class ProblemShown(BaseModel):
    """What was wrong with one item. `line` and `column` say where in the file it stands."""

    number: int
    line: int | None
    column: str | None
    code: str
    message: str
    params: dict[str, Any]


@router.get("", operation_id="operations.list")
async def operations(who: Who, parts: Parts) -> Listed[OperationShown]:
    """Your latest operations, newest first."""
    principal = None if who.sees_everything else who.person_id
    found = await list_operations(parts.pool, who.tenant_id, principal_id=principal)
    return Listed(items=[OperationShown.of(operation) for operation in found])


@router.get("/{operation_id}", operation_id="operations.get", responses=refuses(404))
async def operation(operation_id: UUID, who: Who, parts: Parts) -> OperationShown:
    """How far an operation is, and what came of it."""
    return OperationShown.of(await _visible(parts, who, operation_id))


@router.get("/{operation_id}/problems", operation_id="operations.problems", responses=refuses(404))
async def problems(operation_id: UUID, who: Who, parts: Parts, page: Paged) -> Listed[ProblemShown]:
    """The items an operation could not take, in the order it met them."""
    await _visible(parts, who, operation_id)
    after = page.after(int)
    found = await problems_of(
        parts.pool, who.tenant_id, operation_id, after=after[0] if after else 0, limit=page.limit + 1
    )
    shown, following = page.of(found, lambda problem: (problem.number,))
    return Listed(
        items=[
            ProblemShown(
                number=p.number,
                line=p.line,
                column=p.column,
                code=p.code,
                message=p.message,
                params=_params(operation_id, p),
            )
            for p in shown
        ],
        next=following,
    )


def _params(operation_id: UUID, problem: Problem) -> dict[str, Any]:
    """What a problem says of its item. The cell it quotes may name a person: on record, and left out without right."""
    params = dict(problem.params or {})
    disclosed = disclosure.get()
    if QUOTED in params and disclosed is not None and not disclosed.note(operation_id, QUOTED):
        del params[QUOTED]
    return params


@router.post("/{operation_id}/cancel", operation_id="operations.cancel", responses=refuses(404))
async def cancel(operation_id: UUID, ctx: Ctx) -> OperationShown:
    """Ask for an operation's end. What it has done stays done; a finished one stays as it is. Harmless twice."""
    await _visible(ctx.kit, ctx.principal, operation_id)
    cancelled = await cancel_operation(ctx.kit.pool, ctx.tenant_id, operation_id)
    if cancelled is None:
        raise Refusal(404, "not_found")
    return OperationShown.of(cancelled)


async def _visible(parts: Kit, who: Principal, operation_id: UUID) -> Operation:
    """One's own operations, and everybody's for those who see everything."""
    found = await get_operation(parts.pool, who.tenant_id, operation_id)
    if found is None or not (who.sees_everything or found.principal_id in (who.person_id, who.acting_for)):
        raise Refusal(404, "not_found")
    return found
