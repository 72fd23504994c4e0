"""Rows of the matrix and makers of targets, a module for each noun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation.nouns import (
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
from tests.authorisation.row import Row
from tests.authorisation.target import Target
from tests.authorisation.world import World

ROWS: dict[str, Row] = {
    **approvals.ROWS,
    **attachments.ROWS,
    **bids.ROWS,
    **billing.ROWS,
    **contracts.ROWS,
    **filings.ROWS,
    **follow_ups.ROWS,
    **leads.ROWS,
    **negotiations.ROWS,
    **projects.ROWS,
    **search.ROWS,
    **solutions.ROWS,
}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    **approvals.MAKERS,
    **attachments.MAKERS,
    **bids.MAKERS,
    **billing.MAKERS,
    **contracts.MAKERS,
    **filings.MAKERS,
    **follow_ups.MAKERS,
    **leads.MAKERS,
    **negotiations.MAKERS,
    **projects.MAKERS,
    **search.MAKERS,
    **solutions.MAKERS,
}
