"""The operations `hand_over` and `hand_over_undo`: in rounds, until nothing is left. Holds no rule of a record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.hand_overs.carrying import Carrier, recorded
from services.hand_overs.commands import KIND, UNDO, HandOver
from services.hand_overs.moving import Moment, move, move_back
from services.hand_overs.records import PERSON, VIEWS, records_of
from services.hand_overs.targets import Targets
from shared.event_store.store import EventStore
from shared.event_store.stream import Refused
from shared.jobs import Failed, Handler, Problem, Running
from shared.jobs.items import Item, Settled, add_round, all_items, counts_of, items_of, settle
from shared.projections.waiting import ViewBehind, wait_for

AT_ONCE = 50
"""Items whose outcome is noted together."""
MOST_ROUNDS = 20
"""How often it is looked for what came meanwhile."""
SHOWN_WITHIN_SECONDS = 120.0
ACTS_ON_SECONDS = 6.0
"""How long somebody who left may still be answered as one who works here; what they open meanwhile moves too."""


class Work:
    """What both operations have in common: items taken in order, their outcome and problems noted once."""

    def __init__(self, running: Running) -> None:
        if running.resources is None:
            raise Failed("this worker has no event store")
        self.running = running
        self.store: EventStore = running.resources.store
        self.carrier = Carrier(running, self.store)
        said = running.parameters
        on = said.get("on")
        self.when = Moment(
            None if on is None else date.fromisoformat(on), datetime.fromisoformat(said["at"]), ZoneInfo(said["zone"])
        )
        self.reason: str | None = said.get("reason")

    async def planned(self) -> int:
        """Carry out all that is planned and not done; how many of it were done."""
        running = self.running
        done = 0
        while True:
            items = await items_of(self.store.pool, running.tenant_id, running.operation_id, limit=AT_ONCE,
                                   states=("planned",))  # fmt: skip
            if not items:
                await self.report()
                return done
            settled = await self.carrier.carry(items, self.decide)
            await settle(self.store.pool, running.tenant_id, running.operation_id, settled)
            await self.noted(items, settled)
            done += sum(one.state == "done" for one in settled)
            await self.report()

    async def decide(self, item: Item, stream: Any) -> None:
        raise NotImplementedError

    async def noted(self, items: list[Item], settled: list[Settled]) -> None:
        """Called when what became of these is noted."""

    async def report(self) -> None:
        """Progress, and the problems of items not yet reported: once each, whatever happens in between.

        Raises Cancelled, LeaseLost.
        """
        running = self.running
        counts = await counts_of(self.store.pool, running.tenant_id, running.operation_id)
        total = sum(counts.values())
        done = total - sum(count for (_, state), count in counts.items() if state == "planned")
        checkpoint = running.checkpoint or {}
        refused: list[Item] = []
        if any(state == "refused" for _, state in counts):
            refused = await items_of(self.store.pool, running.tenant_id, running.operation_id,
                                     after=checkpoint.get("reported", 0), states=("refused",))  # fmt: skip
        if refused:
            checkpoint = {**checkpoint, "reported": refused[-1].number}
        await running.progress(done, total, checkpoint=checkpoint, problems=[_problem(item) for item in refused])

    async def settled_views(self, seconds: float = SHOWN_WITHIN_SECONDS) -> None:
        """Return once the views show all that was recorded so far. Raises Failed `view_behind`."""
        head = await self.store.head(self.running.tenant_id)
        try:
            await wait_for(self.store.pool, VIEWS, self.running.tenant_id, head.position, seconds)
        except ViewBehind as error:
            raise Failed("view_behind") from error

    async def result(self) -> dict[str, Any]:
        """What came of it, once the views show it."""
        await self.settled_views()
        running = self.running
        counts = await counts_of(self.store.pool, running.tenant_id, running.operation_id)
        moved: dict[str, int] = {}
        for (kind, state), count in counts.items():
            if state == "done":
                moved[kind] = count
        left = bool(moved.pop(PERSON, 0))
        return {
            "moved": moved,
            "person": left,
            "refused": sum(count for (_, state), count in counts.items() if state == "refused"),
            "position": (await self.store.head(running.tenant_id)).position,
        }


class HandingOver(Work):
    """A hand-over: round after round of what stands with the leaver, then, if asked, they leave."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.command = HandOver.model_validate(running.parameters["command"])
        self.targets = Targets.of(self.command)
        self.stays = {(kind, UUID(id)) for kind, id in running.parameters["stays"]}

    async def run(self) -> dict[str, Any]:
        await self._until_nothing_is_left()
        if self.command.leave:
            await self._leave()
        return await self.result()

    async def _until_nothing_is_left(self) -> None:
        running = self.running
        for _ in range(MOST_ROUNDS):
            await self.planned()
            await self.settled_views()
            known = await all_items(self.store.pool, running.tenant_id, running.operation_id, states=("refused",))
            left_alone = self.stays | {(item.kind, item.stream_id) for item in known}
            units = {to: await self._unit(to) for to in {to for to, _ in self.command.successors()}}
            records = await records_of(self.store.pool, running.tenant_id, self.command.from_person_id)
            moves = [
                move
                for move in self.targets.moves(records, units.__getitem__)
                if (move.record.kind, move.record.id) not in left_alone
            ]
            if not moves:
                return
            await add_round(running, [(move.record.kind, move.record.id, move.said()) for move in moves])
        raise Failed("never_empty")

    async def _unit(self, person_id: UUID) -> UUID:
        person = await self.carrier.load(PERSON, person_id)
        unit_id: UUID = person.standing["unit_id"]
        return unit_id

    async def _leave(self) -> None:
        """Last of all, and only when all was handed over: nothing is lost."""
        running = self.running
        items = await all_items(self.store.pool, running.tenant_id, running.operation_id)
        leaving = [item for item in items if item.kind == PERSON]
        if not leaving:
            if any(item.state == "refused" for item in items):
                await self._put_off()
                return
            reason = self.command.leaving_reason
            said = {"leaving_reason": None if reason is None else reason.value}
            await add_round(running, [(PERSON, self.command.from_person_id, said)])
            await self.planned()
        await asyncio.sleep(ACTS_ON_SECONDS)
        await self._until_nothing_is_left()

    async def _put_off(self) -> None:
        checkpoint = self.running.checkpoint or {}
        if "put_off" not in checkpoint:
            problem = Problem("leaving_put_off", "something was not handed over: the person has not left")
            await self.running.progress(
                self.running.done, checkpoint={**checkpoint, "put_off": True}, problems=[problem]
            )

    async def decide(self, item: Item, stream: Any) -> None:
        if item.kind != PERSON:
            successor = await self.carrier.load(PERSON, UUID(item.said["to"]))
            if successor is None or not successor.is_active:
                raise Refused("successor_left", "the successor does not work here any more")
        move(stream, item.kind, self.command.from_person_id, item.said, reason=self.reason, when=self.when)


