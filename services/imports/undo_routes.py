"""The undo of an import over HTTP: looked at, queued, followed. Takes nothing back itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.imports.seen import require_importer, visible_import
from services.imports.undo_plan import Plan, Survey, facts_of
from shared.http.call import call_of
from shared.http.context import CommandContext, Ctx, Parts, Who
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged
from shared.http.route import Router
from shared.imports.problems import text_of
from shared.imports.upload import KIND, UNDO
from shared.jobs import Operation
from shared.jobs.operations import COLUMNS, State
from shared.jobs.routes import ProblemShown, problems
from shared.jobs.starting import start_operation, started_before

router = Router(prefix="/v1/imports", tags=["imports"])

MOST_LEFT = 100
"""Records that a preview names of those that stay."""

UNDER_WAY = """
select kind from es.operations
 where tenant_id = $1 and kind = any($2::text[]) and state in ('queued', 'running') and operation_id <> $3
   and not coalesce((parameters ->> 'dry_run')::boolean, false)
 limit 1
"""
LATEST = f"""
select {COLUMNS} from es.operations
 where tenant_id = $1 and kind = $2 and parameters ->> 'import_id' = $3
 order by created_at desc, operation_id desc limit 1
"""  # noqa: S608 - constants only

Forced = Annotated[
    bool,
    Query(description="Also what people recorded on the import's own records since; what other records name stays."),
]


class UndoImport(BaseModel):
    """Take back what an import recorded."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "导入了错误的文件"}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Why; it stands in the log. Name no person."
    )
    force: bool = Field(
        default=False,
        description="Also what people recorded on the import's own records since; what other records name stays.",
    )


class Undone(BaseModel):
    """Records of one kind."""

    kind: str
    removed: int = Field(description="Opened by the import: as if they had never been.")
    restored: int = Field(description="There before it: as if it had said nothing of them.")
    left: int = Field(description="Left as they are; the problems say why.")


class Left(BaseModel):
    """A record that would be left as it is, and why."""

    kind: str
    id: UUID
    code: str
    message: str
    params: dict[str, Any]


class UndoPreview(BaseModel):
    """What an undo would do now."""

    import_id: UUID
    force: bool
    records: list[Undone]
    left: list[Left] = Field(description=f"The first {MOST_LEFT} that would stay.")


class UndoShown(BaseModel):
    """An undo under way or over. Poll until `finished`; done means that the views show it too."""

    id: UUID
    import_id: UUID
    state: State
    finished: bool
    force: bool
    reason: str | None
    done: int = Field(description="Records gone through, of `total`.")
    total: int | None = Field(description="Grows kind by kind; null until known.")
    problems: int = Field(description="Records left as they are; see /undo/problems.")
    records: list[Undone] | None = Field(description="Once it is over.")
    position: int | None = Field(description="Where the log ended then: give it as `min_position` to read it back.")
    views: Literal["current", "behind"] | None
    error: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, operation: Operation) -> UndoShown:
        said, result = operation.parameters, operation.result or {}
        shown = ("state", "finished", "done", "total", "problems", "error", "cancel_requested")
        return cls(
            id=operation.operation_id,
            import_id=UUID(said["import_id"]),
            force=bool(said.get("force")),
            reason=said.get("reason"),
            records=result.get("records"),
            position=result.get("position"),
            views=result.get("views"),
            **{name: getattr(operation, name) for name in (*shown, "created_at", "started_at", "finished_at")},
        )


