"""Commands on an order: win, amend, deliver, cancel. No rule lives here."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from services.opportunities.fields import (
    Command,
    Currency,
    DatedCommand,
    Day,
    Lines,
    Money,
    Number,
    Reference,
    Text,
    Units,
)


class WinDeal(DatedCommand):
    """The customer signed or paid a deposit: level O."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"line": 1, "product": "A6L", "units": 20, "unit_price": "305000.00"}],
                    "promised_on": "2025-05-30",
                    "order_ref": "HT-2025-031",
                }
            ]
        }
    )

    lines: Lines | None = Field(default=None, min_length=1, description="Default: the lines of the prospect.")
    currency: Currency | None = None
    amount: Money | None = Field(default=None, description="Stated total, when the lines have no prices.")
    promised_on: Day | None = Field(default=None, description="Delivery promised.")
    order_ref: Reference | None = Field(default=None, description="Number of the contract or order.")


class AmendOrder(WinDeal):
    """Change what the order says; what is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"line": 1, "product": "A6L", "units": 18, "unit_price": "305000.00"}],
                    "reason": "客户减少两台",
                }
            ]
        }
    )

    reason: Text | None = None


class UnitsOfLine(Command):
    """So many units of a line."""

    line: Number
    units: Units


Movements = Annotated[tuple[UnitsOfLine, ...], Field(min_length=1, max_length=200)]


class DeliverUnits(DatedCommand):
    """Units were handed over to the customer (AAK)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"units": [{"line": 1, "units": 8}]}]})

    units: Movements


class CancelUnits(DatedCommand):
    """Units were cancelled (退订)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"units": [{"line": 1, "units": 2}], "reason": "预算削减"}]}
    )

    units: Movements | None = Field(default=None, description="Default: everything not yet delivered.")
    reason: Text
