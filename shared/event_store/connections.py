"""How the store connects: settings of its sessions and the jsonb codec. Must not hold or pool connections."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5.0

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

# A hint needs no durability: a commit that waits for the disk would cost an append its place there.
NOTIFIER = SESSION | {"application_name": "dakehu hints", "synchronous_commit": "off"}

READER = SESSION | {"application_name": "dakehu read"}


class PooledConnection(asyncpg.Connection):
    """A pooled connection without the round trip of a reset: nobody may leave session state on one.

    The pool still rolls back a transaction left open and removes listeners' callbacks.
    """

    def get_reset_query(self) -> str:
        return ""


_decode = msgspec.json.Decoder().decode


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def with_json(connection: Any) -> None:
    """jsonb as Python values, both ways."""
    await connection.set_type_codec("jsonb", encoder=_encode, decoder=_decode, schema="pg_catalog")


async def connect(database_url: str, settings: dict[str, str]) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(database_url, server_settings=settings, timeout=CONNECT_TIMEOUT_S)
