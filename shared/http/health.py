"""Whether a service lives, can serve, and how it does: /livez /readyz /startupz /metrics, and what a problem means."""

from __future__ import annotations

import asyncio
import time

import asyncpg
from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from shared.http.context import Parts
from shared.http.errors import is_away
from shared.http.kit import Kit
from shared.http.openapi import problem_response
from shared.http.problem import Problem
from shared.http.route import Router
from shared.postgres.migrate import newest_version
from shared.projections.status import status
from shared.telemetry import VIEW_LAG_EVENTS, VIEW_LAG_SECONDS, VIEW_PARKED, WRITER_QUEUE

router = Router(tags=["operations"])

NEWEST = newest_version()
PATIENCE_SECONDS = 2.0
"""How long a probe waits for the database."""
LAG_SECONDS = 5.0
"""How old the lag in /metrics may be: it is a query over all tenants."""

CAN_SERVE = """
select (select version_num from public.alembic_version limit 1) as revision,
       pg_is_in_recovery() or current_setting('transaction_read_only')::bool as read_only
"""
BUILT = """
select count(*) from es.views v join unnest($1::text[], $2::int[]) as w(name, version) using (name, version)
 where v.status = 'live'
"""


class State(BaseModel):
    """Whether it does."""

    status: str
    reasons: list[str] = []


class Explanation(BaseModel):
    """What a problem code means."""

    type: str
    code: str
    status: int | None
    title: dict[str, str]
    detail: dict[str, str]


async def reasons_not_to_serve(kit: Kit) -> list[str]:
    """Why this service cannot serve now; nothing when it can.

    The views that give sight must have been built once: until then nobody but head office sees anything. How far views
    are behind, and whether others are built, is not among the reasons.
    """
    if kit.stopping:
        return ["stopping"]
    try:
        row = await asyncio.wait_for(kit.pool.fetchrow(CAN_SERVE), PATIENCE_SECONDS)
        built = row["revision"] != NEWEST or await asyncio.wait_for(_give_sight(kit), PATIENCE_SECONDS)
    except Problem as problem:
        return [problem.code]
    except asyncpg.UndefinedTableError:
        return ["migrations_missing"]
    except Exception as error:
        if is_away(error):
            return ["database_unavailable"]
        raise
    reasons = []
    if row["revision"] != NEWEST:
        reasons.append("migrations_behind" if (row["revision"] or "") < NEWEST else "older_code")
    if not built:
        reasons.append("views_missing")
    if row["read_only"]:
        reasons.append("read_only")
    return reasons


async def _give_sight(kit: Kit) -> bool:
    """Whether the views that give sight were built; the worker builds them."""
    views = () if kit.organisation is None else kit.organisation.views
    names, versions = [view.name for view in views], [view.version for view in views]
    return not views or await kit.pool.fetchval(BUILT, names, versions) == len(views)


@router.get("/livez", operation_id="operations.live")
async def live() -> State:
    """The process runs."""
    return State(status="ok")


@router.get("/readyz", operation_id="operations.ready", responses={503: problem_response(503)})
async def ready(kit: Parts) -> State:
    """It can serve: database reachable, migrations at head, able to append, the organisation's views built.

    View lag is a metric, not a reason.
    """
    if reasons := await reasons_not_to_serve(kit):
        raise Problem(503, "not_ready", headers={"Retry-After": "1"}, extra={"reasons": reasons})
    return State(status="ok")


@router.get("/startupz", operation_id="operations.started", responses={503: problem_response(503)})
async def started(kit: Parts) -> State:
    """It has started: the database was reached once."""
    return State(status="ok") if kit.store is not None else State(status="starting")


@router.get(
    "/metrics",
    operation_id="operations.metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(kit: Parts) -> Response:
    """Prometheus metrics of this process."""
    await measure(kit)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems/{code}", operation_id="operations.problem", responses={404: problem_response(404)})
async def problem(code: str, kit: Parts) -> Explanation:
    """What a problem code means, in both languages."""
    found = kit.catalogue.explain(code)
    if found is None:
        raise Problem(404, "not_found")
    return Explanation(**found)


async def measure(kit: Kit) -> None:
    """Set the gauges that are read off when asked."""
    if not kit.open:
        return
    WRITER_QUEUE.labels(kit.service).set(kit.store.queued)
    now = time.monotonic()
    if not kit.views or kit.lag_measured + LAG_SECONDS > now:
        return
    kit.lag_measured = now
    try:
        for view in await asyncio.wait_for(status(kit.store.all_tenants, kit.views), PATIENCE_SECONDS):
            VIEW_LAG_EVENTS.labels(kit.service, view.name).set(view.lag_events)
            VIEW_LAG_SECONDS.labels(kit.service, view.name).set(view.lag_seconds)
            VIEW_PARKED.labels(kit.service, view.name).set(view.parked)
    except asyncpg.InsufficientPrivilegeError:
        pass  # a service's own login may not look at all tenants: the worker measures the same
    except Exception as error:
        if not is_away(error):
            raise
