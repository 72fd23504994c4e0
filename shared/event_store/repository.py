"""Streams by id: loaded from the log, kept as baselines, encoded for the append. Decides and appends nothing."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from shared.event_store.command import StoredFact, StreamAppend
from shared.event_store.facts import FactRegistry
from shared.event_store.store import EventStore
from shared.event_store.stream import AnyFact, Stream

S = TypeVar("S", bound=Stream)

BASELINES = 2_048
"""Streams kept in memory for each type."""


class Repository(Generic[S]):
    """The streams of one type.

    A stream that was loaded or appended is kept as a baseline. It is never handed out: callers get copies, and the
    append checks the version they worked from.
    """

    def __init__(self, store: EventStore, stream: type[S], *, facts: FactRegistry, baselines: int = BASELINES) -> None:
        self._store = store
        self._stream = stream
        self._facts = facts
        self._most = baselines
        self._baselines: OrderedDict[tuple[UUID, UUID], S] = OrderedDict()

    async def load(self, tenant_id: UUID, stream_id: UUID, *, trust: bool = False) -> S | None:
        """The stream as it stands; None when there is none of this type, or it was undone.

        With `trust` a baseline is taken as it is, without asking the log. It may lag behind what other processes
        wrote: an append on it then conflicts, and any no decided on it has to be decided again without `trust`.
        """
        baseline = self._baselines.get((tenant_id, stream_id))
        if baseline is not None and trust:
            return baseline.copy()
        after = 0 if baseline is None else baseline.version
        stored = await self._store.load(tenant_id, stream_id, after_version=after)
        if baseline is not None and not stored:
            return baseline.copy()
        stream = self.replay(stored, onto=None if baseline is None else baseline.copy())
        if stream is not None:
            self._put(tenant_id, stream)
            return stream.copy()
        self.drop(tenant_id, stream_id)
        return None

    async def load_until(self, tenant_id: UUID, stream_id: UUID, position: int) -> S | None:
        """The stream as it was known at a position of the log."""
        return self.replay(await self._store.load(tenant_id, stream_id, until_position=position))

    def replay(self, stored: list[StoredFact], *, onto: S | None = None) -> S | None:
        """Events applied in order, to a new stream or on to one (which is changed). None when nothing of it counts."""
        if stored and stored[0].stream_type != self._stream.stream_type:
            return None
        stream: S | None = onto
        for event in stored:
            fact: Any = self._facts.decode(event, self._stream)
            stream = cast("S", fact.mutate(stream))
        return None if stream is not None and stream.undone else stream

    def appends(self, stream: S) -> StreamAppend:
        """What the stream recorded, encoded, on the version it was recorded on. The stream is not changed."""
        pending = cast("list[AnyFact]", stream.pending_events)
        if pending and stream.read_only is not None:
            raise ValueError(f"stream {stream.id} holds a fact of newer code ({stream.read_only}): it is read-only")
        facts = tuple(
            self._facts.encode(
                fact,
                stream.changes_of(fact.originator_version),
                stream.standing_after(fact.originator_version),
            )
            for fact in pending
        )
        return StreamAppend(stream.stream_type, stream.id, stream.version - len(facts), facts)

    def keep(self, tenant_id: UUID, stream: S, *, give: bool = False) -> None:
        """The stream's facts were appended: it is the baseline now. Call it after an `ok`, and only then.

        With `give` the caller promises not to touch the stream again, which saves the copy.
        """
        stream.settle()
        self._put(tenant_id, stream if give else stream.copy())

    def drop(self, tenant_id: UUID, stream_id: UUID) -> None:
        """Forget a baseline."""
        self._baselines.pop((tenant_id, stream_id), None)

    def _put(self, tenant_id: UUID, stream: S) -> None:
        key = (tenant_id, stream.id)
        known = self._baselines.pop(key, None)  # taken out and put back it is the one used last
        self._baselines[key] = stream if known is None or known.version <= stream.version else known
        if len(self._baselines) > self._most:
            self._baselines.popitem(last=False)
