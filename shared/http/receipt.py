"""What a command answers: which record, at which version, at which place in the log. Holds nothing personal."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Receipt(BaseModel):
    """The answer to a command. `position` is where its last event stands: give it as `min_position` to read it back."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [{"id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11", "version": 3, "position": 1042, "code": "ok"}]
        },
    )

    id: UUID = Field(description="The record the command was about.")
    version: int = Field(description="Its version now, as in the ETag.", ge=0)
    position: int = Field(description="The place in the tenant's log of the last event that the record has seen.", ge=0)
    code: str = Field(description="`ok`, or what the command came to.")
