"""Who hands in what: a tenant's published duties. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, ClassVar, Final

import msgspec

from services.kpi.reporting.commands import FIELD, HEADS, PublishReportingDuties
from services.kpi.reporting.events import ReportingDutiesPublished
from shared.event_store.stream import Refused
from shared.identity.principal import FUNCTIONS
from shared.records.published import Published


class ReportingDuties(msgspec.Struct, frozen=True):
    """In force from a day on. Functions by what they owe; `intelligence_items`: at least so many a month."""

    effective_from: date
    daily: tuple[str, ...]
    monthly: tuple[str, ...]
    intelligence: tuple[str, ...]
    intelligence_items: int

    def owes_daily(self, functions: Collection[str]) -> bool:
        return not set(functions).isdisjoint(self.daily)

    def owes_monthly(self, functions: Collection[str]) -> bool:
        return not set(functions).isdisjoint(self.monthly)

    def items_owed(self, functions: Collection[str]) -> int:
        """Intelligence items a month."""
        return 0 if set(functions).isdisjoint(self.intelligence) else self.intelligence_items

    def owes(self, functions: Collection[str]) -> bool:
        """Whether they stand on the hand-in list at all."""
        return self.owes_daily(functions) or self.owes_monthly(functions) or bool(self.items_owed(functions))


SHIPPED: Final = ReportingDuties(date(2000, 1, 1), FIELD, (*FIELD, *HEADS), FIELD, 1)
"""Ours: who is with customers reports every day, they and the heads every month; one item each a month."""


class PublishedDuties(Published[ReportingDuties]):
    """All duties a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "reporting_duties"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[ReportingDuties, ...]}
    rules = ReportingDuties
    fact = ReportingDutiesPublished
    shipped = SHIPPED


def duties_of(command: PublishReportingDuties) -> ReportingDuties:
    """The duties of the command. Raises Refused 422 `unknown_function`."""
    for name in ("daily", "monthly", "intelligence"):
        for index, function in enumerate(getattr(command, name)):
            if function not in FUNCTIONS:
                raise Refused(
                    "unknown_function", f"there is no {function}", status=422, pointer=f"/{name}/{index}",
                    given=function,
                )  # fmt: skip
    return ReportingDuties(**command.model_dump())
