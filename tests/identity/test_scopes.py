"""What a credential is good for, and looking through another person's eyes: over HTTP, on every path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.accounts.main import app as accounts
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities
from shared.http.edge import is_open
from shared.http.route import Route
from shared.identity.principal import FUNCTIONS
from shared.identity.scopes import ALL, PERSONAL, RESOURCES, SCOPES, USUAL, covers, needed
from tests.accounts.company import Client, Company
from tests.identity.conftest import ask, join, send, trust
from tests.identity.issuer import Issuer

Administrator = Callable[..., Client]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
READS = "select * from privacy.reads where tenant_id = $1 and action = 'viewed_as' order by at"


@pytest.mark.parametrize("app", [accounts, opportunities, kpi], ids=lambda app: app.title)
def test_every_path_has_a_scope_of_its_own_and_the_document_says_which(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema and is_open(route.path):
            assert paths[route.path]["get"]["security"] == []
        elif isinstance(route, Route) and route.path.startswith("/v1/"):
            for method in route.methods or ():
                scope = needed(method, route.path)
                assert scope is None or scope in SCOPES, route.path
                assert scope != ALL, f"{route.path}: name its resource in shared/identity/scopes.py"
                assert scope is not None or route.path == "/v1/me"
                if route.include_in_schema:
                    said = paths[route.path][method.lower()]["security"]
                    wanted = [] if scope is None else [scope]
                    assert said == [{"bearer": wanted}, {"api_key": wanted}]


def test_every_resource_has_a_path() -> None:
    """A scope nothing needs would be granted for nothing."""
    paths = [route.path for app in (accounts, opportunities, kpi) for route in app.routes if isinstance(route, Route)]
    paths = [path for path in paths if not is_open(path)]
    assert set(RESOURCES) == {scope.partition(":")[0] for path in paths if (scope := needed("GET", path)) is not None}


def test_scopes_by_method_and_path() -> None:
    assert needed("GET", "/v1/accounts/7/history") == "accounts:read"
    assert needed("HEAD", "/v1/accounts") == "accounts:read"
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "X"):
        assert needed(method, "/v1/accounts") == "accounts:write"
    for report in ("pipeline", "pipeline/diff", "hot-customers", "defeats/analysis", "outcomes", "kpi/funnel"):
        assert needed("GET", f"/v1/{report}") == "reports:read"
    for odd in ("/v1/", "/v1//accounts", "/v1/Accounts", "/v1/accounts%2f", "/v1/unheard-of"):
        assert needed("GET", odd) == ALL
    assert needed("GET", "/v1/me") is None
    assert needed("GET", "/metrics") is None
    assert covers({ALL}, "accounts:write")
    assert not covers({ALL}, PERSONAL)
    assert not covers({"accounts:write"}, "accounts:read")
    assert not covers({"accounts:read"}, ALL)
    assert covers(USUAL, PERSONAL)
    assert set(RESOURCES) & {"me", "personal"} == set()


async def test_a_credential_is_good_for_what_its_scopes_say_also_on_hot_paths(
    company: Company, administrator: Administrator
) -> None:
    unit = {"code": "GZ", "name": "广州店", "kind": "branch", "parent_id": str(company.root_id)}

    async def tried(*scopes: str) -> list[int]:
        client = administrator(company, "director", scopes=scopes)
        key = f"k{scopes}"
        return [
            (await client.get("/v1/units")).status_code,
            (await client.post("/v1/units", unit | {"code": f"U{abs(hash(scopes)) % 10_000}"}, key=key)).status_code,
            (await client.post("/v1/units", {"no": "unit"})).status_code,
            (await client.get("/v1/people")).status_code,
            (await client.get("/v1/nowhere")).status_code,
            (await client.get("/v1/me")).status_code,
        ]

    assert await tried() == [403, 403, 403, 403, 403, 200]
    assert await tried("personal:read") == [403, 403, 403, 403, 403, 200]
    assert await tried("units:read") == [200, 403, 403, 403, 403, 200]
    assert await tried("units:write") == [403, 201, 422, 403, 403, 200]
    assert await tried("*") == [200, 201, 422, 200, 404, 200]
    assert await tried("*", "personal:read") == [200, 201, 422, 200, 404, 200]
    answer = await administrator(company, "director", scopes=["units:read"]).post("/v1/units", unit)
    assert answer.json()["code"] == "scope_missing"
    assert answer.json()["scope"] == "units:write"
    assert answer.headers["www-authenticate"].endswith('error="insufficient_scope", scope="units:write"')
    assert "units:write" in answer.json()["detail"]


async def test_an_operator_looks_through_a_persons_eyes_on_record_and_changes_nothing(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, pool: Pool
) -> None:
    operator, seen = administrator(company, "operations"), company["sh_rep"]
    as_them = {"view_as": str(seen.person_id)}
    me = (await ask(http, operator.token, **as_them)).json()
    assert (me["person_id"], me["viewer_id"]) == (str(seen.person_id), str(operator.person_id))
    assert (me["functions"], me["unit_id"]) == (["representative"], str(company.units["SH"]))
    assert me["name"] == "sh_rep先生"
    own = await ask(http, operator.token)
    assert (own.json()["viewer_id"], own.json()["functions"]) == (None, ["operations"])

    opened = await seen.make("/v1/accounts", {"name": "甲公司", "kinds": ["industry"]})
    path = f"/v1/accounts/{opened['id']}"
    assert (await ask(http, operator.token, path, **as_them)).status_code == 200
    assert (await ask(http, operator.token, path, view_as=str(company["bj_rep"].person_id))).status_code == 404

    for verb, body in ((f"{path}/change", {"city": "上海"}), ("/v1/units", {}), ("/v1/accounts", {"name": "乙"})):
        answer = await send(http, operator.token, verb, body, **as_them, if_match='"1"')
        assert (answer.status_code, answer.json()["code"]) == (403, "view_only")
    rows = await pool.fetch(READS, company.tenant_id)
    assert [(row["actor"], row["viewer"]) for row in rows] == [
        (seen.person_id, operator.person_id),
        (seen.person_id, operator.person_id),
        (company["bj_rep"].person_id, operator.person_id),
    ]
    assert rows[1]["route"] == f"GET {path}"
    assert rows[1]["subjects"] == [seen.person_id]
    assert rows[1]["trace"]


async def test_nobody_else_looks_through_others_eyes(
    http: httpx.AsyncClient, company: Company, other: Company, administrator: Administrator, pool: Pool
) -> None:
    target = str(company["sh_rep"].person_id)
    for function in sorted(FUNCTIONS - {"operations"}):
        answer = await ask(http, administrator(company, function).token, view_as=target)
        assert (answer.status_code, answer.json()["code"]) == (403, "view_as_not_allowed"), function
    operator = administrator(company, "operations")
    for stranger in (str(other["sh_rep"].person_id), str(uuid4()), str(company.root_id), str(company.tenant_id)):
        assert (await ask(http, operator.token, view_as=stranger)).status_code == 404
    for odd in ("me", ""):
        answer = await ask(http, operator.token, view_as=odd)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_header")
    twice: Any = [("authorization", f"Bearer {operator.token}"), ("view-as", target), ("view-as", target)]
    assert (await http.get("/v1/me", headers=twice)).json()["code"] == "duplicate_header"
    person = company["sh_rep"].person_id
    await company["director"].make(f"/v1/people/{person}/leave", {}, version=1)
    assert (await ask(http, operator.token, view_as=target)).status_code == 404


async def test_who_waits_through_others_eyes_waits_no_longer_than_they_are_there(
    http: httpx.AsyncClient, company: Company, administrator: Administrator
) -> None:
    operator, seen = administrator(company, "operations"), company["sh_rep"]
    head = (await seen.read("/v1/events/head"))["position"]
    path = f"/v1/events?after={head}&wait=20"
    waiting = asyncio.create_task(ask(http, operator.token, path, view_as=str(seen.person_id)))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await company["director"].make(f"/v1/people/{seen.person_id}/leave", {}, version=1)
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_operator_sees_no_more_than_their_own_scopes_allow(
    http: httpx.AsyncClient, company: Company, administrator: Administrator
) -> None:
    operator = administrator(company, "operations", scopes=["units:read"])
    director = str(company["director"].person_id)
    assert (await ask(http, operator.token, "/v1/units", view_as=director)).status_code == 200
    answer = await ask(http, operator.token, "/v1/people", view_as=director)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_an_operator_may_sign_in_with_the_companys_issuer_and_look(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, issuer: Issuer
) -> None:
    await join(company, "O-1", "operations", unit="HQ")
    await trust(administrator(company), issuer)
    token = issuer.token(number="O-1")
    me = (await ask(http, token, view_as=str(company["bj_head"].person_id))).json()
    assert me["functions"] == ["department_head"]
    assert (await ask(http, token)).json()["functions"] == ["operations"]
