"""What a person does to deliveries while a worker is at them: retry, give up an event, replay, pause, cancel."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.feed.reading import Question
from shared.feed.scopes import COMPANY
from shared.identity.sight import Sight
from shared.webhooks import parked, replaying
from shared.webhooks.endpoint import Place
from shared.webhooks.replaying import Count, Wish
from tests.deliveries.flowing import until
from tests.deliveries.scene import Event, Scene, at_work, scene

LANES = "select lane, position, state, attempts from delivery.lanes where flow_id = $1 order by position"


async def replay(here: Scene, wanted: Wish, *, rate: float | None = None) -> UUID:
    flow_id = uuid4()
    assert await replaying.open_replay(
        here.pool,
        here.log.tenant_id,
        flow_id,
        here.id,
        wanted=wanted,
        after=Place(1, 0),
        upto=here.log.last,
        counted=Count(0),
        rate=rate,
        by=here.id,
        at=datetime.now(UTC),
    )
    return flow_id


async def state(here: Scene, flow_id: UUID) -> str:
    return str(await here.pool.fetchval("select state from delivery.flows where flow_id = $1", flow_id))


async def parks(here: Scene, position: int) -> None:
    """Until the event is given up: the receiver said three times that it will never take it."""
    for number, seconds in enumerate((0, 6, 361), start=1):
        here.clock.forward(seconds=seconds)

        async def tried(times: int = number) -> bool:
            return len(await here.tried(position)) >= times

        await until(tried, f"attempt {number} of {position}")

    async def is_parked() -> bool:
        rows = await here.pool.fetch(LANES, here.id)
        return any(row["position"] == position and row["state"] == "parked" for row in rows)

    await until(is_parked, "its lane is parked")


async def free(here: Scene) -> None:
    """Until no lane is left."""

    async def freed() -> bool:
        return not await here.pool.fetch(LANES, here.id)

    await until(freed, "no lane is left")


async def test_a_parked_lane_tried_again_by_hand_has_its_schedule_before_it(database_url: str) -> None:
    bad = {2}

    def answer(event: Event) -> int:
        return 422 if event["position"] in bad else 204

    async with scene(database_url, answer) as here:
        poor, other = uuid4(), uuid4()
        await here.log.add(other, poor, poor, other)
        async with at_work(here):
            await parks(here, 2)
            now = here.clock()
            before = len(await here.tried(2))
            assert await parked.retry(here.pool, here.log.tenant_id, here.id, at=now, lane=poor) == 1

            async def failed_again() -> bool:
                (row,) = await here.pool.fetch(LANES, here.id)
                return (row["state"], row["attempts"]) == ("waiting", 1)

            await until(failed_again, "it is tried once and waits for its next time")
            assert len(await here.tried(2)) == before + 1
            bad.clear()
            assert await parked.retry(here.pool, here.log.tenant_id, here.id, at=here.clock(), lane=poor) == 1
            await until(lambda: here.positions[-2:] == [2, 3], "both of the lane, in order")
            await free(here)


async def test_an_event_given_up_by_hand_is_never_sent_and_the_next_is(database_url: str) -> None:
    async with scene(database_url, lambda event: 422 if event["position"] == 2 else 204) as here:
        poor = uuid4()
        await here.log.add(uuid4(), poor, poor)
        async with at_work(here):
            await parks(here, 2)
            tried = len(await here.tried(2))
            assert await parked.skip(here.pool, here.log.tenant_id, here.id, poor, 2, at=here.clock())
            await here.arrive(1, 3)
            await here.log.add(poor)
            await here.arrive(1, 3, 4)  # its order goes on as if nothing had been
            assert len(await here.tried(2)) == tried
            assert not await here.pool.fetch(LANES, here.id)


async def test_the_last_event_of_a_lane_can_be_given_up(database_url: str) -> None:
    async with scene(database_url, lambda event: 422 if event["position"] == 1 else 204) as here:
        poor = uuid4()
        await here.log.add(poor)
        async with at_work(here):
            await parks(here, 1)
            assert await parked.skip(here.pool, here.log.tenant_id, here.id, poor, 1, at=here.clock())
            await free(here)
            await here.log.add(poor)
            await here.arrive(2)


async def test_a_replay_of_failures_sends_those_alone_and_says_so(database_url: str) -> None:
    bad = {2, 5}
    async with scene(database_url, lambda event: 400 if event["position"] in bad else 204) as here:
        streams = [uuid4() for _ in range(6)]
        await here.log.add(*streams)
        async with at_work(here):
            await asyncio.gather(*(parks(here, position) for position in bad))
            found = await replaying.failures(here.pool, here.log.tenant_id, here.id, after=0, upto=here.log.last)
            assert found == [2, 5]
            bad.clear()
            here.events.clear()
            flow_id = await replay(here, Wish(failed=True, positions=frozenset(found)))
            await here.arrive(2, 5)

            async def done() -> bool:
                return await state(here, flow_id) == "done"

            await until(done, "it is over")
            said = {request.headers.get("webhook-replay") for request in here.requests[-2:]}
            assert said == {str(flow_id)}
            left = await replaying.failures(here.pool, here.log.tenant_id, here.id, after=0, upto=here.log.last)
            assert left == []


async def test_a_replay_stands_still_while_it_is_paused_and_ends_when_it_is_cancelled(database_url: str) -> None:
    async with scene(database_url, start=Place(1, 900)) as here:
        await here.log.add(*(uuid4() for _ in range(900)))
        async with at_work(here):
            flow_id, tenant_id = await replay(here, Wish(), rate=20), here.log.tenant_id
            await until(lambda: len(here.events) >= 3, "it begins")
            assert await replaying.move(here.pool, tenant_id, flow_id, among=["running"], to="paused", at=here.clock())

            async def let_go() -> bool:
                held = "select 1 from delivery.flows where flow_id = $1 and holder is not null"
                return await here.pool.fetchval(held, flow_id) is None

            await until(let_go, "nobody holds it")
            sent = len(here.events)
            await here.log.add(uuid4())
            await until(lambda: 901 in here.positions, "what is new arrives")
            assert len(here.events) == sent + 1
            assert await replaying.move(here.pool, tenant_id, flow_id, among=["paused"], to="running", at=here.clock())
            await until(lambda: len(here.events) >= sent + 4, "it goes on")
            assert await replaying.move(
                here.pool, tenant_id, flow_id, among=["running", "paused"], to="cancelled", at=here.clock()
            )
            await until(let_go, "nobody holds it")
            sent = len(here.events)
            await here.quiet()
            assert len(here.events) == sent < 901
            assert sorted(here.positions) == sorted(set(here.positions))  # nothing twice
            over = "select state from delivery.flows where flow_id = $1 and finished_at is not null"
            assert await here.pool.fetchval(over, flow_id) == "cancelled"


async def test_a_count_tells_what_arrives(database_url: str) -> None:
    async with scene(database_url, start=Place(1, 12)) as here:
        await here.log.add(*(uuid4() for _ in range(6)), type="ThingHappened")
        await here.log.add(*(uuid4() for _ in range(6)), type="ThingIgnored")
        async with at_work(here):
            wanted = Wish(types=frozenset(("ThingHappened",)))
            asked = replaying.narrowed(Question(Sight(everything=True)), wanted)
            counted = await replaying.count(
                here.pool, here.log.tenant_id, 1, asked, {"thing": COMPANY}, after=0, upto=here.log.last
            )
            assert (counted.events, counted.exact) == (6, True)
            await replay(here, wanted)
            await here.arrive(*range(1, 7))
