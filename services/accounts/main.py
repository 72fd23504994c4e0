"""The accounts service as an app: organisation, accounts, key persons, cadence. Wires; decides nothing."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from services.accounts import events
from services.accounts.routes import (
    account_reads,
    accounts,
    api_keys,
    by_ref,
    identity_providers,
    key_persons,
    organisation_reads,
    people,
    standing_in,
    units,
    visits_due,
)
from services.accounts.texts import TEXTS
from services.accounts.views import VIEWS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from services.documents import routes as documents
from services.documents.webhooks import pushed
from services.feed.scopes import SCOPES
from services.hand_overs import routes as hand_overs
from services.hand_overs.texts import TEXTS as HAND_OVER_TEXTS
from services.imports import routes as imports
from services.inbound import people as inbound
from services.privacy import reads as person_reads
from services.privacy import routes as persons
from services.webhooks import events as webhook_events
from services.webhooks import routers as webhooks
from services.webhooks.texts import TEXTS as WEBHOOK_TEXTS
from services.webhooks.views import VIEWS as WEBHOOK_VIEWS
from shared.event_store.facts import registry
from shared.http.app import create_app
from shared.http.inbound import TAG as INBOUND
from shared.identity.organisation import Organisation

FACTS = registry(events, webhook_events)

TAGS = [
    {"name": "organisation", "description": "Units and people: two edges, valid in time (组织)"},
    {"name": "accounts", "description": "The account file, owner and team, key persons, visits due (客户)"},
    hand_overs.TAG,
    imports.TAG,
    INBOUND,
    webhooks.TAG,
    documents.TAG,
    persons.TAG,
]


def make_app(**given: Any) -> FastAPI:
    """The app; tests give settings, a clock and a store of their own."""
    return create_app(
        title="Dakehu accounts",
        service="accounts",
        description="Key accounts 大客户: who they are, who is responsible, who matters there.",
        routers=(
            visits_due.router,  # before /v1/accounts/{account_id}
            units.router,
            people.router,
            standing_in.router,
            organisation_reads.router,
            by_ref.router,
            accounts.router,
            key_persons.router,
            account_reads.router,
            hand_overs.router,
            identity_providers.router,
            api_keys.router,
            *imports.ROUTERS,
            *inbound.ROUTERS,
            *webhooks.ROUTERS,
            documents.router,
            persons.router,
            person_reads.router,
        ),
        facts=FACTS,
        views=(*VIEWS, *WEBHOOK_VIEWS),  # of all services alike: told of by one
        scopes=SCOPES,
        pushed=pushed("accounts"),
        texts={**HAND_OVER_TEXTS, **WEBHOOK_TEXTS, **TEXTS},
        tags=TAGS,
        organisation=Organisation(units=UNITS, people=PEOPLE),
        **given,
    )


app = make_app()
