"""Attachments, read: those of a record, one with its history, its bytes. Who sees the record now sees them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from services.opportunities import events
from services.opportunities.attachments.attachment import ACTIONS, Attachment
from services.opportunities.attachments.media_types import MEDIA_TYPES
from services.opportunities.attachments.records import record_of, sees_record
from services.opportunities.attachments.shapes import AttachmentRow
from services.opportunities.attachments.views import ATTACHMENTS
from services.opportunities.events import AttachmentStatus
from services.opportunities.reports.asking import Sql
from services.opportunities.routes import records
from services.opportunities.routes.asked import Ask
from services.opportunities.routes.records import RecordShown
from shared.http.call import call_of
from shared.http.context import Parts, Who
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.identity.scopes import PERSONAL
from shared.privacy.contents import Content, Contents
from shared.privacy.disclosure import EXPORTED, disclosure
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1")

SORTS: Final = {"-added_on": Order("a.added_on", "date", descending=True), "added_on": Order("a.added_on", "date")}
LIST: Final = """
select a.*, {sort_value} as sort_value
  from {attachments} as a
 where {holds} and a.record_id = {record} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
BYTES: Final[dict[str, Any]] = {name: {"schema": {"type": "string"}} for name in MEDIA_TYPES}
NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 ._()\-]")


@router.get(
    "/attachments",
    operation_id="attachments.list",
    tags=["attachments"],
    response_model=Listed[AttachmentRow],
    responses=refuses(404, 422),
)
async def attachments(
    ask: Ask,
    page: Paged,
    record_id: UUID,
    status: AttachmentStatus | None = None,
    category: Annotated[str | None, Query(max_length=64, pattern="^[^\\x00]*$")] = None,
    sort: Literal["-added_on", "added_on"] = "-added_on",
) -> Any:
    """The files of one record as of a day, the removed ones too."""
    kit = ask.read.kit
    record = await record_of(kit, ask.read.tenant_id, record_id)
    if record is None or not await sees_record(kit, ask.read.principal, record):
        raise Problem(404, "not_found")
    asking = await ask.of(ATTACHMENTS)
    sql = Sql(asking)
    wanted = ["true"]
    for name, value in (("status", status), ("category", category)):
        if value is not None:
            wanted.append(f"a.{name} = {sql(str(value))}")
    asked = page_of(page)
    statement = sql.text(
        LIST,
        holds=sql.holds("a"),
        record=sql(record_id),
        wanted=" and ".join(wanted),
        **paged(sql, SORTS, sort, asked, "a.stream_id"),
    )
    found, after = next_of(await ask.pool.fetch(statement, *sql.values), asked)
    ids = [UUID(bytes=row["stream_id"].bytes) for row in found]
    there = await Contents(kit.pool, kit.vault).available(asking.tenant_id, ids)
    texts = await kit.vault.get(asking.tenant_id, ids, ("filename", "title"))
    people = await ask.labels.people(asking.tenant_id, {row["added_by"] for row in found})
    plain = (
        *("version", "status", "record_kind", "record_id", "category", "media_type", "size", "person_ids"),
        *("added_by", "added_on", "removed_on", "removal_reason"),
    )
    items = [
        {
            "id": row["stream_id"],
            **{name: row[name] for name in plain},
            **{name: texts.get(row["stream_id"], {}).get(name) for name in ("filename", "title")},
            "available": row["stream_id"] in there,
            "added_by_name": people.get(row["added_by"]),
        }
        for row in found
    ]
    return listed(page, items, after)


