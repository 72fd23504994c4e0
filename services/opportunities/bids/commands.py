"""Commands on a bid: tender, decision, documents, bond, hand-in, opening, result. No rule lives here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.opportunities.fields import Code, Command, Currency, DatedCommand, Day, Lines, Money, Text, Title

Rank = Annotated[int, Field(ge=1, le=1_000)]
Instant = Annotated[
    AwareDatetime,
    Field(
        ge=datetime.fromisoformat("1900-01-01T00:00:00+00:00"),
        le=datetime.fromisoformat("2199-12-31T23:59:59+00:00"),
        description="RFC 3339 with offset.",
    ),
]


class DocumentGiven(Command):
    """A document the tender asks for."""

    name: Title
    responsible: UUID | None = Field(default=None, description="Who of our people sees to it.")
    due_on: Day | None = None


Documents = Annotated[tuple[DocumentGiven, ...], Field(max_length=100)]


class RecordTender(DatedCommand):
    """Put a tender notice on record (招标公告)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "tender_number": "SH-2030-0417",
                    "tenderer": "上海市政府采购中心",
                    "opening_at": "2030-05-08T09:30:00+08:00",
                    "bond_amount": "200000",
                    "bond_due_on": "2030-05-05",
                    "documents": [{"name": "资质证明"}, {"name": "偏离表"}],
                }
            ]
        }
    )

    opportunity_id: UUID
    tender_number: Title
    tenderer: Title = Field(description="The organisation that calls for bids, or its agent.")
    currency: Currency | None = Field(default=None, description="Of bond and prices; default: the opportunity's.")
    published_on: Day | None = None
    questions_until: Day | None = None
    opening_at: Instant | None = None
    bond_amount: Money | None = None
    bond_due_on: Day | None = None
    documents: Documents = ()


class ChangeTender(DatedCommand):
    """Say what the tender says now; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"opening_at": "2030-05-15T09:30:00+08:00"}]})

    tender_number: Title | None = None
    tenderer: Title | None = None
    published_on: Day | None = None
    questions_until: Day | None = None
    opening_at: Instant | None = None
    bond_amount: Money | None = None
    bond_due_on: Day | None = None
    documents: Documents | None = Field(default=None, description="The whole list as it is now.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"on"}:
            raise PydanticCustomError("nothing_named", "say what is otherwise")
        return self


class BuyDocuments(DatedCommand):
    """Say that the tender documents were bought (购买标书)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class DecideBid(DatedCommand):
    """Decide whether we bid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"go": True, "reason": "车型对口，评分标准有利"}]})

    go: bool
    reason: Text | None = None


class FinishDocument(DatedCommand):
    """Say that a required document is ready."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "资质证明"}]})

    name: Title = Field(description="As the list of required documents has it.")


class PayBond(DatedCommand):
    """Say that the bond was paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "200000"}]})

    amount: Money | None = Field(default=None, description="Default: as the tender says.")


class ReturnBond(DatedCommand):
    """Say that the bond came back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class SubmitBid(DatedCommand):
    """Hand the bid in (投标)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"product": "A6L", "units": 30, "unit_price": "301000"}]}]}
    )

    lines: Lines = ()
    amount: Money | None = Field(default=None, description="Total, for lines without prices.")


class CompetitorGiven(Command):
    """A line of the opening record: an organisation and its price."""

    name: Title
    price: Money | None = None
    rank: Rank | None = None
    remark: Text | None = None


class OpenBids(DatedCommand):
    """Say what the opening brought (开标记录)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"competitors": [{"name": "宝马华东", "price": "9210000", "rank": 2}], "our_rank": 1}]
        }
    )

    competitors: Annotated[tuple[CompetitorGiven, ...], Field(max_length=100)] = ()
    our_rank: Rank | None = None


class WinBid(DatedCommand):
    """Say that we won the tender (中标). The deal is won by its own command."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"award_ref": "中标通知 2030-77"}]})

    award_ref: Title | None = None


class LoseBid(DatedCommand):
    """Say that somebody else won (未中标)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "project.tender_lost", "winner": "宝马华东"}]})

    reason: Code = Field(default="project.tender_lost", description="A leaf of the reason catalogue.")
    winner: Title | None = None
    winning_price: Money | None = None


class CancelBid(DatedCommand):
    """Say that the tender was called off (流标), or that we withdrew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "tenderer", "reason": "有效投标不足三家"}]})

    by: Literal["tenderer", "us"]
    reason: Text
