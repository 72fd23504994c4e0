"""Attachments over HTTP: added, said whom they concern, removed. Bytes are stored before they are told of.

A command that comes to nothing leaves nothing: what was stored for it is forgotten, at the latest by the sweep.
"""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import ConfigDict, Field

from services.opportunities.attachments.attachment import Attachment
from services.opportunities.attachments.media_types import media_type_of, named
from services.opportunities.attachments.reads import router as router
from services.opportunities.attachments.records import Record, record_of, sees_record
from services.opportunities.attachments.upload import BODY, Upload, received
from services.opportunities.events import AttachmentAdded, AttachmentStatus
from services.opportunities.fields import Command, Text
from services.opportunities.routes.acting import moment
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.privacy.contents import Contents, UnknownPerson, digest_of
from shared.privacy.vault import Erased, Of, Restricted
from shared.records.vaulted import REPLAYED, keep

CHANGES = refuses(404, 409, 412, 422, 428)


async def _sees(ctx: CommandContext, attachment: Attachment) -> bool:
    record = await record_of(ctx.kit, ctx.tenant_id, attachment.standing["record_id"])
    return record is not None and await sees_record(ctx.kit, ctx.principal, record)


ATTACHMENTS: Commands[Attachment] = Commands(Attachment, sees=_sees)


class ConcernPersons(Command):
    """Say whom an attachment is about: it is erased with any of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"person_ids": ["8a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"]}]}
    )

    person_ids: Annotated[tuple[UUID, ...], Field(max_length=20)]


class RemoveAttachment(Command):
    """Take an attachment away, for good: its bytes and its name are destroyed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "传错文件"}]})

    reason: Text


@router.post(
    "/attachments",
    tags=["attachments"],
    status_code=201,
    operation_id="attachments.add",
    responses=refuses(403, 409, 413, 415, 422),
    openapi_extra=BODY,
)
async def add(request: Request, ctx: Ctx) -> Receipt:
    """Attach a file to a record: multipart `file`, `record_kind`, `record_id`, `title`, `category`, `person_ids`."""
    ctx.require_dealing()
    kit = ctx.kit
    settings = kit.settings
    async with received(request, settings.attachment_bytes) as upload:
        sha256, size = await digest_of(upload.file)
        said = upload.said.model_dump(mode="json")
        ctx.fingerprint = f"attachment\n{sha256}\n{upload.name}\n{json.dumps(said, sort_keys=True)}".encode()
        id = ctx.new_id(Attachment.stream_type)
        contents = Contents(kit.pool, kit.vault)
        stored = False
        receipt: Receipt | None = None

        async def decide(work: Work) -> Attachment:
            nonlocal stored
            record = await _record(ctx, upload)
            media_type = _require_content(upload, size)
            if not stored:
                await _require_room(kit, contents, ctx.tenant_id, record, size)
                stored = await _store(ctx, contents, id, upload, sha256, size)
            now = await moment(ctx, None)
            return work.add(
                Attachment.begin(
                    AttachmentAdded,
                    id=id,
                    at=now.at,
                    record_kind=record.kind,
                    record_id=record.id,
                    opportunity_id=record.opportunity_id,
                    account_id=record.account_id,
                    category=upload.said.category,
                    media_type=media_type,
                    size=size,
                    person_ids=tuple(dict.fromkeys(upload.said.person_ids)),
                    added_on=now.day,
                )
            )

        try:
            receipt = await ATTACHMENTS.together(ctx, decide, status=201, location=f"/v1/attachments/{id}")
        finally:
            if stored and (receipt is None or REPLAYED in ctx.call.headers):
                await _forget_unless_told(ctx, contents, id)
        record_id = upload.said.record_id
        filename = named(upload.name, media_type_of(upload.file))
        await keep(ctx, {id: {"filename": filename, "title": upload.said.title}}, Of("attachment", record_id))
    return receipt


