"""Lists in pages: the order of a list, and where a page goes on. Knows no cursor format and no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.records.asking import Sql


@dataclass(frozen=True, slots=True)
class Order:
    """A sort of the allow-list: a SQL expression that is never null, its type, and the direction."""

    expression: str
    type: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` items after the item with this sort value (as text) and id."""

    limit: int = 100
    after: tuple[str, UUID] | None = None


def paged(sql: Sql, orders: Mapping[str, Order], sort: str, page: Page, id: str) -> dict[str, str]:
    """The parts `sort_value`, `beyond`, `order` and `limit` of a list's statement."""
    order = orders[sort]
    direction, sign = ("desc", "<") if order.descending else ("asc", ">")
    beyond = "true"
    if page.after is not None:
        value, last = page.after
        beyond = f"({order.expression}, {id}) {sign} ({sql(value)}::text::{order.type}, {sql(last)}::uuid)"
    return {
        "sort_value": f"({order.expression})::text",
        "beyond": beyond,
        "order": f"{order.expression} {direction}, {id} {direction}",
        "limit": f"{sql(page.limit + 1)}::int",
    }


def next_of(rows: Sequence[Any], page: Page) -> tuple[Sequence[Any], tuple[str, UUID] | None]:
    """The rows of this page, and after which the next goes on; None at the end."""
    if len(rows) <= page.limit:
        return rows, None
    last = rows[page.limit - 1]
    return rows[: page.limit], (last["sort_value"], last["stream_id"])
