"""How near an order is by its expected day: policies, and the stream of those a tenant published. Pure, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import LevelPolicyPublished, LevelRule
from services.opportunities.fields import Code, Command, Day, Share, Title
from services.opportunities.policies.catalogues import level_policies
from shared.event_store.stream import Refused, Stream

NEW: Final = "N"
"""On file, not judged yet."""
ORDERED: Final = "O"
OVERDUE: Final = "overdue"
"""The bucket of an expected day gone by: it gives no computed level and asks for a new judgement."""
RESERVED = frozenset({NEW, ORDERED, OVERDUE, "D", "L", "F1", "F2", "T"})


class LevelPolicy(msgspec.Struct, frozen=True):
    """A version of a level policy. `levels` from the nearest order to the farthest; the last has no window."""

    code: str
    zh: str
    en: str
    effective_from: date
    default: bool
    ordered_follow_up_days: int
    new_follow_up_days: int
    new_win_rate: Decimal
    levels: tuple[LevelRule, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The levels that can be judged, nearest order first."""
        return tuple(rule.code for rule in self.levels)

    def win_rate(self, level: str | None) -> Decimal:
        """Probability 0–1 of an order from this level; null and N: not judged; a code not in the policy: 0."""
        if level is None or level == NEW:
            return self.new_win_rate
        if level == ORDERED:
            return Decimal(1)
        return next((rule.win_rate for rule in self.levels if rule.code == level), Decimal(0))

    def follow_up_days(self, level: str | None) -> int:
        """A contact at least every so many days."""
        if level is None or level == NEW:
            return self.new_follow_up_days
        if level == ORDERED:
            return self.ordered_follow_up_days
        return next((rule.follow_up_days for rule in self.levels if rule.code == level), self.new_follow_up_days)


def computed_level(policy: LevelPolicy, expected_on: date | None, on_day: date) -> str:
    """The level the expected day gives on a day. Bounds are inclusive: day 7 is H where H is 7 days.

    No day known: the last level (C). A day gone by: `overdue`. Whether the prospect was ever judged (N) is not asked.
    """
    if expected_on is None:
        return policy.levels[-1].code
    days = (expected_on - on_day).days
    if days < 0:
        return OVERDUE
    for rule in policy.levels:
        if rule.window_days is None or days <= rule.window_days:
            return rule.code
    return policy.levels[-1].code


SHIPPED: tuple[LevelPolicy, ...] = tuple(LevelPolicy(**policy) for policy in level_policies.SHIPPED)
DEFAULT: Final = SHIPPED[0]


class LevelGiven(Command):
    """One level of a policy."""

    code: Code
    window_days: Annotated[int, Field(ge=0, le=3_650)] | None = Field(
        default=None, description="Ordered within so many days, inclusive; null = beyond, or no day known."
    )
    follow_up_days: Annotated[int, Field(ge=1, le=3_650)]
    win_rate: Share


class PublishLevelPolicy(Command):
    """Publish a version of a level policy, in force from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "fleet-2030",
                    "zh": "大用户 2030",
                    "en": "Fleet 2030",
                    "effective_from": "2030-01-01",
                    "default": False,
                    "levels": [
                        {"code": "H", "window_days": 10, "follow_up_days": 2, "win_rate": "0.8"},
                        {"code": "A", "window_days": 30, "follow_up_days": 5, "win_rate": "0.5"},
                        {"code": "B", "window_days": 60, "follow_up_days": 10, "win_rate": "0.25"},
                        {"code": "C", "follow_up_days": 20, "win_rate": "0.1"},
                    ],
                }
            ]
        }
    )

    code: Code
    zh: Title
    en: Title
    effective_from: Day
    default: bool = Field(default=False, description="Judge and report by it unless told otherwise.")
    ordered_follow_up_days: Annotated[int, Field(ge=1, le=3_650)] = 7
    new_follow_up_days: Annotated[int, Field(ge=1, le=3_650)] = 1
    new_win_rate: Share = Decimal("0.05")
    levels: Annotated[tuple[LevelGiven, ...], Field(min_length=1, max_length=12)]


class LevelPolicies(Stream):
    """All level policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "level_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[LevelPolicy, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case LevelPolicyPublished():
                said = {name: getattr(fact, name) for name in LevelPolicy.__struct_fields__}
                self.set(fact, policies=(LevelPolicy(**said),))
            case _:
                self.unknown(fact)

    @classmethod
    def published(
        cls, policies: LevelPolicies | None, command: PublishLevelPolicy, *, tenant_id: UUID, at: datetime
    ) -> LevelPolicies:
        """The stream with this version published in it. Says nothing when the policy is already so."""
        policy = _policy(command)
        said = {name: getattr(policy, name) for name in LevelPolicy.__struct_fields__}
        if policies is None:
            return cls.begin(LevelPolicyPublished, id=policies_id(tenant_id), at=at, **said)
        same_day = [known for known in policies.standing["policies"] if known.effective_from == policy.effective_from]
        latest = [known for known in same_day if known.code == policy.code][-1:]
        if latest != [policy]:
            policies.record(LevelPolicyPublished, at=at, **said)
        return policies


def policies_id(tenant_id: UUID) -> UUID:
    """The stream of a tenant's level policies."""
    return uuid5(tenant_id, "level_policy")


def all_policies(published: LevelPolicies | None) -> tuple[LevelPolicy, ...]:
    """The shipped policies and the tenant's, in the order published."""
    return (*SHIPPED, *(published.standing.get("policies", ()) if published is not None else ()))


def policy_on(published: LevelPolicies | None, day: date, code: str | None = None) -> LevelPolicy | None:
    """The version of a policy in force on a day; without a code the tenant's own. None: no such policy then."""
    found = [
        (policy.effective_from, number, policy)
        for number, policy in enumerate(all_policies(published))
        if policy.effective_from <= day and (policy.default if code is None else policy.code == code)
    ]
    return max(found, key=lambda item: item[:2])[2] if found else None


def tenant_policy(published: LevelPolicies | None, day: date) -> LevelPolicy:
    """The policy a tenant judges by on a day."""
    return policy_on(published, day) or DEFAULT


def _policy(command: PublishLevelPolicy) -> LevelPolicy:
    codes: set[str] = set()
    reach = -1
    for number, level in enumerate(command.levels):
        pointer = f"/levels/{number}"
        if level.code in codes or level.code in RESERVED:
            raise Refused(
                "duplicate_code",
                f"{level.code} is given twice or has another meaning",
                status=422,
                pointer=f"{pointer}/code",
                duplicate=level.code,
            )
        codes.add(level.code)
        last = number == len(command.levels) - 1
        if last != (level.window_days is None) or (level.window_days is not None and level.window_days <= reach):
            raise Refused(
                "windows_out_of_order",
                "windows grow from the nearest order on; only the last level has none",
                status=422,
                pointer=f"{pointer}/window_days",
            )
        reach = level.window_days if level.window_days is not None else reach
    levels = tuple(LevelRule(**level.model_dump()) for level in command.levels)
    return LevelPolicy(**(command.model_dump(exclude={"levels"}) | {"levels": levels}))
