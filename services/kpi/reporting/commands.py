"""Commands on work reports, intelligence and the customer-information report. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from services.kpi.month import Month
from services.kpi.reporting.events import IntelligenceCategory, IntelligenceOutcome, Urgency
from shared.identity.principal import (
    ACCOUNT_MANAGER,
    BRANCH_MANAGER,
    DEPARTMENT_HEAD,
    FUNCTIONS,
    REGIONAL_MANAGER,
    REPRESENTATIVE,
)
from shared.records.fields import Command, DatedCommand, Day, Narrative, Title

FunctionNamed = Annotated[
    str, StringConstraints(min_length=1, max_length=40), Field(json_schema_extra={"enum": sorted(FUNCTIONS)})
]
FIELD = (REPRESENTATIVE, ACCOUNT_MANAGER)
"""Who is with customers every day."""
HEADS = (DEPARTMENT_HEAD, BRANCH_MANAGER, REGIONAL_MANAGER)


class _Words(DatedCommand):
    done: Narrative = Field(description="What was done; kept in the vault.")
    problems: Narrative | None = None
    plan: Narrative | None = Field(default=None, description="For the next day, or month.")
    support: Narrative | None = Field(default=None, description="Help that is needed.")

    @property
    def texts(self) -> dict[str, str | None]:
        """What goes to the vault."""
        return {"done": self.done, "problems": self.problems, "plan": self.plan, "support": self.support}


class HandInDailyReport(_Words):
    """A day's report (日报)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"day": "2026-03-02", "done": "走访两家，报价一份", "plan": "跟进招标文件"}]}
    )

    day: Day | None = Field(default=None, description="The day reported on; default the day it is handed in.")


class HandInMonthlyReport(_Words):
    """A month's report (月报)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"month": "2026-02", "done": "完成签单六台", "problems": "两家客户推迟"}]}
    )

    month: Month


class ReviseReport(_Words):
    """The same report with other words, handed in again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"done": "走访三家，报价一份"}]})


class ReviewReport(DatedCommand):
    """The reporting line accepts a report, or gives it back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"result": "accepted", "comment": "下周先跟进招标"}]})

    result: Literal["accepted", "returned"]
    comment: Narrative | None = None


class PublishReportingDuties(Command):
    """Who hands in what, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"effective_from": "2030-01-01", "daily": [], "intelligence_items": 2}]}
    )

    effective_from: Day
    daily: Annotated[tuple[FunctionNamed, ...], Field(max_length=20)] = Field(
        default=FIELD, description="Functions that report every working day."
    )
    monthly: Annotated[tuple[FunctionNamed, ...], Field(max_length=20)] = Field(
        default=(*FIELD, *HEADS), description="Functions that report every month."
    )
    intelligence: Annotated[tuple[FunctionNamed, ...], Field(max_length=20)] = Field(
        default=FIELD, description="Functions that find intelligence items."
    )
    intelligence_items: int = Field(default=1, ge=0, le=100, description="At least so many items a month.")


class ReportIntelligence(DatedCommand):
    """Something worth telling (情报). Urgent: it goes at once to the region and the director."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "category": "competitor",
                    "urgency": "urgent",
                    "title": "竞品下月降价百分之八",
                    "text": "据客户采购部透露，竞争对手将在招标前降价",
                }
            ]
        }
    )

    category: IntelligenceCategory
    urgency: Urgency = Urgency.ORDINARY
    title: Title
    text: Narrative | None = None
    account_id: UUID | None = None
    competitor: Title | None = None


class AcknowledgeIntelligence(DatedCommand):
    """Take notice of an urgent item."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class DiscussIntelligence(DatedCommand):
    """It was discussed: does it go into the monthly customer-information report?"""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "issue", "conclusion": "各分公司注意"}]})

    outcome: IntelligenceOutcome
    conclusion: Narrative | None = None


class IssueCustomerReport(DatedCommand):
    """Issue the customer-information report of a month (客户信息月报); again, it has the next number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"month": "2026-02", "summary": "竞品活动频繁"}]})

    month: Month
    item_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] | None = Field(
        default=None, description="Default: all items of the month that were discussed to be issued."
    )
    summary: Narrative | None = None
