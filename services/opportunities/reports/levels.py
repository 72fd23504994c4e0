"""Level policies as reports apply them: which one, and from an expected day to a level in SQL. Stores nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from services.opportunities.policies.level_policy import (
    DEFAULT,
    NEW,
    ORDERED,
    OVERDUE,
    SHIPPED,
    LevelPolicy,
    computed_level,
)
from services.opportunities.reports.asking import Asking, Reads, Sql


class UnknownPolicy(LookupError):
    """No policy of this `code` is shipped or was ever published."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def hot(policy: LevelPolicy) -> str:
    """The level nearest to an order (H)."""
    return policy.levels[0].code


def board_codes(policy: LevelPolicy) -> tuple[str, ...]:
    """C B A H: far to near, as the board shows them."""
    return tuple(reversed(policy.codes))


def computed(policy: LevelPolicy, level: str | None, expected_on: date | None, day: date) -> str:
    """The computed level, N staying N until first judged."""
    return NEW if level is None else computed_level(policy, expected_on, day)


# The computed level of a standing `s` as a number: null for N, -1 overdue, else an index of the policy's levels.
# `bounds` are the first days beyond each window, so `width_bucket` counts the windows that are passed.
BUCKET = """case when s.level is null then null
            when s.expected_on is null then {last}
            when s.expected_on < {day} then -1
            else width_bucket(s.expected_on - {day}, {bounds}::int[]) end"""


def bucket(sql: Sql, policy: LevelPolicy) -> str:
    """The SQL that computes a standing's level under this policy, to be read by `code_of`."""
    last = len(policy.levels) - 1
    if not last:
        return "case when s.level is null then null when s.expected_on < {day} then -1 else 0 end".format(
            day=sql.named("day")
        )
    bounds = [level.window_days + 1 for level in policy.levels if level.window_days is not None]
    return BUCKET.format(last=last, day=sql.named("day"), bounds=sql(bounds))


def nearest(sql: Sql, policy: LevelPolicy) -> str:
    """The SQL of `bucket` = 0, the hottest level, in the form an index of the standings serves."""
    day, window = sql.named("day"), policy.levels[0].window_days
    if window is None:  # the only level
        return f"(s.level is not null and (s.expected_on is null or s.expected_on >= {day}))"
    return f"(s.level is not null and s.expected_on between {day} and {day} + {sql(window)}::int)"


def code_of(policy: LevelPolicy, number: int | None) -> str:
    """The level code of a bucket."""
    return NEW if number is None else OVERDUE if number < 0 else policy.levels[number].code


def cadences(policy: LevelPolicy) -> dict[str, int]:
    """Follow-up days by level code, N and O included."""
    days = {level.code: level.follow_up_days for level in policy.levels}
    return {NEW: policy.new_follow_up_days, ORDERED: policy.ordered_follow_up_days, **days}


POLICIES = """
select p.policy from {level_policies} as p where p.tenant_id = $1 order by p.published_at, p.version
"""


async def policies(reads: Reads, asking: Asking) -> tuple[LevelPolicy, ...]:
    """The shipped policies and the tenant's, in the order published."""
    sql = Sql(asking)
    rows: list[Any] = await reads.fetch(sql.text(POLICIES), *sql.values)
    return (*SHIPPED, *(msgspec.convert(row["policy"], LevelPolicy) for row in rows))


def policy_for(known: tuple[LevelPolicy, ...], day: date, code: str | None = None) -> LevelPolicy:
    """The tenant's own policy in force on the day, or the one of this code.

    A policy asked for by its code before it is in force is taken in its first version: a replay asks "what if".
    Raises UnknownPolicy.
    """
    found = [
        (policy.effective_from, number, policy)
        for number, policy in enumerate(known)
        if (policy.default if code is None else policy.code == code)
    ]
    in_force = [item for item in found if item[0] <= day]
    if in_force:
        return max(in_force, key=lambda item: item[:2])[2]
    if code is None:
        return DEFAULT
    if not found:
        raise UnknownPolicy(code)
    return min(found, key=lambda item: item[:2])[2]


async def policy_in_force(reads: Reads, asking: Asking, code: str | None = None) -> LevelPolicy:
    """The policy a report applies. Raises UnknownPolicy."""
    return policy_for(await policies(reads, asking), asking.day, code)
