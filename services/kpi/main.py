"""The kpi service as an app: plans, targets, figures, reviews. Wires; decides nothing."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from services.accounts import events as accounts
from services.documents import routes as documents
from services.documents.webhooks import pushed
from services.feed.scopes import SCOPES
from services.imports import routes as imports
from services.inbound import figures as inbound
from services.kpi import events
from services.kpi.routers import ROUTERS
from services.kpi.texts import TEXTS
from services.kpi.views import VIEWS
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from services.opportunities import events as opportunities
from services.webhooks import events as webhook_events
from services.webhooks import routers as webhooks
from services.webhooks.texts import TEXTS as WEBHOOK_TEXTS
from shared.event_store.facts import registry
from shared.http.app import create_app
from shared.http.inbound import TAG as INBOUND
from shared.identity.organisation import Organisation

FACTS = registry(accounts, opportunities, events, webhook_events)

TAGS = (
    {"name": "kpi", "description": "Figures with their definitions (指标)"},
    {"name": "agenda", "description": "What is due, for whom, and what is late (日程)"},
    {"name": "assessments", "description": "Assessment, commission, appeal (考核)"},
    {"name": "budgets", "description": "Budgets: proposal, inquiry, approval, claims, use (预算)"},
    {"name": "calendar", "description": "Working days, sales months (日历)"},
    {"name": "company", "description": "Company figures entered or handed over by other systems (公司数据)"},
    {"name": "engine", "description": "KPI definitions, values, drill-down (指标)"},
    {"name": "forecasts", "description": "Forecast calls (预测)"},
    {"name": "improvements", "description": "Improvement loops and training needs (改进)"},
    {"name": "inventories", "description": "Customer-base inventories (盘点)"},
    {"name": "lead-plans", "description": "Lead plans and weekly reviews (集客计划)"},
    {"name": "meetings", "description": "Review meetings (会议)"},
    {"name": "months", "description": "Month closes (月结)"},
    {"name": "plans", "description": "Annual plans and targets (年度计划)"},
    {"name": "reporting", "description": "Daily and monthly reports, intelligence, month-end hand-in (报告)"},
    {"name": "rolling", "description": "X+Y rolling plans (滚动计划)"},
    {"name": "splits", "description": "The month's split and personal confirmation (月度分解)"},
    imports.TAG,
    INBOUND,
    webhooks.TAG,
    documents.TAG,
)


def make_app(**given: Any) -> FastAPI:
    """The app; tests give settings, a clock and a store of their own."""
    return create_app(
        title="Dakehu kpi",
        service="kpi",
        description="Figures 指标: what each counts, on which date, credited to whom, is in docs/kpi.md.",
        routers=(*ROUTERS, *imports.ROUTERS, *inbound.ROUTERS, *webhooks.ROUTERS, documents.router),
        facts=FACTS,
        views=VIEWS,
        scopes=SCOPES,
        pushed=pushed("kpi"),
        texts={**WEBHOOK_TEXTS, **TEXTS},
        tags=TAGS,
        organisation=Organisation(units=UNITS, people=PEOPLE),
        **given,
    )


app = make_app()
