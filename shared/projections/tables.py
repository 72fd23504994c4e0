"""The tables of views: made, declared live, dropped. Decides nothing about what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import asyncpg
import structlog

from shared.event_store.connections import WORK
from shared.projections.view import NAME, View

log = structlog.get_logger(__name__)

# View tables belong to who folds them, whoever makes them: a connection of the owner of everything, say.
AS_WORKER = f"set local role {WORK}"

# Behind the wall from the first: the application may read its tenant's rows, and nothing else.
WALL = "select es.wall($1::text::regclass, 'select')"

# Two processes starting together must not both make a table.
LOCK = "select pg_advisory_xact_lock(7311, hashtext($1))"


class ViewChanged(Exception):
    """A view's columns, indexes or fold differ from those its table was made with. Raise its version."""


class ViewRefused(Exception):
    """PostgreSQL refuses the view's statement; the message is its own."""


async def prepare(pool: asyncpg.Pool, views: Iterable[View]) -> None:
    """Make the tables these views lack. Any process may call it, any number of times.

    Over an empty log a new view is live at once; otherwise it is `building` until a worker has filled it.
    Raises ViewChanged or ViewRefused for the first view that cannot be folded.
    """
    for view in views:
        async with pool.acquire() as connection:
            await prepare_one(connection, view)


async def prepare_one(connection: asyncpg.pool.PoolConnectionProxy, view: View) -> None:
    async with connection.transaction():
        await connection.execute(AS_WORKER)
        await connection.execute(LOCK, view.table)
        made_with = await connection.fetchval(
            "select definition from es.views where name = $1 and version = $2", view.name, view.version
        )
        if made_with == view.definition:
            await connection.execute(
                "update es.views set error = null where name = $1 and version = $2 and error is not null",
                view.name,
                view.version,
            )
            return
        if made_with:
            raise ViewChanged(
                f"{view.table} was made with another definition; give the view version {view.version + 1}"
            )
        empty = not await connection.fetchval("select exists (select from es.events)")
        await forget(connection, view.name, view.version)
        try:
            if not await connection.fetchval("select to_regnamespace($1) is not null", view.schema):
                await connection.execute(f"create schema if not exists {view.schema}")
            await connection.execute(view.create)
            await connection.execute(WALL, view.table)
            await connection.prepare(view.replace_given())
            if empty:
                await create_indexes(connection, view)
        except asyncpg.PostgresError as error:
            raise ViewRefused(f"{view.table}: {error}") from error
        await connection.execute(
            """insert into es.views (name, version, definition, status, built_at)
               values ($1, $2, $3, $4, case when $4 = 'live' then clock_timestamp() end)
               on conflict (name, version) do update
                  set definition = excluded.definition, status = excluded.status, built_at = excluded.built_at,
                      error = null""",
            view.name,
            view.version,
            view.definition,
            "live" if empty else "building",
        )


async def prepare_each(pool: asyncpg.Pool, views: Iterable[View]) -> list[View]:
    """Like `prepare`, but a view that cannot be folded is recorded as such and left out. Returns the others."""
    sound = []
    for view in views:
        try:
            await prepare(pool, [view])
            sound.append(view)
        except (ViewChanged, ViewRefused) as error:
            log.error("view_refused", view=view.table, error=str(error))
            await pool.execute(
                """insert into es.views (name, version, definition, error) values ($1, $2, '', $3)
                   on conflict (name, version) do update set error = excluded.error""",
                view.name,
                view.version,
                str(error),
            )
    return sound


async def create_indexes(connection: asyncpg.pool.PoolConnectionProxy, view: View) -> None:
    for statement in view.create_indexes:
        await connection.execute(statement)


async def go_live(connection: asyncpg.pool.PoolConnectionProxy, view: View) -> bool:
    """Index the filled table and declare it live. False when another worker did, or is at it."""
    async with connection.transaction():
        await connection.execute(LOCK, view.table)
        building = await connection.fetchval(
            "select status = 'building' from es.views where name = $1 and version = $2", view.name, view.version
        )
        if not building:
            return False
        await connection.execute("set local maintenance_work_mem = '256MB'")
        await create_indexes(connection, view)
        await connection.execute(f"analyze {view.table}")
        await connection.execute(
            "update es.views set status = 'live', built_at = clock_timestamp() where name = $1 and version = $2",
            view.name,
            view.version,
        )
        return True


async def drop(pool: asyncpg.Pool, name: str, version: int) -> None:
    """Drop a view's table and everything recorded about it. A version still in use is made again at the next start."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no view's name")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK, f"{name}_v{version}")
        await connection.execute(f"drop table if exists {name}_v{version}")
        await forget(connection, name, version)
        await connection.execute("delete from es.views where name = $1 and version = $2", name, version)


async def forget(connection: asyncpg.pool.PoolConnectionProxy, name: str, version: int) -> None:
    """Delete what is recorded about the rows of a table that is gone or empty."""
    for table in ("checkpoints", "leases", "parked", "skips"):
        await connection.execute(f"delete from es.{table} where view = $1 and version = $2", name, version)


async def statuses(pool: asyncpg.Pool) -> dict[tuple[str, int], Literal["building", "live"]]:
    """Which views are built, by name and version."""
    rows = await pool.fetch("select name, version, status from es.views")
    return {(row["name"], row["version"]): row["status"] for row in rows}