@router.get(
    "/attachments/{attachment_id}", operation_id="attachments.read", tags=["attachments"], responses=refuses(404)
)
async def attachment(attachment_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One attachment as of a day, with its history; its bytes are at `/content`."""

    def actions(attachment: Attachment) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if attachment.can(getattr(events, fact)))

    return await records.shown(reading, response, Attachment, attachment_id, actions=actions, seen=_seen)


@router.get(
    "/attachments/{attachment_id}/content",
    operation_id="attachments.content",
    tags=["attachments"],
    response_class=Response,
    responses=refuses(403, 404, 409, 416, 429)
    | {
        200: {"description": "The bytes, of the type they are", "content": BYTES},
        206: {"description": "The part asked for in `Range`", "content": BYTES},
        304: {"description": "You have it: `If-None-Match` is its ETag"},
    },
)
async def content(attachment_id: UUID, request: Request, who: Who, parts: Parts) -> Response:
    """The bytes of an attachment, to be saved; on record as an export. One `Range` of bytes is served."""
    kept = await _kept(parts, who, attachment_id)
    call = call_of(request.scope)
    etag = f'"{kept.sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Accept-Ranges": "bytes"}
    if etag in [tag.strip().removeprefix("W/") for tag in (call.header(b"if-none-match") or "").split(",")]:
        return Response(status_code=304, headers=headers)
    first, last, partial = _range(call.header(b"range"), kept.size)
    texts = await parts.vault.get(who.tenant_id, [attachment_id], ("filename",))
    disclosed = disclosure.get()
    assert disclosed is not None  # the edge's
    disclosed.action = EXPORTED
    for subject in (attachment_id, *kept.persons):
        disclosed.note(subject, "content")
    call.exported = 1
    attachment: Attachment | None = await parts.repository(Attachment).load(who.tenant_id, attachment_id)
    assert attachment is not None
    headers["Content-Disposition"] = disposition(texts.get(attachment_id, {}).get("filename"))
    headers["Content-Length"] = str(last - first + 1)
    if partial:
        headers["Content-Range"] = f"bytes {first}-{last}/{kept.size}"
    return StreamingResponse(
        await _begun(Contents(parts.pool, parts.vault).read(who.tenant_id, kept, first, last)),
        status_code=206 if partial else 200,
        headers={**headers, "Content-Type": attachment.standing["media_type"]},  # of a text nobody knows the charset
    )


async def _kept(kit: Kit, who: Principal, id: UUID) -> Content:
    """What there is to be shown. Raises Problem 404 `not_found`, `attachment_gone`; 403; 409 `person_restricted`."""
    attachment: Attachment | None = await kit.repository(Attachment).load(who.tenant_id, id)
    if attachment is None or not await _seen(kit, who, attachment):
        raise Problem(404, "not_found")
    if not who.may(PERSONAL):
        raise Problem(403, "scope_missing", params={"scope": PERSONAL}, extra={"scope": PERSONAL})
    kept = await Contents(kit.pool, kit.vault).of(who.tenant_id, id)
    if kept is None or attachment.standing["status"] is AttachmentStatus.REMOVED:
        raise Problem(404, "attachment_gone")
    about = await kit.vault.subjects(who.tenant_id, kept.persons)
    if any(subject.restricted for subject in about.values()):
        raise Problem(409, "person_restricted")
    return kept


async def _seen(kit: Kit, principal: Principal, attachment: Attachment) -> bool:
    record = await record_of(kit, principal.tenant_id, attachment.standing["record_id"])
    return record is not None and await sees_record(kit, principal, record)


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first at hand: what cannot be read is known before the answer begins."""
    first = await anext(pieces)

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()


def _range(asked: str | None, size: int) -> tuple[int, int, bool]:
    """First and last byte, and whether that is a part. Ranges of other forms are answered with the whole.

    Raises Problem 416.
    """
    matched = RANGE.fullmatch((asked or "").strip())
    if matched is None or matched.group(0) == "bytes=-":
        return 0, size - 1, False
    start, end = matched.groups()
    if not start:
        first, last = max(size - int(end), 0), size - 1
        beyond = int(end) == 0
    else:
        first, last = int(start), min(int(end), size - 1) if end else size - 1
        if end and int(end) < first:
            return 0, size - 1, False
        beyond = first >= size
    if beyond:
        raise Problem(416, "range_not_satisfiable", params={"size": size}, headers={"Content-Range": f"bytes */{size}"})
    return first, last, True


def disposition(filename: str | None) -> str:
    """To be saved under this name, never opened in the page (RFC 6266): a plain form and the name itself."""
    name = filename or "attachment"
    plain = NOT_PLAIN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
