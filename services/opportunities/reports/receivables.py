"""Receivables by age, and what accounts owe beside their limit. Due, overdue and over are worked out for the day asked.

Per currency, never added. Money that pays nothing yet stands in lines of its own, below nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.opportunities.billing.due import Due, calendar
from services.opportunities.billing.lists import shown_account
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.labels import Labels
from shared.records.places import joined, places

GroupBy = Literal["account", "owner", "org_unit", "branch", "region", "currency"]
State = Literal["over", "with_orders", "near", "within", "no_limit"]

NOTHING = Decimal(0)
BUCKETS: Mapping[str, int | None] = {
    "not_due": 0,
    "days_1_30": 30,
    "days_31_60": 60,
    "days_61_90": 90,
    "days_over_90": None,
}
"""Calendar days after the day something was due, inclusive; the last is open."""

# Owner and unit: of the order, and of the account for money on no invoice, as they were at the instant asked about.
OPEN = """
select i.stream_id, i.opportunity_id, i.account_id, i.currency, i.gross, i.credited, i.open_amount, i.issued_on,
       i.due_on, {key} as key
  from {invoices} as i
  left join {standings} as c on c.stream_id = i.opportunity_id and {credit_holds}
  {rolled}
 where i.tenant_id = $1 and i.open_amount <> 0 and tstzrange(i.from_at, i.to_at) @> {at} and {counted} and {wanted}
"""
UNALLOCATED = """
select r.currency, {key} as key, count(*)::int as count, sum(r.unallocated) as unallocated
  from {receipts} as r
  left join {accounts} as c on c.stream_id = r.account_id and {credit_holds}
  {rolled}
 where r.tenant_id = $1 and r.unallocated <> 0 and tstzrange(r.from_at, r.to_at) @> {at} and {counted} and {wanted}
 group by 1, 2
"""
KEYS: Mapping[GroupBy, str] = {
    "account": "{row}.account_id::text",
    "owner": "c.owner_id::text",
    "org_unit": "c.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "currency": "{row}.currency",
}

LIMITS = """
select l.account_id, l.currency, l.credit_limit
  from {credit_limits} as l where {holds} and {wanted} and {shown}
"""
OWED = """
select i.stream_id, i.opportunity_id, i.account_id, i.currency, i.gross, i.credited, i.open_amount, i.issued_on,
       i.due_on
  from {invoices} as i
 where i.tenant_id = $1 and i.open_amount <> 0 and tstzrange(i.from_at, i.to_at) @> {at} and {wanted} and {shown}
"""
FREE = """
select r.account_id, r.currency, sum(r.unallocated) as amount
  from {receipts} as r
 where r.tenant_id = $1 and r.unallocated <> 0 and tstzrange(r.from_at, r.to_at) @> {at} and {wanted} and {shown}
 group by 1, 2
