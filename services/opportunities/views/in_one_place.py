"""The views of this service, in one place."""

from __future__ import annotations

from services.opportunities.approvals import views as approvals
from services.opportunities.attachments import views as attachments
from services.opportunities.bids import views as bids
from services.opportunities.billing import views as billing
from services.opportunities.contracts import views as contracts
from services.opportunities.filings import views as filings
from services.opportunities.follow_ups import views as follow_ups
from services.opportunities.leads import views as leads
from services.opportunities.negotiations import views as negotiations
from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.policies.views.reason_catalogues import REASON_CATALOGUES
from services.opportunities.products.view import PRODUCTS
from services.opportunities.projects import views as projects
from services.opportunities.search import views as search
from services.opportunities.solutions import views as solutions
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.defeats import DEFEATS
from services.opportunities.views.judgements import JUDGEMENTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from services.opportunities.visits.view import VISITS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (
    STANDINGS,
    DEFEATS,
    JUDGEMENTS,
    VISITS,
    CONTACTS,
    ACCOUNTS,
    PEOPLE,
    UNITS,
    PRODUCTS,
    LEVEL_POLICIES,
    REASON_CATALOGUES,
    *leads.VIEWS,
    *follow_ups.VIEWS,
    *approvals.VIEWS,
    *solutions.VIEWS,
    *bids.VIEWS,
    *negotiations.VIEWS,
    *contracts.VIEWS,
    *billing.VIEWS,
    *filings.VIEWS,
    *projects.VIEWS,
    *attachments.VIEWS,
    *search.VIEWS,
)
