"""The kpi service as an app: figures over what the other services published. Wires; decides nothing."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from services.accounts import events as accounts
from services.imports import routes as imports
from services.kpi.routes import router
from services.kpi.views import VIEWS
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from services.opportunities import events as opportunities
from shared.event_store.facts import registry
from shared.http.app import create_app
from shared.http.problem import Text
from shared.identity.organisation import Organisation

FACTS = registry(accounts, opportunities)

TEXTS: dict[str, Text] = {
    "repeated_dimension": Text("分组重复", "Repeated dimension", "同一分组只能用一次。",
                               "A dimension may be given once.", 422),
    "empty_range": Text("区间为空", "Empty range", "起始日晚于截止日。", "The range ends before it begins.", 422),
}  # fmt: skip


def make_app(**given: Any) -> FastAPI:
    """The app; tests give settings, a clock and a store of their own."""
    return create_app(
        title="Dakehu kpi",
        service="kpi",
        description="Figures 指标: what each counts, on which date, credited to whom, is in docs/kpi.md.",
        routers=(router, *imports.ROUTERS),
        facts=FACTS,
        views=VIEWS,
        texts=TEXTS,
        tags=[{"name": "kpi", "description": "Figures with their definitions (指标)"}, imports.TAG],
        organisation=Organisation(units=UNITS, people=PEOPLE),
        **given,
    )


app = make_app()
