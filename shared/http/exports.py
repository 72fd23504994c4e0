"""Queued files of tables over HTTP: /v1/exports. Takes and shows orders and gives the files; makes none itself.

A file is its asker's alone, whatever others may see, and is kept a day, encrypted under the tenant's key.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import StreamingResponse
from starlette.routing import Match

from shared.http.call import Call, call_of
from shared.http.context import Parts, Who, idempotency_key, keyed
from shared.http.kit import Kit
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed
from shared.http.route import Route, Router, check_query
from shared.http.sheets import MEDIA
from shared.identity.lookups import standing
from shared.identity.principal import Principal
from shared.identity.scopes import PERSONAL, needed
from shared.jobs.kept import KEPT_HOURS, opened_file
from shared.jobs.operations import Operation, State, create_operation, get_operation, list_operations
from shared.privacy.disclosure import EXPORTED, record

router = Router(prefix="/v1/exports", tags=["exports"])
TAG = {"name": "exports", "description": "Tables as files, queued when they are large; kept for a day"}
KIND = "export"
FILE = "table"
HOLDS = timedelta(hours=KEPT_HOURS)
PATH = r"^/v1/[a-z0-9][a-z0-9/-]{0,200}$"

Text = Annotated[str, StringConstraints(max_length=8_000, pattern=r"^[^\x00]*$")]


class StartExport(BaseModel):
    """Which table, by the address that answers it as JSON, and as what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"path": "/v1/defeats", "query": "from=2026-01-01", "format": "xlsx"}]},
    )

    path: Annotated[str, StringConstraints(min_length=4, max_length=210, pattern=PATH)]
    query: Text = Field(default="", description="What stands after the `?` of that address.")
    format: Literal["csv", "xlsx"] = "csv"


class ExportShown(BaseModel):
    """A queued file. Poll until `finished`; then `content` leads to it until `expires_at`."""

    id: UUID
    path: str
    query: str
    format: Literal["csv", "xlsx"]
    state: State
    finished: bool
    rows: int = Field(description="Rows written so far.")
    bytes: int | None = Field(description="Of the whole file, once it is made.")
    error: str | None = Field(description="Why it failed: the code of the problem the table would have answered.")
    content: str | None = Field(description="Where the file is; null before it is made and once it has expired.")
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def of(cls, operation: Operation, now: datetime) -> ExportShown:
        said, result = operation.parameters, operation.result or {}
        until = None if operation.finished_at is None else operation.finished_at + HOLDS
        there = operation.state == "done" and until is not None and now < until
        return cls(
            id=operation.operation_id,
            path=said["path"],
            query=said["query"],
            format=said["format"],
            state=operation.state,
            finished=operation.finished,
            rows=result.get("rows", operation.done),
            bytes=result.get("bytes"),
            error=operation.error,
            content=f"/v1/exports/{operation.operation_id}/content" if there else None,
            created_at=operation.created_at,
            finished_at=operation.finished_at,
            expires_at=until if operation.state == "done" else None,
        )


@router.post(
    "",
    operation_id="exports.start",
    status_code=202,
    dependencies=[Depends(keyed), Depends(limited("heavy"))],
    responses=refuses(409, 422),
)
async def start(command: StartExport, request: Request, who: Who, parts: Parts) -> ExportShown:
    """Queue a table as a file. It is made as you see the table then, of your own functions and scopes at most."""
    call = call_of(request.scope)
    if who.viewer_id is not None:
        raise Problem(403, "view_only")
    _require_scope(call, who, command.path)
    _check(request, command)
    key = idempotency_key(call.header(b"idempotency-key"))
    given = f"POST {call.path}\n".encode() + call.body
    fingerprint = hmac.digest(parts.fingerprint_key, given, "sha256").hex()
    operation_id = uuid5(who.tenant_id, f"operation:{who.person_id}:{key}")
    known = await get_operation(parts.pool, who.tenant_id, operation_id)
    if known is not None:
        if known.parameters.get("fingerprint") != fingerprint:
            raise Problem(422, "idempotency_key_reused")
        call.headers.append((b"idempotency-replayed", b"true"))
    else:
        known = await create_operation(
            parts.pool,
            tenant_id=who.tenant_id,
            operation_id=operation_id,
            kind=KIND,
            principal_id=who.person_id,
            principal=await _as_now(parts, who),
            parameters={
                **command.model_dump(),
                "language": call.language,
                "fingerprint": fingerprint,
                "at": parts.clock().isoformat(),
            },
        )
    call.headers.append((b"location", f"/v1/exports/{operation_id}".encode()))
    return ExportShown.of(known, parts.clock())


