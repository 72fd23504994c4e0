"""The operation `import`, put together: opportunities by their rules, what they name by those of accounts.

A composition root: it may know every service, and holds no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from services.accounts.import_accounts import Accounts
from services.accounts.import_people import FoundPerson, People
from services.accounts.imports import Directory, Units
from services.imports.undo import Undoing
from services.opportunities.imports.importing import Import
from services.opportunities.imports.references import Organisation
from services.opportunities.imports.target import MappedPerson, MappedUnit
from shared.imports.found import Found, Missing
from shared.imports.reading import Reference
from shared.imports.recording import Recorder
from shared.imports.upload import KIND, UNDO
from shared.jobs import Cancelled, Failed, Handler, Running
from shared.jobs.files import forget_files
from shared.privacy.vault import Vault
from shared.projections import View
from shared.projections.waiting import ViewBehind, wait_for

SHOWN_WITHIN_SECONDS = 120.0
SERVICES = ("accounts", "opportunities", "kpi")


@dataclass(frozen=True)
class _Organisation:
    """The accounts service's units, people and accounts, as opportunities wants them."""

    units: Units
    people: People
    file: Accounts

    async def unit(self, named: MappedUnit) -> Found:
        return await self.units.unit(named)

    async def person(self, named: MappedPerson) -> FoundPerson | Missing:
        return await self.people.person(named)

    async def accounts(self, references: Sequence[Reference]) -> Sequence[Found]:
        return await self.file.find_or_open(references)


async def import_opportunities(running: Running) -> Mapping[str, Any]:
    """Import a file of opportunities. Its files are forgotten at the end: they hold personal data."""
    resources = running.resources
    if resources is None:
        raise Failed("this worker has no event store")
    if running.checkpoint is not None and "result" in running.checkpoint:
        await forget_files(running.pool, running.tenant_id, running.operation_id)
        return dict(running.checkpoint["result"])
    store = resources.store
    vault = Vault(store.pool, Vault.master_key(resources.settings))

    async def organisation(recorder: Recorder, system: str, opened_at: datetime) -> tuple[Organisation, UUID]:
        directory = Directory(recorder, system=system, opened_at=opened_at)
        units = Units(directory)
        try:
            await directory.ready()
        except ViewBehind as error:
            raise Failed("view_behind") from error
        await units.load()
        default = running.principal.get("unit_id")
        people = People(directory, units, vault, default_unit_id=UUID(default) if default else units.root)
        return _Organisation(units, people, Accounts(directory)), units.root

    async def shown(tenant_id: UUID, position: int) -> bool:
        try:
            await wait_for(store.pool, _views(), tenant_id, position, SHOWN_WITHIN_SECONDS)
        except ViewBehind:
            return False
        return True

    try:
        result = await Import(running, store, vault, organisation, shown).run()
    except (Cancelled, Failed):
        await forget_files(running.pool, running.tenant_id, running.operation_id)
        raise
    # kept before the files go: were this worker killed between, the next must not look for them
    await running.progress(running.done, checkpoint={**(running.checkpoint or {}), "result": result})
    await forget_files(running.pool, running.tenant_id, running.operation_id)
    return result


def _views() -> list[View]:
    return [view for name in SERVICES for view in import_module(f"services.{name}.views").VIEWS]


async def undo_import(running: Running) -> Mapping[str, Any]:
    """Take back what an import recorded; done once the views show it."""
    resources = running.resources
    if resources is None:
        raise Failed("this worker has no event store")
    store = resources.store
    undoing = Undoing(running, Vault(store.pool, Vault.master_key(resources.settings)))
    position = await undoing.run()
    try:
        await wait_for(store.pool, _views(), running.tenant_id, position, SHOWN_WITHIN_SECONDS)
        views = "current"
    except ViewBehind:
        views = "behind"
    return {"records": await undoing.counts(), "position": position, "views": views}


OPERATIONS: Mapping[str, Handler] = {KIND: import_opportunities, UNDO: undo_import}
