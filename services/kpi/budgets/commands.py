"""Commands on budgets and expense claims; the HTTP bodies are these. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.records.fields import Code, Command, Currency, DatedCommand, Day, Money, Text

UNIT = "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"
PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"
ACCOUNT = "0c6a2d0e-1b1c-5e2d-9d5c-0b5b3a1f2c12"
LINES: Any = [
    {"category": "travel", "amount": "120000.00", "basis": "上年使用数加一成"},
    {"category": "events", "amount": "60000.00"},
]


class BudgetedLineGiven(Command):
    """What a category may cost in the year."""

    category: Code
    amount: Money
    basis: Text | None = None


Lines = Annotated[tuple[BudgetedLineGiven, ...], Field(min_length=1, max_length=100)]


class ProposeBudget(DatedCommand):
    """Propose the budget of a unit for a year, from collected information."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"year": 2030, "unit_id": UNIT, "lines": LINES}]})

    year: Annotated[int, Field(ge=2000, le=2199)]
    unit_id: UUID
    currency: Currency = "CNY"
    lines: Lines
    item_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = Field(
        default=(), description="Intelligence items it rests on."
    )


class HoldInquiry(DatedCommand):
    """Ask about a proposal in a meeting with finance."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"participants": [PERSON], "findings": ["差旅费按人均压减一成"]}]}
    )

    participants: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=50)] = Field(
        description="Somebody of finance among them, unless finance holds it."
    )
    findings: Annotated[tuple[Text, ...], Field(max_length=50)] = ()


class ReviseBudget(DatedCommand):
    """Other lines, before the decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": LINES, "reason": "按质询意见压减"}]})

    lines: Lines
    reason: Text


class ApproveBudget(DatedCommand):
    """Approve a budget."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ReturnBudget(DatedCommand):
    """Give it back to be revised."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "会务费依据不足"}]})

    reason: Text


class AmendBudget(DatedCommand):
    """Change an approved budget, under the next number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": LINES, "reason": "新增区域展会"}]})

    lines: Lines
    reason: Text


class ClaimExpense(DatedCommand):
    """Claim what was spent for an account or on a visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"category": "travel", "amount": "860.00", "purpose": "走访客户采购部", "account_id": ACCOUNT}]
        }
    )

    category: Code
    amount: Annotated[Money, Field(gt=0)]
    purpose: Text
    spent_on: Day | None = Field(default=None, description="Default the day it is claimed.")
    account_id: UUID | None = None
    visit_id: UUID | None = None
    budget_id: UUID | None = Field(
        default=None, description="Default: the approved budget of that year of your unit, or of the nearest above."
    )


class ApproveClaim(DatedCommand):
    """Approve a claim; the budget is used."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class RefuseClaim(DatedCommand):
    """Refuse a claim."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "与客户无关"}]})

    reason: Text


class PayClaim(DatedCommand):
    """Finance paid it out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "BX-0192"}]})

    ref: Code | None = Field(default=None, description="Of the voucher.")


class ReverseClaim(DatedCommand):
    """It was approved wrongly: the budget has it again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "重复报销"}]})

    reason: Text
