"""Commands on a contract: draft, approve, delegate, sign, amend, renew, end. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.fields import Command, Currency, DatedCommand, Day, Lines, Money, Share, Text, Title

Days = Annotated[int, Field(ge=0, le=3_650)]
Months = Annotated[int, Field(ge=0, le=600)]


class InstalmentGiven(Command):
    """A part of the price, and when it is due."""

    share: Share = Field(description="Of the amount, 0–1; all shares sum to 1.")
    after: Literal["signing", "delivery", "invoice", "acceptance"]
    days: Days = Field(default=0, description="Calendar days after that.")


class TermsGiven(DatedCommand):
    """What a contract says; in a later draft or an amendment, what is not given stays."""

    lines: Lines | None = None
    currency: Currency | None = Field(default=None, description="Default: the opportunity's.")
    amount: Money | None = Field(default=None, description="Total, for lines without prices.")
    payment_terms: Annotated[tuple[InstalmentGiven, ...], Field(max_length=20)] | None = None
    delivery_terms: Text | None = None
    warranty_terms: Text | None = None
    warranty_months: Months | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class DraftContract(TermsGiven):
    """Draw up a contract."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "title": "三十台 A6L 年度采购合同",
                    "lines": [{"product": "A6L", "units": 30, "unit_price": "298000"}],
                    "payment_terms": [
                        {"share": "0.3", "after": "signing", "days": 7},
                        {"share": "0.7", "after": "delivery", "days": 30},
                    ],
                    "warranty_months": 36,
                    "ends_on": "2031-03-31",
                }
            ]
        }
    )

    opportunity_id: UUID
    title: Title | None = None


class RedraftContract(TermsGiven):
    """Draw up the next version; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"warranty_months": 48}]})


class SubmitContract(DatedCommand):
    """Hand the draft in for approval."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class PassContractOn(DatedCommand):
    """Support what is above the own limit, and pass it on to who may approve it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "条款已核，金额超出本级"}]})

    comment: Text | None = None


class ApproveContract(DatedCommand):
    """Approve the draft for signing."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text | None = None


class ReturnContract(DatedCommand):
    """Want the draft otherwise."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "补充质保条款"}]})

    comment: Text


class DelegateSigning(DatedCommand):
    """Let somebody else sign, until a day (委托签字)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"delegate_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11", "until": "2030-04-30"}]}
    )

    delegate_id: UUID
    until: Day


class SignContract(DatedCommand):
    """Say that the contract was signed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": "HT-2030-0417"}]})

    number: Title = Field(description="The contract's number, unique in the tenant.")
    signed_by: UUID | None = Field(default=None, description="Who of our people signed; default: who enters it.")


class RequestAmendment(TermsGiven):
    """Ask to change a signed contract (补充协议); within what was approved it holds at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "加购五台", "ends_on": "2031-06-30"}]})

    reason: Text


class ApproveAmendment(DatedCommand):
    """Approve the change that waits."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text | None = None


class ReturnAmendment(DatedCommand):
    """Do not want the change so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "单价须先审批"}]})

    comment: Text


class RenewContract(DatedCommand):
    """Say that the contract runs on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_on": "2032-03-31"}]})

    ends_on: Day
    reason: Text | None = None


class TerminateContract(DatedCommand):
    """Say that the contract ended before its time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户重组"}]})

    reason: Text
