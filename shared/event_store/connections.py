"""How the store connects: settings and roles of its sessions, the tenant they ask for, the jsonb codec.

Holds no connection. The database shows each role other rows (docs/decisions/0013): APP those of the tenant the session
asks for, APPEND and WORK those of all, each only in the tables its work needs.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec

from shared.identity.current_tenant import current_tenant

APP = "dakehu_app"
APPEND = "dakehu_append"
WORK = "dakehu_work"

LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5.0

AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
"""What the database, or the way to it, says when it is not there; the next look may find it."""

SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "10000",
}

WRITER = SESSION | {
    "application_name": "dakehu append",
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "default_transaction_isolation": "read committed",
    # The append looks rows up by primary key. Planned on empty tables it would scan them for ever after.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
}

BECOME_WRITER = f"set role {APPEND}"

# A hint needs no durability: a commit that waits for the disk would cost an append its place there.
NOTIFIER = SESSION | {"application_name": "dakehu hints", "role": APP, "synchronous_commit": "off"}

READER = SESSION | {"application_name": "dakehu read"}


class PooledConnection(asyncpg.Connection):
    """A pooled connection without the round trip of a reset: nobody may leave session state on one.

    The pool still rolls back a transaction left open and removes listeners' callbacks. The one thing that stays is the
    tenant the session asks for, which the connection remembers.
    """

    tenant: UUID | None = None

    def get_reset_query(self) -> str:
        return ""


async def for_current_tenant(connection: Any) -> None:
    """A pool's `setup`: ask for the current tenant. A round trip only when the connection asked for another before.

    Nobody's (None) sees no row. When it fails the pool drops the connection.
    """
    pooled = cast("PooledConnection", getattr(connection, "_con", connection))
    tenant = current_tenant.get()
    if pooled.tenant != tenant:
        await pooled.execute(f"set app.tenant = '{tenant or ''}'")
        pooled.tenant = tenant


def pool(database_url: str, role: str, *, settings: dict[str, str], least: int, most: int) -> asyncpg.Pool[Any]:
    """Connections of one role, to be entered or awaited. Those of APP ask for the current tenant."""
    return asyncpg.create_pool(
        database_url,
        min_size=least,
        max_size=most,
        init=with_json,
        setup=for_current_tenant if role == APP else None,
        connection_class=PooledConnection,
        server_settings=settings | {"role": role},
        timeout=CONNECT_TIMEOUT_S,
    )


_decode = msgspec.json.Decoder().decode


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def with_json(connection: Any) -> None:
    """jsonb as Python values, both ways."""
    await connection.set_type_codec("jsonb", encoder=_encode, decoder=_decode, schema="pg_catalog")


async def connect(database_url: str, settings: dict[str, str]) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(database_url, server_settings=settings, timeout=CONNECT_TIMEOUT_S)
