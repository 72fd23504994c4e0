"""How many requests of one tenant are under way in this process: none has all there may be, or others had none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from uuid import UUID


class Shares:
    """`most`: of one tenant, to whatever number of endpoints."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[UUID] = Counter()

    def room(self, tenant_id: UUID) -> bool:
        """Whether one more of this tenant may be sent."""
        return self._taken[tenant_id] < self._most

    def send(self, tenant_id: UUID, tasks: asyncio.TaskGroup, sending: Coroutine[Any, Any, None]) -> None:
        """Send it, counted until it has come to its end."""
        self._taken[tenant_id] += 1
        tasks.create_task(sending).add_done_callback(lambda _: self._taken.subtract((tenant_id,)))
