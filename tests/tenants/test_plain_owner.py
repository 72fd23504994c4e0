"""In production the tables belong to an ordinary login, whom row-level security binds: it can do all of this too."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.tenants import deletion
from services.tenants.archive import check_archive, write_archive
from services.tenants.deletion import delete_tenant
from services.tenants.standing import resume, suspend, tenants
from shared.event_store import connections
from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from shared.postgres.facts import ROLES, database_facts
from shared.postgres.migrate import migrate
from shared.settings import Settings
from tests.tenants.conftest import Place


@pytest.fixture
async def plain_url(server_url: str) -> AsyncIterator[str]:
    """A database migrated by its owner, who is no superuser and makes no roles."""
    name, password = f"test_plain_{secrets.token_hex(4)}", secrets.token_hex(8)
    admin = await asyncpg.connect(server_url)
    for role in ROLES:
        if not await admin.fetchval("select 1 from pg_roles where rolname = $1", role):
            await admin.execute(f"create role {role} nologin")
    await admin.execute(f"create role {name} login password '{password}' in role {', '.join(ROLES)}")
    await admin.execute(f"create database {name} owner {name}")
    place = urlsplit(server_url)
    url = place._replace(netloc=f"{name}:{password}@{place.netloc.rpartition('@')[2]}", path=f"/{name}").geturl()
    await migrate(url)
    yield url
    await admin.execute(f"drop database {name} with (force)")
    await admin.execute(f"drop owned by {name}")
    await admin.execute(f"drop role {name}")
    await admin.close()


async def test_an_ordinary_owner_opens_archives_and_deletes(
    plain_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "SETTLE_SECONDS", 0.0)
    facts = await database_facts(plain_url)
    assert not facts.superuser
    assert (facts.roles_missing, facts.roles_unbound, facts.roles_not_ours, facts.unwalled) == ([], [], [], [])
    assert facts.head == facts.newest
    settings = Settings(data=tmp_path, database_url=plain_url)
    async with await EventStore.open(plain_url, writers=1, reads_as=connections.WORK) as store:
        place = Place(plain_url, store, settings)
        await place.vault.unseal()
        await place.furnish()
        ours, others = place.ours.tenant_id, place.others.tenant_id
        assert len(await tenants(store)) == 2
        await suspend(store, ours, "x")
        await resume(store, ours)
        await suspend(store, ours, "x")
        await write_archive(store, place.vault, ours, tmp_path / "archive")
        assert check_archive(tmp_path / "archive").faults == []
        await delete_tenant(store, ours, name=place.ours.name, reason="x", file=tmp_path / "receipts")
        assert [tenant.tenant_id for tenant in await tenants(store)] == [others]
        assert (await verify(store, others)).ok
        for table in ("es.events", "privacy.subjects", "privacy.tenant_keys", "es.operations", "es.claims"):
            assert await store.all_tenants.fetchval(f"select count(*) from {table} where tenant_id = $1", ours) == 0
            assert await store.all_tenants.fetchval(f"select count(*) from {table} where tenant_id = $1", others) > 0
