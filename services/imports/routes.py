"""Imports over HTTP: /v1/imports, the same in every service. Takes files, shows progress; imports nothing itself."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import datetime
from importlib import import_module
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.imports.seen import require_importer, visible_import
from services.imports.undo_routes import require_alone
from services.imports.undo_routes import router as undo_router
from services.imports.upload import Upload, received
from shared.http.call import call_of
from shared.http.context import Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Paged
from shared.http.route import Router
from shared.imports.problems import TEXTS, MappingRefused, TableRefused, text_of
from shared.imports.upload import BESIDE, FILE, KIND, MAPPING, UNDO
from shared.jobs import Operation, cancel_operation, list_operations
from shared.jobs.operations import State
from shared.jobs.routes import ProblemShown, problems
from shared.jobs.starting import start_operation, started_before

router = Router(prefix="/v1/imports", tags=["imports"])
TAG = {"name": "imports", "description": "Files of other systems, by a mapping; progress and problems row by row"}

CHECKS = "services.opportunities.imports.check"
"""The module that knows what can be imported; found by name, since every service serves these routes."""
MOST_MISTAKES = 100

BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}
EXAMPLE = {
    FILE: "no,title,owner,captured,stage\n1,出租车更新,李雷,2025-03-01,new\n",
    MAPPING: """\
