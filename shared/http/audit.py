"""Who did what, when: GET /v1/audit, in pages or as CSV, with the head of the log that proves it. Changes nothing.

Ids, types and field names only, with the names of our own people beside their ids; never what a field held.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from shared.days import LAST_INSTANT, end_of, start_of
from shared.event_store.command import Head
from shared.http.audit_trail import BEGINNING, Entry, Place, Wanted, begin, entries
from shared.http.call import Call, call_of
from shared.http.context import Parts, Who
from shared.http.kit import Kit
from shared.http.limits import limited
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, Paged, ToDay
from shared.http.route import Router
from shared.identity.principal import AUDITOR, DIRECTOR, HEAD_OFFICE, OPERATIONS, TENANT_ADMIN, Principal
from shared.privacy.disclosure import EXPORTED, record

router = Router(prefix="/v1/audit", tags=["audit"])

READERS = (AUDITOR, TENANT_ADMIN, DIRECTOR, HEAD_OFFICE, OPERATIONS)
"""May see who did what."""
CSV_PAGE = 1_000
"""Entries fetched at a time for a file."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with: a spreadsheet would take it for a formula."""


class HeadOfLog(BaseModel):
    """Where the log ends. `dakehu verify` proves all before it by this hash."""

    position: int
    hash: str
    epoch: int


class AuditEntry(BaseModel):
    """One thing somebody did: a fact they recorded, or a look at personal data."""

    kind: Literal["change", "read"]
    at: datetime = Field(description="When it was recorded.")
    occurred_at: datetime | None = Field(default=None, description="When it happened, of a change.")
    position: int | None = Field(default=None, description="In the tenant's log, of a change.")
    action: str = Field(description="The type of the fact; of a read: shown, revealed, exported, found, viewed_as, …")
    actor: UUID | None = Field(description="Who did it: a person, or an API key.")
    actor_name: str | None = Field(description="From the vault; null when erased, and of a machine.")
    on_behalf_of: UUID | None = Field(description="Whose doing it is.")
    on_behalf_of_name: str | None = None
    viewer: UUID | None = Field(default=None, description="The operator who looked through the actor's eyes.")
    viewer_name: str | None = None
    machine: bool
    subject_type: str | None = Field(default=None, description="Type of the record, of a change.")
    subjects: list[UUID] = Field(description="The record changed; the persons or texts read.")
    version: int | None = Field(default=None, description="The record's version after the change.")
    fields: list[str] = Field(description="Names of what changed or was read; never what it held.")
    key: str | None = Field(default=None, description="The Idempotency-Key of the command.")
    correlation: str | None = None
    trace: str | None = None
    route: str | None = Field(default=None, description="The operation that read.")
    purpose: str | None = Field(default=None, description="What a revealed field was needed for, as they said.")


class Audit(BaseModel):
    """Entries, newest first, and the head that seals them."""

    items: list[AuditEntry]
    next: str | None = Field(
        default=None, description="Give it as `after`. A page may be short and still have one: ask on until null."
    )
    head: HeadOfLog


Actions = Annotated[
    str | None,
    Query(
        max_length=1_000,
        pattern=r"^[^\x00]*$",
        description="Only these fact types or kinds of read, by comma: `DealWon,revealed`.",
    ),
]


