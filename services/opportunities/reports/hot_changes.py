"""What changed in the hot-customer table between two days, row by row: who entered, who left to where, what moved.

Each day is asked about under the policy in force on it. Nothing of it is stored: two tables are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal, get_args
from uuid import UUID

from services.opportunities.policies.level_policy import NEW, ORDERED, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.hot_customers import done_on
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import bucket, code_of, hot, nearest
from shared.days import end_of

Change = Literal["entered", "left", "changed", "unchanged"]

IS_HOT = "coalesce(s.stock = 'open' and (s.level = {hot} or {nearest}), false)"
HOT_IDS = """
select s.stream_id from {standings} as s
 where {in_stock} and s.stock = 'open' and (s.level = {hot} or {nearest}) and {shown} and {wanted}
"""
STATES = """
select s.stream_id, s.status, s.stock, s.level, {bucket} as bucket, s.expected_on, s.times_slipped, s.title,
       s.account_id, s.owner_id, s.unit_id, s.open_units, s.open_amount, s.currency, s.last_instruction, {is_hot} as hot
  from {standings} as s
 where {holds} and s.stream_id = any({ids}::uuid[])
"""


async def hot_changes(
    reads: Reads,
    asking: Asking,
    policies: tuple[LevelPolicy, LevelPolicy],
    labels: Labels,
    *,
    since: date,
    until: date,
    filters: Filters | None = None,
    change: Change | None = None,
) -> Row:
    """One row per opportunity that was in the table at the end of `since`, of `until`, or of both.

    `policies`: of the first day and of the last. Rows by today's sight; a filter holds on either day.
    """
    first = replace(asking, at=end_of(since, asking.zone), latest=False)
    last = asking if until >= asking.day else replace(asking, at=end_of(until, asking.zone), latest=False)
    filters = filters or Filters()
    ids = await _hot_ids(reads, first, policies[0], filters) | await _hot_ids(reads, last, policies[1], filters)
    before = await _states(reads, first, policies[0], ids)
    after = await _states(reads, last, policies[1], ids)
    seen = [*before.values(), *after.values()]
    accounts = await labels.accounts(reads, last, {row["account_id"] for row in seen})
    units = await labels.units(reads, last, {row["unit_id"] for row in seen})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in seen})
    rows = []
    for id in ids:
        was, now = before.get(id), after.get(id)
        if now is None:  # not there as known then
            continue
        row = _moved(was, now, since, last)
        kind = _kind(was, now, row)
        rows.append(
            {
                "opportunity_id": id,
                "title": now["title"],
                "account_id": now["account_id"],
                "account": accounts.get(now["account_id"]),
                "change": kind,
                "came_from": None if kind != "entered" else "captured" if was is None else _where(was),
                "went_to": _where(now) if kind == "left" else None,
                **row,
                "owner_before": None if was is None else people.get(was["owner_id"]),
                "owner": people.get(now["owner_id"]),
                "unit_id": now["unit_id"],
                "unit": units.get(now["unit_id"]),
            }
        )
    counts = Counter(row["change"] for row in rows)
    order = get_args(Change)
    rows.sort(key=lambda row: (order.index(row["change"]), row["account"] or "", str(row["opportunity_id"])))
    return {
        "rows": [row for row in rows if change in (None, row["change"])],
        "from": since,
        "to": min(until, asking.day),
        **{name: counts[name] for name in order},
    }


async def _hot_ids(reads: Reads, asking: Asking, policy: LevelPolicy, filters: Filters) -> set[UUID]:
    sql = Sql(asking)
    statement = sql.text(
        HOT_IDS,
        in_stock=sql.in_stock("s"),
        hot=sql(hot(policy)),
        nearest=nearest(sql, policy),
        shown=sql.shown("s"),
        wanted=filters.predicate(sql, "s"),
    )
    return {row["stream_id"] for row in await reads.fetch(statement, *sql.values)}


async def _states(reads: Reads, asking: Asking, policy: LevelPolicy, ids: set[UUID]) -> Mapping[UUID, Row]:
    """How these opportunities stood, whatever became of them, with the level as reports show it."""
    sql = Sql(asking)
    is_hot = IS_HOT.format(hot=sql(hot(policy)), nearest=nearest(sql, policy))
    statement = sql.text(STATES, bucket=bucket(sql, policy), is_hot=is_hot, holds=sql.holds("s"), ids=sql(sorted(ids)))
    found = {}
    for row in await reads.fetch(statement, *sql.values):
        computed = code_of(policy, row["bucket"]) if row["stock"] == "open" else None
        declared = ORDERED if row["stock"] == "ordered" else (row["level"] or NEW) if row["stock"] == "open" else None
        found[row["stream_id"]] = {**dict(row), "declared": declared, "computed": computed}
    return found


def _moved(was: Row | None, now: Row, since: date, last: Asking) -> Row:
    """What is before and what after; of the instruction, what was given and done in between."""
    instruction = now["last_instruction"]
    done = done_on(instruction, last)
    given = instruction is not None and date.fromisoformat(instruction["given_on"]) > since
    then: Row = was or {}
    return {
        "level_before": then.get("declared"),
        "level": now["declared"],
        "computed_level_before": then.get("computed"),
        "computed_level": now["computed"],
        "expected_before": then.get("expected_on"),
        "expected_on": now["expected_on"],
        "slipped": now["times_slipped"] - then.get("times_slipped", 0),
        "units_before": then.get("open_units"),
        "units": now["open_units"],
        "amount_before": money(then.get("open_amount")),
        "amount": money(now["open_amount"]),
        "currency_before": then.get("currency"),
        "currency": now["currency"],
        "owner_before_id": then.get("owner_id"),
        "owner_id": now["owner_id"],
        "owner_changed": was is not None and was["owner_id"] != now["owner_id"],
        "instruction_given": instruction["text"] if given else None,
        "instruction_due_on": instruction["due_on"] if given else None,
        "instruction_done_on": done if done is not None and done > since else None,
    }


PAIRS = (
    ("level_before", "level"),
    ("expected_before", "expected_on"),
    ("units_before", "units"),
    ("amount_before", "amount"),
    ("currency_before", "currency"),
    ("owner_before_id", "owner_id"),
)


def _kind(was: Row | None, now: Row, row: Row) -> Change:
    was_hot = was is not None and was["hot"]
    if was_hot != now["hot"]:
        return "entered" if now["hot"] else "left"
    moved = any(row[before] != row[after] for before, after in PAIRS)
    said = row["slipped"] or row["instruction_given"] or row["instruction_done_on"]
    return "changed" if moved or said else "unchanged"


def _where(state: Row) -> str:
    """Where an opportunity outside the table stands: `level` is open at another, `delivered` an order that is done."""
    if state["status"] == "open":
        return "level"
    return "delivered" if state["status"] == "ordered" and state["stock"] is None else str(state["status"])
