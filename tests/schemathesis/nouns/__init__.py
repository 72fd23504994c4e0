"""Recipes of the nouns, a module for each."""

from __future__ import annotations

from tests.schemathesis.nouns import (
    approvals,
    attachments,
    bids,
    billing,
    contracts,
    filings,
    follow_ups,
    leads,
    negotiations,
    projects,
    search,
    solutions,
)
from tests.schemathesis.records import Maker

MADE: dict[str, Maker] = {
    **approvals.MADE,
    **attachments.MADE,
    **bids.MADE,
    **billing.MADE,
    **contracts.MADE,
    **filings.MADE,
    **follow_ups.MADE,
    **leads.MADE,
    **negotiations.MADE,
    **projects.MADE,
    **search.MADE,
    **solutions.MADE,
}
