"""/v1/schemas, /v1/asyncapi.json: what integrations are made from, open to all. Holds nothing of any company."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from fastapi import Header, Path, Response
from pydantic import BaseModel, Field

from services.documents import envelopes
from services.documents.asyncapi import asyncapi
from services.documents.published import published, schema
from shared.http.app import VERSION
from shared.http.openapi import problem_response
from shared.http.problem import Problem
from shared.http.route import Router
from shared.http.tables import no_table

router = Router(prefix="/v1", tags=["schemas"])
TAG = {"name": "schemas", "description": "JSON Schemas of events, and the AsyncAPI document (事件格式)"}

SCHEMA_MEDIA = "application/schema+json"
ASYNCAPI_MEDIA = "application/vnd.aai.asyncapi+json"
FRESH_SECONDS = 3_600
"""How long a copy is good without asking again. A version of a schema may grow, so none is good for ever."""
NOT_CHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in If-None-Match"}
}
OBJECT = {"type": "object"}
NUMBER = re.compile("[1-9][0-9]{0,5}")

Have = Annotated[str | None, Header(alias="If-None-Match", description="The ETag you have.")]


class EventForm(BaseModel):
    """One version of one event's `data`."""

    type: str
    version: int
    newest: bool = Field(description="Whether events are recorded in this form today")
    service: str | None = Field(description="Which service publishes it; null: all")
    subject_type: str | None = Field(description="The kind of record it is about; null: any")
    summary: str
    schema_path: str = Field(description="Where its JSON Schema is: the `dataschema` of such an event")


class EventForms(BaseModel):
    """Every form in which events are or were recorded, by type and version."""

    items: list[EventForm]
    envelope: str = Field(description="Where the JSON Schema of the envelope is")


@router.get("/schemas/events", operation_id="schemas.events", response_model=EventForms, responses=NOT_CHANGED)
@no_table
async def events(have: Have = None) -> Response:
    """Every type of event, and where its schema is."""
    return _answered(have, "index", "application/json")


@router.get(
    "/schemas/events/{type}/{version}",
    operation_id="schemas.event",
    responses={
        200: {"content": {SCHEMA_MEDIA: {"schema": OBJECT}}},
        404: problem_response(404),
        **NOT_CHANGED,
    },
    response_class=Response,
)
@no_table
async def event(
    type: Annotated[str, Path(openapi_examples={"won": {"value": "DealWon"}})],
    version: Annotated[str, Path(openapi_examples={"first": {"value": "1"}})],
    have: Have = None,
) -> Response:
    """The JSON Schema (2020-12) of an event's `data`, whole in itself."""
    if not NUMBER.fullmatch(version) or (type, int(version)) not in published():
        raise Problem(404, "not_found")
    return _answered(have, f"{type}/{version}", SCHEMA_MEDIA)


@router.get(
    "/schemas/envelope/1",
    operation_id="schemas.envelope",
    responses={200: {"content": {SCHEMA_MEDIA: {"schema": OBJECT}}}, **NOT_CHANGED},
    response_class=Response,
)
@no_table
async def envelope(have: Have = None) -> Response:
    """The JSON Schema of the envelope all events come in."""
    return _answered(have, "envelope", SCHEMA_MEDIA)


@router.get(
    "/asyncapi.json",
    operation_id="schemas.asyncapi",
    responses={200: {"content": {ASYNCAPI_MEDIA: {"schema": OBJECT}}}, **NOT_CHANGED},
    response_class=Response,
)
@no_table
async def asynchronous(have: Have = None) -> Response:
    """The AsyncAPI 3 document of all events, as streamed and as pushed."""
    return _answered(have, "asyncapi", ASYNCAPI_MEDIA)


def _answered(have: str | None, name: str, media: str) -> Response:
    """The document, or 304 when the caller has it."""
    body, etag = _document(name)
    headers = {"etag": etag, "cache-control": f"public, max-age={FRESH_SECONDS}"}
    known = {one.strip().removeprefix("W/") for one in (have or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media, headers=headers)


@cache
def _document(name: str) -> tuple[bytes, str]:
    """Bytes and ETag, made once in a process."""
    body = json.dumps(_made(name), ensure_ascii=False).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _made(name: str) -> Mapping[str, Any]:
    match name:
        case "index":
            return _index()
        case "envelope":
            return envelopes.ENVELOPE_SCHEMA
        case "asyncapi":
            return asyncapi(VERSION)
        case _:
            type, _, version = name.partition("/")
            return schema(published()[type, int(version)])


def _index() -> Mapping[str, Any]:
    items = [
        EventForm(
            type=one.type,
            version=one.version,
            newest=one.newest,
            service=one.service,
            subject_type=one.subject_type,
            summary=one.summary,
            schema_path=one.path,
        )
        for one in published().values()
    ]
    return EventForms(items=items, envelope=str(envelopes.ENVELOPE_SCHEMA["$id"])).model_dump()
