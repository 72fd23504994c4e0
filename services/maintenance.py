"""What an operator does to a whole installation: verify, rebuild, tell it of a restore. Serves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from services.privacy.again import erase_again
from services.work import views
from shared.event_store import connections
from shared.event_store.store import EventStore
from shared.event_store.verify import verify as verify_log
from shared.postgres.url import database_url
from shared.privacy.receipts import list_file
from shared.privacy.receipts import read as read_receipts
from shared.privacy.vault import Vault
from shared.projections import Follower, View, drop, prepare, rebuild, status, unused, verify_view
from shared.settings import Settings

Say = Callable[[str], None]

STATEMENT_TIMEOUT_SECONDS = 300.0


async def verify(settings: Settings, say: Say) -> int:
    """Prove the log of every tenant and every view. 0 when all is well, 1 when something is wrong (each is named)."""
    wrong = 0
    async with _store(settings) as store:
        for tenant in [row["tenant_id"] for row in await store.pool.fetch("select tenant_id from es.heads")]:
            report = await verify_log(store, tenant)
            say(f"{tenant}  {report.events} events: {'whole' if report.ok else f'{len(report.faults)} faults'}")
            for fault in report.faults:
                say(f"  {fault.kind} at {fault.position}: {fault.detail}")
            wrong += len(report.faults)
        stands = {(stand.name, stand.version): stand for stand in await status(store.pool, views())}
        for view in views():
            stand = stands[view.name, view.version]
            if stand.status == "missing":
                say(f"{view.table}  not built yet")
                continue
            differences = await verify_view(store.pool, view)
            behind = f", {stand.lag_events} events behind" if stand.lag_events else ""
            say(f"{view.table}  {f'{len(differences)} differences' if differences else 'equals its fold'}{behind}")
            for difference in differences:
                say(f"  {difference.what} in {difference.tenant_id}, stream {difference.stream_id}: {difference.row}")
            wrong += len(differences)
            if stand.parked:
                say(f"  parked for {stand.parked} tenants")
                wrong += stand.parked
    say("All is well." if not wrong else f"{wrong} things are wrong.")
    return 1 if wrong else 0


async def rebuild_views(settings: Settings, names: Sequence[str], say: Say) -> int:
    """Fold views anew from the log while they are read; all when none is named. 2 when a name is unknown."""
    wanted = [view for view in views() if not names or view.name in names]
    if unknown := set(names) - {view.name for view in wanted}:
        say(f"Unknown: {', '.join(sorted(unknown))}. There are {', '.join(sorted(view.name for view in views()))}.")
        return 2
    async with _store(settings) as store:
        await prepare(store.pool, wanted)
        await rebuild(store.pool, wanted)
        with _progress() as progress:
            bars = {view.name: progress.add_task(view.name, total=1.0) for view in wanted}
            await _fold_to_the_end(store.pool, wanted, lambda name, share: progress.update(bars[name], completed=share))
        parked = [stand.name for stand in await status(store.pool, wanted) if stand.parked]
    for name in parked:
        say(f"{name} is parked at an event it cannot fold: see GET /v1/views")
    return 1 if parked else 0


async def drop_old_views(settings: Settings, say: Say, *, sure: bool) -> int:
    """Drop the tables of view versions this code does not read; without `sure` only name them."""
    async with _store(settings) as store:
        old = await unused(store.pool, views())
        for name, version in old:
            if sure:
                await drop(store.pool, name, version)
            say(f"{name}_v{version}{'  dropped' if sure else ''}")
    say("Nothing old is left." if sure or not old else "Nothing was dropped; say --yes when no older code is running.")
    return 0


async def restored(settings: Settings, reason: str, say: Say, *, erasures: Path | None = None) -> int:
    """The database was restored from a backup: begin a new epoch, so that no cursor of the lost history is served.

    Who was erased since the backup is in it again: the list of erasures, kept outside, is applied once more. 2 when a
    list was named and cannot be read: then nothing was done.
    """
    listed = erasures or list_file(settings)
    try:
        receipts = list(read_receipts(listed)) if erasures is not None or listed.exists() else []
    except (OSError, ValueError) as error:
        say(f"The list of erasures cannot be read: {error}")
        return 2
    async with _store(settings) as store:
        await store.restored(reason)
        again = await erase_again(store, settings, receipts)
    say("A new epoch has begun. Cursors handed out before are refused; their owners read again from the beginning.")
    say(f"{len(receipts)} erasures are listed; {again} entries were erased again.")
    return 0


async def rewrap(settings: Settings, say: Say) -> int:
    """Wrap the keys of all tenants by the master key there is now; the one before may be forgotten afterwards."""
    async with _store(settings) as store:
        keys = Vault(store.pool, Vault.master_key(settings)).keys
        await keys.unseal()
        say(f"The keys of {await keys.rewrap()} tenants are wrapped by the master key of now.")
    return 0


async def _fold_to_the_end(pool: Any, wanted: Sequence[View], show: Callable[[str, float], None]) -> None:
    """A running worker may fold at the same time: a checkpoint moves once."""
    follower = Follower(pool, wanted)
    while True:
        moved = await follower.run_once()
        stands = await status(pool, wanted)
        for stand in stands:
            show(stand.name, stand.progress)
        if not moved and not any(stand.rebuilding and not stand.parked for stand in stands):
            return


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[EventStore]:
    address = await database_url(settings)
    async with await EventStore.open(
        address, writers=1, statement_timeout_s=STATEMENT_TIMEOUT_SECONDS, reads_as=connections.WORK
    ) as store:
        yield store
