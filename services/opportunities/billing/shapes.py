"""The rows of deliveries, invoices, receipts, receivables, credit and the ledger match. Documents; computes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Money, Report

# -- orders ------------------------------------------------------------------------------------------------


class OfOrder(BaseModel):
    """The order a row is of, and who is responsible for it."""

    opportunity_id: UUID
    title: str | None
    order_ref: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None


class LateRow(OfOrder):
    """A line of which something is promised for a day that has gone by."""

    line: int
    product: str
    product_label: str
    units: int = Field(description="Ordered.")
    units_late: int = Field(title="逾期未交台数", description="Neither delivered nor cancelled.")
    units_shipped: int = Field(description="Under way or there.")
    first_promised_on: date | None
    promised_on: date | None
    days_late: int = Field(
        title="逾期天数", description="After the day now promised; 0 when only the first promise is broken."
    )
    days_late_first: int = Field(title="较首次承诺逾期天数", description="After the day first promised.")
    times_rescheduled: int
    customer_told: bool = Field(description="Of what now stands: the new day, or that it has gone by too.")
    new_date_told_on: date | None
    delay_told_on: date | None


class LateDeliveries(Report[LateRow]):
    against: str
    units_late: int


class DeliveryRow(OfOrder):
    """A unit delivered with its serial, or the unnamed units of a movement."""

    id: UUID
    delivered_on: date
    line: int
    product: str | None
    product_label: str | None
    serial: str | None
    units: int
    unit_price: Money | None = Field(description="Of the line then; from the stated amount where it has no price.")
    amount: Money | None
    currency: str | None


class OrderLineRow(BaseModel):
    """A line of an order on its way."""

    line: int
    product: str
    product_label: str
    units: int
    unit_price: Money | None
    shipped: int
    delivered: int
    installed: int
    cancelled: int
    open_units: int
    first_promised_on: date | None
    promised_on: date | None
    times_rescheduled: int
    new_date_told_on: date | None
    delay_told_on: date | None
    days_late: int
    serials: list[str] = Field(description="Of the units delivered.")


class Warned(BaseModel):
    """Something that needs a look; `params` say what."""

    code: Literal["late_delivery", "over_limit", "near_limit", "over_limit_with_orders", "overdue"]
    params: dict[str, str]


# -- money -------------------------------------------------------------------------------------------------


class InvoiceRow(OfOrder):
    """An invoice; `account` owes it."""

    id: UUID
    version: int
    number: str = Field(title="发票号码")
    issuer: str | None
    status: str
    issued_on: date
    due_on: date | None = Field(description="Of what is open the first; null when nothing is, or it waits.")
    days_overdue: int
    net: Money = Field(title="不含税金额")
    tax: Money = Field(title="税额")
    gross: Money
    credited: Money
    paid: Money
    open_amount: Money = Field(title="未收金额")
    currency: str


class ReceiptRow(BaseModel):
    """Money received."""

    id: UUID
    version: int
    status: str
    account_id: UUID
    account: str | None
    received_on: date
    bank_reference: str | None
    amount: Money
    allocated: Money
    unallocated: Money
    currency: str
    returned_on: date | None


class OrderPage(BaseModel):
    """An order from promise to payment."""

    opportunity_id: UUID
    status: str
    order_ref: str | None
    account_id: UUID | None
    account: str | None
    currency: str | None
    amount: Money | None
    open_amount: Money | None = Field(description="Of what is neither delivered nor cancelled.")
    lines: list[OrderLineRow]
    invoices: list[InvoiceRow]
    warnings: list[Warned]


class ReceivablesRow(BaseModel):
    """What is owed by a key and currency; or the money of it that pays nothing yet, below nothing."""

    key: str | None
    label: str
    kind: Literal["invoices", "unallocated"]
    currency: str
    count: int = Field(description="Invoices, or receipts.")
    not_due: Money
    days_1_30: Money
    days_31_60: Money
    days_61_90: Money
    days_over_90: Money
    total: Money


class Owed(BaseModel):
    """What the rows of a currency come to."""

    currency: str
    receivables: Money
    overdue: Money
    unallocated: Money
    net: Money = Field(description="Receivables less unallocated money.")


class Receivables(Report[ReceivablesRow]):
    totals: list[Owed]
    group_by: str


class CreditRow(BaseModel):
    """What an account owes in a currency, beside its limit."""

    account_id: UUID
    account: str | None
    currency: str
    limit: Money | None = Field(description="Null: none was set.")
    receivables: Money
    overdue: Money
    unallocated: Money
    exposure: Money = Field(description="Receivables less unallocated money.")
    orders_open: Money = Field(description="Ordered, neither delivered nor cancelled.")
    share: float | None = Field(description="Exposure / limit; null without a limit, or with one of nothing.")
    state: Literal["over", "with_orders", "near", "within", "no_limit"] = Field(
        description="over: exposure above the limit; with_orders: with open orders; near: from the policy's share on."
    )


class CreditReport(Report[CreditRow]):
    warn_share: float


# -- the ledger --------------------------------------------------------------------------------------------


class LedgerSide(BaseModel):
    """An entry as one of the two has it."""

    units: int
    amount: Money | None
    currency: str | None
    on: date


class LedgerRow(BaseModel):
    """An entry: a delivery of ours, a posting of the ERP's, or both."""

    order: str = Field(description="Number of the order; without one its id.")
    opportunity_id: UUID | None
    line: int | None
    product: str | None
    matches: bool
    side: Literal["both", "ours", "theirs"]
    differs: list[Literal["units", "amount", "currency"]]
    ours: LedgerSide | None
    theirs: LedgerSide | None
    posting_id: str | None


class LedgerMatch(Report[LedgerRow]):
    entries: int
    matched: int
    rate: float | None = Field(description="Matched / entries; null when there are none.")


class CreditPolicyShown(BaseModel):
    """When an invoice without terms is due, and from which share of a limit on to warn."""

    on: date
    effective_from: date
    due_days: int
    warn_share: Decimal
