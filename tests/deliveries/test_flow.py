"""What arrives where, and when: real receivers, a clock that is put forward."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from shared.event_store.command import OutcomeUnknown
from shared.feed.reading import Shown
from shared.feed.scopes import Scope
from shared.identity.sight import Sight
from shared.webhooks import payload
from shared.webhooks.endpoint import Endpoint, Place, Skip
from shared.webhooks.schedule import FAILING_AFTER
from shared.webhooks.secrets import secret_text
from shared.webhooks.sending import Answer
from tests.deliveries.flowing import log_of, until
from tests.deliveries.scene import Event, Scene, at_work, scene

A, B, C = uuid4(), uuid4(), uuid4()


async def test_every_event_arrives_once_in_the_order_of_its_subject(database_url: str) -> None:
    subjects = [uuid4() for _ in range(7)]
    async with scene(database_url) as here:
        await here.log.add(*(subjects[n % 7] for n in range(100)))
        async with at_work(here):
            await here.arrive(*range(1, 101))
            await here.log.add(*(subjects[n % 7] for n in range(20)))
            await here.arrive(*range(1, 121))
            await until(lambda: _at(here, 120), "cursor written")
            flow = await here.flow()
    assert (flow["delivered"], flow["failed"], flow["ahead"]) == (120, 0, [])
    for subject in subjects:
        assert [e["position"] for e in here.events if e["subject"] == str(subject)] == here.log.positions[subject]


async def _at(here: Scene, position: int) -> bool:
    found: bool = (await here.flow())["position"] == position
    return found


async def test_what_is_sent_is_signed_and_says_which_attempt_it_is(database_url: str) -> None:
    def second_time(event: Event) -> int:
        return 204 if len(here.requests) > 1 else 503

    async with scene(database_url, second_time) as here:
        await here.log.add(A)
        async with at_work(here):
            await here.asked(1)
            here.clock.forward(seconds=6)
            await here.arrive(1)
    first, second = here.requests
    (secret,) = here.registry.signing[here.id].secrets
    for request in (first, second):
        Webhook(secret_text(secret.key)).verify(request.body, request.headers)
    assert [request.headers["webhook-attempt"] for request in (first, second)] == ["1", "2"]
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == here.events[0]["id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 6
    assert second.body == first.body


async def test_a_failing_event_keeps_back_its_own_subject_alone(database_url: str) -> None:
    async with scene(database_url, lambda event: 500 if event["position"] == 1 else 204) as here:
        await here.log.add(A, B, A, C, B, A)
        async with at_work(here):
            await here.arrive(2, 4, 5)
            await here.quiet()
            await here.log.add(A, B)
            await here.arrive(2, 4, 5, 8)
            here.answer = lambda event: 204
            assert 1 not in here.positions
            here.clock.forward(seconds=6)
            await here.arrive(*range(1, 9))
            await until(lambda: _settled(here), "nothing waits")
            assert await here.tried(1) == [(1, 500), (2, 204)]
    assert [position for position in here.positions if position in (1, 3, 6, 7)] == [1, 3, 6, 7]


async def _settled(here: Scene) -> bool:
    pool, id = here.pool, here.id
    lanes = await pool.fetchval("select count(*) from delivery.lanes where flow_id = $1", id)
    waits = await pool.fetchval("select count(*) from delivery.waiting where flow_id = $1", id)
    return (lanes, waits) == (0, 0)


async def test_what_a_receiver_will_never_take_parks_its_subject_until_somebody_looks(database_url: str) -> None:
    async with scene(database_url, lambda event: 422 if event["position"] == 1 else 204) as here:
        await here.log.add(A, A, B)
        async with at_work(here):
            for after in (0, 6, 301):
                here.clock.forward(seconds=after)
                await until(lambda n=after: _tried(here, 1, {0: 1, 6: 2, 301: 3}[n]), "tried")
            await here.arrive(3)
            row = await here.pool.fetchrow("select * from delivery.lanes where flow_id = $1", here.id)
            assert row is not None
            assert (row["state"], row["position"], row["attempts"], row["status"]) == ("parked", 1, 3, 422)
            assert await here.told() == ["parked"]
            here.clock.forward(days=10)
            await here.quiet()
            await here.arrive(3)
            here.answer = lambda event: 204
            await here.pool.execute(
                "update delivery.lanes set state = 'waiting', next_at = now() where flow_id = $1", here.id
            )
            await here.arrive(3, 1, 2)
    assert here.positions == [3, 1, 2]


async def _tried(here: Scene, position: int, times: int) -> bool:
    return len(await here.tried(position)) >= times


async def test_gone_pauses_and_tells_once(database_url: str) -> None:
    async with scene(database_url, lambda event: 410) as here:
        await here.log.add(*(uuid4() for _ in range(40)))
        async with at_work(here):
            await until(lambda: here.registry.paused, "the fact")
            await here.quiet()
            asked = len(here.requests)
            assert asked <= 16, "no more than was under way"
            assert here.registry.paused == [(here.id, "gone")]
            assert await here.told() == ["paused"]
            here.clock.forward(days=1)
            await here.log.add(A)
            await here.quiet()
            assert len(here.requests) == asked
            here.answer = lambda event: 204
            here.registry.change(here.id, status="open", paused_by=None)
            await here.arrive(*range(1, 42))
    assert here.registry.paused == [(here.id, "gone")]


async def test_a_dead_receiver_is_probed_with_one_event_and_gets_all_in_order_when_it_is_back(
    database_url: str,
) -> None:
    subjects = [uuid4() for _ in range(5)]
    with capture_logs() as logged:
        async with scene(database_url, lambda event: 500) as here, at_work(here):
            await here.log.add(*(subjects[n % 5] for n in range(200)))
            await until(lambda: len(here.requests) >= 5, "tried")
            await until(lambda: _later_told(here, "failing"), "told that it fails")
            await here.quiet()
            assert await here.told() == ["failing"]
            flow = await here.flow()
            assert flow["alarmed_at"] is not None
            assert flow["failures"] >= FAILING_AFTER
            for _ in range(3):
                before = len(here.requests)
                here.clock.forward(seconds=301)
                await until(lambda n=before: len(here.requests) > n, "probed")
                await here.quiet()
                assert len(here.requests) == before + 1, "one event"
            here.answer = lambda event: 204
            here.clock.forward(seconds=301)
            await here.arrive(*range(1, 201))
            assert await here.told() == ["failing", "recovered"]
    said = [line["event"] for line in logged if line.get("endpoint") == str(here.id)]
    assert said == ["webhook_failing", "webhook_recovered"]
    for subject in subjects:
        assert [e["position"] for e in here.events if e["subject"] == str(subject)] == here.log.positions[subject]


async def _later_told(here: Scene, kind: str) -> bool:
    here.clock.forward(seconds=60)
    await asyncio.sleep(0.1)
    return kind in await here.told()


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_the_whole_flow(database_url: str, status: int) -> None:
    def once(event: Event) -> int | tuple[int, dict[str, str]]:
        return 204 if len(here.requests) > 1 else (status, {"retry-after": "120"})

    async with scene(database_url, once, ordered="endpoint") as here:
        await here.log.add(A, B, C)
        async with at_work(here):
            await here.asked(1)
            here.clock.forward(seconds=100)
            await here.asked(1)
            here.clock.forward(seconds=21)
            await here.arrive(1, 2, 3)
    assert here.positions == [1, 2, 3]


class Faulty:
    """A way out that is ours and broken, until it works."""

    def __init__(self) -> None:
        self.works = False
        self.asked = 0

    async def post(self, url: str, headers: object, body: bytes, **_: object) -> Answer:
        self.asked += 1
        return Answer(204, 1.0) if self.works else Answer(None, 1.0, "own_dns")


async def test_our_own_faults_are_not_charged_to_the_receiver(database_url: str) -> None:
    sender = Faulty()
    async with scene(database_url) as here:
        await here.log.add(A, A, B)
        async with at_work(here, sender=sender):
            await until(lambda: sender.asked >= 2, "tried")
            for _ in range(FAILING_AFTER):
                here.clock.forward(seconds=60)
                await asyncio.sleep(0.3)
            flow = await here.flow()
            assert (flow["failures"], flow["failing_since"], flow["position"]) == (0, None, 0)
            assert await here.told() == []
            assert {number for number, _ in await here.tried(1)} == {1}
            sender.works = True
            here.clock.forward(seconds=60)
            await until(lambda: _at(here, 3), "delivered")


async def test_an_hour_of_events_arrives_in_order_after_the_pause(database_url: str) -> None:
    """Must-show: disabled for an hour with 10 000 events, nothing is lost, nothing overtakes."""
    subjects = [uuid4() for _ in range(200)]
    async with scene(database_url) as here:
        await here.log.add(*subjects[:3])
        async with at_work(here):
            await here.arrive(1, 2, 3)
            here.registry.change(here.id, status="paused", paused_by="person")
            await until(lambda: _state(here, "paused"), "paused")
            await here.log.add(*(subjects[n % 200] for n in range(10_000)))
            here.clock.forward(hours=1)
            await here.quiet()
            assert here.positions == [1, 2, 3]
            here.registry.change(here.id, status="open", paused_by=None)
            await until(lambda: len(here.events) >= 10_003, "all of it")
            await until(lambda: _at(here, 10_003), "cursor written")
    assert sorted(here.positions) == list(range(1, 10_004))
    for subject in subjects:
        assert [e["position"] for e in here.events if e["subject"] == str(subject)] == here.log.positions[subject]


async def _state(here: Scene, state: str) -> bool:
    found: bool = (await here.flow())["state"] == state
    return found


async def test_one_after_the_other_waits_for_each(database_url: str) -> None:
    async with scene(database_url, lambda event: 500 if event["position"] == 2 else 204, ordered="endpoint") as here:
        await here.log.add(A, B, C, A)
        async with at_work(here):
            await here.asked(2)
            here.answer = lambda event: 204
            here.clock.forward(seconds=6)
            await here.arrive(1, 2, 3, 4)
    assert here.positions == [1, 2, 3, 4]


async def test_a_skip_leaves_out_what_is_before_its_place_and_brings_again_what_is_after(database_url: str) -> None:
    async with scene(database_url, lambda event: 500 if event["position"] == 2 else 204) as here:
        await here.log.add(A, B, B, C)
        async with at_work(here):
            await here.arrive(1, 4)
            here.registry.change(here.id, skip=Skip(2, Place(1, 4)))
            await until(lambda: _settled(here), "nothing waits")
            await here.log.add(A)
            await here.arrive(1, 4, 5)
            here.answer = lambda event: 204
            here.registry.change(here.id, skip=Skip(3, Place(1, 2)))
            await here.arrive(1, 4, 5, 3, 4, 5)


async def test_a_change_of_what_is_wanted_holds_from_the_next_event_on(database_url: str) -> None:
    async with scene(database_url, types=frozenset(("Wanted",))) as here:
        await here.log.add(A, type="Wanted")
        await here.log.add(A, type="Other")
        async with at_work(here):
            await here.arrive(1)
            await until(lambda: _at(here, 2), "passed")
            here.registry.change(here.id, types=frozenset(("Other",)))
            await until(lambda: _held_anew(here), "known")
            await here.log.add(A, type="Wanted")
            await here.log.add(A, type="Other")
            await here.arrive(1, 4)


async def _held_anew(here: Scene) -> bool:
    found: bool = (await here.flow())["token"] >= 2
    return found


async def test_a_rate_is_kept(database_url: str) -> None:
    async with scene(database_url, rate=20.0) as here:
        await here.log.add(*(uuid4() for _ in range(60)))
        loop = asyncio.get_running_loop()
        async with at_work(here):
            began = loop.time()
            await here.arrive(*range(1, 61))
    assert loop.time() - began >= 1.9, "a second's worth at once, then 20 a second"


async def test_a_replay_runs_beside_and_ends(database_url: str) -> None:
    replay = uuid4()
    async with scene(database_url) as here:
        await here.log.add(*(uuid4() for _ in range(50)))
        async with at_work(here):
            await here.arrive(*range(1, 51))
            here.events.clear()
            await here.pool.execute(
                """insert into delivery.flows (tenant_id, flow_id, endpoint_id, kind, epoch, position, upto)
                   values ($1, $2, $3, 'replay', 1, 10, 30)""",
                here.log.tenant_id,
                replay,
                here.id,
            )
            await here.arrive(*range(11, 31))
            await here.log.add(A)
            await here.arrive(*range(11, 31), 51)
            await until(lambda: _done(here, replay), "done")
    again = [request for request in here.requests if "webhook-replay" in request.headers]
    assert {request.headers["webhook-replay"] for request in again} == {str(replay)}
    assert sorted(json.loads(request.body)["position"] for request in again) == list(range(11, 31))
    assert {request.headers["webhook-id"] for request in again} == {f"evt_1_{n}" for n in range(11, 31)}


async def _done(here: Scene, flow: object) -> bool:
    row = await here.pool.fetchrow("select * from delivery.flows where flow_id = $1", flow)
    assert row is not None
    return (row["state"], row["delivered"], row["finished_at"] is not None) == ("done", 20, True)


async def test_after_a_restore_a_flow_goes_on_from_the_fork(database_url: str) -> None:
    async with scene(database_url) as here:
        await here.log.add(A, B)
        async with at_work(here):
            await here.arrive(1, 2)
            await until(lambda: _at(here, 2), "written")
        await here.log.store.restored("a test")
        async with at_work(here):
            await here.log.add(A)
            await here.arrive(1, 2, 3)
            assert (await here.flow())["epoch"] == here.events[-1]["epoch"] > 1


async def test_a_pause_the_log_does_not_take_at_once_is_recorded_later(database_url: str) -> None:
    """The worker lives on, and goes on with the flows of others."""
    async with scene(database_url, lambda event: 410) as here:
        pause, refused = here.registry.pause, 0

        async def crowded(endpoint: Endpoint, reason: str) -> int:
            nonlocal refused
            if not refused:
                refused += 1
                raise OutcomeUnknown
            return await pause(endpoint, reason)

        here.registry.pause = crowded  # type: ignore[method-assign]
        await here.log.add(A)
        async with at_work(here):
            await until(lambda: here.registry.paused, "the fact")
    assert (refused, here.registry.paused) == (1, [(here.id, "gone")])


async def test_after_two_restores_a_flow_goes_on_from_the_lower_fork(database_url: str) -> None:
    async with scene(database_url) as here:
        await here.log.add(A, B, A, B)
        async with at_work(here):
            await here.arrive(1, 2, 3, 4)
            await until(lambda: _at(here, 4), "written")
        here.events.clear()
        async with here.log.store.pool.acquire() as owner:
            await owner.executemany(
                "insert into es.epochs (tenant_id, epoch, from_position, reason) values ($1, $2, $3, 'a test')",
                [(here.log.tenant_id, 2, 3), (here.log.tenant_id, 3, 5)],
            )
        async with at_work(here):
            await here.arrive(3, 4)
    assert {event["epoch"] for event in here.events} == {3}


async def test_what_takes_long_keeps_nobody_else_back(database_url: str) -> None:
    """The cursor passes it, its own subject waits, and it counts once."""
    free = asyncio.Event()

    class Waits:
        async def post(self, url: str, headers: object, body: bytes, **_: object) -> Answer:
            event = json.loads(body)
            if event["position"] == 1:
                await free.wait()
            here.events.append(event)
            return Answer(204, 1.0)

    async with scene(database_url) as here:
        await here.log.add(A, A, B, C)
        async with at_work(here, sender=Waits()):
            await here.arrive(3, 4)
            await until(lambda: _at(here, 4), "the cursor passes")
            assert await here.pool.fetchval("select position from delivery.lanes where flow_id = $1", here.id) == 1
            free.set()
            await here.arrive(3, 4, 1, 2)
            await until(lambda: _settled(here), "nothing waits")
    assert here.positions == [3, 4, 1, 2]


async def test_what_is_removed_leaves_nothing_to_do(database_url: str) -> None:
    async with scene(database_url, lambda event: 500) as here:
        await here.log.add(A, A)
        async with at_work(here):
            await here.asked(1)
            here.registry.change(here.id, status="removed")
            await until(lambda: _state(here, "cancelled"), "cancelled")
            assert await _settled(here)
            here.clock.forward(days=1)
            await here.asked(1)


async def test_workers_share_and_take_over(database_url: str) -> None:
    async with scene(database_url) as here:
        ids = [here.id, *(here.registry.add(here.log.tenant_id, here.theirs.url).endpoint_id for _ in range(3))]
        async with at_work(here):
            await until(lambda: _holders(here, ids, 1), "one has all")
            async with at_work(here):
                await until(lambda: _holders(here, ids, 2), "both have two")
            await until(lambda: _holders(here, ids, 1), "one has all again")
            await here.log.add(A)
            await here.arrive(1, 1, 1, 1)


async def _holders(here: Scene, ids: list[UUID], count: int) -> bool:
    rows = await here.log.store.pool.fetch(
        "select count(*) as flows from delivery.flows where flow_id = any($1) and holder is not null group by holder",
        ids,
    )
    return [row["flows"] for row in rows] == [len(ids) // count] * count


async def test_an_endpoint_of_a_unit_is_sent_what_stands_there_and_what_left(database_url: str) -> None:
    """Two companies, two branches: what moves from one to the other leaves the one and comes to the other."""
    north, south = str(uuid4()), str(uuid4())
    scopes = {"thing": Scope(unit="unit_id")}
    async with scene(database_url, status="paused") as here, log_of(database_url) as elsewhere:
        of = {
            unit: here.registry.add(here.log.tenant_id, f"{here.theirs.url}/{unit}", unit_id=UUID(unit)).endpoint_id
            for unit in (north, south)
        }
        for unit, id in of.items():
            here.registry.sights[id] = Sight(everything=False, unit_ids=frozenset((UUID(unit),)))
        await elsewhere.add(A, unit_id=north)
        await here.log.add(A, unit_id=north)
        await here.log.add(B, unit_id=south)
        await here.log.add(A, unit_id=south)
        async with at_work(here, scopes=scopes):
            await until(lambda: len(here.requests) >= 4, "all")
            await here.quiet()
    told = sorted(
        (request.line.split()[1].rpartition("/")[2], event["position"], event["type"], "standing" in event["data"])
        for request in here.requests
        for event in [json.loads(request.body)]
    )
    assert told == sorted(
        [
            (north, 1, "ThingHappened", True),
            (north, 3, "left_scope", False),
            (south, 2, "ThingHappened", True),
            (south, 3, "ThingHappened", True),
        ]
    )
    assert {json.loads(request.body)["source"] for request in here.requests} == {f"urn:uuid:{here.log.tenant_id}"}


async def test_a_worker_ends_in_time_whatever_a_receiver_does(database_url: str) -> None:
    """What was under way is not acknowledged, and another worker sends it."""
    asked = []

    class Hangs:
        async def post(self, url: str, headers: object, body: bytes, **_: object) -> Answer:
            asked.append(json.loads(body)["position"])
            await asyncio.Event().wait()
            raise AssertionError

    async with scene(database_url) as here:
        await here.log.add(A)
        began = 0.0
        async with at_work(here, sender=Hangs()):
            await until(lambda: asked == [1], "under way")
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 20, "well before the deadline of the request"
        async with at_work(here):
            await here.arrive(1)


async def test_an_event_of_which_no_body_can_be_made_parks_its_own_subject_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = payload.body

    def body(endpoint: Endpoint, shown: Shown, *given: Any) -> bytes:
        if shown.position == 1:
            raise KeyError("a defect of ours")
        return made(endpoint, shown, *given)

    monkeypatch.setattr(payload, "body", body)
    async with scene(database_url) as here:
        await here.log.add(A, A, B, C)
        async with at_work(here):
            await here.arrive(3, 4)
            await until(lambda: _parked(here), "parked, and told")
            assert await here.told() == ["parked"]
            flow = await here.flow()
            assert (flow["failures"], flow["failing_since"]) == (0, None), "the receiver is not to blame"
            monkeypatch.undo()
            await here.pool.execute(
                "update delivery.lanes set state = 'waiting', next_at = now() where flow_id = $1", here.id
            )
            await here.arrive(3, 4, 1, 2)
    assert here.positions[2:] == [1, 2]


async def _parked(here: Scene) -> bool:
    row = await here.pool.fetchrow("select state, fault from delivery.lanes where flow_id = $1", here.id)
    return row is not None and (row["state"], row["fault"]) == ("parked", "unsendable")
