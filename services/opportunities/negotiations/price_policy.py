"""Who grants which discount: a tenant's published policy, and what it covers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.dealing.limits import APPROVING
from services.opportunities.events import DiscountLimit, PricePolicyPublished
from services.opportunities.fields import Command, Day, Share
from services.opportunities.policies.catalogues.limits import DISCOUNTS
from shared.event_store.stream import Refused
from shared.records.published import Published

ANYTHING = Decimal(1)

Limited = Literal[
    "representative",
    "account_manager",
    "department_head",
    "branch_manager",
    "regional_manager",
    "director",
    "head_office",
]
"""Functions that can have a limit: those of `dealing/limits.py`."""


class PricePolicy(msgspec.Struct, frozen=True):
    """In force from a day on."""

    effective_from: date
    limits: tuple[DiscountLimit, ...]

    def limit_of(self, functions: Collection[str]) -> Decimal | None:
        """The greatest discount somebody of these functions grants; None: they grant none."""
        return max((limit.max_discount for limit in self.limits if limit.function in functions), default=None)


@dataclass(frozen=True, slots=True)
class AskedDiscount:
    """A discount under a policy; null: not known, so that only who grants anything decides."""

    policy: PricePolicy
    discount: Decimal | None

    def covers(self, functions: Collection[str]) -> bool:
        limit = self.policy.limit_of(functions)
        return limit is not None and (limit >= ANYTHING or (self.discount is not None and self.discount <= limit))

    def of(self, functions: Collection[str]) -> str:
        limit = self.policy.limit_of(functions)
        return "-" if limit is None else format(limit, "f")


SHIPPED: Final = PricePolicy(date(2000, 1, 1), DISCOUNTS)


class DiscountGiven(Command):
    """The limit of a function."""

    function: Limited
    max_discount: Share = Field(description="Share of the list price, 0–1; 1: anything.")


class PublishPricePolicy(Command):
    """Publish who grants which discount, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "limits": [
                        {"function": "representative", "max_discount": "0.02"},
                        {"function": "department_head", "max_discount": "0.08"},
                        {"function": "director", "max_discount": "1"},
                    ],
                }
            ]
        }
    )

    effective_from: Day
    limits: Annotated[tuple[DiscountGiven, ...], Field(min_length=1, max_length=20)]


class PricePolicies(Published[PricePolicy]):
    """All price policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "price_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[PricePolicy, ...]}
    rules = PricePolicy
    fact = PricePolicyPublished
    shipped = SHIPPED

    @classmethod
    def rules_of(cls, given: PublishPricePolicy) -> PricePolicy:
        """The policy of the command. Raises Refused 422 `limit_given_twice`, `nobody_unlimited`."""
        limits = tuple(DiscountLimit(one.function, one.max_discount) for one in given.limits)
        if len({limit.function for limit in limits}) < len(limits):
            raise Refused("limit_given_twice", "a function has one limit", status=422, pointer="/limits")
        if not any(limit.function in APPROVING and limit.max_discount >= ANYTHING for limit in limits):
            raise Refused("nobody_unlimited", "somebody must grant anything", status=422, pointer="/limits")
        return PricePolicy(given.effective_from, limits)
