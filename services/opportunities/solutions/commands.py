"""Commands on a solution: request, draft, submit, approve, return, present, withdraw. No rule lives here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.events import SolutionReaction
from services.opportunities.fields import Code, Currency, DatedCommand, Day, Lines, Money, Text


class RequestSolution(DatedCommand):
    """Ask technical support for a solution (方案需求)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "need": "三十台出租车，含充电桩与三年保养",
                    "wanted_by": "2030-04-10",
                }
            ]
        }
    )

    opportunity_id: UUID
    need: Text
    wanted_by: Day | None = None
    products: Annotated[tuple[Code, ...], Field(max_length=50)] = ()


class DraftSolution(DatedCommand):
    """Draw up a version of the solution: technical support."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "summary": "A6L 三十台，交流桩十五座",
                    "lines": [{"product": "A6L", "units": 30, "unit_price": "305000"}],
                    "cost": "8400000",
                }
            ]
        }
    )

    summary: Text
    lines: Lines = ()
    currency: Currency | None = Field(default=None, description="Default: the opportunity's.")
    amount: Money | None = Field(default=None, description="Total, for lines without prices.")
    cost: Money | None = Field(default=None, description="Ours, in the same currency; the margin follows.")


class SubmitSolution(DatedCommand):
    """Hand the draft in for approval."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ApproveSolution(DatedCommand):
    """Approve the draft: the account manager."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text | None = None


class ReturnSolution(DatedCommand):
    """Want the draft otherwise."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "补充保养方案"}]})

    comment: Text


class PresentSolution(DatedCommand):
    """Say that the customer was shown the approved solution, and what came of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reaction": "interested", "reaction_text": "认可配置，等预算"}]}
    )

    reaction: SolutionReaction
    reaction_text: Text | None = None


class WithdrawSolution(DatedCommand):
    """Say that the solution is wanted no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户改为租赁"}]})

    reason: Text