"""
ORDERS = """
select s.account_id, s.currency, sum(s.open_amount) as amount
  from {standings} as s
 where {in_stock} and s.stock = 'ordered' and s.account_id is not null and {wanted} and {shown}
 group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Whose receivables. `unit_id` means the unit and all below it, along the tree of the question."""

    owner_id: UUID | None = None
    unit_id: UUID | None = None
    account_id: UUID | None = None
    currency: str | None = None

    def predicate(self, sql: Sql, row: str, credit: str | None = None) -> str:
        """The condition on a row with account and currency; owner and unit are those of `credit`."""
        said = ["true"]
        for name in ("account_id", "currency"):
            if (value := getattr(self, name)) is not None:
                said.append(f"{row}.{name} = {sql(value)}")
        if credit is not None and self.owner_id is not None:
            said.append(f"{credit}.owner_id = {sql(self.owner_id)}")
        if credit is not None and self.unit_id is not None:
            said.append(sql.below(f"{credit}.unit_id", self.unit_id))
        return " and ".join(said)


def aged(parts: Sequence[Due], day: date) -> Mapping[str, Decimal]:
    """What is open, by how long it has been due. What waits for something is not due."""
    found = dict.fromkeys(BUCKETS, NOTHING)
    for part in parts:
        days = 0 if part.on is None else (day - part.on).days
        name = next(name for name, until in BUCKETS.items() if until is None or days <= until)
        found[name] += part.amount
    return found


async def receivables(
    reads: Reads, asking: Asking, labels: Labels, *, group_by: GroupBy = "account", which: Which | None = None
) -> Row:
    """Rows per key and currency, of what is open by age and of money that pays nothing yet; and totals by currency."""
    which = which or Which()
    sums: dict[tuple[str | None, str, str], dict[str, Any]] = {}

    def add(key: str | None, currency: str, kind: str, count: int, ages: Mapping[str, Decimal]) -> None:
        row = sums.setdefault((key, currency, kind), {"count": 0, **dict.fromkeys((*BUCKETS, "total"), NOTHING)})
        row["count"] += count
        for name, amount in ages.items():
            row[name] += amount
            row["total"] += amount

    found = await _rows(reads, asking, OPEN, "i", "i.account_id", group_by, which)
    dues = await calendar(reads, asking, {row["opportunity_id"] for row in found})
    for row in found:
        add(row["key"], row["currency"], "invoices", 1, aged(dues.of(row), asking.day))
    for row in await _rows(reads, asking, UNALLOCATED, "r", "c.stream_id", group_by, which):
        add(row["key"], row["currency"], "unallocated", row["count"], {"not_due": -row["unallocated"]})
    names = await labels.of_groups(reads, asking, (group_by,), [(key,) for key, _, _ in sums])
    rows = [
        {"key": key, "label": names.label(group_by, key), "kind": kind, "currency": currency, "count": row["count"]}
        | {name: money(row[name]) for name in (*BUCKETS, "total")}
        for (key, currency, kind), row in sums.items()
    ]
    rows.sort(key=lambda row: (row["key"] is None, row["label"], row["key"] or "", row["currency"], row["kind"]))
    return {"rows": rows, "totals": _totals(sums), "group_by": group_by}


async def _rows(
    reads: Reads, asking: Asking, statement: str, row: str, account: str, group_by: GroupBy, which: Which
) -> Sequence[Any]:
    rolled = await places(reads, Sql(asking), (group_by,))
    sql = Sql(asking)
    text = sql.text(
        statement,
        key=KEYS[group_by].format(row=row),
        credit_holds=sql.holds("c"),
        rolled=joined(sql, rolled, "c.unit_id"),
        counted=sql.counted("c", account=account),
        wanted=which.predicate(sql, row, "c"),
    )
    return await reads.fetch(text, *sql.values)


def _totals(sums: Mapping[tuple[str | None, str, str], Mapping[str, Any]]) -> list[Row]:
    found: dict[str, dict[str, Decimal]] = defaultdict(
        lambda: {"receivables": NOTHING, "overdue": NOTHING, "unallocated": NOTHING}
    )
    for (_, currency, kind), row in sums.items():
        total = found[currency]
        if kind == "invoices":
            total["receivables"] += row["total"]
            total["overdue"] += row["total"] - row["not_due"]
        else:
            total["unallocated"] -= row["total"]
    return [
        {"currency": currency}
        | {name: money(amount) for name, amount in total.items()}
        | {"net": money(total["receivables"] - total["unallocated"])}
        for currency, total in sorted(found.items())
    ]


# -- limits ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Standing:
    """What one account owes in one currency."""

    limit: Decimal | None = None
    receivables: Decimal = NOTHING
    overdue: Decimal = NOTHING
    unallocated: Decimal = NOTHING
    orders_open: Decimal = NOTHING

    @property
    def exposure(self) -> Decimal:
        return self.receivables - self.unallocated

    def state(self, warn_share: Decimal) -> State:
        if self.limit is None:
            return "no_limit"
        if self.exposure > self.limit:
            return "over"
        if self.exposure + self.orders_open > self.limit:
            return "with_orders"
        return "near" if self.limit and self.exposure >= self.limit * warn_share else "within"


async def standings(
    reads: Reads, asking: Asking, which: Which, *, shown: bool = True
) -> tuple[Mapping[tuple[UUID, str], Standing], Decimal]:
    """What accounts owe, all of it, whoever the orders belong to; and the policy's share to warn from.

    `shown`: only accounts the asker sees; without it those of `which`, for a record that is seen.
    """
    found: dict[tuple[UUID, str], Standing] = defaultdict(Standing)

    async def fetch(statement: str, row: str, **parts: Any) -> Sequence[Any]:
        sql = Sql(asking)
        seen = shown_account(sql, f"{row}.account_id") if shown else "true"
        given = {name: make(sql) for name, make in parts.items()}
        text = sql.text(statement, wanted=which.predicate(sql, row), shown=seen, **given)
        return await reads.fetch(text, *sql.values)

    for row in await fetch(LIMITS, "l", holds=lambda sql: sql.holds("l")):
        found[row["account_id"], row["currency"]].limit = row["credit_limit"]
    owed = await fetch(OWED, "i")
    dues = await calendar(reads, asking, {row["opportunity_id"] for row in owed})
    for row in owed:
        standing = found[row["account_id"], row["currency"]]
        ages = aged(dues.of(row), asking.day)
        standing.receivables += row["open_amount"]
        standing.overdue += row["open_amount"] - ages["not_due"]
    for row in await fetch(FREE, "r"):
        found[row["account_id"], row["currency"]].unallocated = row["amount"]
    for row in await fetch(ORDERS, "s", in_stock=lambda sql: sql.in_stock("s")):
        found[row["account_id"], row["currency"]].orders_open = row["amount"] or NOTHING
    return found, dues.policy(asking.day).warn_share


async def credit(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, states: Sequence[str] | None = None
) -> Row:
    """One row per account and currency with a limit or something owed; the fullest first."""
    found, warn_share = await standings(reads, asking, which)
    accounts = await labels.accounts(reads, asking, {account_id for account_id, _ in found})
    rows: list[Row] = [
        {
            "account_id": account_id,
            "account": accounts.get(account_id),
            "currency": currency,
            "limit": money(standing.limit),
            "receivables": money(standing.receivables),
            "overdue": money(standing.overdue),
            "unallocated": money(standing.unallocated),
            "exposure": money(standing.exposure),
            "orders_open": money(standing.orders_open),
            "share": rounded(standing.exposure / standing.limit) if standing.limit else None,
            "state": state,
        }
        for (account_id, currency), standing in found.items()
        if (state := standing.state(warn_share)) in (states or (state,))
    ]
    rows.sort(key=lambda row: (row["share"] is None, -(row["share"] or 0), str(row["account_id"]), row["currency"]))
    return {"rows": rows, "warn_share": float(warn_share)}


WARNS: Mapping[State, str] = {"over": "over_limit", "with_orders": "over_limit_with_orders", "near": "near_limit"}


async def warnings(reads: Reads, asking: Asking, account_id: UUID) -> list[Row]:
    """What is to be known of an account before more is ordered or charged."""
    found, warn_share = await standings(reads, asking, Which(account_id=account_id), shown=False)
    said: list[Row] = []
    for (_, currency), standing in sorted(found.items(), key=lambda item: item[0][1]):
        if (code := WARNS.get(standing.state(warn_share))) is not None and standing.limit is not None:
            amounts = {"limit": standing.limit, "exposure": standing.exposure, "orders_open": standing.orders_open}
            said.append({"code": code, "params": {name: money(amount) for name, amount in amounts.items()}})
            said[-1]["params"]["currency"] = currency
        if standing.overdue:
            said.append({"code": "overdue", "params": {"amount": money(standing.overdue), "currency": currency}})
    return said