async def _as_now(kit: Kit, who: Principal) -> dict[str, Any]:
    """Who asks, with what the log says of them now: what they lose meanwhile they lose for the file too."""
    said = await standing(kit.pool, who.tenant_id, who.person_id, "api_key" if who.machine else "person")
    return {
        "functions": sorted(who.functions),
        "unit_id": None if who.unit_id is None else str(who.unit_id),
        "on_behalf_of": None,
        "scopes": sorted(who.scopes),
        "machine": who.machine,
        "held": None if said is None else sorted(said.get("functions", ())),
    }


def _require_scope(call: Call, who: Principal, path: str) -> None:
    scope = needed("GET", path)
    if scope is not None and not who.may(scope):
        raise Problem(403, "scope_missing", params={"scope": scope}, extra={"scope": scope})


def _check(request: Request, command: StartExport) -> None:
    """Refuse now what this service knows it could not answer; of another service's table its worker will tell."""
    found = table_route(request.scope["app"].routes, command.path)
    if found is None:
        if any(getattr(route, "path", "").split("/")[:3] == command.path.split("/")[:3]
               for route in request.scope["app"].routes):  # fmt: skip
            raise Problem(422, "not_a_table", errors=(At("/path", "not_a_table"),))
        return
    try:
        check_query(command.query.encode(), found.known, found.forms)
    except Problem as problem:
        raise Problem(422, problem.code, errors=(At("/query", problem.code, params=problem.params),),
                      params=problem.params) from None  # fmt: skip


def table_route(routes: Any, path: str) -> Route | None:
    """The route that answers this address with a table; None when none does."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    for route in routes:
        if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
            return route if route.table is not None else None
    return None


@router.get("", operation_id="exports.list")
async def exports(who: Who, parts: Parts) -> Listed[ExportShown]:
    """Your own latest exports, newest first."""
    found = await list_operations(parts.pool, who.tenant_id, principal_id=who.person_id)
    return Listed(items=[ExportShown.of(one, parts.clock()) for one in found if one.kind == KIND])


@router.get("/{export_id}", operation_id="exports.get", responses=refuses(404))
async def export(export_id: UUID, who: Who, parts: Parts) -> ExportShown:
    """How far your export is."""
    return ExportShown.of(await _own(parts, who, export_id), parts.clock())


@router.get(
    "/{export_id}/content",
    operation_id="exports.content",
    response_class=StreamingResponse,
    responses={
        **refuses(404, 409, 410),
        200: {"content": {media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                          for media in MEDIA.values()}},
    },
)  # fmt: skip
async def content(export_id: UUID, request: Request, who: Who, parts: Parts) -> StreamingResponse:
    """The file, for who asked for it, until it expires. On record."""
    found = await _own(parts, who, export_id)
    if who.viewer_id is not None:
        raise Problem(403, "view_only")
    said, call = found.parameters, call_of(request.scope)
    _require_scope(call, who, said["path"])
    if (found.result or {}).get("personal") and not who.may(PERSONAL):
        raise Problem(403, "scope_missing", params={"scope": PERSONAL}, extra={"scope": PERSONAL})
    shown = ExportShown.of(found, parts.clock())
    if not shown.finished:
        raise Problem(409, "export_not_ready", headers={"Retry-After": "1"})
    if shown.content is None:
        raise Problem(410, "export_gone")
    file = await opened_file(parts.pool, parts.vault, who.tenant_id, export_id, FILE)
    if file is None:
        raise Problem(410, "export_gone")
    await record(parts.pool, who, action=EXPORTED, subjects=[], fields=[],
                 route="GET /v1/exports/{export_id}/content", trace=call.trace.trace_id)  # fmt: skip
    name = said["path"].removeprefix("/v1/").replace("/", "-")
    day = found.created_at.astimezone(who.zone).date()
    headers = {"content-disposition": f'attachment; filename="{name}-{day}.{shown.format}"'}
    if shown.bytes is not None:
        headers["content-length"] = str(shown.bytes)
    return StreamingResponse(_given(file), media_type=MEDIA[shown.format], headers=headers)


async def _given(file: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in file:
        yield chunk


async def _own(parts: Kit, who: Principal, export_id: UUID) -> Operation:
    """One's own export; for all others there is none."""
    found = await get_operation(parts.pool, who.tenant_id, export_id)
    if found is None or found.kind != KIND or found.principal_id != who.person_id:
        raise Problem(404, "not_found")
    return found
