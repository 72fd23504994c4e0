"""OWASP API Security Top 10 (2023), items 1 to 5: objects, credentials, properties, resources, functions.

One group of tests for each, against all services with real records. The first item is the matrix and the triples; here
are the ways around them. Items 6 to 10 are in `test_owasp_surroundings.py`.
"""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import BaseModel

from shared.http.route import Route
from shared.identity.tokens import AUDIENCE, ISSUER
from tests.authorisation.company import id_of
from tests.authorisation.deals import ACCOUNTS, key_person
from tests.authorisation.expectations import OPEN, OWNER, callers
from tests.authorisation.rows import ROWS
from tests.authorisation.targets import made
from tests.authorisation.test_matrix import OPERATIONS, SERVICES
from tests.authorisation.world import Caller, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = dict[str, Any]
ELSEWHERE = id_of("deal.b20.a.hot")


def path_of(route: Route, id: str) -> str:
    return re.sub(r"\{[^}]*\}", id, route.path)


def commands() -> list[tuple[str, Route]]:
    """Every operation that takes a JSON body."""
    return [
        (service, route)
        for service, route in OPERATIONS
        if "POST" in (route.methods or ()) and _body_of(route) is not None
    ]


def _body_of(route: Route) -> type[BaseModel] | None:
    kind = None if route.body_field is None else route.body_field.field_info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


# -- API1 broken object level authorisation ------------------------------------------------------------------


async def test_api1_a_place_in_anothers_list_shows_no_more_of_it(world: World) -> None:
    director, rep = world.caller("director"), world.caller("b00.a")
    first = await world.send("opportunities", "GET", "/v1/opportunities", director, query={"limit": "5"})
    query = {"limit": "5", "after": first.said["next"]}
    taken = await world.send("opportunities", "GET", "/v1/opportunities", rep, query=query)
    own = await world.send("opportunities", "GET", "/v1/opportunities", rep, query={"limit": "1000"})
    assert {row["id"] for row in taken.said["items"]} <= {row["id"] for row in own.said["items"]}


@pytest.mark.parametrize("form", ["upper", "urn", "braces", "no dashes", "encoded slash"])
async def test_api1_another_spelling_of_an_id_opens_nothing(world: World, form: str) -> None:
    spelt = {
        "upper": str(ELSEWHERE).upper(), "urn": f"urn:uuid:{ELSEWHERE}", "braces": f"{{{ELSEWHERE}}}",
        "no dashes": ELSEWHERE.hex, "encoded slash": f"..%2F{ELSEWHERE}",
    }[form]  # fmt: skip
    answer = await world.send("opportunities", "GET", f"/v1/opportunities/{spelt}", world.caller("b00.a"))
    assert answer.status in (404, 422)


async def test_api1_who_seems_to_be_the_same_person_is_told_only_within_sight(world: World) -> None:
    """All key persons of this world share a phone: a representative hears of those they see, no id beyond."""
    path = f"/v1/persons/{key_person('account.b00.a')}"
    own = await world.send("accounts", "GET", path, world.caller("b00.a"))
    assert own.said["perhaps"] == [str(key_person("only.account"))]
    assert own.said["same"] == []
    everybody = await world.send("accounts", "GET", path, world.caller("director"))
    assert len(everybody.said["perhaps"]) == len(ACCOUNTS) - 1


# -- API2 broken authentication ------------------------------------------------------------------------------


def _unsigned(claims: JSON) -> str:
    def part(said: JSON) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def _credentials(world: World) -> dict[str, str]:
    now = int(time.time())
    claims: JSON = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(id_of("director")), "tenant": str(world.tenants[0]),
        "functions": ["director"], "scope": "* personal:read", "iat": now, "exp": now + 600,
    }  # fmt: skip
    key = OctKey.import_key(world.key)
    good = jwt.encode({"alg": "HS256"}, claims, key)
    head, body, seal = good.split(".")
    richer = base64.urlsafe_b64encode(json.dumps({**claims, "functions": ["head_office"]}).encode()).decode()
    rsa = RSAKey.generate_key(2048, private=True)
    return {
        "none": _unsigned(claims),
        "no signature": f"{head}.{body}.",
        "other claims": f"{head}.{richer.rstrip('=')}.{seal}",
        "another key": jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(b"k" * 32)),
        "another algorithm": jwt.encode({"alg": "RS256"}, claims, rsa),
        "expired": jwt.encode({"alg": "HS256"}, {**claims, "exp": now - 3600}, key),
        "other audience": jwt.encode({"alg": "HS256"}, {**claims, "aud": "else"}, key),
        "other issuer": jwt.encode({"alg": "HS256"}, {**claims, "iss": "else"}, key),
        "no tenant": jwt.encode({"alg": "HS256"}, {n: v for n, v in claims.items() if n != "tenant"}, key),
        "critical": jwt.encode({"alg": "HS256", "crit": ["x"], "x": 1}, claims, key, registry=_lenient()),
        "empty": "",
        "api key": "dk_" + "A" * 40,
        "garbage": "\x7f" * 200,
    }


