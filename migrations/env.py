"""How alembic reaches the database. Knows no table.

One migrator at a time (an advisory lock). A migration waits at most LOCK_TIMEOUT for a table: it fails, to be run
again, rather than hold up everybody queueing behind it. Text with several statements goes as a script.
"""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, event, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from shared.postgres.url import database_url, sqlalchemy_url

ONE_MIGRATOR = 4_120_771_001
LOCK_TIMEOUT = "5s"


def run_script(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool | None:
    """Send several statements at once; a prepared statement, the driver's usual way, may hold only one."""
    if parameters or ";" not in statement.strip().rstrip(";"):
        return None
    await_only(_send(cursor._adapt_connection, statement))
    return True


async def _send(adapted: Any, script: str) -> None:
    if adapted._transaction is None:
        await adapted._start_transaction()
    await adapted.driver_connection.execute(script)


def run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def migrate() -> None:
    url = context.config.attributes.get("url") or await database_url()
    engine = create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    event.listen(engine.sync_engine, "do_execute", run_script)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"select pg_advisory_lock({ONE_MIGRATOR})"))
            await connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.commit()
            await connection.run_sync(run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("offline SQL is not offered: migrations read the database")
asyncio.run(migrate())
