"""The operation `import_undo`: takes back what an import recorded, by compensating facts. Decides no rule of a record.

Kind by kind, what names others first. Each record is one command, keyed by (operation, item): all or nothing, and
harmless twice. What is to be done is noted as items before it is done, so that a killed undo goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.accounts import events as accounts_events
from services.accounts.account import Account
from services.accounts.organisation import Unit
from services.accounts.person import Person
from services.imports.undo_plan import Plan, Survey, Told, claims_of, told_by
from services.opportunities import events as opportunities_events
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.products.product import Product
from shared.event_store import fault_points
from shared.event_store.command import Claim, Command, StoredFact
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Refused, Stream
from shared.imports.recording import persistently
from shared.imports.upload import UNDONE
from shared.jobs import Failed, Problem, Running
from shared.jobs.items import Item, Settled, add_round, all_items, counts_of, items_of, settle
from shared.privacy.vault import Vault
from shared.records.record import Record

REASON = "import_undo"
"""The reason of the facts, when the command gives none."""
AT_ONCE = 4
"""Appends under way."""
EVENTS_AT_ONCE = 100
"""Of one append."""
ITEMS_AT_ONCE = 800
"""Items whose outcome is noted together."""
ATTEMPTS = 5
"""How often a record is decided anew when people change it meanwhile."""

STREAMS: Mapping[str, type[Stream]] = {kind.stream_type: kind for kind in (Opportunity, Account, Product, Person, Unit)}
"""What imports record on."""
STORED = """
select tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at,
       recorded_at, hash
  from es.events where tenant_id = $1 and stream_id = any($2::uuid[]) order by stream_id, version
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """What goes of one record: the stream with its voids, what it held, and the subjects of its texts."""

    stream: Stream
    releases: tuple[Claim, ...]
    texts: tuple[UUID, ...]


