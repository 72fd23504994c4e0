"""What the bodies of commands are made of: those of all records, and lines of deals. No rule lives here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.records.fields import Attributes as Attributes
from shared.records.fields import Code as Code
from shared.records.fields import Command as Command
from shared.records.fields import Currency as Currency
from shared.records.fields import DatedCommand as DatedCommand
from shared.records.fields import Day as Day
from shared.records.fields import ExternalRefs as ExternalRefs
from shared.records.fields import Money as Money
from shared.records.fields import Narrative as Narrative
from shared.records.fields import Number as Number
from shared.records.fields import Personal as Personal
from shared.records.fields import Reference as Reference
from shared.records.fields import Share as Share
from shared.records.fields import System as System
from shared.records.fields import Text as Text
from shared.records.fields import Title as Title
from shared.records.fields import Units as Units


class LineGiven(Command):
    """A line of a prospect or order."""

    line: Number | None = Field(
        default=None, description="Default: the number the product already has here, else the next free one."
    )
    product: Code = Field(description="Code of a product of the catalogue")
    units: Units
    unit_price: Money | None = None


Lines = Annotated[tuple[LineGiven, ...], Field(max_length=200)]
