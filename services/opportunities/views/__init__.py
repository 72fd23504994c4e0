"""The views of this service, in one place."""

from __future__ import annotations

from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.policies.views.reason_catalogues import REASON_CATALOGUES
from services.opportunities.products.view import PRODUCTS
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
)
