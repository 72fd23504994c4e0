"""What an imported file names of the organisation and its accounts: found, or opened by the same rules as ever.

Knows no opportunity and no file. Ids follow from what is named, so that two imports of one name open one record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

from services.accounts import events
from services.accounts.events import UnitKind
from services.accounts.organisation import OpenUnit, Unit, unit_claims
from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from shared.event_store.command import Claim, Outcome
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.imports.codes import code_apart, code_of
from shared.imports.found import Found, Missing
from shared.imports.reading import Reference
from shared.imports.recording import Record, Recorder
from shared.imports.series import current
from shared.names import comparable
from shared.projections.waiting import wait_for

FACTS = registry(events)
VIEWS = (UNITS, PEOPLE, ACCOUNTS)
WAIT_SECONDS = 60.0

EXISTING = "select stream_id from es.events where tenant_id = $1 and stream_id = any($2::uuid[]) and version = 1"
HELD = "select key, stream_id from es.claims where tenant_id = $1 and scope = $2 and key = any($3::text[])"
OPEN_UNITS = f"""
select stream_id, code, name, kind, parent_id from {UNITS.table}
 where tenant_id = $1 and to_at is null and status = 'open'
"""  # noqa: S608 - our own name


class UnitNamed(Protocol):
    """A unit as a row names it; a new one is opened below `parent`, or below the root."""

    @property
    def unit(self) -> Reference: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def parent(self) -> UnitNamed | None: ...


class Directory:
    """Reads and records that finding and opening have in common. `opened_at`: since when what is opened stands."""

    def __init__(self, recorder: Recorder, *, system: str, opened_at: datetime) -> None:
        self.recorder = recorder
        self.store: EventStore = recorder.store
        self.tenant_id = recorder.tenant_id
        self.system = system
        self.opened_at = opened_at

    async def ready(self) -> None:
        """Wait until the views show all that is in the log. Raises ViewBehind."""
        head = await self.store.head(self.tenant_id)
        await wait_for(self.store.pool, VIEWS, self.tenant_id, head.position, WAIT_SECONDS)

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these streams there are."""
        rows = await self.store.pool.fetch(EXISTING, self.tenant_id, list(ids))
        return {plain(row[0]) for row in rows}

    async def in_use(self, first: UUID) -> UUID:
        """The id of a series that is in use: after an import was undone, its next."""
        return (await current(self.store.pool, self.tenant_id, [first]))[first]

    async def held(self, scope: str, keys: Iterable[str]) -> dict[str, UUID]:
        """Who holds these claims."""
        wanted = sorted(set(keys))
        rows = await self.store.pool.fetch(HELD, self.tenant_id, scope, wanted) if wanted else ()
        return {row["key"]: plain(row["stream_id"]) for row in rows}

    async def open(self, streams: Sequence[tuple[Stream, Collection[tuple[str, str]]]]) -> list[Outcome]:
        """Append new streams with what they claim."""
        return await self.recorder.append(
            [
                Record(
                    self._repository(stream).appends(stream),
                    tuple(Claim(scope, key, stream.id) for scope, key in sorted(claims)),
                )
                for stream, claims in streams
            ]
        )

    def _repository(self, stream: Stream) -> Repository[Any]:
        return Repository(self.store, type(stream), facts=FACTS, baselines=0)


class Units:
    """The units of the organisation, found by code or name, or opened."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[UUID, tuple[str, str, str, UUID | None]] = {}
        self._found: dict[Any, Found] = {}

    async def load(self) -> None:
        """Read the organisation as it stands."""
        rows = await self._directory.store.pool.fetch(OPEN_UNITS, self._directory.tenant_id)
        self._known = {
            plain(row["stream_id"]): (
                comparable(row["code"]),
                comparable(row["name"]),
                row["kind"],
                None if row["parent_id"] is None else plain(row["parent_id"]),
            )
            for row in rows
        }

    @property
    def root(self) -> UUID:
        """The unit all others stand under. Raises LookupError for a tenant that was never opened."""
        for id, (_, _, _, parent_id) in self._known.items():
            if parent_id is None:
                return id
        raise LookupError("the organisation has no root unit")

    async def unit(self, named: UnitNamed) -> Found:
        """The unit a row names. Missing: `not_found`, `ambiguous`, `unknown_kind`."""
        key = unit_key(named)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = await self._find_or_open(named)
        return known

    async def _find_or_open(self, named: UnitNamed) -> Found:
        parent: Found | None = None if named.parent is None else await self.unit(named.parent)
        if isinstance(parent, Missing):
            return parent
        for way in named.unit.ways:
            matches = self._matching(way.by, comparable(way.value), named.kind, parent)
            if len(matches) > 1:
                return Missing("ambiguous", way.value)
            if matches:
                return matches[0]
        if not named.unit.create:
            return Missing("not_found", named.unit.ways[0].value)
        return await self._open(named, parent or self.root)

    def _matching(self, by: str, value: str, kind: str | None, parent: UUID | None) -> list[UUID]:
        """Units of that code or name; several are told apart by kind, then by what they stand under."""
        place = 0 if by == "code" else 1
        matches = [id for id, known in self._known.items() if known[place] == value] if by != "external" else []
        for wanted, field in ((kind, 2), (parent, 3)):
            if len(matches) > 1 and wanted is not None:
                matches = [id for id in matches if self._known[id][field] == wanted] or matches
        return matches

    async def _open(self, named: UnitNamed, parent_id: UUID) -> Found:
        ways = named.unit
        name = ways.by("name") or ways.by("code") or ways.ways[0].value
        kind = named.kind or UnitKind.TEAM.value
        if kind not in set(UnitKind) - {UnitKind.HEAD_OFFICE}:
            return Missing("unknown_kind", kind)
        directory = self._directory
        id = await directory.in_use(uuid5(directory.tenant_id, f"unit:{kind}:{parent_id}:{comparable(name)}"))
        for code in (ways.by("code") or code_of(name), code_apart(name, id)):
            command = OpenUnit(code=code, name=name, kind=UnitKind(kind), parent_id=parent_id)
            unit = Unit.open(id, command, at=directory.opened_at)
            (outcome,) = await directory.open([(unit, unit_claims(unit.standing))])
            if outcome.kind != "claim_taken":
                self._known[id] = (comparable(code), comparable(name), kind, parent_id)
                return id  # also on a conflict: another import opened it meanwhile
        return Missing("code_taken", name)


def unit_key(named: UnitNamed) -> Any:
    """Equal for rows that name the same unit."""
    return named.unit.ways, named.kind, None if named.parent is None else unit_key(named.parent)


def plain(id: UUID) -> UUID:
    """A UUID of Python's own class: asyncpg's compares slowly."""
    return UUID(bytes=id.bytes)