version: 1
external: {system: old_crm, column: no}
title: title
owner: {find: {name: owner}, create: true}
captured_on: captured
stage: {column: stage, values: {new: {reaches: captured}}}
""",
    "dry_run": "true",
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE, MAPPING],
                    "properties": {
                        FILE: BINARY | {"description": "CSV, TSV, NDJSON or a JSON array; encodings see docs."},
                        MAPPING: BINARY | {"description": "YAML: which column means what."},
                        "dry_run": {"type": "string", "enum": ["true", "false"]},
                    },
                    "additionalProperties": BINARY | {"description": "Look-up files, by their file names."},
                },
                "examples": {"deals": {"summary": "One deal, its owner made when unknown", "value": EXAMPLE}},
            }
        },
    }
}


class Opened(BaseModel):
    """What the rows named and was not there: opened, by kind."""

    unit: int = 0
    person: int = 0
    account: int = 0
    product: int = 0


class ImportShown(BaseModel):
    """An import under way or over. Poll until `finished`; done means that the views show it too."""

    id: UUID
    state: State
    finished: bool
    dry_run: bool
    file: str
    done: int = Field(description="Rows gone through, of `total`.")
    total: int | None = Field(description="Rows of the file; null until known.")
    created: int
    changed: int
    unchanged: int
    problems: int = Field(description="Rows that were not taken; see /problems.")
    opened: Opened | None = Field(description="Once it is over.")
    position: int | None = Field(description="Where the last event stands: give it as `min_position` to read it back.")
    views: Literal["current", "behind"] | None
    error: str | None = Field(description="Why it failed: `mapping_refused`, `file_refused`, or another code.")
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, operation: Operation) -> ImportShown:
        said = operation.parameters
        result = operation.result
        counts = result or (operation.checkpoint or {}).get("counts", {})
        return cls(
            id=operation.operation_id,
            dry_run=bool(said.get("dry_run")),
            file=said.get("file", ""),
            created=counts.get("created", 0),
            changed=counts.get("changed", 0),
            unchanged=counts.get("unchanged", 0),
            problems=counts.get("problem_rows" if result else "problems", 0),
            opened=None if result is None else Opened(**result.get("opened", {})),
            position=None if result is None else result.get("position"),
            views=None if result is None else result.get("views"),
            **{
                name: getattr(operation, name)
                for name in (
                    *("state", "finished", "done", "total", "error", "cancel_requested"),
                    *("created_at", "started_at", "finished_at"),
                )
            },
        )


@router.post(
    "", operation_id="imports.start", status_code=202, responses=refuses(409, 413, 415, 422), openapi_extra=BODY
)
async def start(
    request: Request,
    ctx: Ctx,
    dry_run: Annotated[bool, Query(description="Only say what would happen.")] = False,
) -> ImportShown:
    """Import a file by a mapping: multipart `file`, `mapping`, and the look-up files the mapping names."""
    require_importer(ctx.principal)
    async with received(request) as upload:
        dry_run = dry_run or upload.dry_run
        ctx.fingerprint = upload.fingerprint(dry_run=dry_run)
        operation_id = ctx.new_id("operation")
        known = await started_before(ctx, operation_id)
        if known is None:
            await asyncio.to_thread(check, upload)
            if not dry_run:
                await require_alone(ctx, operation_id, UNDO)
            said = {"dry_run": dry_run, "file": upload.name}
            attached: dict[str, bytes | AsyncIterator[bytes]] = {
                FILE: upload.chunks(upload.file),
                MAPPING: upload.mapping,
                **{BESIDE + name: upload.chunks(file) for name, file in upload.beside.items()},
            }
            known = await start_operation(ctx, operation_id, KIND, said, attached)
    ctx.call.headers.append((b"location", f"/v1/operations/{operation_id}".encode()))
    return ImportShown.of(known)


def check(upload: Upload) -> None:
    """Refuse at once what could not be imported. Raises Problem 422 with every mistake."""

    def beside(name: str) -> io.BytesIO:
        if name not in upload.beside:
            raise FileNotFoundError(name)
        upload.beside[name].seek(0)
        return io.BytesIO(upload.beside[name].read())

    upload.file.seek(0)
    try:
        import_module(CHECKS).check(upload.mapping, upload.file, upload.name, beside)
    except MappingRefused as refused:
        errors = tuple(
            At(
                f"/{MAPPING}/" + error.path.replace(".", "/") if error.path else f"/{MAPPING}",
                "mapping",
                f"{error.path}: {error.message}" if error.path else error.message,
                {"path": error.path, "message": error.message},
            )
            for error in refused.errors[:MOST_MISTAKES]
        )
        raise Problem(
            422, "mapping_refused", str(refused), errors=errors, params={"count": len(refused.errors)}
        ) from refused
    except TableRefused as refused:
        at = At(f"/{FILE}", refused.code, str(refused), {"line": refused.line, "zh": refused.text("zh-CN")})
        raise Problem(422, "file_refused", str(refused), errors=(at,), params={"why": refused.code}) from refused


@router.get("", operation_id="imports.list")
async def imports(who: Who, parts: Parts) -> Listed[ImportShown]:
    """Your latest imports, newest first."""
    mine = None if who.sees_everything else who.person_id
    found = await list_operations(parts.pool, who.tenant_id, principal_id=mine)
    return Listed(items=[ImportShown.of(one) for one in found if one.kind == KIND])


@router.get("/{import_id}", operation_id="imports.get", responses=refuses(404))
async def one(import_id: UUID, who: Who, parts: Parts) -> ImportShown:
    """How far an import is, and its report."""
    return ImportShown.of(await visible_import(parts, who, import_id))


@router.get("/{import_id}/problems", operation_id="imports.problems", responses=refuses(404))
async def row_problems(request: Request, import_id: UUID, who: Who, parts: Parts, page: Paged) -> Listed[ProblemShown]:
    """The rows that were not taken, with line, column, code and value."""
    await visible_import(parts, who, import_id)
    language = call_of(request.scope).language
    found = await problems(import_id, who, parts, page)
    for item in found.items:
        if language == "zh-CN" and item.code in TEXTS:
            item.message = text_of(item.code, language)
    return found


@router.post("/{import_id}/cancel", operation_id="imports.cancel", responses=refuses(404))
async def cancel(import_id: UUID, ctx: Ctx) -> ImportShown:
    """End an import. What it has taken stays; a finished one stays as it is."""
    await visible_import(ctx.kit, ctx.principal, import_id)
    cancelled = await cancel_operation(ctx.kit.pool, ctx.tenant_id, import_id)
    if cancelled is None:
        raise Problem(404, "not_found")
    return ImportShown.of(cancelled)


ROUTERS = (router, undo_router)
