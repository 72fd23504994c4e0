"""Commands on invoices, receipts, credit limits and the ERP's postings. No rule lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.opportunities.fields import (
    Code,
    Command,
    Currency,
    DatedCommand,
    Day,
    Money,
    Number,
    Reference,
    Share,
    Units,
)
from services.opportunities.fields import Text as Reason

Amount = Annotated[Money, Field(gt=0)]
OPPORTUNITY = "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11"
INVOICE = "8b1f7a26-3d0c-5f0e-8f43-2b6a90d41c77"


# -- invoices ----------------------------------------------------------------------------------------------


class InvoiceLineGiven(Command):
    """What is charged: units of a line of the order, or of something beside it."""

    line: Number | None = Field(default=None, description="Of the order; then `product` is the line's.")
    product: Code | None = Field(default=None, description="What it is for, when it is no line of the order.")
    units: Units = 1
    unit_price: Money = Field(description="Before tax.")
    tax_rate: Share = Field(default=Decimal(0), description="0.13 is 13 %.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.line is None and self.product is None:
            raise PydanticCustomError("missing", "a line or a product")
        return self


class IssueInvoice(DatedCommand):
    """An invoice was issued (开票) for an order; `on` is its day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": OPPORTUNITY,
                    "number": "24312000000012345678",
                    "lines": [{"line": 1, "units": 8, "unit_price": "269911.50", "tax_rate": "0.13"}],
                    "due_on": "2025-04-30",
                }
            ]
        }
    )

    opportunity_id: UUID
    account_id: UUID | None = Field(default=None, description="Who owes it; default the account of the order.")
    number: Reference
    issuer: Code | None = Field(default=None, description="Our own legal entity, by its code.")
    lines: Annotated[tuple[InvoiceLineGiven, ...], Field(min_length=1, max_length=200)]
    currency: Currency | None = Field(default=None, description="Default: that of the order.")
    due_on: Day | None = Field(default=None, description="Default: by the contract's payment terms, else the policy.")


class CreditInvoice(DatedCommand):
    """A part of an invoice is taken back by a credit note (红冲)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "5000.00", "reason": "价格更正"}]})

    amount: Amount
    number: Reference | None = Field(default=None, description="Of the credit note.")
    reason: Reason


class CancelInvoice(DatedCommand):
    """The whole invoice is taken back (作废); nothing may be paid on it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "抬头有误"}]})

    reason: Reason


# -- receipts ----------------------------------------------------------------------------------------------


class RecordReceipt(DatedCommand):
    """Money was received (回款); `on` is the day it arrived."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": OPPORTUNITY,
                    "amount": "1220000.00",
                    "currency": "CNY",
                    "bank_reference": "ICBC-20250328-0071",
                }
            ]
        }
    )

    account_id: UUID
    amount: Amount
    currency: Currency
    bank_reference: Reference | None = Field(default=None, description="The bank's own; unique. Null for cash.")


class OnInvoice(Command):
    """A part of a receipt and the invoice it pays."""

    invoice_id: UUID
    amount: Amount


class AllocateReceipt(DatedCommand):
    """Parts of the receipt pay these invoices (核销)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"invoices": [{"invoice_id": INVOICE, "amount": "1220000.00"}]}]}
    )

    invoices: Annotated[tuple[OnInvoice, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({part.invoice_id for part in self.invoices}) < len(self.invoices):
            raise PydanticCustomError("value_error", "each invoice once")
        return self


class ReleaseAllocation(DatedCommand):
    """Money no longer pays an invoice (撤销核销); it is unallocated again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"invoice_id": INVOICE, "reason": "核销到错误发票"}]})

    invoice_id: UUID
    amount: Amount | None = Field(default=None, description="Default: all of it.")
    reason: Reason


class ReturnReceipt(DatedCommand):
    """The money went back (退款, or the bank took it back); what it paid is open again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "银行退票"}]})

    reason: Reason


# -- credit ------------------------------------------------------------------------------------------------


class SetCreditLimit(DatedCommand):
    """How much an account may owe in a currency, from that day on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account_id": OPPORTUNITY, "currency": "CNY", "limit": "3000000.00"}]}
    )

    account_id: UUID
    currency: Currency
    limit: Money | None = Field(description="Null: no limit any more.")
    reason: Reason | None = None


# -- the ERP's books ---------------------------------------------------------------------------------------


class Posting(Command):
    """One posting of the ERP; told again it says nothing."""

    posting_id: Reference = Field(description="The ERP's own; unique.")
    kind: Literal["delivery", "reversal"] = "delivery"
    order_ref: Reference | None = Field(default=None, description="Number of the order, as in ours.")
    opportunity_id: UUID | None = None
    line: Number | None = None
    product: Code | None = Field(default=None, description="Instead of the line, where the order has one of it.")
    units: Units
    amount: Money
    currency: Currency
    on: Day
    reverses: Reference | None = Field(default=None, description="The posting a reversal takes back.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.order_ref is None and self.opportunity_id is None:
            raise PydanticCustomError("missing", "an order_ref or an opportunity_id")
        if self.line is None and self.product is None:
            raise PydanticCustomError("missing", "a line or a product")
        if (self.kind == "reversal") != (self.reverses is not None):
            raise PydanticCustomError("missing", "a reversal, and nothing else, names the posting it reverses")
        return self


class RecordPostings(Command):
    """Postings of the ERP, all or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "postings": [
                        {
                            "posting_id": "4900012345",
                            "order_ref": "HT-2025-031",
                            "line": 1,
                            "units": 8,
                            "amount": "2440000.00",
                            "currency": "CNY",
                            "on": "2025-03-28",
                        }
                    ]
                }
            ]
        }
    )

    postings: Annotated[tuple[Posting, ...], Field(min_length=1, max_length=200)]
