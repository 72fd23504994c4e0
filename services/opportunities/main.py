"""The opportunities service: its routes, views and facts, put together. No logic here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from services.documents import routes as documents
from services.documents.webhooks import pushed
from services.feed.scopes import SCOPES
from services.imports import routes as imports
from services.inbound import deals as inbound
from services.opportunities import events
from services.opportunities.routers import ROUTERS
from services.opportunities.texts import TEXTS
from services.opportunities.views import VIEWS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from services.webhooks import events as webhook_events
from services.webhooks import routers as webhooks
from services.webhooks.texts import TEXTS as WEBHOOK_TEXTS
from shared.event_store.facts import registry
from shared.http.app import create_app
from shared.http.inbound import TAG as INBOUND
from shared.identity.organisation import Organisation

TITLE = "Dakehu opportunities"
TAGS = (
    {"name": "opportunities", "description": "Prospects and orders, from record to delivery"},
    {"name": "leads", "description": "Leads by channel, visitor counts and spend (线索)"},
    {"name": "visits", "description": "Visits to accounts, with the judgements they led to"},
    {"name": "filings", "description": "Filings with the manufacturer: reports by VIN, support (系统提报)"},
    {"name": "projects", "description": "Projects: plan, budget and cost, risks, acceptance (项目)"},
    {
        "name": "attachments",
        "description": "Files of records, encrypted, erased with the persons they are about (附件)",
    },
    {"name": "solutions", "description": "Solutions: asked for, drafted by technical support, approved (方案)"},
    {"name": "bids", "description": "Tenders and bids: documents, bond, competitors, result (投标)"},
    {"name": "negotiations", "description": "Negotiations: rounds, concessions, prices within limits (谈判)"},
    {"name": "contracts", "description": "Contracts: drafts, approval within limits, signature, amendments (合同)"},
    {"name": "billing", "description": "Invoices, receipts, what is owed, credit, the ledger match (开票回款)"},
    {"name": "products", "description": "What is for sale"},
    {"name": "approvals", "description": "What waits for a decision, and many decisions at once"},
    {"name": "search", "description": "Finding records by a part of a name, its reading, a code, the end of a phone"},
    {"name": "rules", "description": "Level policies, reasons for defeats, approvals, words"},
    {"name": "reports", "description": "Pipeline, hot customers, defeats, outcomes: of any day, as known at any time"},
    imports.TAG,
    INBOUND,
    webhooks.TAG,
    documents.TAG,
)

FACTS = registry(events, webhook_events)


def opportunities_app(**parts: Any) -> FastAPI:
    """The app of this service. `parts`: settings, clock, store, as `create_app` takes them."""
    return create_app(
        title=TITLE,
        service="opportunities",
        routers=(*ROUTERS, *imports.ROUTERS, *inbound.ROUTERS, *webhooks.ROUTERS, documents.router),
        views=VIEWS,
        scopes=SCOPES,
        pushed=pushed("opportunities"),
        facts=FACTS,
        texts={**WEBHOOK_TEXTS, **TEXTS},
        tags=TAGS,
        organisation=Organisation(units=UNITS, people=PEOPLE),
        **parts,
    )


app = opportunities_app()
