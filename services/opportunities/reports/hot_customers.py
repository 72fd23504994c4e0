"""The hot-customer table (热点客户管理表): whom an order is near of, what was done, what is to be done.

Hot, days left, overdue and follow-up are worked out here for the day asked about; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.opportunities.policies.level_policy import NEW, OVERDUE, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import bucket, cadences, code_of, hot, nearest

HOT = """
select s.stream_id, s.title, s.account_id, s.key_person_id, s.lines, s.open_units, s.open_amount, s.currency,
       s.competitor, s.level, s.level_before, s.judged_at, {bucket} as bucket, s.expected_on,
       s.expected_on - {day} as days_left, s.times_slipped, s.obstacle, s.support_needed, s.owner_id, s.unit_id,
       s.channel, s.stage, s.probability, s.review, s.instruction, s.version,
       (s.captured_at at time zone {zone})::date as captured_on
  from {standings} as s
 where {in_stock} and s.stock = 'open' and (s.level = {hot} or {nearest}) and {shown} and {wanted}
"""

ACCOUNTS = """
select a.stream_id as id, a.name, a.kinds, a.key_persons
  from {accounts} as a where {holds} and a.stream_id = any({ids}::uuid[])
"""

# The last visit, and the last that reached the person: that one resets the follow-up clock.
CONTACTS = """
select * from (
select c.opportunity_id, c.stream_id as visit_id, c.visited_on, c.reached, c.way, c.purpose, c.next_step, c.next_on,
       max(c.visited_on) filter (where c.reached) over (partition by c.opportunity_id) as reached_on,
       count(*) over (partition by c.opportunity_id)::int as visits,
       row_number() over (partition by c.opportunity_id
                          order by c.visited_on desc, c.from_at desc, c.stream_id) as place
  from {contacts} as c
 where {holds} and c.opportunity_id = any({ids}::uuid[]) and c.visited_on <= {day}
) as ranked where place = 1
"""


async def hot_customers(
    reads: Reads, asking: Asking, policy: LevelPolicy, labels: Labels, filters: Filters | None = None
) -> Row:
    """One row per open prospect whose declared or computed level is the hottest; overdue first, then by days left."""
    sql = Sql(asking)
    found = await reads.fetch(
        sql.text(
            HOT,
            bucket=bucket(sql, policy),
            hot=sql(hot(policy)),
            nearest=nearest(sql, policy),
            in_stock=sql.in_stock("s"),
            shown=sql.shown("s"),
            wanted=(filters or Filters()).predicate(sql, "s"),
        ),
        *sql.values,
    )
    accounts = await accounts_at(reads, asking, {row["account_id"] for row in found})
    contacts = await last_contacts(reads, asking, [row["stream_id"] for row in found])
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(
        asking.tenant_id,
        {
            person
            for row in found
            for person in (
                row["owner_id"],
                row["key_person_id"],
                UUID(row["instruction"]["given_by"]) if row["instruction"] else None,
            )
        },
    )
    products = await labels.products(reads, asking, {line["product"] for row in found for line in row["lines"]})
    days = cadences(policy)
    rows = [
        _row(
            row,
            asking.day,
            code_of(policy, row["bucket"]),
            days.get(row["level"] or NEW, policy.levels[-1].follow_up_days),
            accounts.get(row["account_id"]),
            contacts.get(row["stream_id"]),
            units,
            people,
            products,
        )
        for row in found
    ]
    rows.sort(key=_order)
    return {"rows": rows}


async def accounts_at(reads: Reads, asking: Asking, ids: set[UUID | None]) -> Mapping[UUID, Any]:
    """The accounts of these ids as they stood."""
    sql = Sql(asking)
    wanted = sorted(id for id in ids if id is not None)
    if not wanted:
        return {}
    statement = sql.text(ACCOUNTS, holds=sql.holds("a"), ids=sql(wanted))
    return {row["id"]: row for row in await reads.fetch(statement, *sql.values)}


async def last_contacts(reads: Reads, asking: Asking, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
    """Per opportunity the last visit up to the day, the last day somebody was reached, and the number of visits."""
    if not ids:
        return {}
    sql = Sql(asking)
    statement = sql.text(CONTACTS, holds=sql.holds("c"), ids=sql(ids))
    rows = await reads.fetch(statement, *sql.values)
    return {row["opportunity_id"]: row for row in rows}


def follow_up(captured_on: date, contact: Any | None, every_days: int) -> date:
    """The next contact is due so many days after the last that reached the person, or after the record."""
    last: date | None = None if contact is None else contact["reached_on"]
    return (last or captured_on) + timedelta(days=every_days)


def _order(row: Row) -> tuple[Any, ...]:
    left = row["days_left"]
    return (not row["overdue"], left is None, left or 0, str(row["opportunity_id"]))


def _row(
    row: Any,
    day: date,
    computed: str,
    every_days: int,
    account: Any | None,
    contact: Any | None,
    units: Mapping[UUID, str],
    people: Mapping[UUID, str],
    products: Mapping[str, str],
) -> Row:
    due = follow_up(row["captured_on"], contact, every_days)
    place = {} if account is None else account["key_persons"].get(str(row["key_person_id"]), {})
    declared = row["level"] or NEW
    instruction = row["instruction"]
    return {
        "opportunity_id": row["stream_id"],
        "version": row["version"],
        "title": row["title"],
        "account_id": row["account_id"],
        "account": None if account is None else account["name"],
        "account_kinds": [] if account is None else account["kinds"],
        "key_person_id": row["key_person_id"],
        "key_person": people.get(row["key_person_id"]),
        "key_person_layer": place.get("layer"),
        "key_person_post": place.get("post"),
        "lines": [
            {
                "line": line["line"],
                "product": line["product"],
                "product_label": products.get(line["product"], line["product"]),
                "units": line["units"],
                "unit_price": line["unit_price"],
            }
            for line in row["lines"]
        ],
        "units": row["open_units"],
        "amount": money(row["open_amount"]),
        "currency": row["currency"],
        "competitor": row["competitor"],
        "level_before": row["level_before"] or NEW,
        "level": declared,
        "computed_level": computed,
        "levels_differ": declared != computed,
        "judged_at": row["judged_at"],
        "expected_on": row["expected_on"],
        "days_left": row["days_left"],
        "overdue": computed == OVERDUE,
        "times_slipped": row["times_slipped"],
        "review": row["review"],
        "visits": 0 if contact is None else contact["visits"],
        "last_visit_id": None if contact is None else contact["visit_id"],
        "last_visit_on": None if contact is None else contact["visited_on"],
        "last_visit_way": None if contact is None else contact["way"],
        "last_visit_reached": None if contact is None else contact["reached"],
        "last_visit_next_step": None if contact is None else contact["next_step"],
        "last_visit_next_on": None if contact is None else contact["next_on"],
        "follow_up_on": due,
        "follow_up_days_overdue": max((day - due).days, 0),
        "stage": row["stage"],
        "probability": None if row["probability"] is None else format(row["probability"], "f"),
        "obstacle": row["obstacle"],
        "support_needed": row["support_needed"],
        "owner_id": row["owner_id"],
        "owner": people.get(row["owner_id"]),
        "unit_id": row["unit_id"],
        "unit": units.get(row["unit_id"]),
        "channel": row["channel"],
        "instruction": None
        if instruction is None
        else {**instruction, "given_by_name": people.get(UUID(instruction["given_by"]))},
    }
