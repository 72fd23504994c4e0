"""The list of filings, in pages: units, money, and what is due next by the policy of the day. Stores nothing.

Days are calendar days of the tenant's zone; the last day of a deadline is still in time. Units are reported first in,
first out: the first delivered unit that no report stands for is due first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.opportunities.filings.policy import FilingPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

Due = Literal["due", "lapsing", "overdue"]

SORTS: Mapping[str, Order] = {
    "-drafted_at": Order("f.drafted_at", "timestamptz", descending=True),
    "drafted_at": Order("f.drafted_at", "timestamptz"),
    "next_due_on": Order("coalesce(f.next_due_on, 'infinity'::date)", "date"),
}

FILINGS = """
with shown as (
    select f.*, s.title, s.owner_id, s.unit_id
      from {filings} as f
      left join {standings} as s on s.stream_id = f.opportunity_id and {standing_holds}
     where {holds} and {shown} and {wanted}
),
reports as materialized (
    select r.stream_id, r.vin, r.state, r.reported_on
      from {unit_reports} as r
     where {report_holds} and r.stream_id in (
          select stream_id from {filings} as f
           where f.tenant_id = $1 and f.opportunity_id in (select opportunity_id from shown))
),
counted as (
    select stream_id,
           (count(*) filter (where state = 'reported'))::int as reports_waiting,
           (count(*) filter (where state = 'returned'))::int as reports_returned,
           (count(*) filter (where state = 'accepted'))::int as reports_accepted,
           (count(*) filter (where state = 'refused'))::int as reports_refused
      from reports group by 1
),
-- units of an order that some filing of it stands for; the returned are to be reported again
done as (
    select f.opportunity_id, count(distinct r.vin)::int as units
      from reports r join (select distinct stream_id, opportunity_id from {filings} as f where f.tenant_id = $1) as f
           using (stream_id)
     where r.state in ('reported', 'accepted')
     group by 1
),
delivered as (
    select u.stream_id, u.on_day, sum(u.units) over so_far as upto, sum(u.units) over whole as units
      from {unit_flow} as u
     where u.tenant_id = $1 and u.at <= {at} and u.kind = 'delivered'
       and u.stream_id in (select opportunity_id from shown)
    window so_far as (partition by u.stream_id order by u.on_day, u.at, u.version, u.number),
           whole as (partition by u.stream_id)
),
unreported as (
    select d.stream_id, max(d.units)::int as units,
           min(d.on_day) filter (where d.upto > coalesce(n.units, 0)) as on_day
      from delivered d left join done n on n.opportunity_id = d.stream_id
     group by 1
),
claims as materialized (
    select c.stream_id, c.ref, c.state, c.currency, c.claimed, c.accepted, c.paid, c.vins
      from {support_claims} as c where {claim_holds} and c.stream_id in (select stream_id from shown)
),
support as (
    select stream_id, jsonb_agg(jsonb_build_object('currency', currency, 'claimed', claimed::text,
                                                   'accepted', accepted::text, 'paid', paid::text)
                                order by currency) as support
      from (select stream_id, currency, sum(claimed) as claimed, sum(coalesce(accepted, 0)) as accepted,
                   sum(paid) as paid
              from claims where state <> 'refused' group by 1, 2) as sums
     group by 1
),
unclaimed as (
    select r.stream_id, min(r.reported_on) as reported_on
      from reports r
     where r.state = 'accepted'
       and not exists (select from claims c where c.stream_id = r.stream_id and c.state <> 'refused'
                          and r.vin = any(c.vins))
     group by 1
),
dated as (
    select f.*, n.reports_waiting, n.reports_returned, n.reports_accepted, n.reports_refused,
           d.units as delivered, p.support,
           case when f.status = 'returned' then f.returned_on + {complete_days} end as complete_due_on,
           case when f.status = 'accepted' then d.on_day + {report_days} end as report_due_on,
           case when f.status = 'accepted' then u.reported_on + {claim_days} end as claim_due_on
      from shown as f
      left join counted n using (stream_id)
      left join unreported d on d.stream_id = f.opportunity_id
      left join support p on p.stream_id = f.stream_id
      left join unclaimed u on u.stream_id = f.stream_id
),
judged as (
    select f.*, case when f.next_due_on < {day} then 'overdue'
                     when f.next_due_on <= {day} + {warn_days} then 'lapsing'
                     when f.next_due_on is not null then 'due' end as due
      from (select *, least(complete_due_on, report_due_on, claim_due_on) as next_due_on from dated) as f
)
select f.*, {sort_value} as sort_value
  from judged as f
 where {due} and {beyond}
 order by {order}
 limit {limit}
