"""What the reads of attachments answer. Holds no query."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field


class AttachmentRow(BaseModel):
    """One attachment as it stood; its name and title as they are now."""

    id: UUID
    version: int
    status: str = Field(description="kept or removed.")
    record_kind: str
    record_id: UUID
    filename: str | None = Field(description="Null once it is removed, or erased with a person.")
    title: str | None
    category: str | None
    media_type: str = Field(description="By its content.")
    size: int = Field(description="Bytes.")
    person_ids: list[UUID] = Field(description="Whom it is about: it is erased with any of them.")
    available: bool = Field(description="Whether the bytes are there now: neither removed nor erased.")
    added_by: UUID | None
    added_by_name: str | None
    added_on: date
    removed_on: date | None
    removal_reason: str | None
