"""When an overdue follow-up is the head's, too: a tenant's published policy, and the one shipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Final

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import EscalationRule, FollowUpPolicyPublished
from services.opportunities.fields import Code, Command, Day
from shared.event_store.stream import Refused
from shared.records.of_day import of_day
from shared.records.published import Published

DaysOverdue = Annotated[int, Field(ge=1, le=3_650)]


class FollowUpPolicy(msgspec.Struct, frozen=True):
    """In force from a day on. A duty overdue by so many days (or more) is escalated to the owner's head."""

    effective_from: date
    escalations: tuple[EscalationRule, ...]
    otherwise_after_days: int | None


SHIPPED: Final = FollowUpPolicy(
    date(2000, 1, 1),
    tuple(EscalationRule(level, days) for level, days in (("N", 1), ("H", 1), ("A", 2), ("B", 4), ("C", 7), ("O", 3))),
    7,
)
"""Ours: about half a cadence after the day it was due."""


class EscalationGiven(Command):
    """After how many days overdue a duty of this level is the head's."""

    level: Code
    after_days: DaysOverdue | None = Field(default=None, description="null: never.")


class PublishFollowUpPolicy(Command):
    """Publish when an overdue follow-up is the head's, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "escalations": [{"level": "H", "after_days": 1}, {"level": "C"}],
                    "otherwise_after_days": 5,
                }
            ]
        }
    )

    effective_from: Day
    escalations: Annotated[tuple[EscalationGiven, ...], Field(max_length=20)] = ()
    otherwise_after_days: DaysOverdue | None = Field(default=7, description="Of every level not named; null: never.")


class FollowUpPolicies(Published[FollowUpPolicy]):
    """All follow-up policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "follow_up_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[FollowUpPolicy, ...]}
    rules = FollowUpPolicy
    fact = FollowUpPolicyPublished
    shipped = SHIPPED

    @classmethod
    def rules_of(cls, given: PublishFollowUpPolicy) -> FollowUpPolicy:
        """The policy of the command. Raises Refused 422 `duplicate_code`: a level twice."""
        levels = [one.level for one in given.escalations]
        for number, level in enumerate(levels):
            if level in levels[:number]:
                raise Refused(
                    "duplicate_code",
                    f"{level} is given twice",
                    status=422,
                    pointer=f"/escalations/{number}/level",
                    duplicate=level,
                )
        rules = tuple(EscalationRule(one.level, one.after_days) for one in given.escalations)
        return FollowUpPolicy(given.effective_from, rules, given.otherwise_after_days)


def follow_up_policy_on(known: Sequence[FollowUpPolicy], day: date) -> FollowUpPolicy:
    """The policy of a day: the latest effective from then or before; of one day the latest published."""
    return of_day(known, day)
