"""Dakehu from Python: commands that are safe to repeat, the feed without a gap, webhooks that verify."""

from dakehu_client.answers import Answer, BatchSummary, Event, Page, RowOutcome, Snapshot
from dakehu_client.asynchronous import AsyncClient
from dakehu_client.cursors import Cursor, FileCursor, MemoryCursor
from dakehu_client.errors import (
    Busy,
    Conflict,
    CursorGone,
    CutShort,
    DakehuError,
    NotAllowed,
    NotFound,
    Refused,
    Stale,
    StreamEnded,
    Unreachable,
)
from dakehu_client.retrying import Retries
from dakehu_client.synchronous import Client
from dakehu_client.webhooks import NotVerified, Verifier, public_keys

__all__ = [
    "Answer",
    "AsyncClient",
    "BatchSummary",
    "Busy",
    "Client",
    "Conflict",
    "Cursor",
    "CursorGone",
    "CutShort",
    "DakehuError",
    "Event",
    "FileCursor",
    "MemoryCursor",
    "NotAllowed",
    "NotFound",
    "NotVerified",
    "Page",
    "Refused",
    "Retries",
    "RowOutcome",
    "Snapshot",
    "Stale",
    "StreamEnded",
    "Unreachable",
    "Verifier",
    "public_keys",
]
