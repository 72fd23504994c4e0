"""What is answered, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

LEFT_SCOPE = "left_scope"


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that went well. Of a command: `id`, `version` and `position` of the record it was about."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def version(self) -> int:
        return int(self.body["version"])

    @property
    def position(self) -> int:
        """Give it as `min_position` to read what was written."""
        return int(self.body["position"])

    @property
    def created(self) -> bool:
        return self.status == 201

    @property
    def replayed(self) -> bool:
        """The first answer once more: it had been carried out before."""
        return self.headers.get("idempotency-replayed") == "true"

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the feed or a webhook. `body` is the whole envelope. `cursor` is known of streams alone."""

    id: str
    type: str
    subject: UUID
    subject_type: str
    subject_version: int
    position: int
    epoch: int
    time: datetime
    data: Mapping[str, Any]
    body: Mapping[str, Any] = field(repr=False)
    cursor: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, body: Mapping[str, Any], cursor: str | None = None) -> Self:
        """The event an envelope holds."""
        return cls(
            id=body["id"],
            type=body["type"],
            subject=UUID(body["subject"]),
            subject_type=body["subject_type"],
            subject_version=body["subject_version"],
            position=body["position"],
            epoch=body["epoch"],
            time=datetime.fromisoformat(body["time"]),
            data=body.get("data") or {},
            body=body,
            cursor=cursor,
        )

    @property
    def left_scope(self) -> bool:
        """The record has left what you see: drop your copy of it, and of what hangs on it."""
        return self.type == LEFT_SCOPE


@dataclass(frozen=True, slots=True)
class Page:
    """Events, maybe none, and where the next page begins. Keep `cursor` once they are dealt with."""

    events: Sequence[Event]
    cursor: str


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row of a batch. `row` counts from 0 over all that was given."""

    row: int
    status: int
    code: str
    key: str | None
    id: str | None
    version: int | None
    position: int | None
    replayed: bool
    problem: Mapping[str, Any] | None

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def passing(self) -> bool:
        """Not refused by a rule: the same again may go well."""
        return self.status >= 500 or self.status in (424, 429)

    @classmethod
    def of(cls, said: Mapping[str, Any], row: int) -> Self:
        """One line of the answer."""
        return cls(
            row=row,
            status=said["status"],
            code=said["code"],
            key=said.get("key"),
            id=said.get("id"),
            version=said.get("version"),
            position=said.get("position"),
            replayed=said.get("replayed", False),
            problem=said.get("problem"),
        )


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch came to. `position`: of the last event recorded, for `min_position`."""

    outcomes: Sequence[RowOutcome]

    @property
    def failed(self) -> Sequence[RowOutcome]:
        return [one for one in self.outcomes if not one.ok]

    @property
    def position(self) -> int | None:
        return max((one.position for one in self.outcomes if one.position is not None), default=None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How records stood at one place in the log, and the cursor from which the feed goes on without a gap."""

    records: Sequence[Mapping[str, Any]]
    cursor: str
