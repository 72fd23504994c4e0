"""Every published fact is described, written down and folded by somebody."""

import inspect
from pathlib import Path
from typing import get_args

import pytest

from services.accounts.events import AccountFact, PersonFact, UnitFact
from services.accounts.views import VIEWS as ACCOUNTS_VIEWS
from services.event_page import SERVICES, event_page
from services.kpi.budgets.events import BudgetFact, ExpenseClaimFact
from services.kpi.events import (
    AnnualPlanFact,
    AssessmentFact,
    CommissionFact,
    CompanyFact,
    ImprovementFact,
    MeetingFact,
    RollingPlanFact,
    RollingPolicyFact,
    TrainingFact,
)
from services.kpi.forecasts.events import ForecastFact
from services.kpi.inventories.events import InventoryFact
from services.kpi.lead_plans.events import LeadPlanFact
from services.kpi.months.events import MonthFact
from services.kpi.reporting.events import IntelligenceFact, WorkReportFact
from services.kpi.splits.events import ConfirmationFact, SplitFact
from services.kpi.views import VIEWS as KPI_VIEWS
from services.opportunities.events import (
    AttachmentFact,
    BidFact,
    ContractFact,
    FilingFact,
    NegotiationFact,
    OpportunityFact,
    ProductFact,
    ProjectFact,
    SolutionFact,
    VisitFact,
)
from services.opportunities.views import VIEWS as OPPORTUNITIES_VIEWS
from services.webhooks.events import WebhookEndpointFact
from services.webhooks.views import VIEWS as WEBHOOK_VIEWS
from shared.event_store.facts import FactType, registry

ROOT = Path(__file__).parents[2]
VIEWS = (*ACCOUNTS_VIEWS, *OPPORTUNITIES_VIEWS, *KPI_VIEWS, *WEBHOOK_VIEWS)
FACTS_OF = {
    "account": AccountFact,
    "annual_plan": AnnualPlanFact,
    "assessment": AssessmentFact,
    "attachment": AttachmentFact,
    "bid": BidFact,
    "commission": CommissionFact,
    "company_figure": CompanyFact,
    "budget": BudgetFact,
    "confirmation": ConfirmationFact,
    "contract": ContractFact,
    "expense_claim": ExpenseClaimFact,
    "filing": FilingFact,
    "forecast": ForecastFact,
    "improvement": ImprovementFact,
    "lead_plan": LeadPlanFact,
    "meeting": MeetingFact,
    "inventory": InventoryFact,
    "month": MonthFact,
    "intelligence": IntelligenceFact,
    "negotiation": NegotiationFact,
    "opportunity": OpportunityFact,
    "person": PersonFact,
    "product": ProductFact,
    "project": ProjectFact,
    "rolling_plan": RollingPlanFact,
    "rolling_policy": RollingPolicyFact,
    "solution": SolutionFact,
    "split": SplitFact,
    "training_need": TrainingFact,
    "unit": UnitFact,
    "visit": VisitFact,
    "webhook_endpoint": WebhookEndpointFact,
    "work_report": WorkReportFact,
}
FACTS = [fact for module in SERVICES.values() for fact in registry(module).types.values()]


def test_the_page_of_events_is_what_the_classes_say() -> None:
    assert (ROOT / "docs/events.md").read_text(encoding="utf-8") == event_page(), "write it again: make docs"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_fact_says_what_it_is(fact: FactType) -> None:
    own = fact.cls.__dict__.get("__doc__") or ""
    assert inspect.cleandoc(own), f"{fact.name} has no docstring"
    assert not own.startswith(f"{fact.name}("), f"{fact.name} has only the docstring its dataclass was given"


def test_no_two_services_publish_the_same_name() -> None:
    names = [name for module in SERVICES.values() for name in registry(module).types if not name.startswith("Fact")]
    assert len(names) == len(set(names))


def test_views_name_only_facts_that_are_published() -> None:
    published = {fact.cls for fact in FACTS}
    for view in VIEWS:
        assert set(view.facts) <= published, view.name


def test_views_name_every_fact_of_the_streams_they_read() -> None:
    """A view reads the newest schema only of facts it names: one left out would be read in its old form one day."""
    for view in VIEWS:
        for stream_type in view.stream_types:
            assert set(get_args(FACTS_OF.get(stream_type))) <= set(view.facts), view.name


def test_view_names_and_tables_are_unique() -> None:
    assert len({view.name for view in VIEWS}) == len(VIEWS)
