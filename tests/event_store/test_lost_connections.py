"""Connections are cut and backends killed under appends: every answer is true, and every command has one effect."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store import lane, writer
from shared.event_store import store as store_module
from shared.event_store.command import Outcome, OutcomeUnknown, Overloaded
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from tests.event_store.conftest import PRINCIPAL, append, command, fact
from tests.event_store.proxy import Proxy, proxy_before

MARK = b"MarkedFact"


def marked(stream: UUID, expected: int = 0) -> Any:
    return append(stream, expected, fact("MarkedFact"))


@pytest.fixture
async def proxied(database_url: str) -> Any:
    async with proxy_before(database_url) as proxy, await EventStore.open(proxy.url, readers=2, reads_as=WORK) as store:
        yield proxy, store


@pytest.mark.parametrize("losing", ["answers", "requests"])
async def test_the_truth_is_found_by_the_key(
    proxied: tuple[Proxy, EventStore], store: EventStore, tenant: UUID, losing: Any
) -> None:
    proxy, far = proxied
    stream = uuid4()
    proxy.lose(losing, when=MARK)
    outcome = await far.append(command(tenant, marked(stream), key="k"))
    assert proxy.lost == 1
    assert outcome.kind == ("duplicate" if losing == "answers" else "ok")
    assert (outcome.stream_id, outcome.version, outcome.last_position) == (stream, 1, 1)
    assert (await store.head(tenant)).position == 1
    answered = await store.answered(tenant, PRINCIPAL, "k")
    assert answered is not None
    assert answered.last_position == 1


async def test_a_whole_group_survives_a_cut(proxied: tuple[Proxy, EventStore], store: EventStore, tenant: UUID) -> None:
    proxy, far = proxied
    for losing in ("answers", "requests", "answers"):
        proxy.lose(losing, when=MARK)
        outcomes = await asyncio.gather(
            *(far.append(command(tenant, marked(uuid4()), key=f"{losing} {uuid4()}")) for _ in range(100))
        )
        assert {outcome.kind for outcome in outcomes} <= {"ok", "duplicate"}
    assert proxy.lost == 3
    assert (await store.head(tenant)).position == 300
    assert (await verify(store, tenant)).ok


async def test_without_a_key_a_lost_answer_is_unknown_and_a_lost_request_is_sent_again(
    proxied: tuple[Proxy, EventStore], store: EventStore, tenant: UUID
) -> None:
    proxy, far = proxied
    proxy.lose("requests", when=MARK)
    assert (await far.append(command(tenant, marked(uuid4())))).kind == "ok"
    proxy.lose("answers", when=MARK)
    with pytest.raises(OutcomeUnknown):
        await far.append(command(tenant, marked(uuid4())))
    assert (await store.head(tenant)).position == 2


async def test_jobs_survive_a_cut_too(proxied: tuple[Proxy, EventStore], store: EventStore, tenant: UUID) -> None:
    proxy, far = proxied
    proxy.lose("answers", when=MARK)
    outcomes = await far.append_all([command(tenant, marked(uuid4()), key=str(n)) for n in range(250)])
    assert [outcome.last_position for outcome in outcomes] == list(range(1, 251))
    assert (await store.head(tenant)).position == 250


async def test_when_the_database_stays_away_the_outcome_is_unknown_or_nothing_was_done(
    database_url: str, store: EventStore, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "RECOVER_WITHIN_S", 0.2)
    async with (
        proxy_before(database_url) as proxy,
        await EventStore.open(proxy.url, writers=1, readers=2, reads_as=WORK) as far,
    ):
        await _stays_away(proxy, far, store, tenant)


async def _stays_away(proxy: Proxy, far: EventStore, store: EventStore, tenant: UUID) -> None:
    proxy.lose("answers", when=MARK)
    proxy.refusing = True
    with pytest.raises(OutcomeUnknown):
        await far.append(command(tenant, marked(uuid4()), key="k"))
    with pytest.raises(Overloaded):
        await far.append(command(tenant, append(uuid4(), 0), key="later"))
    proxy.refusing = False
    assert (await far.append(command(tenant, marked(uuid4()), key="k"))).kind == "duplicate"
    assert (await far.append(command(tenant, append(uuid4(), 0), key="later"))).kind == "ok"
    assert (await store.head(tenant)).position == 2


async def test_a_server_that_has_frozen_is_not_waited_for_at_the_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "CLOSE_WITHIN_S", 0.2)
    async with proxy_before(database_url) as proxy:
        far = await EventStore.open(proxy.url, writers=1, readers=2, reads_as=WORK)
        proxy.mute = True
        async with asyncio.timeout(20):
            await far.close()


async def test_backends_killed_and_cancelled_at_random_cost_nothing(
    database_url: str, store: EventStore, tenant: UUID
) -> None:
    """Nobody is answered wrongly, nothing is lost or doubled, and the next append is quick."""
    async with await EventStore.open(database_url, writers=3, readers=2, reads_as=WORK) as own:
        chance = random.Random(5)
        stop = asyncio.Event()
        killed = 0

        async def kill() -> None:
            nonlocal killed
            connection = await asyncpg.connect(database_url)
            try:
                while not stop.is_set() and killed < 30:  # no more: reconnecting takes its time on a busy machine
                    rows = await connection.fetch(
                        "select pid from pg_stat_activity where application_name like 'dakehu append%'"
                        " and datname = current_database()"
                    )
                    if rows:
                        deed = chance.choice(["pg_terminate_backend", "pg_cancel_backend"])
                        pid = chance.choice(rows)["pid"]
                        killed += await connection.fetchval(f"select {deed}($1)::int", pid)
                    await asyncio.sleep(chance.uniform(0.001, 0.05))
            finally:
                await connection.close()

        async def work(n: int) -> list[Outcome]:
            stream = uuid4()
            return [
                await _until_known(own, command(tenant, append(stream, version), key=f"{n} {version}"))
                for version in range(15)
            ]

        killer = asyncio.create_task(kill())
        outcomes = [outcome for some in await asyncio.gather(*(work(n) for n in range(20))) for outcome in some]
        stop.set()
        await killer
    assert killed > 0
    assert {outcome.kind for outcome in outcomes} <= {"ok", "duplicate"}
    assert sorted(outcome.last_position or 0 for outcome in outcomes) == list(range(1, 301))
    assert (await verify(store, tenant)).ok


async def _until_known(store: EventStore, what: Any) -> Outcome:
    for _ in range(100):
        try:
            return await store.append(what)
        except (OutcomeUnknown, Overloaded):
            await asyncio.sleep(0.05)
    raise AssertionError("no answer after a hundred tries")


async def test_a_caller_that_goes_away_spoils_nothing(store: EventStore, tenant: UUID) -> None:
    tasks = [asyncio.create_task(store.append(command(tenant, append(uuid4(), 0), key=str(n % 25)))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {result.kind for result in results if isinstance(result, Outcome)} <= {"ok", "duplicate"}
    assert all(isinstance(result, Outcome) for n, result in enumerate(results) if n % 3)
    assert (await store.head(tenant)).position == 25


async def test_a_locked_tenant_is_overloaded_and_the_others_are_not(store: EventStore, tenant: UUID) -> None:
    other = uuid4()
    await store.open_tenant(other)
    connection = await asyncpg.connect(store.database_url)
    try:
        async with connection.transaction():
            await connection.execute("select from es.heads where tenant_id = $1 for update", tenant)
            stuck = asyncio.create_task(store.append(command(tenant, append(uuid4(), 0), key="k")))
            await asyncio.sleep(0.05)
            done = await asyncio.gather(*(store.append(command(other, append(uuid4(), 0))) for _ in range(20)))
            assert {outcome.kind for outcome in done} == {"ok"}
            with pytest.raises(Overloaded):
                await stuck
    finally:
        await connection.close()
    assert (await store.append(command(tenant, append(uuid4(), 0), key="k"))).kind == "ok"


async def test_a_full_queue_turns_callers_away(
    store: EventStore, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_QUEUED", 10)
    monkeypatch.setattr(writer, "MAX_WAIT_S", 0.3)
    connection = await asyncpg.connect(store.database_url)
    try:
        async with connection.transaction():
            await connection.execute("select from es.heads where tenant_id = $1 for update", tenant)
            first = [await _under_way(store, tenant) for _ in range(2)]  # a lane each
            queued = [asyncio.create_task(store.append(command(tenant, append(uuid4(), 0)))) for _ in range(12)]
            results = await asyncio.gather(*queued, return_exceptions=True)
            assert [type(result) for result in results] == [Overloaded] * 12
            assert store.queued == 0
    finally:
        await connection.close()
    assert {outcome.kind for outcome in await asyncio.gather(*first)} == {"ok"}
    assert (await store.head(tenant)).position == 2


async def _under_way(store: EventStore, tenant: UUID) -> asyncio.Task[Outcome]:
    task = asyncio.create_task(store.append(command(tenant, append(uuid4(), 0))))
    await asyncio.sleep(0)
    while store.queued:
        await asyncio.sleep(0.001)
    return task
