"""Who approves and signs contracts up to which amount: a tenant's published policy, and what it covers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.dealing.limits import APPROVING
from services.opportunities.events import AmountLimit, ContractPolicyPublished
from services.opportunities.fields import Command, Currency, Day, Money
from services.opportunities.negotiations.price_policy import Limited
from services.opportunities.policies.catalogues.limits import AMOUNTS, UNLIMITED
from shared.event_store.stream import Refused
from shared.records.published import Published


class ContractPolicy(msgspec.Struct, frozen=True):
    """In force from a day on. `unlimited` functions approve any amount of any currency."""

    effective_from: date
    limits: tuple[AmountLimit, ...]
    unlimited: tuple[str, ...]

    def limit_of(self, functions: Collection[str], currency: str) -> Decimal | None:
        """The greatest amount of a currency with which somebody of these functions is named; None: with none."""
        amounts = (one.amount for one in self.limits if one.function in functions and one.currency == currency)
        return max(amounts, default=None)

    def is_unlimited(self, functions: Collection[str]) -> bool:
        return any(function in self.unlimited for function in functions)


@dataclass(frozen=True, slots=True)
class AskedAmount:
    """An amount under a policy."""

    policy: ContractPolicy
    amount: Decimal
    currency: str

    def covers(self, functions: Collection[str]) -> bool:
        if self.policy.is_unlimited(functions):
            return True
        limit = self.policy.limit_of(functions, self.currency)
        return limit is not None and self.amount <= limit

    def of(self, functions: Collection[str]) -> str:
        limit = self.policy.limit_of(functions, self.currency)
        return "-" if limit is None else f"{limit:f} {self.currency}"


SHIPPED: Final = ContractPolicy(date(2000, 1, 1), AMOUNTS, UNLIMITED)


class AmountGiven(Command):
    """The limit of a function in a currency."""

    function: Limited
    currency: Currency
    amount: Money


class PublishContractPolicy(Command):
    """Publish who approves and signs contracts up to which amount, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "limits": [{"function": "department_head", "currency": "CNY", "amount": "1000000"}],
                    "unlimited": ["director"],
                }
            ]
        }
    )

    effective_from: Day
    limits: Annotated[tuple[AmountGiven, ...], Field(max_length=200)] = ()
    unlimited: Annotated[tuple[Limited, ...], Field(min_length=1, max_length=20)] = Field(
        description="Functions without a limit, in any currency."
    )


class ContractPolicies(Published[ContractPolicy]):
    """All contract policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "contract_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[ContractPolicy, ...]}
    rules = ContractPolicy
    fact = ContractPolicyPublished
    shipped = SHIPPED

    @classmethod
    def rules_of(cls, given: PublishContractPolicy) -> ContractPolicy:
        """The policy of the command. Raises Refused 422 `limit_given_twice`, `nobody_unlimited`."""
        limits = tuple(AmountLimit(one.function, one.currency, one.amount) for one in given.limits)
        if len({(limit.function, limit.currency) for limit in limits}) < len(limits):
            raise Refused("limit_given_twice", "a function has one limit per currency", status=422, pointer="/limits")
        if not any(function in APPROVING for function in given.unlimited):
            raise Refused("nobody_unlimited", "somebody must have no limit", status=422, pointer="/unlimited")
        return ContractPolicy(given.effective_from, limits, tuple(dict.fromkeys(given.unlimited)))
