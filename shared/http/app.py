"""The one way to make a service's app: routes in, a FastAPI app with everything around them out."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.routing import Route as PlainRoute

from shared.event_store.store import EventStore
from shared.feed.scopes import Scopes
from shared.http import audit, event_snapshot, event_stream, exports, feed, health, me, view_stream
from shared.http import views as view_routes
from shared.http.bodies import body_faults
from shared.http.call import call_of
from shared.http.described import Described
from shared.http.edge import Edge
from shared.http.errors import problem_of
from shared.http.kit import Kit
from shared.http.openapi import Pushed, document
from shared.http.problem import Catalogue, Problem, Texts
from shared.http.texts import TEXTS
from shared.identity.organisation import Organisation
from shared.jobs import routes as operation_routes
from shared.settings import Settings
from shared.settings import settings as read_settings
from shared.telemetry import configure_logs

VERSION = "0.1.0"
DOCUMENT_ASSETS = "/docs/assets"

TRACED = any(name.startswith("OTEL_") for name in os.environ)
"""Whether this process is set up for OpenTelemetry; finding out for each request costs a twentieth of it."""


def create_app(
    *,
    title: str,
    service: str,
    routers: Sequence[APIRouter] = (),
    facts: Any = None,
    views: Sequence[Any] = (),
    texts: Texts | None = None,
    tags: Sequence[dict[str, str]] = (),
    description: str = "",
    organisation: Organisation | None = None,
    scopes: Scopes | None = None,
    pushed: Pushed | None = None,
    settings: Settings | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    store: EventStore | None = None,
) -> FastAPI:
    """A service's app. `app.state.kit` holds what runs.

    `texts` are the titles and details of the codes the service's rules refuse with, in Chinese and English.
    `organisation` gives sight, by the service's own copies of units and people; `scopes` say whose records the streams
    of the feed are; `pushed` describes the webhooks. A given `store` is used and not closed: services in one process
    share one.
    """
    kit = Kit(
        service=service,
        settings=settings or read_settings(),
        catalogue=Catalogue(TEXTS, texts or {}),
        facts=facts,
        views=views,
        organisation=organisation,
        scopes=scopes,
        clock=clock,
        store=store,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logs(getattr(logging, kit.settings.log_level.upper()))
        async with kit.running():
            yield

    app = FastAPIOffline(
        static_url=DOCUMENT_ASSETS,  # served here: where no CDN is reached, the pages are not blank
        title=title,
        version=VERSION,
        description=description,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=None if TRACED else {"tracing": False, "metrics": False, "logs": False},
        openapi_tags=[
            *tags,
            {"name": "events", "description": "The feed of facts"},
            {"name": "audit", "description": "Who did what, when, and who read whose data"},
            {"name": "identity", "description": "Who is asking, and what for"},
            exports.TAG,
            {"name": "operations", "description": "Health, metrics, and how views stand"},
        ],
    )
    app.state.kit = kit
    app.state.pushed = pushed
    app.add_middleware(Edge, kit=kit)
    app.add_exception_handler(HTTPException, _answered)
    app.add_exception_handler(RequestValidationError, _answered)
    for router in (*routers, *own_routers()):
        app.router.routes.extend(router.routes)  # flat: including them costs a look-up per router and request
    if faults := list(body_faults(app.routes)):
        raise TypeError("\n".join(faults))
    kit.hot.learn(app.routes)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    described = Described(app.openapi).route()
    routes = app.router.routes
    routes[:] = [described if getattr(route, "path", None) == described.path else route for route in routes]
    return app


def own_routers() -> Sequence[APIRouter]:
    """What every service serves beside its own routes."""
    return (
        health.router,
        feed.router,
        event_stream.router,
        event_snapshot.router,
        me.router,
        audit.router,
        view_routes.router,
        view_stream.router,
        operation_routes.router,
        exports.router,
    )


async def _answered(request: Request, error: Exception) -> Response:
    """Turn Starlette's and FastAPI's own refusals into problems; the edge answers them."""
    found = problem_of(error)
    if found is None:
        raise error
    if found.status == 405:
        found = Problem(405, found.code, headers={"Allow": ", ".join(_methods(request))})
    raise found


def _methods(request: Request) -> list[str]:
    """All methods of all routes of this address: the router itself names only those of the first."""
    found: set[str] = set()
    for route in call_of(request.scope).scope["app"].routes:
        if isinstance(route, PlainRoute) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)
