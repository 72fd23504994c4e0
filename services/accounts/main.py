"""The accounts service as an app: organisation, accounts, key persons, cadence. Wires; decides nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import FastAPI

from services.accounts import events
from services.accounts.routes import (
    account_reads,
    accounts,
    key_persons,
    organisation_reads,
    people,
    units,
    visits_due,
)
from services.accounts.texts import TEXTS
from services.accounts.views import VIEWS
from services.accounts.views.units import UNITS
from services.imports import routes as imports
from shared.event_store.facts import registry
from shared.http.app import create_app

FACTS = registry(events)

BELOW = f"""
with recursive below as (
    select $2::uuid as unit_id
    union
    select u.stream_id from {UNITS.table} u join below on u.parent_id = below.unit_id
     where u.tenant_id = $1 and u.to_at is null)
select unit_id from below
"""  # noqa: S608 - constants only

TAGS = [
    {"name": "organisation", "description": "Units and people: two edges, valid in time (组织)"},
    {"name": "accounts", "description": "The account file, owner and team, key persons, visits due (客户)"},
    imports.TAG,
]


async def subtree(pool: Any, tenant_id: UUID, unit_id: UUID) -> set[UUID]:
    """The unit and all units below it, now."""
    return {row["unit_id"] for row in await pool.fetch(BELOW, tenant_id, unit_id)}


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
            organisation_reads.router,
            accounts.router,
            key_persons.router,
            account_reads.router,
            imports.router,
        ),
        facts=FACTS,
        views=VIEWS,
        texts=TEXTS,
        tags=TAGS,
        subtree=subtree,
        **given,
    )


app = make_app()