@router.post(
    "/attachments/{attachment_id}/concern", tags=["attachments"], operation_id="attachments.concern", responses=CHANGES
)
async def concern(attachment_id: UUID, command: ConcernPersons, ctx: CtxMatch) -> Receipt:
    """Say whom an attachment is about: it is erased with any of them."""
    contents = Contents(ctx.kit.pool, ctx.kit.vault)

    async def decide(work: Work) -> Attachment:
        attachment = await work.load(ATTACHMENTS, attachment_id, matched=True)
        now = await moment(ctx, None, attachment)
        attachment.concern(command.person_ids, at=now.at)
        await _about(contents, ctx.tenant_id, attachment_id, command.person_ids)
        return attachment

    return await ATTACHMENTS.together(ctx, decide)


@router.post(
    "/attachments/{attachment_id}/remove", tags=["attachments"], operation_id="attachments.remove", responses=CHANGES
)
async def remove(attachment_id: UUID, command: RemoveAttachment, ctx: CtxMatch) -> Receipt:
    """Take an attachment away, for good: its bytes and its name are destroyed."""

    async def decide(work: Work) -> Attachment:
        attachment = await work.load(ATTACHMENTS, attachment_id, matched=True)
        now = await moment(ctx, None, attachment)
        attachment.remove(command.reason, at=now.at, day=now.day)
        return attachment

    receipt = await ATTACHMENTS.together(ctx, decide)
    await Contents(ctx.kit.pool, ctx.kit.vault).forget(ctx.tenant_id, attachment_id)
    return receipt


# -- what an upload must be ----------------------------------------------------------------------------------


async def _record(ctx: CommandContext, upload: Upload) -> Record:
    """Raises Refused 422 `unknown_record`, for one out of sight too."""
    record = await record_of(ctx.kit, ctx.tenant_id, upload.said.record_id)
    if record is None or record.kind != upload.said.record_kind or not await sees_record(
        ctx.kit, ctx.principal, record
    ):  # fmt: skip
        raise Refused("unknown_record", "there is no such record", status=422, pointer="/record_id")
    return record


def _require_content(upload: Upload, size: int) -> str:
    """The media type. Raises Refused 422 `empty_file`, `file_type_refused`."""
    if size == 0:
        raise Refused("empty_file", "the file is empty", status=422, pointer="/file")
    media_type = media_type_of(upload.file)
    if media_type is None:
        raise Refused("file_type_refused", "no such file may be attached", status=422, pointer="/file")
    return media_type


async def _require_room(kit: Kit, contents: Contents, tenant_id: UUID, record: Record, size: int) -> None:
    """Raises Refused 409 `too_many_attachments`, `attachments_full`. Two at once may both be the last."""
    most, limit = kit.settings.attachments_per_record, kit.settings.attachments_tenant_bytes
    if await contents.held(tenant_id, record.id) >= most:
        raise Refused("too_many_attachments", f"a record has at most {most} attachments", limit=most)
    if limit and await contents.taken(tenant_id) + size > limit:
        raise Refused("attachments_full", "there is no room left", limit=limit)


async def _store(ctx: CommandContext, contents: Contents, id: UUID, upload: Upload, sha256: str, size: int) -> bool:
    """Whether it was stored now. Raises Refused 409 `person_erased`, `person_restricted`, 422 `unknown_person`."""
    try:
        return await contents.keep(
            ctx.tenant_id,
            id,
            upload.file,
            sha256,
            size,
            record_id=upload.said.record_id,
            persons=tuple(dict.fromkeys(upload.said.person_ids)),
        )
    except (Erased, Restricted, UnknownPerson) as error:
        raise _refused(error) from None


async def _about(contents: Contents, tenant_id: UUID, id: UUID, persons: tuple[UUID, ...]) -> None:
    try:
        await contents.about(tenant_id, id, tuple(dict.fromkeys(persons)))
    except (Erased, Restricted, UnknownPerson) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> Refused:
    if isinstance(error, UnknownPerson):
        return Refused("unknown_person", "there is no such person", status=422, pointer="/person_ids")
    code = "person_erased" if isinstance(error, Erased) else "person_restricted"
    return Refused(code, "no file about this person may be kept", pointer="/person_ids")


async def _forget_unless_told(ctx: CommandContext, contents: Contents, id: UUID) -> None:
    """Forget what was stored for a command that came to nothing; what the log tells of stays."""
    attachment: Attachment | None = await ctx.kit.repository(Attachment).load(ctx.tenant_id, id)
    if attachment is None or attachment.standing["status"] is AttachmentStatus.REMOVED:
        await contents.release(ctx.tenant_id, id)