@router.get("/{import_id}/undo-preview", operation_id="imports.undo_preview", responses=refuses(403, 404, 409))
async def preview(import_id: UUID, request: Request, who: Who, parts: Parts, force: Forced = False) -> UndoPreview:
    """What an undo of this import would take back now, counted, and what it would leave. Stores nothing."""
    if not who.sees_everything:
        raise Problem(403, "forbidden")
    imported = await _undoable(parts, who, import_id)
    survey = Survey(parts.pool, who.tenant_id, import_id, await _after(parts, who.tenant_id, imported), force=force)
    plans: list[Plan] = []
    gone: dict[UUID, frozenset[int]] = {}
    for kind in await survey.kinds():
        plans.append(await survey.plan(kind, gone))
        gone |= facts_of(plans[-1], force=force)
    language = call_of(request.scope).language
    left = [
        Left(kind=plan.kind, id=id, code=why.code, message=text_of(why.code, _spoken(language)), params=why.params)
        for plan in plans
        for id, why in plan.left.items()
    ]
    counted = [(plan.kind, plan.counts()) for plan in plans if plan.told]
    return UndoPreview(
        import_id=import_id,
        force=force,
        records=[
            Undone(kind=kind, **{name: counts[name] for name in ("removed", "restored", "left")})
            for kind, counts in counted
        ],
        left=left[:MOST_LEFT],
    )


@router.post("/{import_id}/undo", status_code=202, operation_id="imports.undo", responses=refuses(403, 404, 409, 422))
async def undo(import_id: UUID, command: UndoImport, ctx: Ctx) -> UndoShown:
    """Take back what an import recorded: all is as if it had never been, but for the log. Harmless when sent twice."""
    require_importer(ctx.principal)
    operation_id = ctx.new_id("operation")
    known = await started_before(ctx, operation_id)
    if known is None:
        imported = await _undoable(ctx.kit, ctx.principal, import_id)
        await require_alone(ctx, operation_id, KIND, UNDO)
        said = {
            "import_id": str(import_id),
            "after": await _after(ctx.kit, ctx.tenant_id, imported),
            "force": command.force,
            "reason": command.reason,
        }
        known = await start_operation(ctx, operation_id, UNDO, said)
    ctx.call.headers.append((b"location", f"/v1/imports/{import_id}/undo".encode()))
    return UndoShown.of(known)


@router.get("/{import_id}/undo", operation_id="imports.undone", responses=refuses(404))
async def undone(import_id: UUID, who: Who, parts: Parts) -> UndoShown:
    """How far the latest undo of this import is, and what it did."""
    return UndoShown.of(await _latest(parts, who, import_id))


@router.get("/{import_id}/undo/problems", operation_id="imports.undo_problems", responses=refuses(404))
async def left(import_id: UUID, request: Request, who: Who, parts: Parts, page: Paged) -> Listed[ProblemShown]:
    """The records the latest undo of this import left as they are, and why."""
    operation = await _latest(parts, who, import_id)
    found = await problems(operation.operation_id, who, parts, page)
    language = call_of(request.scope).language
    for item in found.items:
        item.message = text_of(item.code, _spoken(language))
    return found


async def _latest(parts: Kit, who: Any, import_id: UUID) -> Operation:
    await visible_import(parts, who, import_id)
    row = await parts.pool.fetchrow(LATEST, who.tenant_id, UNDO, str(import_id))
    if row is None:
        raise Problem(404, "not_found")
    return Operation.of(row)


async def _undoable(kit: Kit, who: Any, import_id: UUID) -> Operation:
    """An import that can be taken back. Raises Problem 404, 409."""
    imported = await visible_import(kit, who, import_id)
    if imported.parameters.get("dry_run"):
        raise Problem(409, "import_recorded_nothing")
    if not imported.finished:
        raise Problem(409, "import_not_finished")
    return imported


async def require_alone(ctx: CommandContext, operation_id: UUID, *kinds: str) -> None:
    """Raises Problem 409 while another operation of these kinds is under way: one might find what another takes
    back."""
    kind = await ctx.kit.pool.fetchval(UNDER_WAY, ctx.tenant_id, kinds, operation_id)
    if kind is not None:
        raise Problem(409, "undo_under_way" if kind == UNDO else "import_under_way")


async def _after(kit: Kit, tenant_id: UUID, imported: Operation) -> int:
    """Where the log ended when the import began; of one that never did, where it ends now."""
    began = (imported.checkpoint or {}).get("from")
    return int(began) if began is not None else (await kit.store.head(tenant_id)).position


def _spoken(language: str) -> Literal["en", "zh-CN"]:
    return "zh-CN" if language == "zh-CN" else "en"
