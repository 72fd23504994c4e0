"""The `eventsourcing` library's own cases for recorders, run against our log.

Its tracking, process, factory and transcoder cases do not apply: views keep their own checkpoints, and facts are
plain JSON. Subscriptions are not offered either: readers follow the feed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests import persistence as cases

from shared.event_store.command import MAX_EVENTS
from tests.event_store.recorder import Recorder


class WithoutPositions(Recorder):
    """The library's aggregate recorders do not tell positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class OnOurLog:
    recorder = Recorder
    database_url: str

    @pytest.fixture(autouse=True)
    def _database(self, database_url: str) -> None:
        self.database_url = database_url

    def create_recorder(self) -> Any:
        recorder = self.recorder(self.database_url)
        self.addCleanup(recorder.close)  # type: ignore[attr-defined]
        return recorder


class TestAggregateRecorder(OnOurLog, cases.AggregateRecorderTestCase):
    recorder = WithoutPositions


class TestApplicationRecorder(OnOurLog, cases.ApplicationRecorderTestCase[Any]):
    pass


class TestNonInterleavingNotificationIDs(OnOurLog, cases.NonInterleavingNotificationIDsBaseCase):
    insert_num = MAX_EVENTS
