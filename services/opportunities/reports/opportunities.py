"""The list of opportunities at an instant, in pages. One record with its history is read from its stream, not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.opportunities.policies.level_policy import NEW, ORDERED, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.few import few
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import bucket, code_of
from shared.days import end_of, start_of
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-captured_at": Order("s.captured_at", "timestamptz", descending=True),
    "captured_at": Order("s.captured_at", "timestamptz"),
    "expected_on": Order("coalesce(s.expected_on, 'infinity')", "date"),
    "-amount": Order("coalesce(s.amount, 0)", "numeric", descending=True),
}

# By the day of record it goes down those of today, who is responsible and all, until the page is full.
AS_OF_SORTS: Mapping[str, Order] = {
    **SORTS,
    "-captured_at": Order("n.captured_at", "timestamptz", descending=True),
    "captured_at": Order("n.captured_at", "timestamptz"),
}

OPPORTUNITIES = """
select s.*, {bucket} as bucket, s.expected_on - {day} as days_left, {sort_value} as sort_value
  from {standings} as s
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
# The same of another instant. The day of record is the same in every row of an opportunity.
OPPORTUNITIES_AS_OF = """
select s.*, {bucket} as bucket, s.expected_on - {day} as days_left, {sort_value} as sort_value
  from {standings} as n join {standings} as s on s.stream_id = n.stream_id
 where n.tenant_id = $1 and n.to_at is null and n.captured_at <= {at} and {shown}
   and {holds} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""

ALL = Filters()


@dataclass(frozen=True, slots=True)
class Which:
    """Which opportunities. `level` is declared, N and O included; `stock` open or ordered; days are of the record."""

    status: str | None = None
    stock: str | None = None
    review: str | None = None
    level: str | None = None
    captured_since: date | None = None
    captured_until: date | None = None
    filters: Filters = ALL

    def predicate(self, sql: Sql, captured_at: str) -> str:
        said = [self.filters.predicate(sql, "s")]
        for name in ("status", "stock", "review"):
            if (value := getattr(self, name)) is not None:
                said.append(f"s.{name} = {sql(value)}")
        match self.level:
            case None:
                pass
            case "N":
                said.append("s.level is null and s.stock = 'open'")
            case "O":
                said.append("s.stock = 'ordered'")
            case level:
                said.append(f"s.level = {sql(level)} and s.stock = 'open'")
        if self.captured_since is not None:
            said.append(f"{captured_at} >= {sql(start_of(self.captured_since, sql.asking.zone))}")
        if self.captured_until is not None:
            said.append(f"{captured_at} <= {sql(end_of(self.captured_until, sql.asking.zone))}")
        return " and ".join(said)


async def opportunities(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    *,
    which: Which | None = None,
    sort: str = "-captured_at",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of opportunities as they stood, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    now = asking.latest or asking.known_at is not None  # or as known then: that is folded again and has no index
    ids = None if now else await few(reads, asking)
    statement = sql.text(
        OPPORTUNITIES if now else OPPORTUNITIES_AS_OF,
        bucket=bucket(sql, policy),
        holds=sql.holds("s"),
        shown=sql.shown("s") if now else sql.counted("n") if ids is None else f"n.stream_id = any({sql(ids)}::uuid[])",
        wanted=(which or Which()).predicate(sql, "s.captured_at" if now else "n.captured_at"),
        **paged(sql, SORTS if now else AS_OF_SORTS, sort, page, "s.stream_id" if now else "n.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    items = [
        {
            "id": row["stream_id"],
            "version": row["version"],
            "title": row["title"],
            "status": row["status"],
            "review": row["review"],
            "stock": row["stock"],
            "level": ORDERED if row["stock"] == "ordered" else row["level"] or NEW,
            "computed_level": code_of(policy, row["bucket"]) if row["stock"] == "open" else None,
            "expected_on": row["expected_on"],
            "days_left": row["days_left"] if row["stock"] == "open" else None,
            "times_slipped": row["times_slipped"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "channel": row["channel"],
            "lines": row["lines"],
            "units": row["units"],
            "open_units": row["open_units"],
            "amount": money(row["amount"]),
            "open_amount": money(row["open_amount"]),
            "currency": row["currency"],
            "stage": row["stage"],
            "probability": None if row["probability"] is None else format(row["probability"], "f"),
            "captured_at": row["captured_at"],
            "recall_on": row["recall_on"],
            "promised_on": row["promised_on"],
            "external_refs": row["external_refs"] or {},
        }
        for row in found
    ]
    return items, after
