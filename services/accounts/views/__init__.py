"""All views of the accounts service."""

from __future__ import annotations

from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from services.accounts.views.visits import VISITS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (UNITS, PEOPLE, ACCOUNTS, VISITS)