@router.get(
    "",
    operation_id="audit.read",
    response_model=Audit,
    dependencies=[Depends(limited("heavy"))],
    responses={**refuses(422), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def audit(
    request: Request,
    who: Who,
    parts: Parts,
    page: Paged,
    kind: Annotated[Literal["all", "changes", "reads"], Query(description="Facts recorded, personal data read.")] = (
        "all"
    ),
    since: FromDay = None,
    until: ToDay = None,
    actor: Annotated[UUID | None, Query(description="Who did it; an operator's views count as theirs.")] = None,
    on_behalf_of: UUID | None = None,
    subject: Annotated[UUID | None, Query(description="The record changed, or the person read.")] = None,
    action: Actions = None,
    format: Annotated[Literal["json", "csv"], Query(description="Or `Accept: text/csv`.")] = "json",
) -> Response:
    """Who did what, when, newest first: changes from the log, reads of personal data from their record."""
    if not who.has(*READERS):
        raise Problem(403, "forbidden")
    head = await parts.store.head(who.tenant_id)
    wanted = replace(
        await _bounds(parts, who, head, since, until),
        changes=kind != "reads",
        reads=kind != "changes",
        actor=actor,
        on_behalf_of=on_behalf_of,
        subject=subject,
        actions=None if action is None else [name.strip() for name in action.split(",") if name.strip()],
    )
    asked = page.after(int, datetime, UUID)
    place = await begin(parts.pool, wanted) if asked is None else Place(*asked)
    sealed = HeadOfLog(position=head.position, hash=head.hash.hex(), epoch=head.epoch)
    if format == "csv" or request.headers.get("accept", "").partition(";")[0].strip() == "text/csv":
        headers = {
            "content-disposition": 'attachment; filename="audit.csv"',
            "log-position": str(sealed.position),
            "log-hash": sealed.hash,
        }
        call = call_of(request.scope)
        await record(parts.pool, who, action=EXPORTED, subjects=[], fields=[], route="audit.read")
        first, place_after = await entries(parts.pool, who.tenant_id, wanted, place, CSV_PAGE)
        await parts.quotas.take(parts.pool, call, who, len(first))  # while it can still be refused
        lines = _lines(call, who, wanted, first, place_after)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
    found, following = await entries(parts.pool, who.tenant_id, wanted, place, page.limit)
    page.take(len(found))
    shown = Audit(items=await _shown(parts, who.tenant_id, found), head=sealed)
    if following is not None:
        shown.next = page.cursor((following.position, following.at.isoformat(), following.read_id))
    return Response(shown.model_dump_json(), media_type="application/json")


async def _bounds(kit: Kit, who: Principal, head: Head, since: date | None, until: date | None) -> Wanted:
    """Days of the tenant's zone as positions of the log and as instants. Raises Problem 422."""
    if since is not None and until is not None and since > until:
        raise Problem(422, "empty_range", errors=(At("/to", "empty_range", where="query"),))
    begins = None if since is None else start_of(since, who.zone)
    ends = None if until is None else end_of(until, who.zone)
    return Wanted(
        after=0 if begins is None else await kit.store.position_at(who.tenant_id, begins - LAST_INSTANT),
        upto=head.position if ends is None else await kit.store.position_at(who.tenant_id, ends),
        since=begins or BEGINNING,
        until=ends,
    )


async def _shown(kit: Kit, tenant_id: UUID, found: Sequence[Entry]) -> list[AuditEntry]:
    """Entries with the names of our own people."""
    named = await people_names(
        kit, tenant_id, (id for entry in found for id in (entry.actor, entry.on_behalf_of, entry.viewer))
    )

    def name(id: UUID | None) -> str | None:
        return None if id is None else named.get(id)

    return [
        AuditEntry(
            kind="read" if entry.position is None else "change",
            at=entry.at,
            occurred_at=entry.occurred_at,
            position=entry.position,
            action=entry.action,
            actor=entry.actor,
            actor_name=name(entry.actor),
            on_behalf_of=entry.on_behalf_of,
            on_behalf_of_name=name(entry.on_behalf_of),
            viewer=entry.viewer,
            viewer_name=name(entry.viewer),
            machine=entry.machine,
            subject_type=entry.subject_type,
            subjects=list(entry.subjects),
            version=entry.version,
            fields=list(entry.fields),
            key=entry.key,
            correlation=entry.correlation,
            trace=entry.trace,
            route=entry.route,
            purpose=entry.purpose,
        )
        for entry in found
    ]


# -- as a file ---------------------------------------------------------------------------------------------


async def _lines(
    call: Call, who: Principal, wanted: Wanted, first: Sequence[Entry], place: Place | None
) -> AsyncIterator[str]:
    """The whole answer as CSV, a page of it in memory at a time. Cut short where the quota of the day ends."""
    kit = call.kit
    yield "\ufeff" + row_of(AuditEntry.model_fields)  # a spreadsheet reads UTF-8 only when told so
    yield "".join(row_of(_cells(entry)) for entry in await _shown(kit, who.tenant_id, first))
    while place is not None:
        found, place = await entries(kit.pool, who.tenant_id, wanted, place, CSV_PAGE)
        await kit.quotas.take(kit.pool, call, who, len(found))
        yield "".join(row_of(_cells(entry)) for entry in await _shown(kit, who.tenant_id, found))


def _cells(entry: AuditEntry) -> Iterable[str]:
    for value in entry.model_dump(mode="json").values():
        match value:
            case None:
                yield ""
            case list():
                yield " ".join(value)
            case bool():
                yield "true" if value else "false"
            case _:
                yield str(value)


def row_of(cells: Iterable[Any]) -> str:
    """A line of CSV in which no cell is a formula."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(
        [f"'{cell}" if str(cell).startswith(FORMULA) else cell for cell in cells]
    )
    return line.getvalue()
