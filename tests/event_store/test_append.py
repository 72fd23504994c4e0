"""What an append does, outcome by outcome, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store.appending import APPEND, Layout
from shared.event_store.command import Claim, Command, Outcome, UnknownTenant, UnstorableText
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from tests.event_store.conftest import NOW, PRINCIPAL, append, command, fact


async def in_one_call(store: EventStore, commands: list[Command]) -> list[Outcome]:
    """As one group, and without a second try."""
    connection = await asyncpg.connect(store.database_url)
    try:
        layout = Layout(commands)
        return layout.outcomes((await connection.fetch(APPEND, *layout.arrays))[0])
    finally:
        await connection.close()


async def test_facts_are_stored_in_order_and_read_back(store: EventStore, tenant: UUID) -> None:
    one, two = uuid4(), uuid4()
    first = await store.append(command(tenant, append(one, 0, fact("Opened", name="京东"), fact("Named"))))
    second = await store.append(command(tenant, append(two, 0), append(one, 2)))

    assert (first.kind, first.stream_id, first.version, first.first_position, first.last_position) == (
        "ok", one, 2, 1, 2,
    )  # fmt: skip
    assert (second.kind, second.stream_id, second.version, second.first_position, second.last_position) == (
        "ok", two, 1, 3, 4,
    )  # fmt: skip
    events = await store.read(tenant, 0, 10)
    assert [event.position for event in events] == [1, 2, 3, 4]
    assert [(event.stream_id, event.version) for event in events] == [(one, 1), (one, 2), (two, 1), (one, 3)]
    assert events[0].data == {"name": "京东"}
    assert events[0].occurred_at == NOW
    assert events[0].metadata["actor"] == str(PRINCIPAL)
    assert await store.load(tenant, one) == [events[0], events[1], events[3]]
    assert await store.load(tenant, one, after_version=2) == [events[3]]
    assert await store.load(tenant, one, until_position=3) == events[:2]
    head = await store.head(tenant)
    assert (head.position, head.hash, head.epoch, head.recorded_at) == (4, events[3].hash, 1, events[3].recorded_at)


async def test_a_stale_command_conflicts_and_leaves_no_trace(store: EventStore, tenant: UUID) -> None:
    stream = uuid4()
    await store.append(command(tenant, append(stream, 0)))
    stale = await store.append(command(tenant, append(uuid4(), 0), append(stream, 0), key="stale"))
    ahead = await store.append(command(tenant, append(stream, 7)))

    assert (stale.kind, stale.conflict_stream, stale.version) == ("conflict", stream, 1)
    assert (ahead.kind, ahead.version) == ("conflict", 1)
    assert (await store.head(tenant)).position == 1
    assert await store.answered(tenant, PRINCIPAL, "stale") is None


async def test_the_same_key_is_answered_once(store: EventStore, tenant: UUID) -> None:
    stream = uuid4()
    first = await store.append(command(tenant, append(stream, 0), key="k"))
    again = await store.append(command(tenant, append(stream, 0), key="k"))
    other = await store.append(command(tenant, append(uuid4(), 0), key="k", fingerprint=b"another"))
    someone_else = await store.append(command(tenant, append(uuid4(), 0), key="k", principal_id=uuid4()))

    assert again == replace(first, kind="duplicate")
    assert other.kind == "key_reused"
    assert someone_else.kind == "ok"
    assert (await store.head(tenant)).position == 2


async def test_a_hundred_at_once_under_one_key_have_one_effect(
    database_url: str, store: EventStore, tenant: UUID
) -> None:
    stream = uuid4()
    async with await EventStore.open(database_url, readers=2, reads_as=WORK) as elsewhere:
        outcomes = await asyncio.gather(
            *((store, elsewhere)[n % 2].append(command(tenant, append(stream, 0), key="k")) for n in range(100))
        )
    assert sorted(outcome.kind for outcome in outcomes) == ["duplicate"] * 99 + ["ok"]
    assert len({replace(outcome, kind="ok") for outcome in outcomes}) == 1
    assert (await store.head(tenant)).position == 1


async def test_a_refusal_is_remembered_under_its_key(store: EventStore, tenant: UUID) -> None:
    refused = await store.append(command(tenant, key="no", status=409, code="already_ordered"))
    again = await store.append(command(tenant, append(uuid4(), 0), key="no"))

    assert (refused.kind, refused.status, refused.code, refused.last_position) == ("ok", 409, "already_ordered", None)
    assert (again.kind, again.status, again.code, again.stream_id) == ("duplicate", 409, "already_ordered", None)
    assert (await store.head(tenant)).position == 0
    answered = await store.answered(tenant, PRINCIPAL, "no")
    assert answered is not None
    assert (answered.fingerprint, answered.status, answered.code) == (b"first", 409, "already_ordered")


async def test_an_append_without_facts_holds_only_if_the_stream_has_not_moved(store: EventStore, tenant: UUID) -> None:
    stream = uuid4()
    await store.append(command(tenant, append(stream, 0)))
    still = replace(append(stream, 1), facts=())
    moved = replace(append(stream, 0), facts=())
    unchanged = await store.append(command(tenant, still, key="a", status=200))
    stale = await store.append(command(tenant, moved, key="b", status=409))

    assert (unchanged.kind, unchanged.stream_id, unchanged.version, unchanged.last_position) == ("ok", stream, 1, None)
    assert stale.kind == "conflict"
    assert await store.answered(tenant, PRINCIPAL, "b") is None


async def test_a_claim_is_held_by_one_stream_until_released(store: EventStore, tenant: UUID) -> None:
    one, two = uuid4(), uuid4()
    code = [Claim("product.code", "GTX", stream) for stream in (one, two)]
    assert (await store.append(command(tenant, append(one, 0), claims=(code[0],)))).kind == "ok"
    assert (await store.append(command(tenant, append(one, 1), claims=(code[0],)))).kind == "ok"
    taken = await store.append(command(tenant, append(two, 0), claims=(Claim("a", "b", two), code[1]), key="k"))
    assert (taken.kind, taken.claim) == ("claim_taken", code[0])
    assert await store.holder(tenant, "a", "b") is None
    assert await store.answered(tenant, PRINCIPAL, "k") is None
    not_mine = await store.append(command(tenant, append(two, 0), releases=(code[1],), claims=(code[1],)))
    assert not_mine.kind == "claim_taken"

    released = await store.append(command(tenant, append(one, 2), releases=(code[0],)))
    assert released.kind == "ok"
    assert await store.holder(tenant, "product.code", "GTX") is None
    assert (await store.append(command(tenant, append(two, 0), claims=(code[1],)))).kind == "ok"
    assert await store.holder(tenant, "product.code", "GTX") == two


async def test_a_claim_passes_to_another_stream_in_one_command(store: EventStore, tenant: UUID) -> None:
    one, two = uuid4(), uuid4()
    await store.append(command(tenant, append(one, 0), claims=(Claim("s", "k", one),)))
    passed = await store.append(
        command(tenant, append(two, 0), releases=(Claim("s", "k", one),), claims=(Claim("s", "k", two),))
    )
    assert passed.kind == "ok"
    assert await store.holder(tenant, "s", "k") == two


async def test_commands_of_one_group_are_judged_one_after_the_other(store: EventStore, tenant: UUID) -> None:
    stream, other = uuid4(), uuid4()
    outcomes = await in_one_call(
        store,
        [
            command(tenant, append(stream, 0), key="a"),
            command(tenant, append(stream, 0), key="b"),  # judged against the first
            command(tenant, append(stream, 1), key="c"),
            command(tenant, append(stream, 1), key="a"),
            command(tenant, append(stream, 2), key="a", fingerprint=b"another"),
            command(tenant, append(other, 0), claims=(Claim("s", "k", other),)),
            command(tenant, append(stream, 2), claims=(Claim("s", "k", stream),)),
            command(tenant, append(stream, 2), releases=(Claim("s", "k", other),)),
            command(tenant, append(stream, 3), claims=(Claim("s", "k", stream),)),
        ],
    )
    assert [outcome.kind for outcome in outcomes] == [
        "ok", "conflict", "ok", "duplicate", "key_reused", "ok", "claim_taken", "ok", "ok",
    ]  # fmt: skip
    assert [outcome.last_position for outcome in outcomes] == [1, None, 2, 1, 1, 3, None, 4, 5]
    assert await store.holder(tenant, "s", "k") == stream


async def test_tenants_of_one_group_do_not_see_each_other(store: EventStore) -> None:
    tenants = [uuid4() for _ in range(5)]
    for tenant in tenants:
        await store.open_tenant(tenant)
    stream = uuid4()
    many = [
        command(tenant, append(stream, version), key=f"{version}", claims=(Claim("s", f"{version}", stream),))
        for version in range(3)
        for tenant in tenants
    ]
    outcomes = await in_one_call(store, many)
    assert [outcome.kind for outcome in outcomes] == ["ok"] * 15
    for tenant in tenants:
        assert [event.version for event in await store.read(tenant, 0, 10)] == [1, 2, 3]
        assert await store.holder(tenant, "s", "2") == stream


async def test_recorded_at_never_decreases(store: EventStore, tenant: UUID) -> None:
    connection = await asyncpg.connect(store.database_url)
    future = datetime.now(UTC) + timedelta(hours=1)
    await connection.execute(
        "insert into es.events values ($1, 1, 'thing', $2, 1, 'X', 1, '{}', '{}', $3, $3, es.genesis($1))",
        tenant, uuid4(), future,
    )  # fmt: skip
    await connection.close()
    await store.append(command(tenant, append(uuid4(), 0)))
    assert [event.recorded_at for event in await store.read(tenant, 0, 10)] == [future, future]


async def test_a_position_is_found_by_the_time_it_was_recorded(store: EventStore, tenant: UUID) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    for n in range(20):
        await store.append(command(tenant, append(uuid4(), 0), key=str(n)))
    events = await store.read(tenant, 0, 100)
    assert await store.position_at(tenant, before) == 0
    for event in events:
        assert await store.position_at(tenant, event.recorded_at) == max(
            other.position for other in events if other.recorded_at <= event.recorded_at
        )
    assert await store.position_at(tenant, datetime.now(UTC) + timedelta(days=1)) == 20
    assert await store.position_at(uuid4(), before) == 0


async def test_a_tenant_that_was_never_opened_is_refused(store: EventStore, tenant: UUID) -> None:
    unknown = uuid4()
    results = await asyncio.gather(
        store.append(command(unknown, append(uuid4(), 0))),
        store.append(command(tenant, append(uuid4(), 0))),
        return_exceptions=True,
    )
    assert isinstance(results[0], UnknownTenant)
    assert not isinstance(results[1], BaseException)
    assert results[1].kind == "ok"
    with pytest.raises(UnknownTenant):
        await store.head(unknown)


async def test_one_bad_command_does_not_spoil_its_group(store: EventStore, tenant: UUID) -> None:
    results = await asyncio.gather(
        *(store.append(command(tenant, append(uuid4(), 0), key=str(n))) for n in range(5)),
        store.append(command(tenant, append(uuid4(), 0, fact(text="a\0b")))),
        store.append(command(tenant, append(uuid4(), 0, replace(fact(), data=b"not json")))),
        store.append(command(tenant, append(uuid4(), 0, replace(fact(), type=None)))),  # type: ignore[arg-type]
        *(store.append(command(tenant, append(uuid4(), 0), key=str(n))) for n in range(5, 10)),
        return_exceptions=True,
    )
    assert isinstance(results[5], UnstorableText)
    assert isinstance(results[6], asyncpg.PostgresError)
    assert isinstance(results[7], asyncpg.PostgresError)
    assert len([result for result in results if not isinstance(result, BaseException)]) == 10
    assert (await store.head(tenant)).position == 10


async def test_an_append_refuses_an_older_snapshot(store: EventStore, tenant: UUID) -> None:
    connection = await asyncpg.connect(store.database_url)
    layout = Layout([command(tenant, append(uuid4(), 0))])
    try:
        async with connection.transaction(isolation="repeatable_read"):
            with pytest.raises(asyncpg.PostgresError, match="read committed"):
                await connection.fetch(APPEND, *layout.arrays)
    finally:
        await connection.close()


async def test_commands_that_cannot_be_judged_are_programming_errors(store: EventStore, tenant: UUID) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match="once"):
        await store.append(command(tenant, append(stream, 0), append(stream, 1)))
    with pytest.raises(ValueError, match="at most 500"):
        await store.append(command(tenant, append(stream, 0, *[fact()] * 501)))
    big = await store.append(command(tenant, append(stream, 0, *[fact()] * 500)))
    assert big.last_position == 500


async def test_a_restore_begins_a_new_epoch_for_every_tenant(own_database_url: str) -> None:
    async with await EventStore.open(own_database_url, readers=2, reads_as=WORK) as store:
        one, two = uuid4(), uuid4()
        await store.open_tenant(one)
        await store.open_tenant(two)
        await store.append(command(one, append(uuid4(), 0)))
        await store.restored("disk lost")
        await store.restored("disk lost again")
        epochs = await store.pool.fetch("select * from es.epochs where tenant_id = $1 order by epoch", one)
        assert [(row["from_position"], row["reason"]) for row in epochs] == [
            (1, "opened"), (2, "disk lost"), (2, "disk lost again"),
        ]  # fmt: skip
        assert (await store.head(one)).epoch == epochs[-1]["epoch"]
        assert epochs[1]["epoch"] < epochs[2]["epoch"]
        assert (await store.head(two)).epoch > 1
        assert await store.tenants() == sorted([one, two])


async def test_old_keys_are_forgotten(store: EventStore, tenant: UUID) -> None:
    await store.append(command(tenant, append(uuid4(), 0), key="k"))
    assert await store.forget_commands(datetime.now(UTC) - timedelta(days=30)) == 0
    assert await store.forget_commands(datetime.now(UTC) + timedelta(minutes=1)) >= 1
    assert await store.answered(tenant, PRINCIPAL, "k") is None
