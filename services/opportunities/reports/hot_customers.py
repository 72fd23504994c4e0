"""The hot-customer table (热点客户管理表): whom an order is near of, what was done, what is to be done.

Hot, days left, overdue and follow-up are worked out for the day asked about; nothing of it is stored. The follow-up
duty is that of `follow_ups/duty.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.opportunities.follow_ups.duty import ESCALATED, duty
from services.opportunities.follow_ups.rules import Rules, rules
from services.opportunities.policies.level_policy import NEW, OVERDUE, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import bucket, code_of, hot, nearest
from shared.days import day_of

HOT = """
select s.stream_id, s.title, s.account_id, s.key_person_id, s.lines, s.open_units, s.open_amount, s.currency,
       s.competitor, s.level, s.level_before, s.judged_at, {bucket} as bucket, s.expected_on,
       s.expected_on - {day} as days_left, s.times_slipped, s.obstacle, s.support_needed, s.owner_id, s.unit_id,
       s.channel, s.stage, s.probability, s.review, s.last_instruction, s.version,
       d.last_contact_on, d.due_on, d.days_overdue, d.planned_on, coalesce({escalated}, false) as escalated
  from {standings} as s {duty}
 where {in_stock} and s.stock = 'open' and (s.level = {hot} or {nearest}) and {shown} and {wanted}
"""

ACCOUNTS = """
select a.stream_id as id, a.name, a.kinds, a.key_persons
  from {accounts} as a where {holds} and a.stream_id = any({ids}::uuid[])
"""

CONTACTS = """
select * from (
select c.opportunity_id, c.stream_id as visit_id, c.visited_on, c.reached, c.way, c.purpose, c.next_step, c.next_on,
       count(*) over (partition by c.opportunity_id)::int as visits,
       row_number() over (partition by c.opportunity_id
                          order by c.visited_on desc, c.from_at desc, c.stream_id) as place
  from {contacts} as c
 where {holds} and c.opportunity_id = any({ids}::uuid[]) and c.visited_on <= {day}
) as ranked where place = 1
"""


async def hot_customers(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    filters: Filters | None = None,
    followed: Rules | None = None,
) -> Row:
    """One row per open prospect whose declared or computed level is the hottest; overdue first, then by days left.

    `followed`: the rules of follow-up; default those of the policy.
    """
    followed = followed or await rules(reads, asking, policy.code)
    sql = Sql(asking)
    found = await reads.fetch(
        sql.text(
            HOT,
            duty=duty(sql, followed),
            escalated=ESCALATED,
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
                *_named(row["last_instruction"]),
            )
        },
    )
    products = await labels.products(reads, asking, {line["product"] for row in found for line in row["lines"]})
    rows = [
        _row(
            row,
            asking,
            code_of(policy, row["bucket"]),
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
    """Per opportunity the last visit up to the day, and the number of visits."""
    if not ids:
        return {}
    sql = Sql(asking)
    statement = sql.text(CONTACTS, holds=sql.holds("c"), ids=sql(ids))
    rows = await reads.fetch(statement, *sql.values)
    return {row["opportunity_id"]: row for row in rows}


def done_on(instruction: Mapping[str, Any] | None, asking: Asking) -> date | None:
    """The day a latest instruction was carried out, in the tenant's zone; null while it is open."""
    if instruction is None or instruction["done_at"] is None:
        return None
    return day_of(datetime.fromisoformat(instruction["done_at"]), asking.zone)


def _named(instruction: Mapping[str, Any] | None) -> Sequence[UUID]:
    """Who gave an instruction, and who carried it out."""
    if instruction is None:
        return ()
    return [UUID(person) for name in ("given_by", "done_by") if (person := instruction[name]) is not None]


def _order(row: Row) -> tuple[Any, ...]:
    left = row["days_left"]
    return (not row["overdue"], left is None, left or 0, str(row["opportunity_id"]))


def _row(
    row: Any,
    asking: Asking,
    computed: str,
    account: Any | None,
    contact: Any | None,
    units: Mapping[UUID, str],
    people: Mapping[UUID, str],
    products: Mapping[str, str],
) -> Row:
    place = {} if account is None else account["key_persons"].get(str(row["key_person_id"]), {})
    declared = row["level"] or NEW
    instruction = row["last_instruction"]
    was_done_on = done_on(instruction, asking)
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
        "last_contact_on": row["last_contact_on"],
        "follow_up_on": row["due_on"],
        "follow_up_planned_on": row["planned_on"],
        "follow_up_days_overdue": row["days_overdue"],
        "follow_up_escalated": row["escalated"],
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
        else {
            **{name: instruction[name] for name in ("text", "due_on", "given_by", "given_on")},
            "given_by_name": people.get(UUID(instruction["given_by"])),
        },
        "instruction_days_overdue": 0
        if instruction is None or was_done_on is not None
        else max((asking.day - date.fromisoformat(instruction["due_on"])).days, 0),
        "instruction_done_on": was_done_on,
        "instruction_done_by": None if was_done_on is None or instruction is None else instruction["done_by"],
        "instruction_done_by_name": None
        if instruction is None or instruction["done_by"] is None
        else people.get(UUID(instruction["done_by"])),
        "instruction_result": None if instruction is None else instruction["result"],
    }
