"""Commands on company figures: record one, or take it over from another system. No rule lives here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.kpi.company.events import CompanyFigureKind
from shared.records.fields import Command, Currency, Reference, System

SIGNED = re.compile(r"^-?(0|[1-9]\d{0,13})(\.\d{1,4})?$", re.ASCII)
PERIOD = r"^(19|20|21)\d\d(-(0[1-9]|1[0-2])|-Q[1-4])?$"


def _decimal(value: Any) -> Any:
    if not isinstance(value, Decimal) and not (isinstance(value, str) and SIGNED.fullmatch(value)):
        raise PydanticCustomError("decimal_parsing", "a decimal such as -305000.00")
    return value


SignedMoney = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(max_digits=18, decimal_places=4, allow_inf_nan=False, description="Decimal text; below 0 for a loss."),
    WithJsonSchema({"type": "string", "pattern": SIGNED.pattern}, mode="validation"),
]
Period = Annotated[
    str,
    StringConstraints(pattern=PERIOD, max_length=7),
    Field(description="A month (2026-03), a quarter (2026-Q1) or a year (2026)."),
]


class RecordFigure(Command):
    """A figure of the company as a whole, of a unit, or of what a customer spent with everybody."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "sales", "period": "2026-03", "amount": "48200000.00", "currency": "CNY"}]
        }
    )

    kind: CompanyFigureKind
    period: Period
    amount: SignedMoney = Field(description="Only a profit may be below 0.")
    currency: Currency
    unit_id: UUID | None = Field(default=None, description="Of which unit; default your own.")
    account_id: UUID | None = Field(default=None, description="Of which customer: for a customer_total alone.")


class ReceiveFigure(RecordFigure):
    """The same as another system (ERP, BI) tells it: told again with another amount, the figure is corrected."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "system": "erp",
                    "key": "GL-2026-03-6001",
                    "kind": "sales",
                    "period": "2026-03",
                    "amount": "48200000.00",
                    "currency": "CNY",
                }
            ]
        }
    )

    system: System
    key: Reference = Field(description="What that system calls the figure.")
