"""What the reads of this service share: the question with its policy, which deals. Holds no report."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import Depends, Query, Request

from services.opportunities.policies.level_policy import LevelPolicy
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import UnknownPolicy, policy_in_force
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.http.call import call_of
from shared.http.problem import At, Problem
from shared.http.reading import Reading, Report
from shared.projections.view import View
from shared.records import asked as shared_asked
from shared.records.asked import InCurrency, TreeAsked, UnitId, answer, days, dimensions


class Asked(shared_asked.Asked):
    """See the base; with the names, and the level policy asked for."""

    of_sight: ClassVar[tuple[View, ...]] = (PEOPLE, UNITS)

    def __init__(self, read: Reading, request: Request) -> None:
        super().__init__(read, request)
        self.labels = Labels(read.kit.vault, call_of(request.scope).language)

    async def policy(self, asking: Asking, code: str | None, name: str = "policy") -> LevelPolicy:
        """The policy asked for, or the tenant's own. Raises Problem 422."""
        try:
            return await policy_in_force(self.pool, asking, code)
        except UnknownPolicy as unknown:
            raise Problem(
                422,
                "unknown_policy",
                errors=(At(f"/{name}", "unknown_policy", params={"policy": unknown.code}, where="query"),),
            ) from None


async def asked(request: Request, read: Report) -> Asked:
    """What is asked."""
    return Asked(read, request)


async def filters(
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    channel: Annotated[str | None, Query(max_length=100)] = None,
    product: Annotated[str | None, Query(max_length=100, description="Deals with a line of this product code.")] = None,
    currency: InCurrency = None,
) -> Filters:
    """Which deals."""
    for value in (channel, product):
        if value is not None and "\0" in value:
            raise Problem(422, "invalid_filter")
    return Filters(owner_id, unit_id, account_id, channel, product, currency)


Ask = Annotated[Asked, Depends(asked)]
Which = Annotated[Filters, Depends(filters)]
PolicyCode = Annotated[
    str | None, Query(max_length=100, description="Replay under another level policy, by its code. Default: your own.")
]


__all__ = [
    "Ask",
    "Asked",
    "InCurrency",
    "PolicyCode",
    "TreeAsked",
    "UnitId",
    "Which",
    "answer",
    "asked",
    "days",
    "dimensions",
    "filters",
]
