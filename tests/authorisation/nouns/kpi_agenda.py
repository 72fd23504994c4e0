"""The matrix and its targets for agenda: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

ROWS: dict[str, Row] = {"agenda.read": listed()}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
