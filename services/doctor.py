"""`dakehu doctor`: the settings as they are in effect, secrets unseen, what the database is, and everything wrong.

Changes nothing and starts nothing, but for the embedded server of a data folder that has one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from services.fitness import AWAY, SERVICE_ROLES, Finding, database_findings, settings_findings, told
from services.tenants.deletion import receipts, receipts_file
from services.work import views
from shared.event_store import connections
from shared.http.limits import PRODUCTION
from shared.http.quotas import MACHINES, PERSONS
from shared.postgres.embedded import EmbeddedPostgresFailed
from shared.postgres.facts import DatabaseFacts, database_facts
from shared.postgres.folder import Folder
from shared.postgres.url import database_url
from shared.projections import status, unused
from shared.settings import Settings

Say = Callable[[str], None]

BY_PRODUCTION = {
    **{f"limit_{name}": quota for name, quota in PRODUCTION.items()},
    "export_rows": PERSONS,
    "export_rows_machines": MACHINES,
}
"""What a setting that is left out means in production; in development it is then off."""
UNSETTLED = frozenset(("DAKEHU_FAULT",))
"""Read by tests alone."""

STANDS = """
select (select count(*) from es.heads) as tenants,
       (select count(*) from es.operations where state in ('queued', 'running')) as operations
"""
DELIVERIES = """
select count(*) filter (where state = 'running') as running,
       count(*) filter (where state = 'running' and alarmed_at is not null) as failing,
       count(*) filter (where state = 'paused' and paused_by is not null) as stopped,
       (select count(*) from delivery.lanes where state = 'parked') as parked
  from delivery.flows where kind = 'live'
"""
KNOWN = "select h.tenant_id from es.heads h where h.tenant_id = any($1::uuid[])"
DELETIONS = "select subject, begun_at from identity.deletions order by begun_at"


async def doctor(settings: Settings, say: Say) -> int:
    """Say how it stands. 1 when there is a fault, 0 else."""
    found = [*settings_findings(settings), *_unknown_settings()]
    say("Settings")
    for name, value, source in effective(settings):
        say(f"  {name:<32} {value:<44} {source}")
    say("Database")
    found += await _database(settings, say)
    light = [finding for finding in found if not finding.grave]
    grave = [finding for finding in found if finding.grave]
    if light:
        say(f"To be looked at: {len(light)}\n{told(light)}")
    if grave:
        say(f"Faults: {len(grave)}\n{told(grave)}")
    else:
        say("No faults.")
    return 1 if grave else 0


def effective(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Name, value fit to be shown, and where it comes from, of every setting."""
    for name, field in Settings.model_fields.items():
        shown = field.alias or f"DAKEHU_{name.upper()}"
        value = getattr(settings, name)
        given = name in settings.model_fields_set
        if value is None and name in BY_PRODUCTION:
            production = settings.env == "production"
            yield shown, str(BY_PRODUCTION[name]) if production else "off", f"default of {settings.env}"
            continue
        yield shown, redacted(name, value), "environment" if given else "default"


def redacted(name: str, value: Any) -> str:
    """A setting's value without what is secret in it."""
    match value:
        case None | ():
            return "unset"
        case SecretStr():
            return "set" if value.get_secret_value() else "unset"
        case tuple():
            return ", ".join(map(str, value))
        case str() if name == "database_url":
            return without_password(value)
        case _:
            return str(value)


def without_password(url: str) -> str:
    """A database's address without its password, wherever it stands."""
    try:
        parts = urlsplit(url)
        user, place = parts.username, parts.netloc.rpartition("@")[2]
    except ValueError:
        return "set, but no address"
    netloc = f"{user}:…@{place}" if parts.password is not None else parts.netloc
    asked = "&".join(
        f"{part.partition('=')[0]}=…" if "password" in part.partition("=")[0].lower() else part
        for part in parts.query.split("&")
    )
    return urlunsplit((parts.scheme, netloc, parts.path, asked, ""))


def _unknown_settings() -> Iterator[Finding]:
    known = {field.alias or f"DAKEHU_{name.upper()}" for name, field in Settings.model_fields.items()} | UNSETTLED
    for name in sorted(os.environ):
        if name.upper().startswith("DAKEHU_") and name.upper() not in known:
            yield Finding(f"{name} is no setting", "see docs/settings.md for how it is written", grave=False)


