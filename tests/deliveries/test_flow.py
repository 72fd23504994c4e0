"""Events arrive once, in order for each subject, whatever the receiver does in between."""

from __future__ import annotations

import json
from uuid import uuid4

from tests.deliveries.flowing import Registry, log_of, until, working
from tests.webhooks.receivers import receiver, says


async def test_every_event_arrives_once_in_order(database_url: str) -> None:
    subjects = [uuid4() for _ in range(7)]
    registry = Registry()
    async with log_of(database_url) as log, receiver(says(204, b"")) as theirs:
        await log.add(*(subjects[n % 7] for n in range(100)))
        registry.add(log.tenant_id, theirs.url)
        async with working(database_url, registry):
            await until(lambda: len(theirs.requests) == 100, "all delivered")
            await log.add(*(subjects[n % 7] for n in range(20)))
            await until(lambda: len(theirs.requests) >= 120, "those of now too")
    arrived = [json.loads(request.body) for request in theirs.requests]
    assert sorted(event["position"] for event in arrived) == list(range(1, 121))
    for subject in subjects:
        assert [e["position"] for e in arrived if e["subject"] == str(subject)] == log.positions[subject]
