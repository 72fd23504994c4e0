"""Pages of visitor counts and spend, names beside ids. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.leads.shown import by_unit
from services.opportunities.policies.catalogues.words import CHANNELS
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

SORTS = {"-day": Order("f.day", "date", descending=True)}
FIGURES = """
select f.*, {sort_value} as sort_value
  from {relation} as f
 where {holds} and {seen} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
Filters = tuple[date | None, date | None, UUID | None, str | None]
"""From, to, unit with all below, channel."""


def wanted(sql: Sql, alias: str, filters: Filters) -> str:
    """The predicate of these filters on a figure."""
    since, until, unit_id, channel = filters
    said = ["true"]
    if since is not None:
        said.append(f"{alias}.day >= {sql(since)}")
    if until is not None:
        said.append(f"{alias}.day <= {sql(until)}")
    if channel is not None:
        said.append(f"{alias}.channel = {sql(channel)}")
    if unit_id is not None:
        said.append(sql.below(f"{alias}.unit_id", unit_id))
    return " and ".join(said)


async def figures(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    view: str,
    shaped: Callable[[Any], Row],
    page: Page,
    *,
    own: bool,
    filters: Filters,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of one of the two views, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        FIGURES.replace("{relation}", "{" + view + "}"),
        holds=sql.holds("f"),
        seen=by_unit(sql, "f.unit_id", own=own),
        wanted=wanted(sql, "f", filters),
        **paged(sql, SORTS, "-day", page, "f.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    items = [
        {
            "id": row["stream_id"],
            "version": row["version"],
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "channel": row["channel"],
            "channel_label": channel_label(row["channel"], labels.language),
            "day": row["day"],
            **shaped(row),
        }
        for row in found
    ]
    return items, after


def visitors_row(row: Any) -> Row:
    """What a visitor count says."""
    return {"count": row["count"]}


def spend_row(row: Any) -> Row:
    """What an amount says."""
    return {
        "period": "day" if row["days"] == 1 else "month",
        "amount": money(row["amount"]),
        "currency": row["currency"],
        "purpose": row["purpose"],
    }


def channel_label(code: str | None, language: str) -> str:
    """A channel's name; a tenant's own code is its own."""
    word = CHANNELS.get(code or "")
    if word is None:
        return code or ""
    return word.en if language == "en" else word.zh
