"""How many requests one worker has under way: shared fairly, so that nobody fills it and no surge hits receivers.

Without a bound a hundred flows with a backlog would open a thousand connections at once, each would wait for this
process, and receivers would be blamed for answers we were too busy to read.
"""

from __future__ import annotations

REQUESTS = 256
LEAST = 2
"""Every flow may have so many, however many flows there are."""


class Room:
    """`flows`: those with something under way."""

    def __init__(self, requests: int = REQUESTS) -> None:
        self._requests = requests
        self.flows = 0

    def share(self, *, under_way: int) -> int:
        """Requests one flow may have under way, which has so many now."""
        flows = self.flows + int(not under_way)
        return max(LEAST, self._requests // max(1, flows))

    def entered(self, under_way: int) -> None:
        """A flow has one more under way: so many now."""
        self.flows += int(under_way == 1)

    def left(self, before: int, under_way: int) -> None:
        """It had so many, and now has so many."""
        self.flows -= int(before > 0 and under_way == 0)
