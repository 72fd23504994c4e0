"""An operation of kind `import`: a file of opportunities into the log, resumable at any row. Serves no route.

The file is gone through twice: once to know what it names and since when, once to take its rows. Everything recorded
follows from the file, the mapping and the instant of the import, so that a worker that takes it up where another was
killed finds what that one did and goes on. The report is counted from the log.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from services.opportunities import events
from services.opportunities.imports.batch import Batches, Ready, Taken
from services.opportunities.imports.facts import Circumstances
from services.opportunities.imports.products import Products
from services.opportunities.imports.references import Organisation, References
from services.opportunities.imports.rows import mapped_rows
from services.opportunities.imports.survey import Survey
from services.opportunities.imports.target import Mapped, MappedRow, OpportunityMapping
from services.opportunities.policies.level_policy import LevelPolicies, policies_id
from services.opportunities.policies.reason_catalogue import ReasonCatalogues, catalogues_id
from shared.days import day_of, start_of
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.imports.lookups import read_lookups
from shared.imports.mapping import lookups_of, read_mapping
from shared.imports.problems import MappingRefused, RowProblem, TableRefused, text_of
from shared.imports.recording import Recorder, persistently
from shared.imports.tables import read_table
from shared.imports.upload import BESIDE, FILE, MAPPING
from shared.jobs import Cancelled, Failed, Problem, Running
from shared.privacy.vault import Vault

BATCH_ROWS = 200
BATCHES_AT_ONCE = 4
BREATHE_EVERY = 100
KEPT_ROWS = 20_000
"""Files up to so many rows are read once; of longer ones no row is kept."""

REPORT = """
select stream_type, count(*) filter (where version = 1) as created, count(distinct stream_id) as touched,
       max(position) as position
  from es.events
 where tenant_id = $1 and position > $2 and metadata ->> 'operation' = $3
 group by stream_type
