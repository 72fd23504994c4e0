"""Where the events of one flow come from: the log, by what its endpoint asks for and may see today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from shared.feed import reading
from shared.feed.reading import Question, Shown
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.flows import Flow
from shared.webhooks.sending import Networks
from shared.webhooks.surroundings import Surroundings

PAGE_EVENTS = 200
SIGHT_SECONDS = 30.0
"""How old may be what an endpoint sees, and where an operator lets it be."""


class Source:
    """`allowed`: networks the operator lets the endpoint be in; as old as what it sees."""

    def __init__(self, pool: Any, flow: Flow, endpoint: Endpoint, around: Surroundings) -> None:
        self.allowed: Networks = ()
        self._pool = pool
        self._flow = flow
        self._endpoint = endpoint
        self._around = around
        self._asked: Question | None = None
        self._asked_at = 0.0

    async def read(self, after: int, upto: int) -> reading.Page:
        """The next page, of a flow of chosen places the next of these."""
        question = await self._question()
        if question.positions is None:
            return await self._page(question, after, upto, PAGE_EVENTS)
        some = frozenset(sorted(at for at in question.positions if after < at <= upto)[:PAGE_EVENTS])
        upto = max(some) if len(some) == PAGE_EVENTS else upto
        return await self._page(replace(question, positions=some), after, upto, max(1, len(some)))

    async def at(self, positions: frozenset[int]) -> Sequence[Shown]:
        """The events at these places, as far as they are for the endpoint."""
        if not positions:
            return ()
        question = replace(await self._question(), positions=positions)
        found: list[Shown] = []
        after = min(positions) - 1
        while after < max(positions):
            page = await self._page(question, after, max(positions), len(positions))
            found += page.events
            after = page.upto
        return found

    async def _page(self, question: Question, after: int, upto: int, limit: int) -> reading.Page:
        flow = self._flow
        return await reading.read(
            self._pool, flow.tenant_id, flow.epoch, question, self._around.scopes, after=after, upto=upto, limit=limit
        )

    async def _question(self) -> Question:
        if self._asked is None or monotonic() - self._asked_at > SIGHT_SECONDS:
            self._asked_at = monotonic()
            self.allowed = await self._around.allowed(self._flow.tenant_id)
            self._asked = self._flow.asked(self._endpoint, await self._around.sight(self._endpoint))
        return self._asked
