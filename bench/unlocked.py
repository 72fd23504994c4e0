"""The opportunities service with every lock taken off, to be measured beside the real one. Serves a bench only.

No credential is read: whoever asks is the head of the sample company. Neither standing nor scope nor rate is looked at,
sight is of everything, so no predicate but the tenant's is in the SQL; and the database is asked as its owner, whom
row-level security does not bind. All else is the same code. `uvicorn bench.unlocked:app --factory`.
"""

from __future__ import annotations

import time
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from starlette.middleware import Middleware

from services.bootstrap import ZONE
from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.http import kit as kit_module
from shared.http.call import Call
from shared.http.edge import Edge
from shared.identity.principal import DIRECTOR, Principal
from shared.identity.scopes import ALL, PERSONAL
from shared.identity.sight import Sight
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_ROOT, SAMPLE_TENANT

ANYBODY = Principal(
    SAMPLE_TENANT,
    SAMPLE_PERSON,
    frozenset((DIRECTOR,)),
    SAMPLE_ROOT,
    frozenset((ALL, PERSONAL)),
    ZoneInfo(ZONE),
    expires=time.time() + 1e9,
)
EVERYTHING = Sight(everything=True, person_id=SAMPLE_PERSON)
OWNER = "none"
"""The role a session has without taking one: the login's, who owns the bench's database."""


class OwnersStore(EventStore):
    """Reads as the owner."""

    @classmethod
    async def open(cls, database_url: str, **options: Any) -> OwnersStore:
        return await super().open(database_url, **{**options, "reads_as": OWNER})


class Unlocked(Edge):
    """Lets everybody in."""

    def _known(self, call: Call) -> Principal:
        return ANYBODY

    def _require_scope(self, call: Call, principal: Principal, local: str) -> None:
        pass


async def _everything(_: Principal) -> Sight:
    return EVERYTHING


def app() -> FastAPI:
    """Made by a factory: importing this module takes no lock off."""
    setattr(kit_module, "EventStore", OwnersStore)  # noqa: B010 - the one place where the kit finds it
    made = opportunities_app()
    kit = made.state.kit
    kit.sight = _everything
    kit.tenants.open = lambda _: True
    kit.limits.admit = lambda *_: None
    edges: list[Any] = list(made.user_middleware)
    made.user_middleware = [Middleware(Unlocked, **held.kwargs) if held.cls is Edge else held for held in edges]
    return made
