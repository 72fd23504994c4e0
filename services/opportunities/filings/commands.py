"""Commands on a filing: draft, submit, the manufacturer's answers, units, support. No rule lives here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.opportunities.fields import Code, Command, Currency, DatedCommand, Day, Money, Number, Text, Title, Units

Vin = Annotated[
    str,
    StringConstraints(min_length=5, max_length=40, pattern=r"^[A-Za-z0-9\-]+$"),
    AfterValidator(str.upper),
    Field(description="VIN, or the maker's serial; capitals."),
]
Vins = Annotated[tuple[Vin, ...], Field(min_length=1, max_length=200)]
Documents = Annotated[tuple[Title, ...], Field(max_length=50, description="Names of documents; files are attachments.")]


class LineFiled(Command):
    """A line to be filed."""

    line: Number = Field(description="The line of the order, or of the prospect.")
    product: Code | None = Field(default=None, description="Default: the product of that line.")
    units: Units


FiledLines = Annotated[tuple[LineFiled, ...], Field(max_length=200)]


class DraftFiling(DatedCommand):
    """Begin a filing for an order, or one to come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11",
                    "number": "TB-2025-0031",
                    "customer_type": "taxi_fleet",
                    "expected_on": "2030-05-31",
                    "documents": ["营业执照", "购车合同"],
                    "submit": True,
                }
            ]
        }
    )

    opportunity_id: UUID
    number: Code = Field(description="Ours, unique; never changes.")
    customer_type: Code = Field(description="The manufacturer's class of customer.")
    lines: FiledLines | None = Field(default=None, description="Default: those of the opportunity.")
    expected_on: Day | None = Field(default=None, description="Delivery expected; default: the day promised.")
    documents: Documents = ()
    submit: bool = Field(default=False, description="Submit it at once.")


class ChangeFiling(DatedCommand):
    """Change a draft, or complete a returned filing; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"documents": ["营业执照", "购车合同", "用车证明"]}]})

    customer_type: Code | None = None
    lines: FiledLines | None = None
    expected_on: Day | None = None
    documents: Documents | None = None


class SubmitFiling(DatedCommand):
    """Send it to the manufacturer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class AcceptFiling(DatedCommand):
    """The manufacturer took it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"manufacturer_ref": "FK-88120", "valid_until": "2030-12-31"}]}
    )

    manufacturer_ref: Code | None = None
    valid_until: Day | None = None


class ReturnFiling(DatedCommand):
    """The manufacturer wants it completed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "缺用车证明", "missing": ["用车证明"]}]})

    reason: Text
    missing: Documents = ()


class RefuseFiling(DatedCommand):
    """The manufacturer refused it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户类型不在政策内"}]})

    reason: Text


class LapseFiling(DatedCommand):
    """Its time ran out at the manufacturer's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "逾期未补齐材料"}]})

    reason: Text | None = None


class WithdrawFiling(DatedCommand):
    """Take it back before it is accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户推迟采购"}]})

    reason: Text


class UnitReported(Command):
    """One delivered unit."""

    vin: Vin
    line: Number
    invoice_no: Code
    invoiced_on: Day | None = None
    delivered_on: Day | None = Field(default=None, description="Default: the line's one day of delivery.")


class ReportUnits(DatedCommand):
    """Report delivered units; units whose report was returned are reported again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"units": [{"vin": "LFV3A23C8F3000001", "line": 1, "invoice_no": "24312000"}]}]}
    )

    units: Annotated[tuple[UnitReported, ...], Field(min_length=1, max_length=200)]


class AcceptReports(DatedCommand):
    """The reports of these units count."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"vins": ["LFV3A23C8F3000001"]}]})

    vins: Vins


class ReturnReports(DatedCommand):
    """The reports of these units are to be completed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"vins": ["LFV3A23C8F3000001"], "reason": "发票号与系统不符"}]}
    )

    vins: Vins
    reason: Text


class RefuseReports(ReturnReports):
    """The reports of these units were refused."""


class ClaimSupport(DatedCommand):
    """Ask for support (返利). A returned claim is claimed again by its reference."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ref": "FL-2025-07", "amount": "36000.00", "currency": "CNY"}]}
    )

    ref: Code = Field(description="Of the claim, unique within the filing.")
    amount: Money
    currency: Currency
    vins: Vins | None = Field(default=None, description="Default: all accepted units not claimed for yet.")


class AnswerSupport(DatedCommand):
    """The manufacturer's answer to a claim."""

    ref: Code


class AcceptSupport(AnswerSupport):
    """The manufacturer will pay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "FL-2025-07", "amount": "30000.00"}]})

    amount: Money | None = Field(default=None, description="Default: as claimed.")


class ReturnSupport(AnswerSupport):
    """The claim is to be completed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "FL-2025-07", "reason": "缺行驶证"}]})

    reason: Text


class RefuseSupport(ReturnSupport):
    """The claim was refused."""


class PaySupport(AnswerSupport):
    """Money came in for an accepted claim, in its currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "FL-2025-07", "amount": "30000.00"}]})

    amount: Money
