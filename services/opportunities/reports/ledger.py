"""Ledger match (物资台帐与财务帐目吻合度): our deliveries beside the ERP's postings, entry by entry.

An entry is a delivery of a line on an order, or a posting. Two are one when order, line, units and amount are the same;
what is left is paired within its order and line, in the order of days, and differs; what has no other side counts too.
Belongs to the period of our day, else of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded

OURS = """
select d.stream_id as opportunity_id, coalesce(o.order_ref, d.stream_id::text) as order_ref, d.line, d.product,
       s.currency, d.delivered_on as posted_on, sum(d.units)::int as units,
       sum(coalesce(l.unit_price * d.units, round(l.amount * d.units / nullif(l.units, 0), 2))) as amount
  from {deliveries} as d
  left join {standings} as s on s.tenant_id = d.tenant_id and s.stream_id = d.stream_id
        and s.from_at <= d.delivered_at and (s.to_at is null or s.to_at > d.delivered_at)
  left join {order_lines} as o on o.tenant_id = d.tenant_id and o.stream_id = d.stream_id and o.line = d.line
        and o.from_at <= d.delivered_at and (o.to_at is null or o.to_at > d.delivered_at)
  left join lateral (
       select (said ->> 'unit_price')::numeric as unit_price, (said ->> 'amount')::numeric as amount,
              (said ->> 'units')::int as units
         from jsonb_array_elements(s.lines) as one(said) where (said ->> 'line')::int = d.line limit 1) as l on true
 where d.tenant_id = $1 and d.delivered_at <= {at} and {counted} and {wanted}
 group by d.tenant_id, d.stream_id, d.version, o.order_ref, d.line, d.product, s.currency, d.delivered_on
