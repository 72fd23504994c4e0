"""Commands on a negotiation: rounds, open points, prices, the end. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.opportunities.events import ConcessionKind, RoundOutcome
from services.opportunities.fields import Code, Command, Currency, DatedCommand, Day, Money, Narrative, Text, Units

People = Annotated[tuple[UUID, ...], Field(max_length=50)]


class OpenNegotiation(DatedCommand):
    """Begin to negotiate."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"opportunity_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11", "subject": "三十台年度采购"}]
        }
    )

    opportunity_id: UUID
    subject: Text | None = None


class ConcessionGiven(Command):
    """Something one side gave."""

    by: Literal["us", "them"]
    kind: ConcessionKind
    what: Text
    value: Money | None = Field(default=None, description="What it is worth, with its currency.")
    currency: Currency | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.value is None) != (self.currency is None):
            raise PydanticCustomError("both_or_neither", "give the value with its currency, or neither")
        return self


class OpenPointGiven(Command):
    """What the round left open."""

    text: Text
    owner_id: UUID | None = None
    due_on: Day | None = None


class HoldRound(DatedCommand):
    """Say that the sides met (谈判轮次)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "terms": "单价、账期、质保",
                    "concessions": [{"by": "them", "kind": "payment", "what": "账期改为三十天"}],
                    "open_points": [{"text": "质保延长到四年的报价", "due_on": "2030-04-12"}],
                    "outcome": "progress",
                }
            ]
        }
    )

    our_side: People = Field(default=(), description="Our people; default: who enters it.")
    their_side: People = Field(default=(), description="Key persons of the account.")
    terms: Text = Field(description="What was discussed.")
    concessions: Annotated[tuple[ConcessionGiven, ...], Field(max_length=50)] = ()
    open_points: Annotated[tuple[OpenPointGiven, ...], Field(max_length=50)] = ()
    outcome: RoundOutcome
    minutes: Narrative | None = Field(default=None, description="What was said, in words; kept in the vault.")


class ClosePoint(DatedCommand):
    """Say that an open point is settled."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 1, "result": "对方接受"}]})

    number: Annotated[int, Field(ge=1, le=100_000)]
    result: Text | None = None


class PriceGiven(Command):
    """A price asked for."""

    product: Code = Field(description="Code of a product of the catalogue")
    units: Units
    unit_price: Money


class RequestPrice(DatedCommand):
    """Ask for prices; within the requester's own limit they are granted at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"lines": [{"product": "A6L", "units": 30, "unit_price": "298000"}], "reason": "对手报价 300000"}
            ]
        }
    )

    lines: Annotated[tuple[PriceGiven, ...], Field(min_length=1, max_length=200)]
    reason: Text | None = None


class PassPriceOn(DatedCommand):
    """Support a price above the own limit, and pass it on to who may grant it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "战略客户，建议同意"}]})

    comment: Text | None = None


class ApprovePrice(DatedCommand):
    """Grant the prices."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "仅限本批"}]})

    comment: Text | None = None


class RefusePrice(DatedCommand):
    """Do not grant the prices."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "不低于 300000"}]})

    comment: Text


class ConcludeNegotiation(DatedCommand):
    """Say how the negotiation ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agreed": True, "conclusion": "三十台，账期三十天"}]})

    agreed: bool
    conclusion: Text | None = None
