"""At most so many a second, by a clock that is given. A second's worth may go at once."""

from __future__ import annotations


class Rate:
    """The least of these limits; None: no limit."""

    def __init__(self, *limits: float | None) -> None:
        given = [limit for limit in limits if limit is not None]
        self._limit = min(given) if given else None
        self._left = max(1.0, self._limit or 1.0)
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until one more may go; 0: it goes now."""
        if self._limit is None:
            return 0.0
        passed = 0.0 if self._at is None else now - self._at
        self._at = now
        self._left = min(max(1.0, self._limit), self._left + passed * self._limit)
        if self._left < 1.0:
            return (1.0 - self._left) / self._limit
        self._left -= 1.0
        return 0.0
