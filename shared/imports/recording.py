"""Appends what an operation records, in its name and marked as imported. Decides nothing; a dry run appends nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from shared.event_store.command import Claim, Command, Outcome, OutcomeUnknown, Overloaded, StreamAppend
from shared.event_store.store import EventStore

T = TypeVar("T")

TRIES = 60
"""How often a step is taken again when the log is busy or away; each try waits a second or more."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stream's new facts and the claims they take."""

    append: StreamAppend
    claims: tuple[Claim, ...] = ()


class Recorder:
    """One operation's way into the log.

    Its commands carry no key: a stream's id follows from what it stands for, so that a step taken twice finds what
    the first left behind. `opened` counts, by stream type, what a dry run would have opened.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        tenant_id: UUID,
        operation_id: UUID,
        principal_id: UUID,
        on_behalf_of: UUID | None,
        dry_run: bool,
    ) -> None:
        self.store = store
        self.tenant_id = tenant_id
        self.operation_id = operation_id
        self.dry_run = dry_run
        self.opened: Counter[str] = Counter()
        self._principal_id = principal_id
        said = {"actor": principal_id, "correlation": operation_id, "origin": "import", "operation": operation_id}
        self._metadata = msgspec.json.encode(said if on_behalf_of is None else said | {"on_behalf_of": on_behalf_of})

    async def append(self, records: Sequence[Record]) -> list[Outcome]:
        """One outcome a record, each all or nothing. Raises Overloaded, OutcomeUnknown."""
        if self.dry_run or not records:
            self.opened.update(record.append.stream_type for record in records if record.append.expected_version == 0)
            return [Outcome("ok", 201, "ok", record.append.stream_id, None, None, None) for record in records]
        return await self.store.append_all([self._command(record) for record in records])

    def _command(self, record: Record) -> Command:
        return Command(
            self.tenant_id,
            self._principal_id,
            key=None,
            fingerprint=None,
            status=201,
            code="ok",
            appends=(record.append,),
            claims=record.claims,
            metadata=self._metadata,
        )


async def persistently(step: Callable[[], Awaitable[T]]) -> T:
    """Take a step that may be repeated until the log takes it. Raises the last error after a minute or more."""
    for left in reversed(range(TRIES)):
        try:
            return await step()
        except (Overloaded, OutcomeUnknown) as error:
            if not left:
                raise
            await asyncio.sleep(error.retry_after)
    raise AssertionError("unreachable")
