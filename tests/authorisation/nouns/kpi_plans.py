"""The matrix and its targets for plans: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation.row import Row
from tests.authorisation.target import Target
from tests.authorisation.world import World

ROWS: dict[str, Row] = {}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
