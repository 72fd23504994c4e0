"""Commands on a month: close, take the close back. No rule lives here."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.http.reading import MAX_POSITION
from shared.records.fields import Command, Text


class CloseMonth(Command):
    """Close a month that is over: what the log holds now is official."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "七月数据已核对"}]})

    position: Annotated[int, Field(ge=1, le=MAX_POSITION)] | None = Field(
        default=None, description="The last position of the log that counts; default its last one now."
    )
    reason: Text | None = None


class ReopenMonth(Command):
    """Take the close of a month back, the default one too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "漏录两份合同"}]})

    reason: Text
