"""Our store behind the `eventsourcing` library's synchronous recorder interface, for its conformance cases only.

The library's states are bytes, so they are wrapped in jsonb; each recorder is a tenant of its own; streams that some
cases begin at version 0 begin at 1 here.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

import msgspec
from anyio.from_thread import start_blocking_portal
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent

from shared.event_store.command import Command, RecordedFact, StoredFact, StreamAppend
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from tests.event_store.conftest import NOW, PRINCIPAL


class Recorder(ApplicationRecorder):
    def __init__(self, database_url: str) -> None:
        self._thread = start_blocking_portal()
        self._portal = self._thread.__enter__()
        self._tenant = uuid4()
        self._store: EventStore = self._do(EventStore.open(database_url, readers=4, reads_as=WORK))
        self._do(self._store.open_tenant(self._tenant))

    def close(self) -> None:
        self._do(self._store.close())
        self._thread.__exit__(None, None, None)

    def _do(self, coroutine: Any) -> Any:
        return self._portal.call(lambda: coroutine)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        appends = []
        for stream, group in groupby(stored_events, key=lambda event: event.originator_id):
            facts, versions = [], []
            for event in group:
                data = {"state": event.state, "version": event.originator_version}  # bytes become base64
                facts.append(RecordedFact(event.topic, 1, msgspec.json.encode(data), NOW))
                versions.append(event.originator_version)
            if versions != list(range(versions[0], versions[0] + len(versions))):
                raise IntegrityError
            appends.append(StreamAppend("aggregate", UUID(str(stream)), max(versions[0] - 1, 0), tuple(facts)))
        outcome = self._do(self._store.append(Command(self._tenant, PRINCIPAL, None, None, 200, "ok", tuple(appends))))
        if outcome.kind != "ok":
            raise IntegrityError
        return list(range(outcome.first_position, outcome.last_position + 1)) if outcome.last_position else None

    def select_events(self, originator_id: Any, *, gt: int | None = None, lte: int | None = None, desc: bool = False,
                      limit: int | None = None) -> Sequence[StoredEvent]:  # fmt: skip
        events = [_event(stored) for stored in self._do(self._store.load(self._tenant, UUID(str(originator_id))))]
        events = [
            e
            for e in events
            if (-1 if gt is None else gt) < e.originator_version and (lte is None or e.originator_version <= lte)
        ]
        return (events[::-1] if desc else events)[:limit]

    def select_notifications(self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (),
                             *, inclusive_of_start: bool = True) -> Sequence[Notification]:  # fmt: skip
        after = (start or 1) - 1 if inclusive_of_start else start or 0
        found = self._do(self._store.read(self._tenant, after, 10_000))
        wanted = [e for e in found if (stop is None or e.position <= stop) and (not topics or e.type in topics)]
        return [Notification(**vars(_event(e)), id=e.position) for e in wanted[:limit]]

    def max_notification_id(self) -> int | None:
        return self._do(self._store.head(self._tenant)).position or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Any:
        raise NotImplementedError


def _event(stored: StoredFact) -> StoredEvent:
    return StoredEvent(stored.stream_id, stored.data["version"], stored.type, base64.b64decode(stored.data["state"]))
