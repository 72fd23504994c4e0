"""Bring a database to the newest schema. Makes no step itself: those are in migrations/versions."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import structlog

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class CannotMigrate(RuntimeError):
    """A step refuses this database, or this login; the text says why, and what to do."""


async def migrate(url: str) -> bool:
    """Run the steps this database lacks; says whether there were any. Safe to call from many processes at once.

    Raises CannotMigrate.
    """
    changed = await schema_version(url) != newest_version()
    if changed:
        try:
            await asyncio.to_thread(_upgrade, url)
        except (asyncpg.RaiseError, asyncpg.InsufficientPrivilegeError) as error:
            hint = getattr(error, "hint", None)
            raise CannotMigrate(f"{error.args[0]} ({hint})" if hint else str(error)) from error
    await _settle(url)
    return changed


async def _settle(url: str) -> None:
    """What neither a dump nor a copy of a database carries: see es.settle."""
    connection = await asyncpg.connect(url)
    try:
        connection.add_log_listener(lambda _, notice: log.warning("migrate_notice", notice=str(notice)))
        await connection.execute("select es.settle()")
    finally:
        await connection.close()


async def schema_version(url: str) -> str | None:
    """The last step this database took; None before the first."""
    connection = await asyncpg.connect(url)
    try:
        version: str | None = await connection.fetchval("select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return version


def newest_version() -> str:
    """The step no other step follows, read from the files: a start should not wait for alembic's import."""
    texts = [path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    steps = {_value("revision", text) for text in texts}
    followed = {_value("down_revision", text) for text in texts}
    newest = steps - followed
    if len(newest) != 1:
        raise RuntimeError(f"the migrations must end in one step, not in {sorted(map(str, newest))}")
    version = newest.pop()
    assert version is not None
    return version


def _value(name: str, text: str) -> str | None:
    found = re.search(rf'^{name}\b[^=\n]*= "([^"]+)"', text, re.MULTILINE)
    return found.group(1) if found else None


def _upgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, "head")
