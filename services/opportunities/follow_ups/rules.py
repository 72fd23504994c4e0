"""Cadence and escalation by level and day, as SQL: which version of a policy holds on the day a duty opens.

Stores nothing. A policy published later does not move the duties that were open when it came into force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from services.opportunities.follow_ups.policy import SHIPPED, FollowUpPolicy, follow_up_policy_on
from services.opportunities.policies.level_policy import LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Sql
from services.opportunities.reports.levels import cadences, policies, policy_for

PUBLISHED = """
select p.policy from {follow_up_policies} as p where p.tenant_id = $1 order by p.published_at, p.version
"""


@dataclass(frozen=True, slots=True)
class Step:
    """From a day on: days by level, and of every level not named. None: never."""

    since: date
    days: Mapping[str, int | None]
    otherwise: int | None

    def of(self, level: str) -> int | None:
        return self.days.get(level, self.otherwise)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a question applies: cadence by the level policy, escalation by the follow-up policy; newest step first."""

    cadence: Sequence[Step]
    escalation: Sequence[Step]

    @property
    def longest(self) -> int:
        """The longest cadence there is, in days."""
        return max(days or 0 for step in self.cadence for days in (*step.days.values(), step.otherwise))


async def rules(reads: Reads, asking: Asking, code: str | None = None) -> Rules:
    """As published by then; `code` replays another level policy. Raises UnknownPolicy."""
    return Rules(_cadence(await policies(reads, asking), code), _escalation(await _published(reads, asking)))


def days_after(sql: Sql, steps: Sequence[Step], *, level: str, day: str) -> str:
    """The SQL of the days that hold for a level (an expression) on a day; null: never. Before the first step: its."""
    said = []
    for step in steps[:-1]:
        said.append(f"when {day} >= {sql(step.since)}::date then {_by_level(sql, step, level)}")
    last = _by_level(sql, steps[-1], level)
    return f"(case {' '.join(said)} else {last} end)" if said else last


def _by_level(sql: Sql, step: Step, level: str) -> str:
    known = " ".join(f"when {sql(code)}::text then {sql(days)}::int" for code, days in step.days.items())
    otherwise = f"{sql(step.otherwise)}::int"
    return f"(case {level} {known} else {otherwise} end)" if known else otherwise


def _cadence(known: tuple[LevelPolicy, ...], code: str | None) -> Sequence[Step]:
    starts = {
        policy.effective_from for policy in known if (policy.default if code is None else policy.code == code)
    } or {date.min}
    steps: list[Step] = []
    for day in sorted(starts):
        policy = policy_for(known, day, code)
        step = Step(day, cadences(policy), policy.levels[-1].follow_up_days)
        if not steps or (steps[-1].days, steps[-1].otherwise) != (step.days, step.otherwise):
            steps.append(step)
    return steps[::-1]


def _escalation(known: Sequence[FollowUpPolicy]) -> Sequence[Step]:
    steps = []
    for day in sorted({policy.effective_from for policy in known}):
        policy = follow_up_policy_on(known, day)
        steps.append(
            Step(day, {rule.level: rule.after_days for rule in policy.escalations}, policy.otherwise_after_days)
        )
    return steps[::-1]


async def _published(reads: Reads, asking: Asking) -> Sequence[FollowUpPolicy]:
    sql = Sql(asking)
    rows = await reads.fetch(sql.text(PUBLISHED), *sql.values)
    return (SHIPPED, *(msgspec.convert(row["policy"], FollowUpPolicy) for row in rows))
