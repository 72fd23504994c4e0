"""Every operation of every service × every principal: what the row says, and nothing else.

The operations are those the apps route; one without a row fails. Aggregates and open paths are at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from services.accounts.main import app as accounts
from services.imports.routes import EXAMPLE
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities
from shared.http.openapi import document
from shared.http.route import Route
from shared.identity.scopes import needed
from tests.authorisation.company import id_of
from tests.authorisation.expectations import EXPIRED, NOBODY, OWNER, PRINCIPALS, callers
from tests.authorisation.expectations import OPEN as OPEN_TO_ALL
from tests.authorisation.row import Row
from tests.authorisation.rows import ROWS
from tests.authorisation.target import Target
from tests.authorisation.targets import made, unknown
from tests.authorisation.world import MARKS, Answer, Caller, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICES: dict[str, FastAPI] = {"accounts": accounts, "opportunities": opportunities, "kpi": kpi}
BOUNDARY = "dakehu-matrix"


def operations() -> Iterator[tuple[str, Route]]:
    """(service, route) of everything routed, but HEAD and pages of documents."""
    for service, app in SERVICES.items():
        for route in app.routes:
            if isinstance(route, Route):
                yield service, route


OPERATIONS = [(service, route) for service, route in operations()]
NAMES = [f"{service}-{route.operation_id}" for service, route in OPERATIONS]


async def test_every_operation_has_a_row() -> None:
    routed = {str(route.operation_id) for _, route in OPERATIONS}
    missing = sorted(routed - ROWS.keys())
    assert not missing, (
        f"no row in the matrix for {', '.join(missing)}: say in tests/authorisation/rows.py who may do it, on which "
        "record, with which body (tests/authorisation/README.md)"
    )
    assert not sorted(ROWS.keys() - routed), "rows of operations that are not routed any more"
    for name, row in ROWS.items():
        assert set(row.expect) == set(PRINCIPALS), name


async def test_the_documents_list_what_is_routed() -> None:
    for service, app in SERVICES.items():
        routed = {
            (method.lower(), route.path)
            for name, route in OPERATIONS
            if name == service
            for method in (route.methods or set()) - {"HEAD"}
        }
        listed = {(method, path) for path, methods in document(app)["paths"].items() for method in methods}
        assert listed == routed


@pytest.mark.parametrize(("service", "route"), OPERATIONS, ids=NAMES)
async def test_the_row_holds_for_every_principal(world: World, service: str, route: Route) -> None:
    row = ROWS[str(route.operation_id)]
    speaking = callers(world)
    shared = await _target(world, service, row)
    nobody = unknown(row.on)
    faults = []
    # what is open looks at no credential: a good one, a bad one and none will do
    for principal in PRINCIPALS if row.expect != OPEN_TO_ALL else (OWNER, EXPIRED, NOBODY):
        caller, expected = speaking[principal], row.expect[principal]
        fresh = expected == "done" and "GET" not in (route.methods or ())
        target = await _target(world, service, row) if fresh else shared
        answer = await _send(world, service, route, row, caller, target)
        fault = _fault(expected, row, answer)
        if fault is None and expected in ("hidden", "no such"):
            like = await _send(world, service, route, row, caller, nobody)
            if (answer.status, answer.code) != (like.status, like.code):
                fault = f"{answer.status} {answer.code} tells it from an unknown one, {like.status} {like.code}"
        if MARKS[1 if caller.tenant == 0 else 0].encode() in answer.body:
            fault = "another company's text is in the answer"
        if fault is not None:
            faults.append(f"{principal}: {fault}")
    assert not faults, f"{route.operation_id} {route.path}\n" + "\n".join(faults)


def _fault(expected: str, row: Row, answer: Answer) -> str | None:
    said = f"{answer.status} {answer.body[:200].decode(errors='replace')}"
    match expected:
        case "done":
            return None if answer.status in row.done else f"{said}, not done"
        case "refused":
            return None if answer.status == 403 else f"{said}, not refused"
        case "hidden":
            return None if answer.status in (403, 404) else f"{said}, not hidden"
        case "no such":
            return None if answer.status == 422 else f"{said}, not 422"
        case "outside":
            known = answer.status in (403, 422) and answer.code == "outside_your_units"
            return None if known else f"{said}, not outside"
        case "scope":
            return None if (answer.status, answer.code) == (403, "scope_missing") else f"{said}, scope not missed"
        case "unknown":
            known = answer.status == 401 and "www-authenticate" in answer.headers
            return None if known else f"{said}, not 401 with WWW-Authenticate"
        case _:
            raise AssertionError(expected)


async def _target(world: World, service: str, row: Row) -> Target:
    if row.on == "view":
        return Target(world.apps[service].state.kit.views[0].name)
    return await made(world, row.on)


async def _send(world: World, service: str, route: Route, row: Row, caller: Caller, target: Target) -> Answer:
    (method,) = (route.methods or set()) - {"HEAD"}
    path = re.sub(r"\{[^}]*\}", target.id, route.path)
    if row.on == "file":
        return await world.send(service, method, path, caller, body=_upload(), headers=UPLOADED)
    version = target.version if method == "POST" and row.matched else None
    body = row.body_for(target)
    headers = None
    if isinstance(body, bytes):  # an upload, in a form of its own
        boundary = body.partition(b"\r\n")[0].removeprefix(b"--").decode()
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return await world.send(service, method, path, caller, query=row.query, body=body, version=version, headers=headers)


UPLOADED = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def _upload() -> bytes:
    """The file of the document's own example."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
        + (f'; filename="{name}.txt"' if name != "dry_run" else "")
        + f"\r\n\r\n{content}\r\n"
        for name, content in EXAMPLE.items()
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


