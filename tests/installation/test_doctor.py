"""What refuses a start in production, all at once and with how to mend it; and what the doctor shows."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.doctor import effective, without_password
from services.fitness import database_findings, settings_findings
from services.kpi.views import VIEWS
from shared.keys import key_file
from shared.postgres.facts import DatabaseFacts, database_facts
from shared.postgres.migrate import newest_version
from shared.projections.tables import prepare
from shared.settings import Settings
from shared.testing.database import pool_of_all
from tests.stack import PORTS, ROOT, free_ports

DAKEHU = Path(sys.executable).with_name("dakehu")
KEYS = {
    "DAKEHU_CURSOR_KEY": bytes(range(32)).hex(),
    "DAKEHU_VAULT_KEY": bytes(range(32, 64)).hex(),
    "DAKEHU_API_KEY_SECRET": bytes(range(64, 96)).hex(),
}
BAD = {
    "DAKEHU_CURSOR_KEY": "00" * 32,
    "DAKEHU_API_KEY_SECRET": "00" * 32,
    "DAKEHU_CORS_ORIGINS": "*,https://crm.example.com/",
}
BAD_SAID = (
    "DAKEHU_VAULT_KEY is not set",
    "DAKEHU_CURSOR_KEY is no random key",
    "DAKEHU_CURSOR_KEY and DAKEHU_API_KEY_SECRET are the same",
    "lets every page in: *",
    "https://crm.example.com/ is no origin",
)

NOWHERE = "postgresql://nobody:secret-word@127.0.0.1:1/none"


def environment(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    ours = ("DAKEHU_", "DATABASE_URL", "PGSSLMODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {**kept, **ports, "DAKEHU_DATA": str(data), "DAKEHU_ENV": "production", **given}


def dakehu(data: Path, *verb: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DAKEHU), *verb], cwd=ROOT, env=environment(data, given), capture_output=True, text=True, timeout=90
    )


@pytest.fixture
async def altered(own_database_url: str) -> str:
    """A database with everything wrong that can be wrong in one database of a shared server."""
    connection = await asyncpg.connect(own_database_url)
    name = own_database_url.rpartition("/")[2].partition("?")[0]
    await connection.execute(f"alter database {name} set synchronous_commit = off")
    await connection.execute("create table public.forgotten (tenant_id uuid)")
    await connection.execute(
        "insert into identity.issuers (issuer, audience, tenant_id, provider_id) values ($1, 'a', $2, $2)",
        "http://login.example.com/",
        uuid4(),
    )
    await connection.execute("update public.alembic_version set version_num = '9999'")
    await connection.close()
    return own_database_url


DATABASE_SAID = (
    "synchronous_commit = off",
    "migration 9999, which this code does not know",
    "forgotten is not behind row-level security",
    "http://login.example.com/ is trusted without TLS",
)


# -- real processes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [("serve", "accounts"), ("serve", "work"), ("run",), ("doctor",)], ids=" ".join)
async def test_a_start_in_production_tells_all_faults_at_once(
    tmp_path: Path, altered: str, verb: tuple[str, ...]
) -> None:
    ended = dakehu(tmp_path, *verb, DATABASE_URL=altered, **BAD)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    for fault in (*BAD_SAID, *DATABASE_SAID):
        assert fault in said
    assert "openssl rand -hex 32" in said
    assert "Traceback" not in said
    assert "00" * 32 not in said


async def test_older_migrations_refuse_to_serve_and_are_mended_by_run(tmp_path: Path, own_database_url: str) -> None:
    connection = await asyncpg.connect(own_database_url)
    await connection.execute("update public.alembic_version set version_num = '0001'")
    await connection.close()
    for verb in (("serve", "kpi"), ("doctor",)):
        ended = dakehu(tmp_path, *verb, DATABASE_URL=own_database_url, **KEYS)
        said = ended.stdout + ended.stderr
        assert (ended.returncode, "older than" in said, "dakehu migrate" in said) == (1, True, True)
    facts = await database_facts(own_database_url)
    settings = Settings.model_validate({"env": "production", "data": tmp_path})
    assert not [found for found in database_findings(facts, settings, migrating=True) if found.grave]


@pytest.fixture
async def service_url(own_database_url: str) -> AsyncIterator[str]:
    """The same database by the login of a service: two roles to take, and by itself nobody."""
    name, password = f"test_service_{secrets.token_hex(4)}", secrets.token_hex(8)
    admin = await asyncpg.connect(own_database_url)
    await admin.execute(f"create role {name} login password '{password}'")
    await admin.execute(f"grant dakehu_app, dakehu_append to {name} with inherit false")
    place = urlsplit(own_database_url)
    yield place._replace(netloc=f"{name}:{password}@{place.netloc.rpartition('@')[2]}").geturl()
    await admin.execute(f"drop role {name}")
    await admin.close()


async def test_the_login_of_a_service_is_examined_and_needs_no_more_than_its_roles(
    tmp_path: Path, own_database_url: str, service_url: str
) -> None:
    tmp_path.chmod(0o700)
    good = dakehu(tmp_path, "doctor", DATABASE_URL=service_url, **KEYS)
    assert (good.returncode, "No faults." in good.stdout) == (0, True), good.stdout
    facts = await database_facts(service_url)
    assert (facts.head, facts.unseen, facts.roles_not_ours) == (facts.newest, False, ["dakehu_work"])
    worker = dakehu(tmp_path, "serve", "work", DATABASE_URL=service_url, **KEYS)
    assert (worker.returncode, "may not take the role dakehu_work" in worker.stderr) == (1, True), worker.stderr
    connection = await asyncpg.connect(own_database_url)
    await connection.execute(
        "insert into identity.issuers (issuer, audience, tenant_id, provider_id) values ($1, 'a', $2, $2)",
        "http://login.example.com/",
        uuid4(),
    )
    await connection.close()
    served = dakehu(tmp_path, "serve", "accounts", DATABASE_URL=service_url, **KEYS)
    assert (served.returncode, "trusted without TLS" in served.stderr) == (1, True), served.stderr
    assert "dakehu_work" not in served.stderr


async def test_with_good_settings_production_serves_and_the_doctor_is_content(
    tmp_path: Path, own_database_url: str
) -> None:
    tmp_path.chmod(0o700)
    [port] = free_ports(1)
    given = {"DATABASE_URL": own_database_url, "DAKEHU_KPI_PORT": str(port), **KEYS}
    with (tmp_path / "log").open("wb") as log:
        serving = subprocess.Popen(
            [str(DAKEHU), "serve", "kpi"], cwd=ROOT, env=environment(tmp_path, given), stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}/readyz"
        assert answered(url, 503).json()["reasons"] == ["views_missing"], "nobody could be told what they see"
        async with pool_of_all(own_database_url) as pool:
            await prepare(pool, VIEWS)
        assert answered(url).headers["strict-transport-security"]
    finally:
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(30) in (0, -signal.SIGTERM), (tmp_path / "log").read_text()
    ended = dakehu(tmp_path, "doctor", **given)
    assert (ended.returncode, "No faults." in ended.stdout) == (0, True), ended.stdout


def answered(url: str, status: int = 200) -> httpx.Response:
    for _ in range(600):
        try:
            answer = httpx.get(url)
            if answer.status_code == status:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} never answered {status}")


def test_a_database_that_is_away_is_said_and_prevents_no_start(tmp_path: Path) -> None:
    ended = dakehu(tmp_path, "doctor", DATABASE_URL=NOWHERE, **KEYS)
    assert ended.returncode == 1
    assert "does not answer: ConnectionRefusedError" in ended.stdout
    assert "secret-word" not in ended.stdout + ended.stderr
    for key in KEYS.values():
        assert key not in ended.stdout + ended.stderr
    assert re.search(r"DAKEHU_VAULT_KEY +set +environment", ended.stdout)
    assert re.search(r"DAKEHU_LIMIT_READS +3000 +default of production", ended.stdout)
    assert re.search(r"DAKEHU_HOST +127.0.0.1 +default\b", ended.stdout)


def test_before_the_first_start_there_is_no_database_and_no_fault(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ended = dakehu(data, "doctor", DAKEHU_ENV="development", DAKEHU_PROT="1")
    assert (ended.returncode, "none yet" in ended.stdout) == (0, True), ended.stdout
    assert "DAKEHU_PROT is no setting" in ended.stdout
    assert not data.exists()


def test_a_setting_that_cannot_be_read_is_named_without_a_traceback(tmp_path: Path) -> None:
    ended = dakehu(tmp_path, "doctor", DAKEHU_PORT="eight", DAKEHU_LIMIT_READS="-1")
    assert ended.returncode == 1
    assert "DAKEHU_PORT: " in ended.stderr
    assert "DAKEHU_LIMIT_READS: " in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_the_doctor_names_tenants_that_came_back_with_a_backup(tmp_path: Path, own_database_url: str) -> None:
    tenant = uuid4()
    connection = await asyncpg.connect(own_database_url)
    await connection.execute("insert into es.heads values ($1)", tenant)
    await connection.execute(
        "insert into identity.deletions values (gen_random_uuid(), gen_random_uuid(), '', '', 0, '')"
    )
    await connection.close()
    (tmp_path / "deleted-tenants.jsonl").write_text(f'{{"tenant_id": "{tenant}", "deletion_id": "x"}}\n')
    ended = dakehu(tmp_path, "doctor", DATABASE_URL=own_database_url, **KEYS)
    assert ended.returncode == 1
    assert f"the tenant {tenant} was deleted, and is here again" in ended.stdout
    assert "is being deleted since" in ended.stdout


async def test_the_doctor_tells_how_webhooks_fare_and_calls_none_of_it_a_fault(
    tmp_path: Path, own_database_url: str
) -> None:
    connection = await asyncpg.connect(own_database_url)
    await connection.execute(
        """
        insert into delivery.flows
               (tenant_id, flow_id, endpoint_id, kind, state, epoch, position, alarmed_at, paused_by)
        select gen_random_uuid(), id, id, 'live', state, 1, 0, alarmed_at, paused_by
          from (values (gen_random_uuid(), 'running', null::timestamptz, null),
                       (gen_random_uuid(), 'running', now(), null),
                       (gen_random_uuid(), 'paused', null, 'gone'),
                       (gen_random_uuid(), 'paused', null, null)) as f (id, state, alarmed_at, paused_by)
        """
    )
    await connection.execute(
        """
        insert into delivery.lanes (tenant_id, flow_id, lane, endpoint_id, position, event_at, state, next_at)
        select tenant_id, flow_id, gen_random_uuid(), endpoint_id, 1, now(), 'parked', now()
          from delivery.flows where alarmed_at is not null
        """
    )
    await connection.close()
    ended = dakehu(tmp_path, "doctor", DATABASE_URL=own_database_url, DAKEHU_ENV="development")
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"webhook endpoints +2 sent to, 1 failing, 1 lanes parked", ended.stdout)
    for said in ("nothing gets through to 1 ", "deliveries paused 1 ", "1 subjects of webhooks are parked"):
        assert said in ended.stdout


# -- one by one --------------------------------------------------------------------------------------------


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    tmp_path.chmod(0o700)
    given = {name.removeprefix("DAKEHU_").lower(): key for name, key in KEYS.items()}
    return Settings.model_validate(
        {"env": "production", "data": tmp_path, "database_url": "postgresql://u@db.example.com/d?sslmode=verify-full"}
        | given
    )


def said(settings: Settings, **chosen: Any) -> list[str]:
    given = {name: getattr(settings, name) for name in settings.model_fields_set} | chosen
    return [finding.what for finding in settings_findings(Settings.model_validate(given))]


def test_good_settings_have_no_fault(good: Settings) -> None:
    assert settings_findings(good) == []


@pytest.mark.parametrize(("chosen", "fault"), [
    ({"cursor_key": None}, "DAKEHU_CURSOR_KEY is not set"),
    ({"vault_key": None}, "DAKEHU_VAULT_KEY is not set"),
    ({"api_key_secret": None}, "DAKEHU_API_KEY_SECRET is not set"),
    ({"cursor_key": "abc"}, "DAKEHU_CURSOR_KEY is not 32 bytes"),
    ({"cursor_key": "ab" * 32}, "DAKEHU_CURSOR_KEY is no random key"),
    ({"cursor_key": KEYS["DAKEHU_VAULT_KEY"]}, "DAKEHU_CURSOR_KEY and DAKEHU_VAULT_KEY are the same"),
    ({"vault_key_before": KEYS["DAKEHU_VAULT_KEY"]}, "DAKEHU_VAULT_KEY and DAKEHU_VAULT_KEY_BEFORE are the same"),
    ({"vault_key": None, "vault_key_file": "/nowhere"}, "DAKEHU_VAULT_KEY_FILE cannot be read"),
    ({"cors_origins": "*"}, "lets every page in"),
    ({"cors_origins": "https://*.example.com"}, "lets every page in"),
    ({"cors_origins": "null"}, "lets every page in"),
    ({"cors_origins": "https://x.example.com/app"}, "is no origin"),
    ({"cors_origins": "http://x.example.com"}, "come without TLS"),
    ({"trusted_proxies": "*"}, "DAKEHU_TRUSTED_PROXIES trusts everybody"),
    ({"database_url": "postgresql://u@db.example.com/d"}, "need not be encrypted"),
    ({"database_url": "postgresql+asyncpg://u@10.0.0.1/d?sslmode=prefer"}, "need not be encrypted"),
    ({"database_url": None}, "the embedded database is used in production"),
])  # fmt: skip
def test_each_setting_has_its_fault(
    good: Settings, chosen: dict[str, Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    [found] = said(good, **chosen)
    assert fault in found


@pytest.mark.parametrize("url", ["postgresql://u@localhost/d", "postgresql:///d?host=/run", "postgresql://127.0.0.1/d"])
def test_the_way_to_a_database_on_this_machine_needs_no_tls(good: Settings, url: str) -> None:
    assert said(good, database_url=url) == []


def test_keys_of_development_are_none_for_production(good: Settings, tmp_path: Path) -> None:
    dev, vault = key_file(tmp_path / "keys" / "dev"), key_file(tmp_path / "keys" / "vault")
    found = said(good, cursor_key=dev.hex(), vault_key=vault.hex())
    assert any("DAKEHU_CURSOR_KEY is the key of development" in fault for fault in found)
    assert any("DAKEHU_VAULT_KEY is the key of development" in fault for fault in found)
    assert any("keys/dev is of development" in fault for fault in found)
    changed = said(good, vault_key_before=vault.hex())  # the way out: it is being replaced
    assert not any("DAKEHU_VAULT_KEY" in fault for fault in changed)


def test_in_development_nothing_of_this_refuses_a_start(good: Settings) -> None:
    found = settings_findings(Settings.model_validate({"data": good.data, "cors_origins": "*"}))
    assert [finding.grave for finding in found] == [False]


FACTS = DatabaseFacts(
    version="18.1",
    number=180_001,
    durable={"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
    encrypted=True,
    login="dakehu",
    superuser=False,
    read_only=False,
    skew_seconds=0.1,
    head=newest_version(),
)


@pytest.mark.parametrize(("chosen", "fault", "grave"), [
    ({"number": 140_000}, "too old", True),
    ({"durable": {"fsync": "off"}}, "fsync = off", True),
    ({"durable": {"synchronous_commit": "off"}}, "synchronous_commit = off", True),
    ({"durable": {"full_page_writes": "off"}}, "full_page_writes = off", True),
    ({"read_only": True}, "takes no writes", True),
    ({"head": None}, "has no tables yet", True),
    ({"head": "0001"}, "older than", True),
    ({"head": "9999"}, "does not know", True),
    ({"roles_missing": ["dakehu_app"]}, "role dakehu_app is missing", True),
    ({"roles_unbound": ["dakehu_app"]}, "does not bind the role dakehu_app", True),
    ({"roles_not_ours": ["dakehu_app"]}, "may not take the role", True),
    ({"unwalled": ["es.events"]}, "es.events is not behind row-level security", True),
    ({"leaky": ["f()"]}, "not leakproof", False),
    ({"insecure_issuers": ["http://x"]}, "trusted without TLS", True),
    ({"skew_seconds": -5.0}, "clock differs", False),
    ({"skew_seconds": 60.0}, "clock differs", True),
    ({"superuser": True}, "is a superuser", False),
])  # fmt: skip
def test_each_fact_of_a_database_has_its_fault(good: Settings, chosen: dict[str, Any], fault: str, grave: bool) -> None:
    assert database_findings(FACTS, good) == []
    [found] = database_findings(replace(FACTS, **chosen), good)
    assert (fault in found.what, found.grave) == (True, grave)
    assert found.mend


def test_no_secret_is_shown(good: Settings) -> None:
    shown = " ".join(value for _, value, _ in effective(good))
    for key in KEYS.values():
        assert key not in shown
    for url in (
        "postgresql://u:hush@h/d",
        "postgresql://h/d?user=u&password=hush",
        "postgresql://u:hu%40sh@h/d?sslpassword=hush",
    ):
        assert "hush" not in without_password(url)
        assert "hu%40sh" not in without_password(url)
    assert without_password("postgresql://u@h:1/d?sslmode=require") == "postgresql://u@h:1/d?sslmode=require"
    assert {name for name, _, _ in effective(good)} == {
        field.alias or f"DAKEHU_{name.upper()}" for name, field in Settings.model_fields.items()
    }