"""

OpenOrganisation = Callable[[Recorder, str, datetime], Awaitable[tuple[Organisation, UUID]]]
"""(recorder, system the file comes from, since when what is opened stands) → the organisation and its root unit."""
Rows = Callable[[], Generator[Mapped, None, None]]
"""The rows from the first, as often as wanted."""
Shown = Callable[[UUID, int], Awaitable[bool]]
"""(tenant, position) → whether every view came to show it."""


class Import:
    """One import, from its files to its report."""

    def __init__(
        self, running: Running, store: EventStore, vault: Vault, organisation: OpenOrganisation, shown: Shown
    ) -> None:
        said, who = running.parameters, running.principal
        self._running = running
        self._store = store
        self._vault = vault
        self._open_organisation = organisation
        self._shown = shown
        self._now = datetime.fromisoformat(said["at"]).astimezone(UTC)
        self._zone = ZoneInfo(said["zone"])
        self._dry_run = bool(said.get("dry_run"))
        behalf = who.get("on_behalf_of")
        self._recorder = Recorder(
            store,
            tenant_id=running.tenant_id,
            operation_id=running.operation_id,
            principal_id=running.principal_id,
            on_behalf_of=UUID(behalf) if behalf else None,
            dry_run=self._dry_run,
        )
        self._importer = UUID(behalf) if behalf else running.principal_id
        self._importer_unit = UUID(who["unit_id"]) if who.get("unit_id") else None
        before = running.checkpoint or {}
        self._rows_done: int = before.get("rows", 0)
        self._counts: Counter[str] = Counter(before.get("counts", {}))
        self._from: int | None = before.get("from")
        self._first: dict[str, MappedRow] = {}

    async def run(self) -> dict[str, Any]:
        """Import, and say what came of it. Raises Failed where mapping or file cannot be read."""
        if self._from is None:
            self._from = (await self._store.head(self._running.tenant_id)).position
        rows = await self._read()
        survey, kept = await self._survey(rows)
        opened_at = self._now if survey.earliest is None else start_of(survey.earliest, self._zone)
        await self._progress(total=survey.rows)
        references = await self._references(survey, opened_at)
        given = Circumstances(self._now, self._zone, *await self._rules())
        with closing(rows() if kept is None else _again(kept)) as found:
            await self._take(found, Batches(self._recorder, self._vault, given), references, survey.repeated)
        return await self._report(survey)

    # -- reading -----------------------------------------------------------------------------------------

    async def _read(self) -> Rows:
        """The rows, to be gone through as often as wanted."""
        running = self._running
        names = await running.file_names()
        beside = {name.removeprefix(BESIDE): await self._content(name) for name in names if name.startswith(BESIDE)}

        def open_beside(name: str) -> io.BytesIO:
            if name not in beside:
                raise FileNotFoundError(name)
            return io.BytesIO(beside[name])

        try:
            mapping = read_mapping(await self._content(MAPPING), OpportunityMapping)
            lookups = read_lookups(lookups_of(mapping), open_beside, trim=mapping.defaults.trim)
            table = read_table(
                io.BytesIO(await self._content(FILE)), mapping.file, name=running.parameters.get("file", "")
            )
        except (MappingRefused, TableRefused) as error:
            raise await self._failed(error) from error
        self._system = mapping.external.system
        today = day_of(self._now, self._zone)

        def rows() -> Generator[Mapped, None, None]:
            return mapped_rows(table, mapping, lookups, today=today)

        return rows

    async def _content(self, name: str) -> bytes:
        return b"".join([chunk async for chunk in self._running.file(name)])

    async def _survey(self, rows: Rows) -> tuple[Survey, list[Mapped] | None]:
        """What the file names; and its rows, unless they are too many to be kept from being read a second time."""
        survey = Survey()
        kept: list[Mapped] | None = []
        try:
            with closing(rows()) as found:
                for row in found:
                    survey.add(row)
                    if kept is not None:
                        kept.append(row)
                        kept = kept if len(kept) <= KEPT_ROWS else None
                    if survey.rows % BREATHE_EVERY == 0:
                        await asyncio.sleep(0)
        except (MappingRefused, TableRefused) as error:
            raise await self._failed(error) from error
        survey.finished()
        return survey, kept

    async def _failed(self, error: MappingRefused | TableRefused) -> Failed:
        """What is wrong, as problems of the operation, and the end of it."""
        if isinstance(error, MappingRefused):
            problems = [Problem("mapping", found.message, params={"path": found.path}) for found in error.errors]
            told = Failed("mapping_refused")
        else:
            problems = [Problem(error.code, text_of(error.code), line=error.line or None, params={"file": error.file})]
            told = Failed("file_refused")
        await self._running.progress(self._rows_done, problems=problems)
        return told

    # -- what rows refer to --------------------------------------------------------------------------------

    async def _references(self, survey: Survey, opened_at: datetime) -> References:
        organisation, root = await self._open_organisation(self._recorder, self._system, opened_at)
        products = Products(self._recorder, added_at=opened_at)
        await products.load()
        references = References(importer=self._importer, importer_unit=self._importer_unit or root)
        await persistently(lambda: references.find_or_make(survey, organisation, products))
        return references

    async def _rules(self) -> tuple[LevelPolicies | None, ReasonCatalogues | None]:
        tenant_id, facts = self._running.tenant_id, registry(events)
        policies = Repository(self._store, LevelPolicies, facts=facts)
        catalogues = Repository(self._store, ReasonCatalogues, facts=facts)
        return (
            await policies.load(tenant_id, policies_id(tenant_id)),
            await catalogues.load(tenant_id, catalogues_id(tenant_id)),
        )

    # -- rows ------------------------------------------------------------------------------------------------

    async def _take(self, rows: Iterator[Mapped], batches: Batches, references: References, repeated: set[str]) -> None:
        """Every row not yet taken, batch by batch; a batch is made while the one before it is appended."""
        under_way: deque[_Batch] = deque()
        batch = _Batch()
        try:
            for number, row in enumerate(rows, 1):
                known = self._known_as(row, repeated)
                if number <= self._rows_done:
                    continue  # taken before this worker took over
                batch.upto = number
                match known if known is not None else self._ready(row, references):
                    case Ready() as ready:
                        batch.ready.append(ready)
                    case list() as problems:
                        batch.refused(problems)
                    case _:
                        batch.counts["unchanged"] += 1
                if (number - self._rows_done) % BATCH_ROWS == 0:
                    if len(under_way) == BATCHES_AT_ONCE:
                        await self._settle(under_way.popleft())
                    under_way.append(batch.start(batches))
                    batch = _Batch()
                    await asyncio.sleep(0)
            if batch.upto:
                under_way.append(batch.start(batches))
            while under_way:
                await self._settle(under_way.popleft())
        except (MappingRefused, TableRefused) as error:
            raise await self._failed(error) from error
        finally:
            for left in under_way:
                await left.give_up()

    async def _settle(self, batch: _Batch) -> None:
        """Note the outcome of the oldest batch."""
        try:
            taken = await batch.taken()
        except BaseException:
            await batch.give_up()
            raise
        for one in taken:
            if one.problem is not None:
                batch.refused([one.problem])
            else:
                batch.counts[one.outcome] += 1
        self._counts += batch.counts
        batch.problems.sort(key=lambda problem: problem.line or 0)
        await self._progress(rows=batch.upto, problems=batch.problems)

    def _known_as(self, row: Mapped, repeated: set[str]) -> list[Problem] | str | None:
        """What comes of a row whose key stood in the file before: nothing if it says the same, else a problem."""
        if not isinstance(row, MappedRow) or row.external_ref not in repeated:
            return None
        first = self._first.setdefault(row.external_ref, row)
        if first is row:
            return None
        if msgspec.structs.replace(row, line=first.line) == first:
            return "unchanged"
        params = {"value": row.external_ref, "first_line": first.line}
        return [Problem("duplicate_key", text_of("duplicate_key"), line=row.line, params=params)]

    def _ready(self, row: Mapped, references: References) -> Ready | list[Problem]:
        if isinstance(row, MappedRow):
            return references.of(row, self._running.tenant_id)
        return [_problem(problem) for problem in row]

    async def _progress(
        self, *, rows: int | None = None, total: int | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        done = self._rows_done if rows is None else rows
        checkpoint = {"rows": done, "counts": dict(self._counts), "from": self._from}
        await self._running.progress(done, total, checkpoint=checkpoint, problems=problems)

    # -- the report ----------------------------------------------------------------------------------------

    async def _report(self, survey: Survey) -> dict[str, Any]:
        """What the log says that this operation did; a row that was neither refused nor new was there already."""
        running = self._running
        problems = self._counts["problems"]
        if self._dry_run:
            counts = {name: self._counts[name] for name in ("created", "changed", "unchanged")}
            opened = dict(self._recorder.opened - Counter({"opportunity": self._recorder.opened["opportunity"]}))
            return {"rows": survey.rows, **counts, "problem_rows": problems, "opened": opened, "position": None}
        rows = await running.pool.fetch(REPORT, running.tenant_id, self._from, str(running.operation_id))
        told = {row["stream_type"]: row for row in rows}
        own = told.pop("opportunity", None)
        created = 0 if own is None else own["created"]
        changed = 0 if own is None else own["touched"] - own["created"]
        position = max((row["position"] for row in rows), default=self._from or 0)
        shown = await self._shown(running.tenant_id, position)
        return {
            "rows": survey.rows,
            "created": created,
            "changed": changed,
            "unchanged": survey.rows - problems - created - changed,
            "problem_rows": problems,
            "opened": {kind: row["created"] for kind, row in sorted(told.items())},
            "position": position,
            "views": "current" if shown else "behind",
        }


def _again(rows: list[Mapped]) -> Generator[Mapped, None, None]:
    yield from rows


class _Batch:
    """Rows taken together: `upto` is the last of them in the file."""

    def __init__(self) -> None:
        self.upto = 0
        self.ready: list[Ready] = []
        self.problems: list[Problem] = []
        self.counts: Counter[str] = Counter()
        self._task: asyncio.Task[list[Taken]] | None = None

    def refused(self, problems: Sequence[Problem]) -> None:
        self.problems += problems
        self.counts["problems"] += 1

    def start(self, batches: Batches) -> _Batch:
        self._task = asyncio.create_task(self._take(batches), name="import batch")
        return self

    async def _take(self, batches: Batches) -> list[Taken]:
        return await persistently(lambda: batches.take(self.ready)) if self.ready else []

    async def taken(self) -> list[Taken]:
        assert self._task is not None
        return await self._task

    async def give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task


def _problem(problem: RowProblem) -> Problem:
    params = {"value": problem.value} if problem.value else {}
    return Problem(problem.code, problem.message, line=problem.line, column=problem.column or None, params=params)


__all__ = ["Cancelled", "Import", "OpenOrganisation", "Organisation", "Shown"]
