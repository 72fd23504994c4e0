"""Persons as such, over HTTP: /v1/persons. On file already, revealed, restricted, exported, corrected, erased."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.accounts.data_subject import DataSubject, data_subject_id
from services.accounts.routes.personal import refused, replayed
from services.privacy.operations import KIND
from services.privacy.rights import Correct, Do, Erase, Restrict, require
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.jobs.routes import OperationShown
from shared.jobs.starting import start_operation, started_before
from shared.privacy.vault import KEY_PERSON, Erased, Restricted, Subject

router = Router(prefix="/v1", tags=["persons"])
TAG = {"name": "persons", "description": "Persons as whose data these are: their rights, and who saw what (个人信息)"}

SUBJECTS: Commands[DataSubject] = Commands(DataSubject)
OF_EVERYBODY = frozenset(("name", "phone", "mail"))
"""Fields that contacts and staff have; the others are of key persons."""


# -- commands --------------------------------------------------------------------------------------------


@router.post("/persons/{person_id}/restrict", operation_id="persons.restrict", responses=refuses(403, 404, 409))
async def restrict(person_id: UUID, body: Restrict, ctx: Ctx) -> Receipt:
    """Keep a person's data, and show and change nothing of them until this is lifted."""
    subject = await _to_tend(ctx, person_id)
    receipt = await _decide(
        ctx,
        subject,
        lambda id: DataSubject.restricted(id, person_id, subject.kind, body.ground, at=ctx.now),
        lambda stream: stream.restrict(body.ground, at=ctx.now),
    )
    await _apply_restriction(ctx, person_id)
    return receipt


@router.post("/persons/{person_id}/lift", operation_id="persons.lift", responses=refuses(403, 404, 409))
async def lift(person_id: UUID, ctx: Ctx) -> Receipt:
    """Lift a restriction: the data are used again."""
    subject = await _to_tend(ctx, person_id)
    if await ctx.kit.repository(DataSubject).load(ctx.tenant_id, data_subject_id(ctx.tenant_id, person_id)) is None:
        raise Problem(409, "not_restricted")
    receipt = await _decide(ctx, subject, None, lambda stream: stream.lift(at=ctx.now))
    await _apply_restriction(ctx, person_id)
    return receipt


@router.post("/persons/{person_id}/correct", operation_id="persons.correct", responses=refuses(403, 404, 409))
async def correct(person_id: UUID, body: Correct, ctx: Ctx) -> Receipt:
    """Correct what is kept of a person. The log says which fields, never what they said or say."""
    subject = await _to_tend(ctx, person_id)
    given = body.given()
    if subject.kind != KEY_PERSON and (others := given.keys() - OF_EVERYBODY):
        raise Problem(422, "not_kept_of_these", params={"fields": ", ".join(sorted(others))})
    known = (await ctx.kit.vault.known(ctx.tenant_id, [person_id], restricted=True)).get(person_id, {})
    differing = tuple(name for name, text in given.items() if (text or None) != known.get(name))

    def again(stream: DataSubject) -> None:
        if differing:
            stream.correct(differing, at=ctx.now)

    receipt = await _decide(
        ctx,
        subject,
        lambda id: DataSubject.corrected(id, person_id, subject.kind, differing or tuple(given), at=ctx.now),
        again,
    )
    if not replayed(ctx) or await _latest(ctx, receipt):
        try:
            await ctx.kit.vault.put_many(ctx.tenant_id, {person_id: given}, restricted=True)
        except (Erased, Restricted) as error:
            raise refused(error) from None
    return receipt


@router.post(
    "/persons/{person_id}/erase", status_code=202, operation_id="persons.erase", responses=refuses(403, 404, 409)
)
async def erase(person_id: UUID, body: Erase, ctx: Ctx) -> OperationShown:
    """Erase a person for good: an operation; follow it at /v1/operations/{id}. Shown nowhere from now on."""
    operation_id = ctx.new_id("operation")
    known = await started_before(ctx, operation_id)
    if known is None:
        subject = await require(ctx.kit, ctx.principal, person_id, Do.DISPOSE)
        if subject.erased:
            raise Problem(409, "person_erased")
        said = {"subject_id": str(person_id), "reason": body.reason.value, "dry_run": not body.confirm}
        known = await start_operation(ctx, operation_id, KIND, said)
        if body.confirm:
            await ctx.kit.vault.restrict(ctx.tenant_id, person_id)
    ctx.call.headers.append((b"location", f"/v1/operations/{operation_id}".encode()))
    return OperationShown.of(known)


# -- what these have in common ---------------------------------------------------------------------------


async def _to_tend(ctx: CommandContext, person_id: UUID) -> Subject:
    subject = await require(ctx.kit, ctx.principal, person_id, Do.TEND)
    if subject.erased:
        raise Problem(409, "person_erased")
    return subject


async def _decide(
    ctx: CommandContext,
    subject: Subject,
    begin: Callable[[UUID], DataSubject] | None,
    go_on: Callable[[DataSubject], None],
) -> Receipt:
    """Append what was decided, to a stream that begins with the first decision."""
    id = data_subject_id(ctx.tenant_id, subject.id)

    async def decide(work: Work) -> DataSubject:
        if begin is not None and await ctx.kit.repository(DataSubject).load(ctx.tenant_id, id) is None:
            return work.add(begin(id))
        stream = await work.load(SUBJECTS, id)
        go_on(stream)
        return stream

    return await SUBJECTS.together(ctx, decide)


async def _apply_restriction(ctx: CommandContext, person_id: UUID) -> None:
    """Bring the vault to what the log says now: also after a first try that died between both, or an old retry."""
    id = data_subject_id(ctx.tenant_id, person_id)
    stream: DataSubject | None = await ctx.kit.repository(DataSubject).load(ctx.tenant_id, id)
    await ctx.kit.vault.restrict(ctx.tenant_id, person_id, restricted=stream is not None and stream.is_restricted)


async def _latest(ctx: CommandContext, receipt: Receipt) -> bool:
    """Whether nothing was decided since: only then an old try may still write."""
    stream: DataSubject | None = await ctx.kit.repository(DataSubject).load(ctx.tenant_id, receipt.id)
    return stream is not None and stream.version == receipt.version
