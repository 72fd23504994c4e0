"""A list's page, from the request to the rows asked for and back to the answer. Holds no list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import Response

from shared.http.reading import Page as Asked
from shared.records.asked import answer
from shared.records.asking import Row
from shared.records.paging import Page


def page_of(asked: Asked) -> Page:
    """Which page was asked for."""
    after: tuple[Any, ...] | None = asked.after(str, UUID)
    return Page(asked.limit, None if after is None else (after[0], after[1]))


def listed(asked: Asked, items: Sequence[Row], after: tuple[str, UUID] | None) -> Response:
    """The page with its cursor: the kit wants a row more than it shows, and the sort values of the last one shown."""
    shown, cursor = asked.of(items if after is None else [*items, {}], lambda _: after or ())
    return answer({"items": shown, "next": cursor})
