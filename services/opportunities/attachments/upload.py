"""A file to be attached, out of a multipart body, its size counted while it comes in. Stores nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, Final
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from services.opportunities.attachments.records import RecordKind
from services.opportunities.fields import Code, Title
from shared.http.body import is_clean
from shared.http.call import call_of
from shared.http.errors import invalid
from shared.http.problem import At, Problem

FILE: Final = "file"
MOST_FIELDS: Final = 8
MOST_CHARS: Final = 255
"""Of a file name; longer ones keep their end."""
AROUND_BYTES: Final = 65_536
"""Of a multipart body beside the file: part heads and the other fields."""

BINARY: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
EXAMPLE: Final = {
    FILE: "(the bytes of the file)",
    "record_kind": "opportunity",
    "record_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
    "title": "采购合同（已签）",
    "category": "contract",
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE, "record_kind", "record_id"],
                    "properties": {
                        FILE: BINARY | {"description": "PDF, picture, Word, Excel, PowerPoint or text, by content."},
                        "record_kind": {"type": "string", "enum": list(RecordKind.__args__)},  # type: ignore[attr-defined]
                        "record_id": {"type": "string", "format": "uuid"},
                        "title": {"type": "string", "maxLength": 200, "description": "Kept in the vault."},
                        "category": {"type": "string", "maxLength": 64, "description": "Business word: contract, id."},
                        "person_ids": {
                            "type": "string",
                            "description": "Persons it is about, by comma: it is erased with any of them.",
                        },
                    },
                    "additionalProperties": False,
                },
                "examples": {"contract": {"summary": "A signed contract, to its order", "value": EXAMPLE}},
            }
        },
    }
}


class Said(BaseModel):
    """The fields beside the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_kind: RecordKind
    record_id: UUID
    title: Title | None = None
    category: Code | None = None
    person_ids: tuple[UUID, ...] = Field(default=(), max_length=20)

    @field_validator("person_ids", mode="before")
    @classmethod
    def _by_comma(cls, given: object) -> object:
        return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what is said of it."""

    name: str
    file: IO[bytes]
    said: Said


@asynccontextmanager
async def received(request: Request, most_bytes: int) -> AsyncIterator[Upload]:
    """The upload, its file open as long as the block. Raises Problem: 413 as soon as it is too large, 415, 422."""
    call = call_of(request.scope)
    if not (call.header(b"content-type") or "").lower().startswith("multipart/form-data"):
        raise Problem(
            415, "unsupported_media_type", params={"expected": "multipart/form-data"},
            headers={"Accept-Post": "multipart/form-data"},
        )  # fmt: skip
    declared = call.header(b"content-length") or ""
    if declared.isdigit() and int(declared[:15]) > most_bytes + AROUND_BYTES:
        raise _too_large(most_bytes)
    counted = Request(request.scope, _counted(request.receive, most_bytes))
    async with counted.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=AROUND_BYTES) as form:
        file: IO[bytes] | None = None
        name = ""
        fields: dict[str, str] = {}
        faults: list[At] = []
        for field, value in form.multi_items():
            if isinstance(value, UploadFile):
                if field != FILE or file is not None:
                    faults.append(At(f"/{field}" if is_clean(field) else "", "unknown_field"))
                    continue
                file, name = value.file, value.filename or FILE
                if value.size is not None and value.size > most_bytes:
                    raise _too_large(most_bytes)
            elif field in fields or field not in Said.model_fields or not is_clean(value):
                faults.append(At(f"/{field}" if is_clean(field) else "", "unknown_field"))
            elif value:
                fields[field] = value
        if file is None:
            faults.append(At(f"/{FILE}", "missing"))
        said = _said(fields, faults)
        if not is_clean(name):
            faults.append(At(f"/{FILE}", "invalid_text"))
        if faults or file is None or said is None:
            raise Problem(422, "validation", errors=tuple(faults), params={"count": len(faults)})
        yield Upload(_base(name), file, said)


def _said(fields: Mapping[str, str], faults: list[At]) -> Said | None:
    try:
        return Said.model_validate(fields)
    except ValidationError as error:
        faults += invalid(error.errors(include_url=False, include_input=False)).errors
        return None


def _base(name: str) -> str:
    """The last part of a path, as browsers of old sent it; control characters and all but the end cut off."""
    base = name.replace("%22", '"').replace("\\", "/").rpartition("/")[2]  # a quote, as forms are sent
    printable = "".join(letter for letter in base if letter.isprintable()).strip(". ")
    return printable[-MOST_CHARS:] or FILE


def _counted(receive: Receive, most_bytes: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most_bytes + AROUND_BYTES:
            raise _too_large(most_bytes)
        return message

    return counted


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", params={"limit": limit}, headers={"Connection": "close"})