async def _database(settings: Settings, say: Say) -> list[Finding]:
    if settings.database_url is None and not Folder(settings.data / "postgres").cluster.exists():
        say(f"  none yet: the first start makes one in {settings.data}")
        return []
    try:
        url = await database_url(settings)
        facts = await database_facts(url)
    except (*AWAY, EmbeddedPostgresFailed) as error:
        say(f"  does not answer: {type(error).__name__}: {error}")
        return [Finding("the database does not answer", "see whether it runs, and whether DATABASE_URL is right")]
    for name, value in _facts(facts):
        say(f"  {name:<32} {value}")
    found = database_findings(facts, settings, needs=SERVICE_ROLES)  # it may be the login of a service
    if facts.head == facts.newest and not (facts.roles_missing or facts.roles_not_ours):
        found += await _rows(settings, url, say)
    return found


def _facts(facts: DatabaseFacts) -> Iterator[tuple[str, str]]:
    yield "version", facts.version
    yield "login", f"{facts.login}{' (superuser)' if facts.superuser else ''}"
    yield "connection", "encrypted" if facts.encrypted else "not encrypted"
    yield from facts.durable.items()
    yield "clock", f"{facts.skew_seconds:+.2f} s from ours"
    yield "migrations", f"{facts.head or ('not to be seen' if facts.unseen else 'none')} of {facts.newest}"
    missed = [role for role in facts.roles_not_ours if role in SERVICE_ROLES]
    wrong = [*facts.roles_missing, *facts.roles_unbound, *missed]
    good = (
        "those of a service; worker and maintenance need dakehu_work too"
        if facts.roles_not_ours
        else "as they should be"
    )
    yield "roles", f"not as they should be: {', '.join(sorted(set(wrong)))}" if wrong else good
    yield "row-level security", "on every table of tenants" if not facts.unwalled else f"not on {len(facts.unwalled)}"
    yield "leakproof functions", "all" if not facts.leaky else f"{len(facts.leaky)} are not"


async def _rows(settings: Settings, url: str, say: Say) -> list[Finding]:
    """What is in it: tenants, views, what is parked, being deleted, or back from a backup."""
    found = []
    async with connections.pool(url, connections.WORK, settings=connections.READER, least=1, most=1) as pool:
        row = await pool.fetchrow(STANDS)
        assert row is not None
        say(f"  {'tenants':<32} {row['tenants']}")
        say(f"  {'operations under way':<32} {row['operations']}")
        stands = await status(pool, views())
        live = [stand for stand in stands if stand.status == "live"]
        say(f"  {'views':<32} {len(live)} of {len(stands)} built")
        for stand in stands:
            if stand.error:
                found.append(Finding(f"the view {stand.name} is refused: {stand.error}", "see GET /v1/views"))
            elif stand.parked:
                what = f"the view {stand.name} is parked for {stand.parked} tenants"
                found.append(Finding(what, "see GET /v1/views: retry, or skip on record"))
        found += await _deliveries(pool, say)
        if old := await unused(pool, views()):
            mend = "run: dakehu drop-old-views, when no older code runs"
            found.append(Finding(f"{len(old)} old versions of views take up room", mend, grave=False))
        file = receipts_file(settings)
        gone = [receipt["tenant_id"] for receipt in receipts(file)]
        for back in await pool.fetch(KNOWN, gone):
            what = f"the tenant {back['tenant_id']} was deleted, and is here again"
            found.append(Finding(what, f"a backup brought it back: suspend and delete it, see {file}"))
    return found + await _deletions(url)


async def _deliveries(pool: Any, say: Say) -> list[Finding]:
    """How webhooks fare. That a receiver is away is no fault of this installation."""
    row = await pool.fetchrow(DELIVERIES)
    assert row is not None
    say(f"  {'webhook endpoints':<32} {row['running']} sent to, {row['failing']} failing, {row['parked']} lanes parked")
    mend = "see GET /v1/webhooks/notices, and /figures and /attempts of the endpoint; docs/webhooks.md"
    said = {
        "failing": f"nothing gets through to {row['failing']} webhook endpoints",
        "stopped": f"deliveries paused {row['stopped']} webhook endpoints: gone, or failing for days",
        "parked": f"{row['parked']} subjects of webhooks are parked until somebody retries or skips them",
    }
    return [Finding(what, mend, grave=False) for name, what in said.items() if row[name]]


async def _deletions(url: str) -> list[Finding]:
    """Deletions that were begun and not finished; nothing when this login may not look."""
    connection = await connections.connect(url, connections.READER)
    try:
        rows = await connection.fetch(DELETIONS)
    except asyncpg.InsufficientPrivilegeError:
        return []
    finally:
        await connection.close()
    return [
        Finding(f"the tenant {row['subject']} is being deleted since {row['begun_at']:%Y-%m-%d %H:%M}Z", "repeat it")
        for row in rows
    ]
