"""What must not be so before an installation serves: settings and database judged, each fault with how to mend it.

In production a fault refuses the start; all are told at once. In development only what makes no sense at all is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
from pydantic import SecretStr

from shared.http.cors import ORIGIN
from shared.keys import BadKey, decode_key
from shared.postgres.facts import ROLES, DatabaseFacts, database_facts
from shared.postgres.url import plain_url
from shared.settings import Settings

OLDEST_SERVER = 150_000
SERVICE_ROLES = ("dakehu_app", "dakehu_append")
"""What the login of a service takes; the worker, the migrator and `dakehu run` take the third role too."""
MOST_SKEW_SECONDS = 30.0
"""Tokens are read with this leeway: beyond it people are refused who should come in."""
SKEW_TO_MENTION_SECONDS = 2.0
FEWEST_BYTES = 10
"""Different bytes in a key of 32: a random one has about 30, one typed by hand fewer."""
ENCRYPTED = frozenset(("require", "verify-ca", "verify-full"))
LOCAL = frozenset(("", "localhost", "127.0.0.1", "::1"))
MAKE_KEY = "make one with: openssl rand -hex 32"
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and how to mend it. A grave one refuses the start."""

    what: str
    mend: str
    grave: bool = True


def settings_findings(settings: Settings) -> list[Finding]:
    """What is wrong with the settings alone."""
    found = [*_origins(settings), *_address(settings), *_folder(settings)]
    if settings.env == "production":
        return [*_secrets(settings), *found]
    return [replace(finding, grave=False) for finding in found]


def database_findings(
    facts: DatabaseFacts, settings: Settings, *, migrating: bool = False, needs: Collection[str] = ROLES
) -> list[Finding]:
    """What is wrong with the database, for a login that `needs` these roles; not what `migrating` is about to mend."""
    production = settings.env == "production"
    found = []
    if facts.number < OLDEST_SERVER:
        found.append(Finding(f"PostgreSQL {facts.version} is too old", "use 15 or newer"))
    for name, value in facts.durable.items():
        if value == "off":
            mend = "an acknowledged command could be lost: turn it on in the server's settings, or for this login"
            found.append(Finding(f"the database has {name} = off", mend, grave=production))
    if facts.read_only:
        found.append(
            Finding("the database takes no writes", "connect to the primary, not to a standby", grave=production)
        )
    if facts.head is not None and facts.head > facts.newest:
        found.append(
            Finding(f"the database is at migration {facts.head}, which this code does not know", "run newer code")
        )
    elif facts.head != facts.newest and not (migrating or facts.unseen):
        at = "has no tables yet" if facts.head is None else f"is at migration {facts.head}, older than {facts.newest}"
        found.append(Finding(f"the database {at}", "run: dakehu migrate"))
    if not migrating:
        for role in facts.roles_missing:
            found.append(
                Finding(f"the role {role} is missing", "migrate as a login that may make roles, or make it first")
            )
        for role in facts.roles_not_ours:
            if role in needs:
                found.append(Finding(f"{facts.login} may not take the role {role}", f"grant {role} to {facts.login}"))
        if facts.unseen and not facts.roles_not_ours and not facts.roles_missing:
            mend = "as its owner: grant select on public.alembic_version to dakehu_app"
            found.append(Finding("which migrations the database took cannot be seen", mend))
    for role in facts.roles_unbound:
        mend = f"alter role {role} nosuperuser nobypassrls"
        found.append(Finding(f"row-level security does not bind the role {role}", mend))
    for table in facts.unwalled:
        mend = f"select es.wall('{table}'); as its owner"
        found.append(Finding(f"{table} is not behind row-level security", mend, grave=production))
    if facts.leaky:
        mend = "as a superuser: alter function … leakproof, see docs/decisions/0013; reports of past days are slow"
        found.append(Finding(f"not leakproof: {', '.join(facts.leaky)}", mend, grave=False))
    for issuer in facts.insecure_issuers:
        mend = "its tokens could be forged on the way: trust it under https, and distrust this one"
        found.append(Finding(f"the identity provider {issuer} is trusted without TLS", mend, grave=production))
    if abs(facts.skew_seconds) > SKEW_TO_MENTION_SECONDS:
        grave = production and abs(facts.skew_seconds) > MOST_SKEW_SECONDS
        what = f"the database's clock differs from this machine's by {facts.skew_seconds:+.1f} s"
        found.append(Finding(what, "let both keep time by NTP", grave=grave))
    if production and facts.superuser:
        mend = "let the services log in as an ordinary owner of the database"
        found.append(Finding(f"{facts.login} is a superuser, or passes row-level security", mend, grave=False))
    return found


async def findings(settings: Settings, *, migrating: bool = False, needs: Collection[str] = ROLES) -> list[Finding]:
    """Everything wrong before a start: the settings, and the database when it answers.

    An embedded database is ours and not asked. One that is away is not a reason: the services wait for it.
    """
    found = settings_findings(settings)
    if settings.database_url is not None and settings.env == "production":
        try:
            facts = await database_facts(plain_url(settings.database_url))
        except AWAY:
            return found
        found += database_findings(facts, settings, migrating=migrating, needs=needs)
    return found