class Undoing:
    """One undo, from its first item to its report."""

    def __init__(self, running: Running, vault: Vault) -> None:
        if running.resources is None:
            raise Failed("this worker has no event store")
        self._running = running
        self._store: EventStore = running.resources.store
        self._vault = vault
        said = running.parameters
        self._import_id = UUID(said["import_id"])
        self._force = bool(said.get("force"))
        self._reason: str = said.get("reason") or REASON
        self._at = datetime.fromisoformat(said["at"])
        self._survey = Survey(
            self._store.pool, running.tenant_id, self._import_id, int(said["after"]), force=self._force
        )
        accounts, opportunities = registry(accounts_events), registry(opportunities_events)
        self._repositories: Mapping[str, Repository[Any]] = {
            name: Repository(
                self._store, kind, facts=accounts if kind in (Account, Person, Unit) else opportunities, baselines=0
            )
            for name, kind in STREAMS.items()
        }
        self._claims: Mapping[UUID, Sequence[Claim]] = {}

    async def run(self) -> int:
        """Take all back that can be; where the log ended then. Raises Failed `unknown_kind`."""
        running = self._running
        if running.checkpoint is None:
            head = await self._store.head(running.tenant_id)
            await running.progress(0, checkpoint={"from": head.position, "reported": 0})
        for kind in await self._survey.kinds():
            if kind not in STREAMS:
                raise Failed(f"unknown_kind: {kind}")
            noted = await counts_of(self._store.pool, running.tenant_id, running.operation_id)
            if not any(of == kind for of, _ in noted):
                await self._note(await self._survey.plan(kind))
            await self._carry_out(kind)
        await self._report()
        await self._tell_what_was_named_meanwhile()
        return (await self._store.head(running.tenant_id)).position

    # -- items -------------------------------------------------------------------------------------------

    async def _note(self, plan: Plan) -> None:
        """What is to be done with the records of a kind, before any of it is done."""
        found: list[tuple[str, UUID, Mapping[str, Any]]] = []
        for one in plan.told:
            said: dict[str, Any] = {"created": one.created, "facts": len(one.versions(force=self._force))}
            if (left := plan.left.get(one.stream_id)) is not None:
                said["left"] = {"code": left.code, "params": left.params}
            found.append((plan.kind, one.stream_id, said))
        if found:
            await add_round(self._running, found)

    async def _carry_out(self, kind: str) -> None:
        """All items of a kind that are planned and not done."""
        running, pool = self._running, self._store.pool
        self._claims = await self._held()
        while items := await items_of(
            pool, running.tenant_id, running.operation_id, limit=ITEMS_AT_ONCE, states=("planned",)
        ):
            settled: list[Settled] = []
            parts = list(_parts(items))
            for start in range(0, len(parts), AT_ONCE):
                done = await asyncio.gather(*(self._take_back(part) for part in parts[start : start + AT_ONCE]))
                settled += [one for part in done for one in part]
            await settle(pool, running.tenant_id, running.operation_id, settled)
            await self._report()

    async def _held(self) -> dict[UUID, list[Claim]]:
        """What the records hold that go as a whole, read at once: there is no index by who holds it."""
        running = self._running
        planned = await all_items(self._store.pool, running.tenant_id, running.operation_id, states=("planned",))
        ids = [item.stream_id for item in planned if item.said["created"] and "left" not in item.said]
        return await claims_of(self._store.pool, running.tenant_id, ids)

    async def _take_back(self, items: Sequence[Item]) -> list[Settled]:
        """What became of these items. Raises Overloaded, OutcomeUnknown after long trying."""
        settled: list[Settled] = []
        waiting = list(items)
        for _ in range(ATTEMPTS):
            if not waiting:
                break
            waiting = await self._once(waiting, settled)
        return settled + [Settled(item.number, "refused", "conflict") for item in waiting]

    async def _once(self, items: Sequence[Item], settled: list[Settled]) -> list[Item]:
        """Try each item once; those that were overtaken are returned."""
        stored = await self._stored([item.stream_id for item in items if "left" not in item.said])
        deciding: list[tuple[Item, Decided]] = []
        texts: list[tuple[Item, tuple[UUID, ...]]] = []
        for item in items:
            facts = stored.get(item.stream_id, [])
            try:
                decided = self._decide(item, facts)
            except Refused as no:
                settled.append(Settled(item.number, "refused", no.code, no.params))
                continue
            if decided is None:
                done = any(fact.metadata.get("key") == item.key(self._running.operation_id) for fact in facts)
                settled.append(Settled(item.number, "done" if done else "unchanged"))
                if done and item.said["created"]:
                    texts.append((item, _subjects(facts)))
                continue
            deciding.append((item, decided))
        kept = await self._restricted([id for _, decided in deciding for id in decided.texts])
        for item, decided in [*deciding]:
            if not kept.isdisjoint(decided.texts):
                settled.append(Settled(item.number, "refused", "person_restricted"))
                deciding.remove((item, decided))
        commands = [self._command(item, decided) for item, decided in deciding]
        outcomes = await persistently(lambda: self._store.append_all(commands)) if commands else []
        fault_points.reach("operation.appended")
        later: list[Item] = []
        for (item, decided), outcome in zip(deciding, outcomes, strict=True):
            match outcome.kind:
                case "ok" | "duplicate":
                    settled.append(Settled(item.number, "done"))
                    texts.append((item, decided.texts))
                case "conflict":
                    later.append(item)
                case _:
                    settled.append(Settled(item.number, "refused", outcome.kind))
        if erased := [id for _, ids in texts for id in ids]:
            await self._vault.erase_many(self._running.tenant_id, erased)
        return later

    def _decide(self, item: Item, facts: Sequence[StoredFact]) -> Decided | None:
        """The record without what the import said of it; None when nothing of that counts. Raises Refused."""
        if (left := item.said.get("left")) is not None:
            raise Refused(left["code"], left["code"], **left["params"])
        told = told_by(self._import_id, facts)
        if told is None:
            return None
        if (refused := told.in_the_way(force=self._force)) is not None:
            raise refused
        stream: Stream | None = self._repositories[item.kind].replay(list(facts))
        if stream is None:
            return None
        if stream.read_only is not None:
            raise Refused("newer_version", "a newer version of the software wrote to it")
        versions = told.versions(force=self._force)
        if not told.created and self._force:
            versions = (*versions, *_corrections_of(told, facts))
        stream.take_back(versions, reason=self._reason, at=self._at)
        if told.created:
            return Decided(stream, tuple(self._claims.get(stream.id, ())), _subjects(facts))
        if isinstance(stream, Record):
            stream.require_possible(stream.entries())
        return Decided(stream, (), ())

    async def _stored(self, ids: Sequence[UUID]) -> dict[UUID, list[StoredFact]]:
        found: dict[UUID, list[StoredFact]] = {}
        for row in await self._store.pool.fetch(STORED, self._running.tenant_id, list(ids)) if ids else ():
            fact = StoredFact(*row)
            found.setdefault(UUID(bytes=fact.stream_id.bytes), []).append(fact)
        return found

    async def _restricted(self, subjects: Sequence[UUID]) -> set[UUID]:
        """Those whose processing is restricted: nothing of theirs may go."""
        found = await self._vault.subjects(self._running.tenant_id, subjects) if subjects else {}
        return {id for id, subject in found.items() if subject.restricted}

    def _command(self, item: Item, decided: Decided) -> Command:
        running = self._running
        key = item.key(running.operation_id)
        said: dict[str, Any] = {"actor": running.principal_id}
        if (behalf := running.principal.get("on_behalf_of")) is not None:
            said["on_behalf_of"] = behalf
        said |= {"correlation": running.operation_id, "origin": UNDONE, "key": key, "operation": running.operation_id}
        return Command(
            running.tenant_id,
            running.principal_id,
            key=key,
            fingerprint=hashlib.sha256(key.encode()).digest(),
            status=200,
            code="ok",
            appends=(self._repositories[item.kind].appends(decided.stream),),
            releases=decided.releases,
            metadata=msgspec.json.encode(said),
        )

    # -- what is told ------------------------------------------------------------------------------------

    async def _report(self) -> None:
        """Progress, and the problems of items not yet reported, once each. Raises Cancelled, LeaseLost."""
        running, pool = self._running, self._store.pool
        counts = await counts_of(pool, running.tenant_id, running.operation_id)
        total = sum(counts.values())
        planned = sum(count for (_, state), count in counts.items() if state == "planned")
        refused = [Item(0, 0, "", running.operation_id, {})]
        while refused:
            checkpoint = running.checkpoint or {}
            refused = []
            if any(state == "refused" for _, state in counts):
                after = checkpoint["reported"]
                refused = await items_of(
                    pool, running.tenant_id, running.operation_id, after=after, states=("refused",)
                )
            if refused:
                checkpoint = {**checkpoint, "reported": refused[-1].number}
            problems = [problem(item.kind, item.stream_id, item.code or "refused", item.params) for item in refused]
            await running.progress(total - planned, total, checkpoint=checkpoint, problems=problems)

    async def _tell_what_was_named_meanwhile(self) -> None:
        """Records that went while somebody came to name them: nothing to be done but to say so."""
        running, pool = self._running, self._store.pool
        checkpoint = running.checkpoint or {}
        if checkpoint.get("looked"):
            return
        found: list[Problem] = []
        after = 0
        while page := await items_of(pool, running.tenant_id, running.operation_id, after=after, states=("done",)):
            after = page[-1].number
            gone = [item.stream_id for item in page if item.said["created"]]
            kinds = {item.stream_id: item.kind for item in page}
            for one in await self._survey.naming("", gone, {}, after=checkpoint["from"]):
                params = {"by_kind": one.stream_type, "by": str(one.stream_id)}
                found.append(problem(kinds[one.named], one.named, "named_meanwhile", params))
        await running.progress(running.done, checkpoint={**checkpoint, "looked": True}, problems=found)

    async def counts(self) -> list[dict[str, Any]]:
        """What became of the records, by kind: `removed`, `restored`, `left`."""
        found: dict[str, Counter[str]] = {}
        for item in await all_items(self._store.pool, self._running.tenant_id, self._running.operation_id):
            done = "removed" if item.said["created"] else "restored"
            found.setdefault(item.kind, Counter())["left" if item.state == "refused" else done] += 1
        return [
            {"kind": kind, **{name: counts[name] for name in ("removed", "restored", "left")}}
            for kind, counts in found.items()
        ]


def problem(kind: str, id: UUID, code: str, params: Mapping[str, Any]) -> Problem:
    """A record that was left, and why."""
    return Problem(code, code.replace("_", " "), params={**params, "kind": kind, "id": str(id)})


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items whose facts make one append."""
    part: list[Item] = []
    facts = 0
    for item in items:
        if part and facts + item.said["facts"] > EVENTS_AT_ONCE:
            yield part
            part, facts = [], 0
        part.append(item)
        facts += item.said["facts"]
    if part:
        yield part


def _subjects(facts: Sequence[StoredFact]) -> tuple[UUID, ...]:
    """Under which ids the vault may hold texts of a record: its own, and its contact's."""
    contact = facts[0].data.get("contact_id")
    id = UUID(bytes=facts[0].stream_id.bytes)
    return (id,) if contact is None else (id, UUID(contact))


def _corrections_of(told: Told, facts: Sequence[StoredFact]) -> tuple[int, ...]:
    """What others corrected of the import's facts: without these it says nothing."""
    return tuple(
        fact.version
        for fact in facts
        if fact.type == "FactCorrected" and fact.version in told.others and fact.data["version"] in told.ours
    )