async def test_a_machine_may_what_its_key_says_and_nothing_else(world: World) -> None:
    """A key good for reading products alone, of a machine that integrates: on every operation of every service."""
    body = {"name": "DMS", "functions": ["integration"], "scopes": ["products:read"]}
    issued = await world.send("accounts", "POST", "/v1/api-keys", world.caller("director"), body=body)
    machine = Caller("machine", {"authorization": f"Bearer {issued.said['key']}", "accept-language": "en"})
    for service, route in OPERATIONS:
        row = ROWS[str(route.operation_id)]
        target = await made(world, row.on) if row.on == "product" else unknown(row.on)
        answer = await _send(world, service, route, row, machine, target)
        (method,) = (route.methods or set()) - {"HEAD"}
        if (
            route.path in OPEN
            or route.path.startswith(OPEN_FOLDERS)
            or needed(method, route.path) in (None, "products:read")
        ):
            assert answer.status != 403, route.path
        else:
            assert (answer.status, answer.code) == (403, "scope_missing"), route.path


# -- the same id in both companies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("accounts", f"/v1/accounts/{id_of('account.b00.a')}"),
        ("opportunities", f"/v1/opportunities/{id_of('deal.b00.a.hot')}"),
        ("opportunities", f"/v1/visits/{id_of('visit.b00.logged')}"),
        ("accounts", f"/v1/people/{id_of('b00.a')}"),
        ("accounts", f"/v1/units/{id_of('b00')}"),
        ("opportunities", f"/v1/products/{id_of('product.A6L')}"),
    ],
)
async def test_an_id_both_companies_use_is_to_each_its_own(world: World, service: str, path: str) -> None:
    ours, theirs = [await world.send(service, "GET", path, world.caller("director", tenant=n)) for n in (0, 1)]
    assert (ours.status, theirs.status) == (200, 200)
    for answer, own, other in ((ours, MARKS[0], MARKS[1]), (theirs, MARKS[1], MARKS[0])):
        assert own.encode() in answer.body
        assert other.encode() not in answer.body


async def test_a_command_on_a_shared_id_changes_one_company_alone(world: World) -> None:
    path = f"/v1/accounts/{id_of('account.b11.a')}"
    before = [await world.send("accounts", "GET", path, world.caller("director", tenant=n)) for n in (0, 1)]
    key = "one key, two companies"
    for tenant, city in ((1, "苏州"), (0, "无锡")):
        version = before[tenant].said["version"]
        caller = world.caller("director", tenant=tenant)
        answer = await world.send(
            "accounts", "POST", f"{path}/change", caller, body={"city": city}, version=version, key=key
        )
        assert answer.status == 200, answer.body
        assert "idempotency-replayed" not in answer.headers
    after = [await world.send("accounts", "GET", path, world.caller("director", tenant=n)) for n in (0, 1)]
    assert [answer.said["city"] for answer in after] == ["无锡", "苏州"]


# -- what bodies refer to ----------------------------------------------------------------------------------

HIDDEN_ACCOUNT = str(id_of("account.b20.a"))
HIDDEN_DEAL = str(id_of("deal.b20.a.hot"))
ELSEWHERE: list[tuple[str, str, str, Any, Any]] = [
    ("opportunities", "/v1/opportunities", "account_id", HIDDEN_ACCOUNT, {}),
    ("opportunities", "/v1/visits", "account_id", HIDDEN_ACCOUNT, {"planned_on": "2199-01-01"}),
    ("opportunities", "/v1/visits/log", "account_id", HIDDEN_ACCOUNT, {}),
    ("opportunities", "/v1/visits/log", "opportunity_ids", [HIDDEN_DEAL], {}),
    ("accounts", "/v1/accounts", "parent_id", HIDDEN_ACCOUNT, {"name": "子公司"}),
]