def told(found: list[Finding]) -> str:
    """As shown to whoever starts it."""
    return "\n".join(f"  - {finding.what}\n      {finding.mend}" for finding in found)


def _secrets(settings: Settings) -> Iterator[Finding]:
    given: dict[str, bytes] = {}
    for name in ("cursor_key", "vault_key", "vault_key_before", "api_key_secret"):
        setting = f"DAKEHU_{name.upper()}"
        file: Path | None = getattr(settings, f"{name}_file", None)
        secret: SecretStr | None = getattr(settings, name)
        if secret is None and file is None:
            if name != "vault_key_before":
                yield Finding(f"{setting} is not set", f"{MAKE_KEY}; the same for all processes")
            continue
        try:
            text = secret.get_secret_value() if secret is not None else file.read_text().strip() if file else ""
            given[setting] = decode_key(text, name=setting)
        except OSError as error:
            yield Finding(
                f"{setting}_FILE cannot be read ({type(error).__name__})", "put the key there, readable by us"
            )
        except BadKey:
            yield Finding(f"{setting} is not 32 bytes in hex or base64", MAKE_KEY)
    for setting, key in given.items():
        if len(set(key)) < FEWEST_BYTES:
            yield Finding(f"{setting} is no random key", MAKE_KEY)
    names = list(given)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if given[one] == given[other]:
                yield Finding(f"{one} and {other} are the same", "no key serves two purposes: make another")
    for path in (settings.data / "keys" / "dev", settings.data / "keys" / "vault"):
        with_it = [name for name, key in given.items() if name != "DAKEHU_VAULT_KEY_BEFORE" and key == _key_in(path)]
        for setting in with_it:
            mend = "it lay in a file of development: make another"
            if path.name == "vault":
                mend += ", give this one as DAKEHU_VAULT_KEY_BEFORE, and run: dakehu rewrap"
            yield Finding(f"{setting} is the key of development in {path}", mend)


def _key_in(path: Path) -> bytes | None:
    try:
        return decode_key(path.read_text().strip(), name=path.name)
    except (OSError, BadKey):
        return None


def _origins(settings: Settings) -> Iterator[Finding]:
    for origin in settings.cors_origins:
        if "*" in origin or origin == "null":
            mend = "name each origin whose pages may call: https://crm.example.com"
            yield Finding(f"DAKEHU_CORS_ORIGINS lets every page in: {origin}", mend)
        elif ORIGIN.fullmatch(origin) is None:
            mend = "scheme, host in lower case, port unless it is the usual one, and no slash at the end"
            yield Finding(f"DAKEHU_CORS_ORIGINS: {origin} is no origin as browsers send it", mend)
        elif origin.startswith("http://") and urlsplit(origin).hostname not in LOCAL:
            yield Finding(f"DAKEHU_CORS_ORIGINS: pages of {origin} come without TLS", "serve them by https")
    if "*" in settings.trusted_proxies:
        mend = "name the reverse proxy's address or network, else any client says whose address it has"
        yield Finding("DAKEHU_TRUSTED_PROXIES trusts everybody", mend)


def _address(settings: Settings) -> Iterator[Finding]:
    production = settings.env == "production"
    if settings.database_url is None:
        if production:
            mend = "set DATABASE_URL, or see that the data folder is backed up"
            yield Finding("the embedded database is used in production", mend, grave=False)
        return
    parts = urlsplit(plain_url(settings.database_url))
    asked = parse_qs(parts.query)
    mode = (asked.get("sslmode") or [os.environ.get("PGSSLMODE", "prefer")])[-1]
    hosts = {parts.hostname or "", *asked.get("host", ())}
    if any(host not in LOCAL and not host.startswith("/") for host in hosts) and mode not in ENCRYPTED:
        mend = "add ?sslmode=verify-full (or require) to DATABASE_URL"
        yield Finding("the way to the database need not be encrypted", mend, grave=False)


def _folder(settings: Settings) -> Iterator[Finding]:
    if settings.env != "production":
        return
    for name in ("token", "keys/dev"):
        if (settings.data / name).exists():
            mend = "give production a data folder of its own (DAKEHU_DATA), or remove the file"
            yield Finding(f"{settings.data / name} is of development", mend, grave=False)
    if settings.data.exists() and settings.data.stat().st_mode & 0o077:
        yield Finding(f"others may look into {settings.data}", f"chmod 700 {settings.data}", grave=False)


def refuse_when(found: list[Finding], say: Callable[[str], None]) -> bool:
    """Say what was found; whether it refuses the start."""
    grave = [finding for finding in found if finding.grave]
    light = [finding for finding in found if not finding.grave]
    if light:
        say(f"Not as it should be:\n{told(light)}")
    if grave:
        say(f"Cannot start: {len(grave)} fault{'s' if len(grave) > 1 else ''}\n{told(grave)}")
    return bool(grave)
