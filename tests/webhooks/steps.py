"""Endpoints that live through what chance says, and their facts on their way into a log. Only for tests."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.webhooks.commands import AddSecret, ChangeEndpoint, RegisterEndpoint, RetireSecret
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import WebhookPause, WebhookPlace, WebhookProof
from shared.event_store.command import Command
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Refused

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://erp.example.com/hooks"
START = WebhookPlace(1, 0)


def register(**said: Any) -> RegisterEndpoint:
    return RegisterEndpoint.model_validate({"name": "ERP", "url": URL} | said)


def registered(at: datetime = BEGAN, *, id: UUID | None = None, **said: Any) -> WebhookEndpoint:
    return WebhookEndpoint.register(id or UUID(int=7), register(**said), start=START, at=at)


def proven(at: datetime = BEGAN, **said: Any) -> WebhookEndpoint:
    stream = registered(at, **said)
    stream.prove(WebhookProof.PING, stream.standing["url"], at=at)
    return stream


def lived(chance: random.Random, steps: int = 12) -> WebhookEndpoint:
    """An endpoint to which a dozen things happened; now and then by a clock that was behind."""
    at = BEGAN
    stream = registered(id=UUID(int=chance.getrandbits(128)), **settings(chance))
    for _ in range(steps):
        at += timedelta(seconds=chance.randint(-30, 3_000))
        with suppress(Refused):
            _step(stream, chance, at)
    return stream


def settings(chance: random.Random) -> dict[str, Any]:
    return {
        "types": chance.choice((None, ["DealWon", "DealLost"])),
        "changed": chance.choice((None, ["level"])),
        "unit_id": chance.choice((None, str(UUID(int=3)))),
        "imported": chance.random() < 0.5,
        "payload": "selected",
        "fields": ["standing.level", "changes"],
        "personal": chance.choice(([], ["name", "phone"])),
        "schema_versions": chance.choice(({}, {"DealWon": 1})),
        "rate": chance.choice((None, 20, 0.5)),
        "ordered": chance.choice(("subject", "endpoint")),
        "headers": chance.choice(({}, {"Authorization": "Bearer 1", "X-Line": "2"})),
        "notices": chance.random() < 0.5,
    }


def _step(stream: WebhookEndpoint, chance: random.Random, at: datetime) -> None:
    match chance.randint(0, 9):
        case 0 | 1:
            stream.prove(WebhookProof.PING, stream.standing["url"], at=at)
        case 2:
            stream.pause(chance.choice(list(WebhookPause)), reason=None, at=at)
        case 3:
            place = chance.choice((None, WebhookPlace(1, chance.randint(0, 50))))
            stream.resume(skip_to=place, reason=None, at=at)
        case 4:
            stream.skip(WebhookPlace(2, chance.randint(0, 50)), reason="by hand", at=at)
        case 5 | 6:
            overlap = chance.choice((None, 0, 600))
            stream.add_secret(AddSecret.model_validate({"kind": "v1a", "overlap_seconds": overlap}), at=at)
        case 7:
            stream.retire_secret(RetireSecret(number=chance.randint(1, 3), overlap_seconds=60), at=at)
        case 8 if chance.random() < 0.3:
            stream.remove(reason=None, at=at)
        case _:
            said = settings(chance)
            name = chance.choice([name for name in said if name not in ("payload", "fields")])
            changed = {name: said[name]} if chance.random() < 0.8 else {"url": f"{URL}/{chance.randint(1, 9)}"}
            stream.change(ChangeEndpoint.model_validate(changed), at=at)


async def told(store: EventStore, repository: Repository[WebhookEndpoint], tenant_id: UUID, stream: Any) -> None:
    """Append all that an endpoint recorded."""
    append = repository.appends(stream)
    outcome = await store.append(Command(tenant_id, UUID(int=1), None, None, 201, "ok", (append,)))
    assert outcome.kind == "ok", outcome