@pytest.mark.parametrize(("service", "path", "name", "hidden", "more"), ELSEWHERE)
async def test_a_body_cannot_ask_whether_a_hidden_record_exists(
    world: World, service: str, path: str, name: str, hidden: Any, more: Any
) -> None:
    caller = world.caller("b00.a")
    nobody = [str(uuid4())] if isinstance(hidden, list) else str(uuid4())
    body = {"purpose": "push_forward", "way": "on_site", **more} if "visits" in path else more
    answers = [
        await world.send(service, "POST", path, caller, body={**body, name: value}) for value in (hidden, nobody)
    ]
    told = [(answer.status, answer.code, answer.said.get("detail")) for answer in answers]
    assert told[0] == told[1]
    assert told[0][0] == 422


# -- aggregates ---------------------------------------------------------------------------------------------


async def test_a_branch_managers_figures_are_the_branch_alone(world: World) -> None:
    """b20: two representatives with an open, a hot, a won and a lost deal each; nothing was ever handed over there."""
    manager = world.caller("b20.manager")

    async def read(service: str, path: str, **query: str) -> Any:
        answer = await world.send(service, "GET", path, manager, query=query)
        assert answer.status == 200, answer.body
        return answer.said

    board = await read("opportunities", "/v1/pipeline")
    assert board["stock"][0]["open"] == {"count": 4, "units": 40, "amount": "12000000.00"}
    assert board["stock"][0]["ordered"]["count"] == 2
    by_owner = await read("opportunities", "/v1/pipeline", group_by="owner")
    assert {row["owner"] for row in by_owner["rows"]} == {str(id_of("b20.a")), str(id_of("b20.b"))}
    by_unit = await read("opportunities", "/v1/outcomes", group_by="org_unit")
    assert [(row["key"], row["captured"], row["won"], row["lost"], row["open"]) for row in by_unit["rows"]] == [
        (str(id_of("b20")), 8, 2, 2, 4)
    ]
    assert len((await read("opportunities", "/v1/defeats"))["rows"]) == 2
    analysis = await read("opportunities", "/v1/defeats/analysis", group_by="owner")
    assert sum(row["count"] for row in analysis["rows"]) == 2
    funnel = await read("kpi", "/v1/kpi/funnel", group_by="org_unit")
    assert [row["key"] for row in funnel["rows"]] == [str(id_of("b20"))]
    assert (funnel["total"]["captured"], funnel["total"]["ordered"], funnel["total"]["defeated"]) == (8, 2, 2)


@pytest.mark.parametrize("tree", ["then", "now"])
@pytest.mark.parametrize("query", [{"owner_id": str(id_of("b01.a"))}, {"unit_id": str(id_of("b01"))}, {}])
async def test_a_filter_never_widens_what_is_seen(world: World, query: dict[str, str], tree: str) -> None:
    """Along the tree of today or of then, a filter by somebody else's unit or person shows none of theirs."""
    manager = world.caller("b20.manager")
    for path in ("/v1/pipeline", "/v1/outcomes", "/v1/defeats/analysis", "/v1/hot-customers", "/v1/defeats"):
        asked = {**query, "tree": tree, "as_of": "2025-06-30"}
        answer = await world.send("opportunities", "GET", path, manager, query=asked)
        assert answer.status == 200, answer.body
        assert "b01" not in answer.body.decode()
        assert str(id_of("b01.a")).encode() not in answer.body


# -- without a credential -----------------------------------------------------------------------------------

OPEN = {
    "/livez", "/readyz", "/startupz", "/metrics", "/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect",
    "/problems/{code}", "/v1/asyncapi.json",
}  # fmt: skip
MAY_BE_OPEN = {"/v1/surveys/answer/{token}"}
OPEN_FOLDERS = ("/docs/assets", "/v1/schemas", "/.well-known")


@pytest.mark.parametrize("service", SERVICES)
async def test_only_the_open_paths_answer_without_a_credential(world: World, service: str) -> None:
    answered = set()
    for route in world.apps[service].routes:
        path = str(getattr(route, "path", ""))
        tried = re.sub(r"\{[^}]*\}", "stale", path)
        for method in getattr(route, "methods", None) or {"GET"}:
            answer = await world.send(service, method, tried, Caller("nobody", {}))
            if answer.status != 401:
                answered.add(path)
            else:
                assert answer.headers["www-authenticate"].startswith("Bearer"), path
    folders = {path for path in answered if path.startswith(OPEN_FOLDERS)}
    assert answered - folders - MAY_BE_OPEN == OPEN


@pytest.mark.parametrize("path", ["/internal", "/v1", "/v1/", "/admin", "/debug", "/v1/nothing", "//livez", "/livez/"])
async def test_what_is_not_there_is_not_there_for_strangers(world: World, path: str) -> None:
    for service in SERVICES:
        assert (await world.send(service, "GET", path, Caller("nobody", {}))).status == 401
