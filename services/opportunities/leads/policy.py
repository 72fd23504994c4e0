"""Who gets which leads, and how soon they are answered: a tenant's published policy, and the turns of a round robin.

Pure: no I/O, no clock. Decides nothing about a lead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field, WithJsonSchema

from services.opportunities.events import LeadPolicyPublished, LeadRule, LeadTurnTaken
from services.opportunities.fields import Code, Command, Day
from shared.event_store.stream import Refused, Stream
from shared.records.of_day import of_day

ANSWER_HOURS: Final = Decimal(24)
"""What is promised where nothing was published (ours)."""

Hours = Annotated[
    Decimal,
    Field(gt=0, le=8_760, max_digits=6, decimal_places=2, description="Hours from receipt to the first contact."),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 8_760}, mode="validation"),
]


class LeadPolicy(msgspec.Struct, frozen=True):
    """In force from a day on. `version`: of the fact that published it; 0 is the shipped one: nobody's, 24 hours."""

    effective_from: date
    answer_hours: Decimal | None
    rules: tuple[LeadRule, ...]
    version: int = 0

    def rule_for(self, channel: str, units: Collection[UUID]) -> LeadRule | None:
        """The first rule for this channel and one of these units: the one a lead came to, and those above it."""
        for rule in self.rules:
            if rule.channel in (None, channel) and (rule.unit_id is None or rule.unit_id in units):
                return rule
        return None


SHIPPED: Final = LeadPolicy(date(2000, 1, 1), ANSWER_HOURS, ())


class LeadRuleGiven(Command):
    """Who gets the leads of a channel that come to a unit or below it; left out: any."""

    code: Code
    channel: Code | None = None
    unit_id: UUID | None = None
    assign: Literal["round_robin", "head", "nobody"] = Field(
        description="In turn to `persons`; to the head of the unit; to nobody: whoever claims it."
    )
    persons: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    answer_hours: Hours | None = Field(default=None, description="Default: the policy's.")


class PublishLeadPolicy(Command):
    """Publish who gets which leads, from a day on. The first rule that fits decides."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "answer_hours": 24,
                    "rules": [{"code": "web", "channel": "web", "assign": "head", "answer_hours": 2}],
                }
            ]
        }
    )

    effective_from: Day
    answer_hours: Hours | None = ANSWER_HOURS
    rules: Annotated[tuple[LeadRuleGiven, ...], Field(max_length=200)] = ()


class LeadPolicies(Stream):
    """All lead policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "lead_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[LeadPolicy, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, LeadPolicyPublished):
            policy = LeadPolicy(fact.effective_from, fact.answer_hours, fact.rules, fact.originator_version)
            self.set(fact, policies=(policy,))
        else:
            self.unknown(fact)

    @classmethod
    def published(
        cls, policies: LeadPolicies | None, command: PublishLeadPolicy, *, tenant_id: UUID, at: datetime
    ) -> LeadPolicies:
        """The stream with this policy in it. Says nothing when it is already so. Refused: see `_rules`."""
        rules = _rules(command)
        said = {"effective_from": command.effective_from, "answer_hours": command.answer_hours, "rules": rules}
        if policies is None:
            return cls.begin(LeadPolicyPublished, id=lead_policies_id(tenant_id), at=at, **said)
        known = lead_policy_on(policies, command.effective_from)
        if {name: getattr(known, name) for name in said} != said:
            policies.record(LeadPolicyPublished, at=at, **said)
        return policies


class LeadRota(Stream):
    """Whose turn it is under one rule: one stream per rule code, whatever the version."""

    stream_type: ClassVar[str] = "lead_rota"
    standing_types: ClassVar[Mapping[str, Any]] = {"turns": int}

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, LeadTurnTaken):
            self.set(fact, turns=fact.turns)
        else:
            self.unknown(fact)

    @classmethod
    def taken(
        cls, rota: LeadRota | None, rule: str, lead_id: UUID, persons: Sequence[UUID], *, tenant_id: UUID, at: datetime
    ) -> LeadRota:
        """The stream with the next turn taken by the next of `persons`, who are not empty."""
        turns = 0 if rota is None else rota.standing["turns"]
        owner = persons[turns % len(persons)]
        said = {"rule": rule, "lead_id": lead_id, "owner_id": owner, "turns": turns + 1}
        if rota is None:
            return cls.begin(LeadTurnTaken, id=rota_id(tenant_id, rule), at=at, **said)
        rota.record(LeadTurnTaken, at=at if rota.latest is None else max(at, rota.latest), **said)
        return rota


def lead_policies_id(tenant_id: UUID) -> UUID:
    """The stream of a tenant's lead policies."""
    return uuid5(tenant_id, "lead_policy")


def rota_id(tenant_id: UUID, rule: str) -> UUID:
    """The stream of a rule's turns."""
    return uuid5(tenant_id, f"lead_rota:{rule}")


def lead_policy_on(published: LeadPolicies | None, day: date) -> LeadPolicy:
    """The policy of a day: the latest effective from then or before; of one day the latest published."""
    theirs: tuple[LeadPolicy, ...] = published.standing.get("policies", ()) if published is not None else ()
    return of_day((SHIPPED, *theirs), day)


def _rules(command: PublishLeadPolicy) -> tuple[LeadRule, ...]:
    codes: set[str] = set()
    for number, rule in enumerate(command.rules):
        if rule.code in codes:
            raise Refused(
                "duplicate_code",
                f"{rule.code} is given twice",
                status=422,
                pointer=f"/rules/{number}/code",
                duplicate=rule.code,
            )
        codes.add(rule.code)
        if (rule.assign == "round_robin") != bool(rule.persons):
            raise Refused(
                "persons_of_round_robin",
                "a round robin, and nothing else, names persons",
                status=422,
                pointer=f"/rules/{number}/persons",
            )
    return tuple(LeadRule(**rule.model_dump()) for rule in command.rules)
