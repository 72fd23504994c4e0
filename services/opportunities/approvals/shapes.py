"""The rows of the inbox as front ends get them. Documents and checks; computes nothing."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Money


class ApprovalRow(BaseModel):
    """A request that waits, the oldest first."""

    kind: str
    kind_label: str
    id: UUID = Field(description="The record that is decided.")
    version: int | None = Field(description="Of that record now: give it with the decision.")
    path: str
    allowed: list[str] = Field(description="Decisions open to the caller now; none as of a past day.")
    paths: dict[str, str] = Field(title="各操作地址", description="Where each of them is posted.")
    proposal: dict[str, Any] | None = Field(description="What the rules propose, and with which fields.")
    requested_on: date
    age_days: int = Field(description="Calendar days it has waited.")
    requested_by: UUID | None
    requested_by_name: str | None
    entered_by: UUID | None
    entered_by_name: str | None
    opportunity_id: UUID
    title: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    level_before: str
    status: str
    units: int | None
    amount: Money | None
    currency: str | None
    reason: str | None = Field(description="Of the catalogue, or in words; null where a kind has none.")
    reason_label: str | None
    summary: dict[str, Any] = Field(description="By kind: reasons, evidence, call-back, terms.")
