"""How a company rolls its plans: closed / firm / outlook months, published. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self

import msgspec

from services.kpi.month import later
from services.kpi.rolling.commands import PublishRollingPolicy
from services.kpi.rolling.events import RollingPolicyPublished
from shared.records.published import Published


class RollingRules(msgspec.Struct, frozen=True):
    """X+Y: months shown as closed, firm months, outlook months."""

    effective_from: date
    closed_months: int = 0
    firm_months: int = 1
    outlook_months: int = 2

    @classmethod
    def of(cls, command: PublishRollingPolicy) -> Self:
        return cls(command.effective_from, command.closed_months, command.firm_months, command.outlook_months)

    def firm(self, base: date) -> tuple[date, ...]:
        """The firm months of a version that begins with this month."""
        return tuple(later(base, number) for number in range(self.firm_months))

    def months(self, base: date) -> tuple[date, ...]:
        """All it plans."""
        return tuple(later(base, number) for number in range(self.firm_months + self.outlook_months))

    def closed(self, base: date) -> tuple[date, ...]:
        """What is shown before."""
        return tuple(later(base, number - self.closed_months) for number in range(self.closed_months))


SHIPPED = RollingRules(date(1900, 1, 1))
"""0 / 1 / 2."""


class RollingPolicy(Published[RollingRules]):
    """All policies a company has published, in that order."""

    stream_type: ClassVar[str] = "rolling_policy"
    rules: ClassVar[type[Any]] = RollingRules
    fact: ClassVar[type[Any]] = RollingPolicyPublished
    shipped: ClassVar[Any] = SHIPPED
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[RollingRules, ...]}
