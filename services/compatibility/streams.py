"""Which facts tell of which records, and what a standing looks like in the form subscribers get.

A test fails for a fact that stands in no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args
from uuid import UUID

import msgspec

from services.accounts import events as accounts
from services.accounts.account import Account
from services.accounts.api_key import ApiKey
from services.accounts.data_subject import DataSubject, Erasure
from services.accounts.organisation import Unit
from services.accounts.person import Person
from services.accounts.tenant import Tenant
from services.kpi import events as kpi
from services.kpi.assessments.assessment import Assessment
from services.kpi.assessments.commission import Commission
from services.kpi.assessments.commission_rule import CommissionRules
from services.kpi.assessments.scheme import AssessmentSchemes
from services.kpi.budgets.budget import Budget
from services.kpi.budgets.expense_claim import ExpenseClaim
from services.kpi.calendar.working_calendar import SalesMonths, WorkingCalendar
from services.kpi.company.figure import CompanyFigure
from services.kpi.engine.choices import KpiChoices
from services.kpi.forecasts.forecast import Forecast
from services.kpi.improvements.improvement import Improvement
from services.kpi.improvements.training import TrainingNeed
from services.kpi.inventories.inventory import Inventory
from services.kpi.lead_plans.lead_plan import LeadPlan
from services.kpi.meetings.meeting import Meeting
from services.kpi.months.month import Month
from services.kpi.plans.plan import AnnualPlan
from services.kpi.reporting.duties import PublishedDuties
from services.kpi.reporting.intelligence import CustomerReport, Intelligence
from services.kpi.reporting.work_report import WorkReport
from services.kpi.rolling.plan import RollingPlan
from services.kpi.rolling.policy import RollingPolicy
from services.kpi.splits.confirmation import Confirmation
from services.kpi.splits.split import Split
from services.opportunities import events as opportunities
from services.opportunities.attachments.attachment import Attachment
from services.opportunities.bids.bid import Bid
from services.opportunities.billing.credit import CreditLimit, CreditPolicies
from services.opportunities.billing.invoice import Invoice
from services.opportunities.billing.money_receipt import MoneyReceipt
from services.opportunities.billing.posting import LedgerPosting
from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.contract_policy import ContractPolicies
from services.opportunities.filings.filing import Filing
from services.opportunities.filings.policy import FilingPolicies
from services.opportunities.follow_ups.policy import FollowUpPolicies
from services.opportunities.leads.figures import Spend, Visitors
from services.opportunities.leads.lead import Lead
from services.opportunities.leads.policy import LeadPolicies, LeadRota
from services.opportunities.negotiations.negotiation import Negotiation
from services.opportunities.negotiations.price_policy import PricePolicies
from services.opportunities.opportunity.prospect import Prospect
from services.opportunities.policies.approval_policy import ApprovalPolicies
from services.opportunities.policies.level_policy import LevelPolicies
from services.opportunities.policies.reason_catalogue import ReasonCatalogues
from services.opportunities.products.product import Product
from services.opportunities.projects.project import Project
from services.opportunities.solutions.solution import Solution
from services.opportunities.visits.visit import Visit
from services.webhooks import events as webhooks
from services.webhooks.endpoint import WebhookEndpoint
from shared.event_store.stream import Stream


@dataclass(frozen=True, slots=True)
class Of:
    """One kind of record and the facts that tell of it.

    `shown`: of the standing as `public_standing` shapes it, the fields it adds, and those it leaves out (None).
    `numbered`: fields there are many of, by the beginning of their names (`key_person.<id>`).
    """

    stream: type[Stream]
    facts: Any
    shown: Mapping[str, Any] = field(default_factory=dict)
    numbered: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(fact.__name__ for fact in get_args(self.facts) or (self.facts,))


class OpportunityLine(msgspec.Struct, frozen=True):
    """A line with what became of its units."""

    line: int
    product: str
    units: int
    unit_price: Decimal | None
    ordered: int
    delivered: int
    cancelled: int


STREAMS: tuple[Of, ...] = (
    Of(
        Account,
        accounts.AccountFact,
        shown={"key_persons": tuple[accounts.KeyPerson, ...]},
        numbered={accounts.KEY_PERSON_FIELD: accounts.KeyPerson | None},
    ),
    Of(ApiKey, accounts.ApiKeyFact),
    Of(DataSubject, accounts.DataSubjectFact),
    Of(Erasure, accounts.ErasureFact),
    Of(Unit, accounts.UnitFact),
    Of(
        Person,
        accounts.PersonFact,
        shown={"deputies": dict[UUID, accounts.Deputy]},
        numbered={accounts.DEPUTY_FIELD: accounts.Deputy | None},
    ),
    Of(Tenant, accounts.TenantFact),
    Of(
        Prospect,
        opportunities.OpportunityFact,
        shown={"lines": tuple[OpportunityLine, ...], **dict.fromkeys(Prospect.additive)},
    ),
    Of(Visit, opportunities.VisitFact),
    Of(Product, opportunities.ProductFact),
    Of(Lead, opportunities.LeadFact),
    Of(LeadPolicies, opportunities.LeadPolicyPublished),
    Of(LeadRota, opportunities.LeadTurnTaken),
    Of(Visitors, opportunities.VisitorFact),
    Of(Spend, opportunities.SpendFact),
    Of(LevelPolicies, opportunities.LevelPolicyPublished),
    Of(ReasonCatalogues, opportunities.ReasonCataloguePublished),
    Of(ApprovalPolicies, opportunities.ApprovalPolicyPublished),
    Of(FollowUpPolicies, opportunities.FollowUpPolicyPublished),
    Of(Solution, opportunities.SolutionFact),
    Of(Bid, opportunities.BidFact),
    Of(Negotiation, opportunities.NegotiationFact),
    Of(PricePolicies, opportunities.PricePolicyPublished),
    Of(Contract, opportunities.ContractFact),
    Of(ContractPolicies, opportunities.ContractPolicyPublished),
    Of(Invoice, opportunities.InvoiceFact),
    Of(MoneyReceipt, opportunities.ReceiptFact),
    Of(CreditLimit, opportunities.CreditLimitSet),
    Of(CreditPolicies, opportunities.CreditPolicyPublished),
    Of(LedgerPosting, opportunities.PostingRecorded),
    Of(Filing, opportunities.FilingFact),
    Of(FilingPolicies, opportunities.FilingPolicyPublished),
    Of(Project, opportunities.ProjectFact),
    Of(Attachment, opportunities.AttachmentFact),
    Of(WorkingCalendar, kpi.WorkingDaysDeclared),
    Of(SalesMonths, kpi.SalesMonthPublished),
    Of(AnnualPlan, kpi.AnnualPlanFact),
    Of(RollingPlan, kpi.RollingPlanFact),
    Of(RollingPolicy, kpi.RollingPolicyFact),
    Of(Split, kpi.SplitFact),
    Of(Confirmation, kpi.ConfirmationFact),
    Of(Forecast, kpi.ForecastFact),
    Of(LeadPlan, kpi.LeadPlanFact),
    Of(Inventory, kpi.InventoryFact, shown={"decisions": None}),
    Of(Month, kpi.MonthFact),
    Of(KpiChoices, kpi.KpiFact),
    Of(CompanyFigure, kpi.CompanyFact),
    Of(AssessmentSchemes, kpi.AssessmentSchemePublished),
    Of(CommissionRules, kpi.CommissionRulePublished),
    Of(Assessment, kpi.AssessmentFact),
    Of(Commission, kpi.CommissionFact),
    Of(Improvement, kpi.ImprovementFact),
    Of(TrainingNeed, kpi.TrainingFact),
    Of(Meeting, kpi.MeetingFact),
    Of(Budget, kpi.BudgetFact, shown={"used": dict[str, Decimal], "uses": None}),
    Of(ExpenseClaim, kpi.ExpenseClaimFact),
    Of(PublishedDuties, kpi.ReportingDutiesPublished),
    Of(WorkReport, kpi.WorkReportFact),
    Of(Intelligence, kpi.IntelligenceFact),
    Of(CustomerReport, kpi.CustomerReportFact),
    Of(WebhookEndpoint, webhooks.WebhookEndpointFact),
)

OF: Mapping[str, Of] = MappingProxyType({name: row for row in STREAMS for name in row.names})
"""By the name of a fact. `FactCorrected` and `FactVoided` are of every kind of record."""
