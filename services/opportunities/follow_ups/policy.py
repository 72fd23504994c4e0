"""When an overdue follow-up is the head's, too: a tenant's published policy, and the one shipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import EscalationRule, FollowUpPolicyPublished
from services.opportunities.fields import Code, Command, Day
from shared.event_store.stream import Refused, Stream
from shared.records.of_day import of_day

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


class FollowUpPolicies(Stream):
    """All follow-up policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "follow_up_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[FollowUpPolicy, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case FollowUpPolicyPublished():
                said = {name: getattr(fact, name) for name in FollowUpPolicy.__struct_fields__}
                self.set(fact, policies=(FollowUpPolicy(**said),))
            case _:
                self.unknown(fact)

    @classmethod
    def published(
        cls, policies: FollowUpPolicies | None, command: PublishFollowUpPolicy, *, tenant_id: UUID, at: datetime
    ) -> FollowUpPolicies:
        """The stream with this policy published in it. Says nothing when it is already so. A level twice: Refused."""
        levels = [given.level for given in command.escalations]
        for number, level in enumerate(levels):
            if level in levels[:number]:
                raise Refused(
                    "duplicate_code",
                    f"{level} is given twice",
                    status=422,
                    pointer=f"/escalations/{number}/level",
                    duplicate=level,
                )
        rules = tuple(EscalationRule(given.level, given.after_days) for given in command.escalations)
        policy = FollowUpPolicy(command.effective_from, rules, command.otherwise_after_days)
        said = {name: getattr(policy, name) for name in FollowUpPolicy.__struct_fields__}
        if policies is None:
            return cls.begin(FollowUpPolicyPublished, id=follow_up_policies_id(tenant_id), at=at, **said)
        if follow_up_policy_on(all_follow_up_policies(policies), policy.effective_from) != policy:
            policies.record(FollowUpPolicyPublished, at=at, **said)
        return policies


def follow_up_policies_id(tenant_id: UUID) -> UUID:
    """The stream of a tenant's follow-up policies."""
    return uuid5(tenant_id, "follow_up_policy")


def all_follow_up_policies(published: FollowUpPolicies | None) -> Sequence[FollowUpPolicy]:
    """The shipped policy and the tenant's, in the order published."""
    return (SHIPPED, *(published.standing.get("policies", ()) if published is not None else ()))


def follow_up_policy_on(known: Sequence[FollowUpPolicy], day: date) -> FollowUpPolicy:
    """The policy of a day: the latest effective from then or before; of one day the latest published."""
    return of_day(known, day)
