"""Whom a person stands in for today. Read from the log; decides nothing about what a deputy may do."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID


async def standing_in(pool: Any, tenant_id: UUID, person_id: UUID, today: date) -> frozenset[UUID]:
    """The absent persons whose deputy this person is on that day. Asked once in a few seconds for each credential."""
    return frozenset()
