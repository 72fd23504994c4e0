"""Carries out an operation's items: load, decide, append, note what came of it. Decides nothing itself.

Each item is one command on one stream, keyed by (operation, item): all or nothing, and harmless twice. What an item
appended is found again by that key in the metadata of the facts, whatever became of the worker that appended it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from services.accounts import events as accounts_events
from services.accounts.account import Account
from services.accounts.person import Person
from services.hand_overs.records import ACCOUNT, OPPORTUNITY, PERSON, TEAM, VISIT
from services.opportunities import events as opportunities_events
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.visits.visit import Visit
from shared.event_store import fault_points
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Refused, Stream
from shared.imports.recording import persistently
from shared.jobs import Running
from shared.jobs.items import Item, Settled

ATTEMPTS = 5
"""How often an item is decided anew when people change the record meanwhile."""

STREAMS: Mapping[str, type[Stream]] = {
    ACCOUNT: Account,
    TEAM: Account,
    OPPORTUNITY: Opportunity,
    VISIT: Visit,
    PERSON: Person,
}
"""By kind of item: what it is done to."""

RECORDED = """
select stream_id, version, metadata ->> 'key' as key
  from es.events
 where tenant_id = $1 and stream_id = any($2::uuid[]) and metadata ->> 'key' = any($3::text[])
"""

Decide = Callable[[Item, Any], Awaitable[None]]
"""Let the stream decide; it may refuse."""


class Carrier:
    """One operation's way into the log."""

    def __init__(self, running: Running, store: EventStore) -> None:
        self.store = store
        self.tenant_id = running.tenant_id
        self.operation_id = running.operation_id
        self._principal_id = running.principal_id
        self._on_behalf_of: str | None = running.principal.get("on_behalf_of")
        accounts, opportunities = registry(accounts_events), registry(opportunities_events)
        self._repositories: dict[type[Stream], Repository[Any]] = {
            kind: Repository(store, kind, facts=accounts if kind in (Account, Person) else opportunities)
            for kind in STREAMS.values()
        }
        self.position = 0
        """Where the last fact appended stands."""

    async def load(self, kind: str, stream_id: UUID) -> Any:
        """The stream an item is about, as the log has it; None when there is none."""
        return await self._repositories[STREAMS[kind]].load(self.tenant_id, stream_id)

    async def carry(self, items: Sequence[Item], decide: Decide) -> list[Settled]:
        """What became of these items; fewer than a hundred. Raises Overloaded, OutcomeUnknown after long trying."""
        there = await recorded(self.store.pool, self.tenant_id, self.operation_id, items)
        settled = [Settled(item.number, "done") for item in items if item.number in there]
        waiting = [item for item in items if item.number not in there]
        for _ in range(ATTEMPTS):
            if not waiting:
                break
            waiting = await self._once(waiting, decide, settled)
        settled += [Settled(item.number, "refused", "conflict") for item in waiting]
        return settled

    async def _once(self, items: Sequence[Item], decide: Decide, settled: list[Settled]) -> list[Item]:
        """Try each item once; those that were overtaken are returned."""
        commands: list[Command] = []
        deciding: list[tuple[Item, Stream]] = []
        taken: set[UUID] = set()
        later: list[Item] = []
        for item in items:
            if item.stream_id in taken:  # two items of one record: one after the other
                later.append(item)
                continue
            stream = await self.load(item.kind, item.stream_id)
            try:
                if stream is None:
                    raise Refused("not_found", "there is no such record")
                if stream.read_only is not None:
                    raise Refused("newer_version", "a newer version of the software wrote to it")
                await decide(item, stream)
            except Refused as no:
                settled.append(Settled(item.number, "refused", no.code, no.params))
                continue
            if not stream.pending_events:
                settled.append(Settled(item.number, "unchanged"))
                continue
            taken.add(item.stream_id)
            commands.append(self._command(item, stream))
            deciding.append((item, stream))
        if not commands:
            return later
        outcomes = await persistently(lambda: self.store.append_all(commands))
        fault_points.reach("operation.appended")
        for (item, stream), outcome in zip(deciding, outcomes, strict=True):
            match outcome.kind:
                case "ok":
                    self._repositories[type(stream)].keep(self.tenant_id, stream, give=True)
                    settled.append(Settled(item.number, "done"))
                    self.position = max(self.position, outcome.last_position or 0)
                case "duplicate":
                    settled.append(Settled(item.number, "done"))
                    self.position = max(self.position, outcome.last_position or 0)
                case "conflict":
                    later.append(item)
                case _:
                    settled.append(Settled(item.number, "refused", outcome.kind))
        return later

    def _command(self, item: Item, stream: Stream) -> Command:
        key = item.key(self.operation_id)
        said: dict[str, Any] = {"actor": self._principal_id}
        if self._on_behalf_of is not None:
            said["on_behalf_of"] = self._on_behalf_of
        said |= {"correlation": self.operation_id, "key": key, "operation": self.operation_id}
        return Command(
            self.tenant_id,
            self._principal_id,
            key=key,
            fingerprint=hashlib.sha256(key.encode()).digest(),
            status=200,
            code="ok",
            appends=(self._repositories[type(stream)].appends(stream),),
            metadata=msgspec.json.encode(said),
        )


async def recorded(pool: Any, tenant_id: UUID, operation_id: UUID, items: Sequence[Item]) -> dict[int, int]:
    """Which of these items stand in the log, and as which version of their stream: {number: version}."""
    if not items:
        return {}
    numbers = {item.key(operation_id): item.number for item in items}
    rows = await pool.fetch(RECORDED, tenant_id, sorted({item.stream_id for item in items}), list(numbers))
    return {numbers[row["key"]]: row["version"] for row in rows}