"""


@dataclass(frozen=True, slots=True)
class Filings:
    """Which filings; owner and unit are those of the opportunity at the instant asked about."""

    status: str | None = None
    due: Due | None = None
    opportunity_id: UUID | None = None
    account_id: UUID | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None
    customer_type: str | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        for name in ("status", "opportunity_id", "account_id", "customer_type"):
            if (value := getattr(self, name)) is not None:
                said.append(f"f.{name} = {sql(value)}")
        if self.owner_id is not None:
            said.append(f"s.owner_id = {sql(self.owner_id)}")
        if self.unit_id is not None:
            said.append(sql.below("s.unit_id", self.unit_id))
        return " and ".join(said)


async def filings(
    reads: Reads,
    asking: Asking,
    policy: FilingPolicy,
    labels: Labels,
    *,
    which: Filings,
    sort: str = "-drafted_at",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of filings, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        FILINGS,
        holds=sql.holds("f"),
        standing_holds=sql.holds("s"),
        report_holds=sql.holds("r"),
        claim_holds=sql.holds("c"),
        shown=sql.shown_by("f.opportunity_id"),
        wanted=which.predicate(sql),
        due="true" if which.due is None else _due(sql, which.due),
        **{
            name: f"{sql(getattr(policy, name))}::int"
            for name in ("complete_days", "report_days", "claim_days", "warn_days")
        },
        **paged(sql, SORTS, sort, page, "f.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    products = await labels.products(reads, asking, {line["product"] for row in found for line in row["lines"]})
    return [_row(row, accounts, units, people, products) for row in found], after


def _due(sql: Sql, due: Due) -> str:
    """`due` asks for any deadline ahead or missed; the others for just that."""
    return "f.due is not null" if due == "due" else f"f.due = {sql(due)}"


def _row(
    row: Any,
    accounts: Mapping[UUID, str],
    units: Mapping[UUID, str],
    people: Mapping[UUID, str],
    products: Mapping[str, str],
) -> Row:
    plain: Sequence[str] = (
        *("version", "number", "status", "opportunity_id", "title", "account_id", "owner_id", "unit_id"),
        *("customer_type", "units", "expected_on", "documents", "missing", "drafted_at", "submitted_on"),
        *("returned_on", "times_returned", "return_reason", "decided_on", "manufacturer_ref", "valid_until"),
        *("refusal_reason", "lapsed_on", "lapse_reason", "withdrawn_on", "withdrawal_reason"),
        *("complete_due_on", "report_due_on", "claim_due_on", "next_due_on", "due"),
    )
    counts = ("delivered", "reports_waiting", "reports_returned", "reports_accepted", "reports_refused")
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in plain},
        **{name: row[name] or 0 for name in counts},
        "account": accounts.get(row["account_id"]),
        "owner": people.get(row["owner_id"]),
        "unit": units.get(row["unit_id"]),
        "lines": [{**line, "product_label": products.get(line["product"], line["product"])} for line in row["lines"]],
        "support": [_support(part) for part in row["support"] or ()],
    }


def _support(part: Mapping[str, str]) -> Row:
    claimed, accepted, paid = (Decimal(part[name]) for name in ("claimed", "accepted", "paid"))
    return {
        "currency": part["currency"],
        "claimed": money(claimed),
        "accepted": money(accepted),
        "paid": money(paid),
        "outstanding": money(max(accepted - paid, Decimal(0))),
    }