def _lenient() -> Any:
    from joserfc.jws import JWSRegistry
    from joserfc.registry import HeaderParameter

    return JWSRegistry({"x": HeaderParameter("test", "int")}, ["HS256"])


async def test_api2_no_credential_but_a_good_one_is_taken_and_all_others_are_answered_alike(world: World) -> None:
    said = set()
    for name, token in _credentials(world).items():
        for service in SERVICES:
            caller = Caller(name, {"authorization": f"Bearer {token}", "accept-language": "en"})
            answer = await world.send(service, "GET", "/v1/me", caller)
            assert answer.status == 401, name
            assert answer.headers["www-authenticate"].startswith("Bearer"), name
            said.add((answer.code, answer.said["detail"]))
    assert len(said) == 1, "the reason is nobody's business"


async def test_api2_a_credential_is_taken_from_its_header_alone(world: World) -> None:
    token = world.caller("director").headers["authorization"].removeprefix("Bearer ")
    for query, headers in (
        ({"access_token": token}, {}),
        ({"token": token}, {}),
        ({}, {"cookie": f"access_token={token}; authorization=Bearer {token}"}),
        ({}, {"authorization": f"Basic {token}"}),
        ({}, {"x-api-key": token}),
        ({}, {"authorization": token}),
    ):
        answer = await world.send("accounts", "GET", "/v1/accounts", Caller("else", headers), query=query)
        assert answer.status == 401


# -- API3 broken object property level authorisation ---------------------------------------------------------

READ_ONLY_FIELDS: JSON = {
    "id": str(uuid4()), "tenant_id": str(uuid4()), "version_after": 99, "position": 1, "actor": str(uuid4()),
    "on_behalf_of": str(uuid4()), "recorded_at": "2020-01-01T00:00:00Z", "hash": "00", "status": "ordered",
    "functions_held": ["director"], "reviewed_by": str(uuid4()), "judged_by": str(uuid4()), "credit": 1, "kpi": 1,
    "level_before": "H", "captured_at": "2020-01-01T00:00:00Z", "is_admin": True, "scopes": ["*"], "viewer_id": "x",
}  # fmt: skip


@pytest.mark.parametrize(
    ("service", "route"), commands(), ids=[f"{service}-{route.operation_id}" for service, route in commands()]
)
async def test_api3_what_a_command_does_not_take_is_refused_and_changes_nothing(
    world: World, service: str, route: Route
) -> None:
    row = ROWS[str(route.operation_id)]
    kind = _body_of(route)
    assert kind is not None
    director = world.caller("tenant_admin" if row.expect["tenant administrator"] == "done" else "director")
    target = await made(world, "operation" if row.on == "view" else row.on)
    known = set(kind.model_fields) | {field.alias for field in kind.model_fields.values() if field.alias}
    before = await world.pool.fetchval("select max(position) from es.events where tenant_id = $1", world.tenants[0])
    for name, value in READ_ONLY_FIELDS.items():
        if name in known:
            continue
        body = {**(row.body_for(target) or {}), name: value}
        answer = await world.send(
            service, "POST", path_of(route, target.id), director, body=body, version=target.version
        )
        assert answer.status == 422, (name, answer.body)
        assert any(part["pointer"] == f"/{name}" for part in answer.said["errors"]), name
    after = await world.pool.fetchval("select max(position) from es.events where tenant_id = $1", world.tenants[0])
    assert after == before


PERSONAL = ("关键人", "爱好", "备注", "经过", "138****")


async def test_api3_customers_persons_are_not_in_any_answer_without_the_scope(world: World) -> None:
    """Every read of every service, as a director who may see all records but no personal data."""
    speaking = callers(world)
    ids = {
        "account": id_of("account.b00.a"),
        "deal.hot": id_of("deal.b00.a.hot"),
        "visit.logged": id_of("visit.b00.logged"),
    }
    for service, route in OPERATIONS:
        row = ROWS[str(route.operation_id)]
        if "GET" not in (route.methods or ()) or row.expect == OPEN or row.expect["no personal data"] != "done":
            continue
        if "{" in route.path and row.on not in ids:
            continue
        path = path_of(route, str(ids.get(row.on, "")))
        answer = await world.send(service, "GET", path, speaking["no personal data"], query=row.query)
        assert answer.status == 200, (path, answer.body)
        text = answer.text
        assert not [word for word in PERSONAL if word in text], path
    shown = await world.send("accounts", "GET", f"/v1/accounts/{ids['account']}", speaking["director"])
    assert "关键人" in shown.body.decode(), "with the scope they are there"
    assert "13812345678" not in shown.body.decode(), "a phone is masked until it is revealed, on record"


# -- API4 unrestricted resource consumption ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v1/opportunities", {"limit": "1000000000"}, 422),
        ("/v1/opportunities", {"limit": "1001"}, 422),
        ("/v1/opportunities", {"after": "A" * 3_000}, 422),
        ("/v1/opportunities", {"as_of": "9" * 2_000}, 422),
        ("/v1/opportunities", [("status", "open")] * 2, 400),
        ("/v1/opportunities", {f"x{n}": "1" for n in range(100)}, 400),
        ("/v1/opportunities", {"level": "A" * 100_000}, 414),
        ("/v1/pipeline", {"group_by": ",".join(["owner"] * 50)}, 422),
    ],
)
async def test_api4_what_is_asked_for_is_bounded(world: World, path: str, query: Any, status: int) -> None:
    answer = await world.send("opportunities", "GET", path, world.caller("director"), query=query)
    assert answer.status == status, answer.body


