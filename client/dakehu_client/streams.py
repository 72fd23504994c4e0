"""Server-sent events: lines in, messages out, and what a stream of the feed says. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dakehu_client.answers import Event
from dakehu_client.errors import StreamEnded

AGAIN_SECONDS = 1.0
SILENCE_SECONDS = 45.0
"""Three heartbeats: a stream that says nothing for so long is dead."""


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event."""

    event: str
    data: str
    id: str | None


class Messages:
    """Makes messages of lines; comments and unknown fields are left out."""

    def __init__(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None
        self.retry_seconds: float | None = None

    def line(self, line: str) -> Message | None:
        """The message this line ends."""
        if not line:
            message = Message(self._event or "message", "\n".join(self._data), self._id) if self._data else None
            self._event, self._data = "", []
            return message
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_seconds = int(value) / 1_000
        return None


class Place:
    """How far a stream is, and what it said last: `behind` when it asks to be read in pages first."""

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        self.behind = False
        self._messages = Messages()

    def opened(self) -> None:
        """A connection was made."""
        self.behind = False
        self._messages = Messages()

    @property
    def again_seconds(self) -> float:
        """When to come back after a stream that ended by itself, as the service asks."""
        return self._messages.retry_seconds or AGAIN_SECONDS

    def params(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What to ask for: without a place, from the very beginning."""
        return wanted if self.cursor is not None else {**wanted, "after": "0"}

    def line(self, line: str) -> Iterator[Event]:
        """The event this line ends. Raises StreamEnded when the service wants no more of this credential."""
        message = self._messages.line(line)
        if message is None:
            return
        said: dict[str, Any] = json.loads(message.data)
        match message.event:
            case "event":
                yield Event.of(said, message.id)
                self.cursor = message.id
            case "place":
                self.cursor = message.id or said.get("cursor")
            case "resync":
                self.cursor, self.behind = said["cursor"], True
            case "end":
                raise StreamEnded(str(said.get("code")))