class TakingBack(Work):
    """The undo of a hand-over: one round of all it moved, the person first."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.hand_over_id = UUID(running.parameters["hand_over_id"])
        self.leaving: bool = running.parameters["leaving"]

    async def run(self) -> dict[str, Any]:
        running = self.running
        if not await items_of(self.store.pool, running.tenant_id, running.operation_id, limit=1):
            await self._plan()
        await self.planned()
        return await self.result()

    async def _plan(self) -> None:
        pool, tenant_id = self.store.pool, self.running.tenant_id
        items = await all_items(pool, tenant_id, self.hand_over_id, states=("planned", "done"))
        found: list[tuple[str, UUID, Mapping[str, Any]]] = []
        for start in range(0, len(items), 500):
            part = items[start : start + 500]
            versions = await recorded(pool, tenant_id, self.hand_over_id, part)
            found += [
                (item.kind, item.stream_id, {**item.said, "item": item.number, "version": versions[item.number]})
                for item in part
                if item.number in versions and (item.kind != PERSON or self.leaving)
            ]
        found.sort(key=lambda one: one[0] != PERSON)
        if found:
            await add_round(self.running, found)

    async def decide(self, item: Item, stream: Any) -> None:
        move_back(stream, item.kind, item.said["version"], item.said, reason=self.reason, when=self.when)

    async def noted(self, items: list[Item], settled: list[Settled]) -> None:
        back = {one.number for one in settled if one.state in ("done", "unchanged")}
        undone = [Settled(item.said["item"], "undone") for item in items if item.number in back]
        await settle(self.store.pool, self.running.tenant_id, self.hand_over_id, undone)


def _problem(item: Item) -> Problem:
    code = item.code or "refused"
    params = {**item.params, "kind": item.kind, "id": str(item.stream_id), "item": item.number}
    return Problem(code, code.replace("_", " "), params=params)


async def hand_over(running: Running) -> Mapping[str, Any]:
    """Hand over what a person is responsible for."""
    return await HandingOver(running).run()


async def take_back(running: Running) -> Mapping[str, Any]:
    """Undo a hand-over."""
    return await TakingBack(running).run()


OPERATIONS: Mapping[str, Handler] = {KIND: hand_over, UNDO: take_back}
