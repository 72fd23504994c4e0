"""Notices reach the endpoints that ask for them, signed as events are, and never the one they are about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from standardwebhooks import Webhook

from shared.event_store import connections
from shared.privacy.vault import Vault
from shared.settings import Settings
from shared.webhooks.endpoint import Endpoint, Place, SecretKnown
from shared.webhooks.schedule import SCHEDULE_SECONDS
from shared.webhooks.secrets import new_key, secret_text
from shared.webhooks.sending import Answer
from shared.webhooks.telling import Teller
from shared.webhooks.vaulted import SealedSecrets
from tests.webhooks.delivered import BEGAN
from tests.webhooks.listener import Listener

NOTICE = """
insert into delivery.notices (tenant_id, notice_id, endpoint_id, kind, at, said) values ($1, $2, $3, $4, $5, $6)
"""
TELLINGS = "select endpoint_id, attempts, status, over_at is not null as over from delivery.tellings"


@dataclass
class Place_:
    """Endpoints by name, a clock that stands until it is moved, and an address that keeps what it is sent."""

    pool: asyncpg.Pool
    sealed: SealedSecrets
    listener: Listener = field(default_factory=lambda: Listener(says=lambda body: Answer(204, 1.0)))
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    now: datetime = BEGAN

    async def add(self, name: str, tenant_id: UUID, **said: Any) -> Endpoint:
        id, key = uuid4(), new_key()
        url = f"https://{name}.example.com/hooks"
        secrets = (SecretKnown(1, "v1", BEGAN),)
        usual: dict[str, Any] = {"status": "open", "start": Place(1, 0), "secrets": secrets}
        self.endpoints[name] = Endpoint(tenant_id, id, 1, name, url, **usual | said)
        self.keys[name] = key
        await self.sealed.put(tenant_id, id, 1, "v1", key)
        return self.endpoints[name]

    async def notice(self, about: str, kind: str) -> UUID:
        id, endpoint = uuid4(), self.endpoints[about]
        await self.pool.execute(NOTICE, endpoint.tenant_id, id, endpoint.endpoint_id, kind, self.now, {"status": 500})
        return id

    @property
    def teller(self) -> Teller:
        async def registry(pool: Any) -> list[Endpoint]:
            return list(self.endpoints.values())

        async def allowed(pool: Any, tenant_id: UUID) -> tuple[()]:
            return ()

        return Teller(self.pool, self.listener, self.sealed, registry, allowed, lambda: self.now, lambda: 0.0)

    def told(self) -> list[tuple[str, str]]:
        """To whom what was posted."""
        return [(url.split("//")[1].split(".")[0], json.loads(body)["type"]) for url, _, body in self.listener.posts]


@pytest.fixture
async def here(own_database_url: str, tmp_path: Path) -> AsyncIterator[Place_]:
    settings = Settings(data=tmp_path, database_url=own_database_url)
    async with connections.pool(
        own_database_url, connections.WORK, settings=connections.SESSION, least=1, most=4
    ) as pool:
        yield Place_(pool, SealedSecrets(pool, Vault(pool, Vault.master_key(settings)).keys))


async def test_a_notice_is_told_to_who_asks_and_may_know_and_to_nobody_else(here: Place_, tenant_id: UUID) -> None:
    unit, other_unit = uuid4(), uuid4()
    await here.add("failing", tenant_id, unit_id=unit, notices=True)
    await here.add("company", tenant_id, notices=True)
    await here.add("unit", tenant_id, unit_id=unit, notices=True)
    await here.add("sibling", tenant_id, unit_id=other_unit, notices=True)
    await here.add("silent", tenant_id)
    await here.add("unproven", tenant_id, notices=True, status="unproven")
    await here.add("stranger", uuid4(), notices=True)
    await here.notice("failing", "failing")
    await here.teller.run_once()
    assert sorted(here.told()) == [("company", "webhook.failing"), ("unit", "webhook.failing")]
    await here.teller.run_once()
    assert len(here.told()) == 2  # once


async def test_a_notice_is_signed_and_says_what_it_is_about(here: Place_, tenant_id: UUID) -> None:
    failing = await here.add("failing", tenant_id)
    await here.add("erp", tenant_id, notices=True)
    id = await here.notice("failing", "paused")
    here.now = datetime.now(BEGAN.tzinfo)  # the library looks at its own clock
    await here.teller.run_once()
    ((_, headers, body),) = here.listener.posts
    said = Webhook(secret_text(here.keys["erp"])).verify(body, dict(headers))
    assert (said["type"], said["subject"], said["id"]) == (
        "webhook.paused",
        str(failing.endpoint_id),
        f"ntc_{id.hex}",
    )
    assert said["id"] == headers["webhook-id"]
    assert said["data"] == {"endpoint_id": str(failing.endpoint_id), "status": 500}


async def test_a_notice_that_does_not_get_through_is_tried_again_and_given_up_at_last(
    here: Place_, tenant_id: UUID
) -> None:
    await here.add("failing", tenant_id)
    await here.add("erp", tenant_id, notices=True)
    await here.notice("failing", "failing")
    here.listener.says = lambda body: Answer(None, 1.0, fault="timeout")
    for number, seconds in enumerate(SCHEDULE_SECONDS, start=1):
        assert await here.teller.run_once() == 1
        assert await here.teller.run_once() == 0  # its time has not come
        assert [json.loads(headers["webhook-attempt"]) for _, headers, _ in here.listener.posts][-1] == number
        here.now += timedelta(seconds=seconds)
    assert await here.teller.run_once() == 0
    (row,) = await here.pool.fetch(TELLINGS)
    assert (row["attempts"], row["over"]) == (len(SCHEDULE_SECONDS), True)


async def test_who_is_paused_is_told_once_resumed_and_who_was_removed_never(here: Place_, tenant_id: UUID) -> None:
    await here.add("failing", tenant_id)
    for name in ("paused", "removed"):
        await here.add(name, tenant_id, notices=True)
    await here.notice("failing", "failing")
    statuses: dict[str, Any] = {"paused": "paused", "removed": "removed"}
    here.listener.says = lambda body: Answer(503, 1.0)
    await here.teller.run_once()
    for name, status in statuses.items():
        here.endpoints[name] = _with(here.endpoints[name], status)
    here.listener.says = lambda body: Answer(204, 1.0)
    here.listener.posts.clear()
    here.now += timedelta(minutes=2)
    await here.teller.run_once()
    assert here.told() == []
    here.endpoints["paused"] = _with(here.endpoints["paused"], "open")
    here.now += timedelta(minutes=2)
    await here.teller.run_once()
    assert here.told() == [("paused", "webhook.failing")]


async def test_two_workers_tell_each_notice_once(here: Place_, tenant_id: UUID) -> None:
    await here.add("failing", tenant_id)
    await here.add("erp", tenant_id, notices=True)
    for _ in range(20):
        await here.notice("failing", "failing")
    await asyncio.gather(*(here.teller.run_once() for _ in range(3)))
    assert len({headers["webhook-id"] for _, headers, _ in here.listener.posts}) == len(here.listener.posts) == 20


def _with(endpoint: Endpoint, status: Any) -> Endpoint:
    return replace(endpoint, status=status)


async def test_what_goes_wrong_with_one_telling_keeps_back_no_other(here: Place_, tenant_id: UUID) -> None:
    await here.add("broken", tenant_id, notices=True)
    await here.add("sound", uuid4(), notices=True)
    for name in ("broken", "sound"):
        await here.add(f"about {name}", here.endpoints[name].tenant_id)
        await here.notice(f"about {name}", "failing")
    told: list[str] = []

    class Breaks:
        async def post(self, url: str, *_: object, **__: object) -> Answer:
            if "broken" in url:
                raise OverflowError
            await asyncio.sleep(0.05)
            told.append(url)
            return Answer(204, 1.0)

    assert await replace(here.teller, sends=Breaks()).run_once() == 2
    assert told == [here.endpoints["sound"].url]
    rows = {row["endpoint_id"]: row["over"] for row in await here.pool.fetch(TELLINGS)}
    assert rows == {here.endpoints[name].endpoint_id: name == "sound" for name in ("broken", "sound")}


async def test_with_nothing_to_tell_nobody_is_looked_for(here: Place_, tenant_id: UUID) -> None:
    """A worker asks every second; endpoints may be a thousand."""
    looked = 0

    async def registry(pool: Any) -> list[Endpoint]:
        nonlocal looked
        looked += 1
        return list(here.endpoints.values())

    await here.add("failing", tenant_id)
    await here.add("erp", tenant_id, notices=True)
    teller = replace(here.teller, registry=registry)
    assert (await teller.run_once(), looked) == (0, 0)
    await here.notice("failing", "failing")
    assert (await teller.run_once(), looked) == (1, 1)
    assert (await teller.run_once(), looked) == (0, 1)
