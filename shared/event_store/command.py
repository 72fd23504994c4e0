"""What is appended and what came of it: plain values. Must not know PostgreSQL or any service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

MAX_EVENTS = 500
"""Events one command may append; larger work is an operation of many commands."""

OutcomeKind = Literal["ok", "conflict", "duplicate", "key_reused", "claim_taken"]


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """One fact, encoded: `data` is its JSON, `occurred_at` its business time."""

    type: str
    schema_version: int
    data: bytes
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class StreamAppend:
    """Facts for one stream, on the condition that it stands at `expected_version` (0 = it does not exist).

    Without facts it is the condition alone: the command stands only if the stream has not moved.
    """

    stream_type: str
    stream_id: UUID
    expected_version: int
    facts: tuple[RecordedFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that one stream may hold at a time, within a tenant and scope (`product.code`)."""

    scope: str
    key: str
    stream_id: UUID


@dataclass(frozen=True, slots=True)
class Command:
    """All or nothing: the appends, the claims released (first) and taken, and the answer stored under the key.

    `status` and `code` are the answer if it is accepted. Without appends it is a refusal to be remembered (409, 422).
    The first append's stream is the one the answer names.
    """

    tenant_id: UUID
    principal_id: UUID
    key: str | None
    fingerprint: bytes | None
    status: int
    code: str
    appends: tuple[StreamAppend, ...]
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    metadata: bytes = b"{}"

    @property
    def events(self) -> int:
        return sum(len(append.facts) for append in self.appends)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command.

    - `ok`: appended (or, without appends, remembered); positions are null when it recorded nothing.
    - `duplicate`: the same key and fingerprint were answered before; every field is that answer.
    - `key_reused`: the key was used for something else; nothing was appended.
    - `conflict`: `conflict_stream` stands at `version`, not where the command expected it; nothing was appended.
    - `claim_taken`: `claim` is held by `claim.stream_id`; nothing was appended.
    """

    kind: OutcomeKind
    status: int
    code: str
    stream_id: UUID | None
    version: int | None
    first_position: int | None
    last_position: int | None
    claim: Claim | None = None
    conflict_stream: UUID | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under an idempotency key."""

    fingerprint: bytes | None
    status: int
    code: str
    stream_id: UUID | None
    version: int | None
    first_position: int | None
    last_position: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One event of the log."""

    tenant_id: UUID
    position: int
    stream_type: str
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: dict[str, Any]
    metadata: dict[str, Any]
    occurred_at: datetime
    recorded_at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a tenant's log ends. `recorded_at` is null and position 0 while it is empty."""

    position: int
    hash: bytes
    epoch: int
    recorded_at: datetime | None


class EventStoreError(Exception):
    """Base of what the store raises. Beside these only programming errors leave it.

    Overloaded         the queue is full or slow: nothing was done, try again after `retry_after` seconds
    OutcomeUnknown     the connection was lost and the truth could not be learned: retry with the same key
    UnknownTenant      the tenant was never opened
    UnstorableText     a text holds U+0000, which PostgreSQL cannot store
    BrokenLog          the feed has a hole: events were removed, or this is not the log it was
    """


class Overloaded(EventStoreError):
    def __init__(self, detail: str = "the log has more to write than it can", *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class OutcomeUnknown(EventStoreError):
    def __init__(
        self, detail: str = "the database was lost before it answered; retry with the same key", *, retry_after: int = 1
    ) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnknownTenant(EventStoreError, LookupError):
    pass


class UnstorableText(EventStoreError, ValueError):
    pass


class BrokenLog(EventStoreError):
    pass
