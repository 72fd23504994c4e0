"""When what is open of an invoice is due: its own day, else the contract's payment terms, else the credit policy.

Payments fill the instalments in the order in which they come due. Stores nothing: worked out when read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from services.opportunities.billing.credit import CreditPolicy, policy_on
from services.opportunities.billing.money import cents
from services.opportunities.billing.views import CREDIT_POLICIES
from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.events import Instalment
from services.opportunities.reports.asking import Asking, Reads, Sql
from services.opportunities.views.deliveries import DELIVERIES

VIEWS = (CREDIT_POLICIES, CONTRACTS, DELIVERIES)
"""What a read that says when something is due waits for."""

POLICIES = """
select p.effective_from, p.due_days, p.warn_share from {credit_policies} as p
 where p.tenant_id = $1 and p.published_at <= {at} order by p.published_at, p.version
"""
# The terms of the contract signed last: of an order with several, each signing says what holds from then on.
TERMS = """
select distinct on (c.opportunity_id) c.opportunity_id, c.payment_terms, c.signed_on
  from {contracts} as c
 where {holds} and c.opportunity_id = any({ids}::uuid[]) and c.status = 'signed'
 order by c.opportunity_id, c.signed_on desc nulls last, c.stream_id
"""
DELIVERED = """
select d.stream_id as opportunity_id, max(d.delivered_on) as delivered_on
  from {deliveries} as d
 where d.tenant_id = $1 and d.stream_id = any({ids}::uuid[]) and d.delivered_at <= {at}
 group by 1
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A part of what is open. `on` null: what it waits for (delivery, acceptance) has not happened yet."""

    on: date | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed of an order, and the days it counts from."""

    instalments: tuple[Instalment, ...]
    days: Mapping[str, date | None]


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that says when the invoices of a question are due."""

    policies: tuple[CreditPolicy, ...]
    terms: Mapping[UUID, Terms]

    def of(self, invoice: Mapping[str, Any]) -> Sequence[Due]:
        """The parts still open of a row of invoices; none when nothing is."""
        if not invoice["open_amount"]:
            return ()
        if invoice["due_on"] is not None:
            return (Due(invoice["due_on"], invoice["open_amount"]),)
        terms = self.terms.get(invoice["opportunity_id"])
        if terms is None:
            days = policy_on(self.policies, invoice["issued_on"]).due_days
            return (Due(invoice["issued_on"] + timedelta(days=days), invoice["open_amount"]),)
        return instalments(invoice, terms)

    def policy(self, day: date) -> CreditPolicy:
        """The policy of a day."""
        return policy_on(self.policies, day)


def instalments(invoice: Mapping[str, Any], terms: Terms) -> Sequence[Due]:
    """What is open of each part: paid in the order due, those that wait for something last."""
    total: Decimal = invoice["gross"] - invoice["credited"]
    days = {**terms.days, "invoice": invoice["issued_on"]}
    parts: list[tuple[date | None, Decimal]] = []
    rest = total
    for number, part in enumerate(terms.instalments, 1):
        amount = rest if number == len(terms.instalments) else cents(total * part.share)
        rest -= amount
        begins = days.get(part.after)
        parts.append((None if begins is None else begins + timedelta(days=part.days), amount))
    parts.sort(key=lambda part: (part[0] is None, part[0] or date.max))
    paid = total - invoice["open_amount"]
    found: dict[date | None, Decimal] = defaultdict(Decimal)
    for on, amount in parts:
        covered = min(paid, amount)
        paid -= covered
        found[on] += amount - covered
    return [Due(on, amount) for on, amount in found.items() if amount]


def first(parts: Iterable[Due]) -> date | None:
    """The first day on which something of these is due."""
    return min((part.on for part in parts if part.on is not None), default=None)


async def calendar(reads: Reads, asking: Asking, opportunities: Collection[UUID]) -> Calendar:
    """What says when invoices of these orders are due, as it stood and was known."""
    sql = Sql(asking)
    published = [CreditPolicy(*row) for row in await reads.fetch(sql.text(POLICIES), *sql.values)]
    ids = sorted(opportunities)
    sql = Sql(asking)
    agreed = await reads.fetch(sql.text(TERMS, holds=sql.holds("c"), ids=sql(ids)), *sql.values) if ids else []
    sql = Sql(asking)
    wanted = [row["opportunity_id"] for row in agreed]
    there = await reads.fetch(sql.text(DELIVERED, ids=sql(wanted)), *sql.values) if wanted else []
    delivered = {row["opportunity_id"]: row["delivered_on"] for row in there}
    terms = {
        row["opportunity_id"]: Terms(
            parts, {"signing": row["signed_on"], "delivery": delivered.get(row["opportunity_id"]), "acceptance": None}
        )
        for row in agreed
        if (parts := msgspec.convert(row["payment_terms"] or [], tuple[Instalment, ...]))
    }
    return Calendar(tuple(published), terms)
