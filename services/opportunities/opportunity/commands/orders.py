"""Commands on an order: win, amend, reschedule, ship, deliver, install, cancel. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

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


class LinePromise(Command):
    """A line that is promised for a day of its own."""

    line: Number
    promised_on: Day


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
    promises: Annotated[tuple[LinePromise, ...], Field(max_length=200)] = Field(
        default=(), description="Lines promised for another day than the order; by line number."
    )


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


Serial = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/\-]*$"
    ),
    Field(description="VIN or serial number; small letters are taken as capitals."),
]


class UnitsOfLine(Command):
    """So many units of a line; `units` may be left out when serials are given: then it is their number."""

    line: Number
    units: Units | None = None
    serials: Annotated[tuple[Serial, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if self.units is None and not self.serials:
            raise PydanticCustomError("missing", "units or serials")
        return self

    @property
    def number(self) -> int:
        """Units: as given, else one for each serial."""
        return len(self.serials) if self.units is None else self.units


Movements = Annotated[tuple[UnitsOfLine, ...], Field(min_length=1, max_length=200)]


class RescheduleDelivery(DatedCommand):
    """What was promised comes on another day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"line": 1, "promised_on": "2030-06-30", "reason": "工厂排产推迟", "customer_told": True}]
        }
    )

    line: Number | None = Field(default=None, description="Default: every line of the order.")
    promised_on: Day
    reason: Text
    customer_told: bool = Field(default=False, description="The customer knows of the new day.")
    told_on: Day | None = Field(default=None, description="When; default the day of the command.")


class TellCustomer(DatedCommand):
    """The customer was told that what was promised comes later."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"line": 1, "note": "电话告知晚到一周"}]})

    line: Number | None = Field(default=None, description="Default: every line of the order.")
    note: Text | None = None


class ShipUnits(DatedCommand):
    """Units left for the customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"units": [{"line": 1, "units": 8}], "carrier": "中铁物流", "tracking_ref": "ZT-88120"}]
        }
    )

    units: Movements
    carrier: Reference | None = None
    tracking_ref: Reference | None = None


class InstallUnits(DatedCommand):
    """Delivered units were put into operation at the customer's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"units": [{"line": 1, "units": 8}]}]})

    units: Movements


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