"""
# A posting that was reversed, and its reversal, are out of the books both. Of a posting without a line the product
# says which, where the order has one line of it. Who sees the order of a posting counts it; one of an order we do not
# know is counted by who sees everything.
THEIRS = """
select p.posting_id, k.opportunity_id, coalesce(k.order_ref, p.order_ref, p.opportunity_id::text) as order_ref,
       coalesce(p.line, k.line) as line, coalesce(p.product, k.product) as product, p.currency, p.posted_on, p.units,
       p.amount
  from {postings} as p
  left join lateral (
       select o.stream_id as opportunity_id, coalesce(o.order_ref, o.stream_id::text) as order_ref,
              case when count(*) filter (where p.line is null) over () <= 1 then o.line end as line, o.product,
              s.owner_id, s.unit_id, s.account_id
         from {order_lines} as o
         join {standings} as s on s.stream_id = o.stream_id and {standing_holds}
        where {holds} and (o.stream_id = p.opportunity_id or (p.opportunity_id is null and o.order_ref = p.order_ref))
          and (o.line = p.line or (p.line is null and o.product = p.product))
        order by o.stream_id, o.line limit 1) as k on true
 where p.tenant_id = $1 and p.posted_at <= {at} and p.kind = 'delivery' and {counted} and {wanted}
   and not exists (select from {postings} as r
                    where r.tenant_id = $1 and r.reverses = p.posting_id and r.posted_at <= {at})
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery or a posting."""

    order: str
    line: int | None
    product: str | None
    units: int
    amount: Decimal | None
    currency: str | None
    on: date
    opportunity_id: UUID | None = None
    posting_id: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        return self.order, str(self.line if self.line is not None else self.product)

    @property
    def said(self) -> tuple[Any, ...]:
        """What two entries agree in to be one."""
        return (*self.place, self.units, self.amount, self.currency)


Pair = tuple[Entry | None, Entry | None]
SAME: Sequence[Callable[[Entry], tuple[Any, ...]]] = (lambda entry: entry.said, lambda entry: entry.place)
"""What makes two entries one: first that they agree in all, then that they are of one order and line."""


def paired(ours: Sequence[Entry], theirs: Sequence[Entry]) -> list[Pair]:
    """Each of ours with one of theirs, or alone: first those that agree, then what is left of the same order and line.

    Of several that would do, the earliest days go together.
    """
    pairs: list[Pair] = []
    for same in SAME:
        waiting: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
        for entry in sorted(theirs, key=_order):
            waiting[same(entry)].append(entry)
        left: list[Entry] = []
        for entry in sorted(ours, key=_order):
            if waiting[same(entry)]:
                pairs.append((entry, waiting[same(entry)].pop(0)))
            else:
                left.append(entry)
        ours, theirs = left, [entry for found in waiting.values() for entry in found]
    return [*pairs, *((entry, None) for entry in ours), *((None, entry) for entry in theirs)]


def differs(ours: Entry, theirs: Entry) -> list[str]:
    """In what two entries of one order and line do not agree."""
    return [name for name in ("units", "amount", "currency") if getattr(ours, name) != getattr(theirs, name)]


async def ledger_match(reads: Reads, asking: Asking, *, since: date | None, until: date | None) -> Row:
    """Every entry of the period with both sides, and the rate of those that match; null when there are none."""
    ours, theirs = await _entries(reads, asking, since, until)
    pairs = paired(ours, theirs)
    rows = [_row(one, other) for one, other in pairs if _within(one or other, since, until)]
    rows.sort(key=lambda row: (row["matches"], row["order"], row["line"] or 0, str(row["_on"])))
    for row in rows:
        del row["_on"]
    matched = sum(row["matches"] for row in rows)
    return {
        "rows": rows,
        "entries": len(rows),
        "matched": matched,
        "rate": rounded(matched / len(rows)) if rows else None,
    }


async def _entries(
    reads: Reads, asking: Asking, since: date | None, until: date | None
) -> tuple[list[Entry], list[Entry]]:
    """Both sides: all there is of every order with something in the period; its other side may lie outside."""
    if since is None and until is None:
        return await _ours(reads, asking), await _theirs(reads, asking)
    days = (since, until)
    within = [*await _ours(reads, asking, days=days), *await _theirs(reads, asking, days=days)]
    ids = sorted({entry.opportunity_id for entry in within if entry.opportunity_id is not None})
    orders = sorted({entry.order for entry in within})
    return await _ours(reads, asking, of=(ids, orders)), await _theirs(reads, asking, of=(ids, orders))


Days = tuple[date | None, date | None]
Orders = tuple[Sequence[UUID], Sequence[str]]


async def _ours(reads: Reads, asking: Asking, *, days: Days = (None, None), of: Orders | None = None) -> list[Entry]:
    sql = Sql(asking)
    wanted = _days(sql, "d.delivered_on", days)
    if of is not None:
        wanted = f"(d.stream_id = any({sql(of[0])}::uuid[]) or o.order_ref = any({sql(of[1])}::text[]))"
    statement = sql.text(OURS, counted=sql.counted("s"), wanted=wanted)
    return [_entry(row) for row in await reads.fetch(statement, *sql.values)]


async def _theirs(reads: Reads, asking: Asking, *, days: Days = (None, None), of: Orders | None = None) -> list[Entry]:
    sql = Sql(asking)
    wanted = _days(sql, "p.posted_on", days)
    if of is not None:
        wanted = f"(p.opportunity_id = any({sql(of[0])}::uuid[]) or p.order_ref = any({sql(of[1])}::text[]))"
    statement = sql.text(
        THEIRS,
        holds=sql.holds("o"),
        standing_holds=sql.holds("s"),
        counted=sql.counted("k", account="k.account_id"),
        wanted=wanted,
    )
    return [_entry(row) for row in await reads.fetch(statement, *sql.values)]


def _days(sql: Sql, day: str, days: Days) -> str:
    said = ["true"]
    if days[0] is not None:
        said.append(f"{day} >= {sql(days[0])}")
    if days[1] is not None:
        said.append(f"{day} <= {sql(days[1])}")
    return " and ".join(said)


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["order_ref"],
        row["line"],
        row["product"],
        row["units"],
        row["amount"],
        row["currency"],
        row["posted_on"],
        row["opportunity_id"],
        dict(row).get("posting_id"),
    )


def _order(entry: Entry) -> tuple[Any, ...]:
    return entry.on, entry.posting_id or "", str(entry.opportunity_id), entry.units


def _within(entry: Entry | None, since: date | None, until: date | None) -> bool:
    assert entry is not None
    return (since is None or entry.on >= since) and (until is None or entry.on <= until)


def _side(entry: Entry | None) -> Row | None:
    if entry is None:
        return None
    return {"units": entry.units, "amount": money(entry.amount), "currency": entry.currency, "on": entry.on}


def _row(ours: Entry | None, theirs: Entry | None) -> Row:
    one = ours or theirs
    assert one is not None
    differing = differs(ours, theirs) if ours is not None and theirs is not None else []
    return {
        "order": one.order,
        "opportunity_id": one.opportunity_id,
        "line": one.line,
        "product": one.product,
        "matches": ours is not None and theirs is not None and not differing,
        "side": "ours" if theirs is None else "theirs" if ours is None else "both",
        "differs": differing,
        "ours": _side(ours),
        "theirs": _side(theirs),
        "posting_id": None if theirs is None else theirs.posting_id,
        "_on": one.on,
    }
