"""The operation `export`: a table of any service as a file, made as its asker sees it when it is made.

A composition root: it may know every service, and holds no rule. The file is made of the answers of the table's own
route, under the functions its asker still has.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from fastapi import FastAPI, Request, Response

from shared.event_store.store import EventStore
from shared.http.call import SCOPE_KEY, Call
from shared.http.exports import FILE, KIND, table_route
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.route import Route, check_query
from shared.http.tables import PAGE_ROWS, taken_as_file
from shared.identity.lookups import standing
from shared.identity.principal import Principal
from shared.identity.scopes import PERSONAL, needed
from shared.identity.standing_fields import KEY_FIELD
from shared.jobs import Failed, Handler, Running
from shared.jobs.kept import PersonErased, keep_file
from shared.privacy.disclosure import EXPORTED, Disclosure, disclosure
from shared.projections.waiting import ViewBehind
from shared.settings import Settings

SERVICES = {"accounts": "make_app", "opportunities": "opportunities_app", "kpi": "make_app"}
ATTEMPTS = 3
"""How often a file is begun again because somebody was erased while it was made."""

_apps: WeakKeyDictionary[EventStore, list[FastAPI]] = WeakKeyDictionary()


def _services(store: EventStore, settings: Settings) -> list[FastAPI]:
    """The services' apps over this worker's store, never served: only their reads are asked."""
    found = _apps.get(store)
    if found is None:
        found = [
            getattr(import_module(f"services.{name}.main"), make)(settings=settings, store=store)
            for name, make in SERVICES.items()
        ]
        for app in found:
            app.state.kit.cursor_key = secrets.token_bytes(32)  # pages follow each other here and nowhere else
        _apps[store] = found
    return found


@dataclass(frozen=True)
class Asked:
    """The table that is to be made a file, and of which service it is."""

    app: FastAPI
    route: Route
    path: str
    query: str

    @property
    def kit(self) -> Kit:
        kit: Kit = self.app.state.kit
        return kit

    def call(self, who: Principal, language: str) -> Call:
        """The request, as the edge would have it."""
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": self.query.encode(),
            "headers": [(b"accept-language", language.encode())],
            "client": None,
            "server": None,
            "app": self.app,
        }
        _, matched = self.route.matches(scope)
        call = Call(scope, self.kit)
        call.principal, call.counted = who, True
        scope.update(matched, route=self.route)
        scope[SCOPE_KEY] = call
        return call


async def export(running: Running) -> Mapping[str, Any]:
    """Make the file and keep it. Fails with the code of the problem the table would have answered."""
    if running.resources is None:
        raise Failed("this worker has no event store")
    said = running.parameters
    for app in _services(running.resources.store, running.resources.settings):
        if (route := table_route(app.routes, said["path"])) is not None:
            asked = Asked(app, route, said["path"], said["query"])
            break
    else:
        raise Failed("not_a_table")
    for _ in range(ATTEMPTS):
        try:
            return await _made(running, asked)
        except Problem as problem:
            raise Failed(problem.code) from problem
        except ViewBehind as behind:
            raise Failed("view_behind") from behind
        except PersonErased:
            continue
    raise Failed("person_erased_meanwhile")


async def _made(running: Running, asked: Asked) -> Mapping[str, Any]:
    said, kit = running.parameters, asked.kit
    who = await _principal(kit, running, asked.path)
    check_query(asked.query.encode(), asked.route.known, asked.route.forms)
    call = asked.call(who, said["language"])
    shown = Disclosure(allowed=who.may(PERSONAL))
    shown.action = EXPORTED
    token = disclosure.set(shown)
    begun = datetime.now(UTC)
    personal = False
    table = asked.route.table
    assert table is not None
    rows = 0

    async def answer(request: Request) -> Response:
        """A page; what it shows of persons is on record before it is written down anywhere."""
        nonlocal personal, rows
        page = await asked.route.general(request)
        if shown.pending:
            personal = True
            await shown.write(kit.pool, who, route=f"GET {asked.route.path}", trace=None)
        await running.progress(rows)
        rows += PAGE_ROWS
        return page

    try:
        async with AsyncExitStack() as stack:
            for part in ("middleware", "inner", "function"):  # what the framework hangs on a request
                call.scope[f"fastapi_{part}_astack"] = stack
            request = Request(call.scope, _nothing)
            taken = await taken_as_file(
                table, said["format"], answer, request, call, asked.route.summary or "", most=kit.settings.queued_rows
            )
        try:
            await keep_file(kit.pool, kit.vault, running.tenant_id, running.operation_id, FILE, taken.file, begun=begun)
        finally:
            taken.file.close()
    finally:
        disclosure.reset(token)
    return {"rows": taken.rows, "bytes": taken.size, "personal": personal}


async def _principal(kit: Kit, running: Running, path: str) -> Principal:
    """Who asked, with what they still have. Raises Problem: they left, or lost what they asked with."""
    said, tenant_id = running.principal, running.tenant_id
    await kit.check_standing(tenant_id)
    zone = await kit.zone(tenant_id)
    if zone is None:
        raise Problem(403, "unknown_tenant")
    functions = frozenset(said["functions"])
    unit_id = None if said["unit_id"] is None else UUID(said["unit_id"])
    now = await standing(kit.pool, tenant_id, running.principal_id, "api_key" if said["machine"] else "person")
    if now is not None:
        if not said["machine"] and now.get("status") != "active":
            raise Problem(403, "person_left")
        functions -= frozenset(said["held"] or ()) - frozenset(now.get("functions", ()))
        unit_id = None if now.get("unit_id") is None else UUID(now["unit_id"])
        if said["machine"] and not any(
            name.startswith(KEY_FIELD) and not key["revoked"] for name, key in now.items() if isinstance(key, Mapping)
        ):
            raise Problem(403, "forbidden")
    who = Principal(
        tenant_id=tenant_id,
        person_id=running.principal_id,
        functions=functions,
        unit_id=unit_id,
        scopes=frozenset(said["scopes"]),
        zone=zone,
        machine=said["machine"],
    )
    scope = needed("GET", path)
    if scope is not None and not who.may(scope):
        raise Problem(403, "scope_missing")
    return who


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


OPERATIONS: Mapping[str, Handler] = {KIND: export}