async def test_api4_bodies_are_bounded_in_size_depth_and_length(world: World) -> None:
    director = world.caller("director")
    kind = {"content-type": "application/json"}
    bodies: list[tuple[bytes, int]] = [
        (b"[" * 10_000 + b"]" * 10_000, 422),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', 413),
        (json.dumps({"name": "x" * 100_000}).encode(), 422),
        (json.dumps({"name": "x", "kinds": ["k"] * 100_000}).encode(), 422),
        (json.dumps({"name": "x", "revenue": "9" * 10_000}).encode(), 422),
        (b'{"name": "x", "employees": 1e400}', 422),
        (b'{"name": "a", "name": "b"}', 422),
    ]
    for body, status in bodies:
        started = time.perf_counter()
        answer = await world.send("accounts", "POST", "/v1/accounts", director, body=body, headers=kind)
        assert answer.status == status, (body[:40], answer.body)
        assert time.perf_counter() - started < 5


async def test_api4_a_pattern_in_a_search_is_text(world: World) -> None:
    director = world.caller("director")
    for text in ("%", "_" * 90, "(a+)+$", "\\", "%" * 90, "'; drop table x; --"):
        started = time.perf_counter()
        answer = await world.send("accounts", "GET", "/v1/accounts", director, query={"q": text})
        assert answer.status == 200
        assert answer.said["items"] == []
        assert time.perf_counter() - started < 5


# -- API5 broken function level authorisation ----------------------------------------------------------------

FORGED = {
    "x-http-method-override": "GET", "x-method-override": "GET", "x-functions": "director", "x-user-id": "1",
    "x-tenant-id": "1", "x-original-url": "/livez", "x-rewrite-url": "/livez", "x-forwarded-user": "director",
    "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "x-scopes": "*", "forwarded": "for=127.0.0.1",
}  # fmt: skip

RESERVED = [
    (service, route) for service, route in OPERATIONS if ROWS[str(route.operation_id)].expect[OWNER] == "refused"
]


@pytest.mark.parametrize(("service", "route"), RESERVED, ids=[f"{s}-{r.operation_id}" for s, r in RESERVED])
async def test_api5_a_representative_is_refused_what_is_reserved_whatever_they_claim(
    world: World, service: str, route: Route
) -> None:
    row = ROWS[str(route.operation_id)]
    target = await made(world, "" if row.on == "view" else row.on)
    name = world.apps[service].state.kit.views[0].name if row.on == "view" else target.id
    (method,) = (route.methods or set()) - {"HEAD"}
    answer = await world.send(
        service, method, path_of(route, name), world.caller("b00.a"), query=row.query,
        body=row.body_for(target), version=target.version if row.matched else None, headers=FORGED,
    )  # fmt: skip
    assert answer.status == 403, answer.body


@pytest.mark.parametrize("member", ["hr", "tenant_admin", "operations"])
async def test_api5_who_organises_others_does_not_raise_themselves(world: World, member: str) -> None:
    """Personnel, administrators and operations see no customers, and cannot make themselves somebody who does."""
    caller = world.caller(member)
    own, directors = f"/v1/people/{caller.person_id}", f"/v1/people/{id_of('director')}"
    raising: list[tuple[str, JSON]] = [
        (f"{own}/change-functions", {"functions": ["director"]}),
        (f"{own}/correct", {"version": 1, "changes": {"functions": ["director"]}, "reason": "错"}),
        (f"{own}/void", {"version": 1, "reason": "错"}),
        (f"{own}/post-to", {"unit_id": str(id_of("r0"))}),
        (f"{own}/report-to", {"unit_id": str(id_of("r0"))}),
        (f"{directors}/appoint-deputy", {"deputy_id": str(caller.person_id), "until": "2026-06-30"}),
    ]
    for path, body in raising:
        answer = await world.send("accounts", "POST", path, caller, body=body, version=1)
        assert (answer.status, answer.code) == (403, "own_place"), path


async def test_api5_a_get_stays_a_get(world: World) -> None:
    director = world.caller("director")
    path = f"/v1/opportunities/{id_of('deal.b21.b.hot')}"
    before = await world.send("opportunities", "GET", path, director)
    for header in ("x-http-method-override", "x-http-method", "x-method-override"):
        for method in ("DELETE", "POST", "PUT"):
            answer = await world.send("opportunities", "GET", path, director, headers={header: method})
            assert answer.said["version"] == before.said["version"]
    refused = await world.send("opportunities", "GET", path, director, query={"_method": "DELETE"})
    assert refused.status == 400
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
        answer = await world.send("opportunities", method, path, director)
        assert answer.status == 405
        assert answer.headers["allow"]
