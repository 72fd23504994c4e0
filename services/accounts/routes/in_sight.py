"""Sight in SQL over accounts: rows are shown by who is responsible today, whatever day is asked about. No route."""

from __future__ import annotations

from typing import Any

from services.accounts.views.accounts import ACCOUNTS
from shared.identity.sight import Sight

TODAY = """exists (
    select from {accounts} as n
     where n.tenant_id = $1 and n.stream_id = {id} and n.to_at is null and {seen})"""


def shown(sight: Sight, first: int, alias: str, *, present: bool) -> tuple[str, tuple[Any, ...]]:
    """A predicate on rows of accounts called `alias`, and its parameters from `$first`; `$1` is the tenant.

    `present`: the rows are those of today themselves.
    """
    row = alias if present else "n"
    said, given = sight.sql(first, owner=f"{row}.owner_id", unit=f"{row}.unit_id", team=f"{row}.team")
    if present or sight.everything:
        return said, given
    return TODAY.format(accounts=ACCOUNTS.table, id=f"{alias}.stream_id", seen=said), given
