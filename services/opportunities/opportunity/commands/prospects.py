"""Commands on a prospect: capture, judge, hand over, instruct, correct. No rule lives here."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.fields import (
    Attributes,
    Code,
    Command,
    Currency,
    DatedCommand,
    Day,
    ExternalRefs,
    Lines,
    Money,
    Narrative,
    Personal,
    Reference,
    Share,
    System,
    Text,
    Title,
)


class Contact(Command):
    """Somebody who can be reached; kept in the vault."""

    name: Personal
    phone: Personal | None = None
    mail: Personal | None = None


class OpenProspect(DatedCommand):
    """What every command says that puts a prospect (back) into the open stock."""

    duplicate: Literal["refuse", "intended"] = Field(
        default="refuse",
        description="What if the same account and product is an open prospect already: `intended` needs a reason.",
    )
    duplicate_reason: Text | None = None


class CaptureProspect(OpenProspect):
    """Put a prospect on file (留档), level N."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "title": "出租车更新 2025",
                    "channel": "tender_notice",
                    "lines": [{"product": "A6L", "units": 20, "unit_price": "312000.00"}],
                    "expected_on": "2025-03-20",
                    "contact": {"name": "王主任", "phone": "13800000000"},
                }
            ]
        }
    )

    account_id: UUID | None = None
    title: Title | None = None
    owner_id: UUID | None = Field(default=None, description="Who is responsible; default: the one who enters it.")
    unit_id: UUID | None = Field(default=None, description="Default: the owner's unit.")
    channel: Code | None = Field(default=None, description="See GET /v1/catalogues: `channels`.")
    channel_given: Title | None = None
    lines: Lines = ()
    currency: Currency = "CNY"
    amount: Money | None = Field(default=None, description="Stated total, when the lines have no prices.")
    stage: Code | None = Field(default=None, description="The supplier's own sales stage.")
    stage_given: Title | None = None
    probability: Share | None = None
    probability_given: Title | None = None
    expected_on: Day | None = Field(default=None, description="Expected day of the order.")
    key_person_id: UUID | None = Field(default=None, description="A key person of the account.")
    contact: Contact | None = None
    reachable: bool = Field(default=False, description="A reachable number of the key person is known.")
    remark: Narrative | None = None
    external_refs: ExternalRefs = Field(default_factory=dict)
    attributes: Attributes = Field(default_factory=dict)


class EvidenceGiven(Command):
    """What speaks for a judgement."""

    budget: bool | None = None
    decision_maker: bool | None = None
    need: bool | None = None


class Judgement(Command):
    """How near the order is (潜客判定). What is not given stays as it was, except the expected day."""

    level: Code = Field(description="A code of the level policy in force: C, B, A, H.")
    expected_on: Day | None = Field(default=None, description="Expected day of the order; null = not known.")
    stage: Code | None = None
    stage_given: Title | None = None
    probability: Share | None = None
    probability_given: Title | None = None
    lines: Lines | None = Field(default=None, min_length=1)
    amount: Money | None = None
    evidence: EvidenceGiven | None = None
    competitor: Text | None = None
    obstacle: Text | None = None
    support_needed: Text | None = None


class QualifyProspect(Judgement, DatedCommand):
    """Judge a prospect's level (潜客判定)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "level": "H",
                    "expected_on": "2025-03-18",
                    "stage": "negotiation",
                    "evidence": {"budget": True, "decision_maker": True},
                    "obstacle": "财务尚未批复",
                }
            ]
        }
    )


class TransferOpportunity(DatedCommand):
    """Make somebody else responsible, the opportunity as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner_id": "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11", "reason": "换手：原负责人离职"}]
        }
    )

    owner_id: UUID
    unit_id: UUID | None = Field(default=None, description="Default: the new owner's unit.")
    reason: Text | None = None


class ReferOpportunity(Command):
    """Say what another system calls the opportunity: one key per system, several systems."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"system": "erp", "key": "SO-2025-0017"}]})

    system: System
    key: Reference | None = Field(default=None, description="Null: it is known there no more.")


class GiveInstruction(Command):
    """Ask for something on the hot-customer table."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "本周内约见分管领导，确认预算", "due_on": "2030-12-31"}]}
    )

    text: Text
    due_on: Day


class CompleteInstruction(DatedCommand):
    """Say that the latest instruction was carried out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"result": "已约见，预算下周批复"}]})

    result: Text | None = None
