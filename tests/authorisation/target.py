"""What a request of the matrix names in its path."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What a request names in its path, and the version it has."""

    id: str
    version: int | None = None
    person: str = ""
