"""OWASP API Security Top 10 (2023), items 6 to 10: flows, addresses, configuration, inventory, answers of others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from shared.http.route import Route
from shared.identity.jwks import BadAnswer, KeysAway, KeySets, fault_of, public_keys
from tests.authorisation.company import id_of
from tests.authorisation.expectations import OPEN
from tests.authorisation.key_server import Answering, answering
from tests.authorisation.rows import ROWS
from tests.authorisation.targets import made
from tests.authorisation.test_matrix import NAMES
from tests.authorisation.world import Caller, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = dict[str, Any]
NOBODY = Caller("nobody", {})


# -- API6 unrestricted access to sensitive business flows ----------------------------------------------------


async def test_api6_customers_cannot_be_taken_along(world: World) -> None:
    """No representative hands over, reassigns or reads the audit of all customers; their feed is of their own."""
    rep = world.caller("b00.a")
    taking: list[tuple[str, str, JSON | None]] = [
        ("GET", "/v1/audit", None),
        ("POST", "/v1/hand-overs", {"from_person_id": str(id_of("b00.b")), "to": str(id_of("b00.a"))}),
        ("POST", f"/v1/accounts/{id_of('account.b00.a')}/assign-owner", {"owner_id": str(id_of("b00.b"))}),
    ]
    for method, path, body in taking:
        answer = await world.send("accounts", method, path, rep, body=body, version=2 if body else None)
        assert answer.status == 403, path
    feed = await world.send("accounts", "GET", "/v1/events", rep, query={"limit": 1_000})
    told = {event["subject"] for event in feed.said["items"]}
    assert str(id_of("account.b00.a")) in told
    assert told.isdisjoint(str(id_of(f"account.{name}")) for name in ("b00.b", "b01.a", "ka2", "supported"))


async def test_api6_nobody_approves_what_they_asked_for(world: World) -> None:
    """A manager who asks to close a deal of their branch waits for the next one up, whatever header they send."""
    manager = world.caller("b00.manager")
    target = await made(world, "deal.hot")
    path = f"/v1/opportunities/{target.id}"
    body = {"reason": "other_brand.price"}
    asked = await world.send(
        "opportunities", "POST", f"{path}/request-defeat", manager, body=body, version=target.version
    )
    assert asked.status == 200
    version = asked.said["version"]
    own = await world.send("opportunities", "POST", f"{path}/approve-defeat", manager, body={}, version=version)
    assert (own.status, own.code) == (403, "not_in_reporting_line")
    above = world.caller("r0.manager")
    theirs = await world.send("opportunities", "POST", f"{path}/approve-defeat", above, body={}, version=version)
    assert theirs.status == 200


async def test_api6_back_and_forth_leaves_its_trace(world: World) -> None:
    """A level pushed up and down for a figure's sake is on record each time, with who did it."""
    rep = world.caller("b00.a")
    target = await made(world, "deal.open")
    path, version = f"/v1/opportunities/{target.id}", target.version
    for level in ("H", "B", "H", "B"):
        answer = await world.send(
            "opportunities", "POST", f"{path}/qualify", rep, body={"level": level}, version=version
        )
        assert answer.status == 200
        version = answer.said["version"]
    trail = await world.send(
        "opportunities", "GET", "/v1/audit", world.caller("auditor"),
        query={"subject": target.id, "action": "ProspectQualified"},
    )  # fmt: skip
    assert [entry["actor"] for entry in trail.said["items"]] == [str(rep.person_id)] * 4


# -- API7 server side request forgery ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://login.example.com", "https://127.0.0.1/keys", "https://localhost/keys", "https://169.254.169.254/",
        "https://[::1]/", "https://0.0.0.0/",
        "https://user:secret@login.example.com/", "file:///etc/passwd", "gopher://login.example.com/",
    ],
)  # fmt: skip
async def test_api7_neither_this_machine_nor_its_cloud_is_asked_for_keys(address: str) -> None:
    """A company's own network may be: identity providers stand there."""
    assert fault_of(address, https_only=True) is not None


async def test_api7_an_import_takes_files_and_no_addresses(world: World) -> None:
    body = {"file": "http://169.254.169.254/latest/meta-data", "mapping": "http://127.0.0.1/"}
    answer = await world.send("accounts", "POST", "/v1/imports", world.caller("director"), body=body)
    assert answer.status == 415


# -- API8 security misconfiguration --------------------------------------------------------------------------


async def test_api8_every_answer_carries_its_headers_and_no_origin_is_let_in(world: World) -> None:
    director = world.caller("director")
    asked: list[tuple[str, str, Caller]] = [
        ("GET", "/v1/accounts", director), ("GET", "/v1/accounts", NOBODY), ("GET", "/nothing", director),
        ("POST", "/v1/accounts", director), ("GET", "/livez", NOBODY), ("GET", "/docs", NOBODY),
        ("OPTIONS", "/v1/accounts", NOBODY),
    ]  # fmt: skip
    for method, path, caller in asked:
        headers = {"origin": "https://evil.example", "access-control-request-method": "GET"}
        answer = await world.send("accounts", method, path, caller, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "access-control-allow-origin" not in answer.headers, path
        assert "access-control-allow-credentials" not in answer.headers, path
        assert not {"server", "x-powered-by"} & answer.headers.keys(), path


async def test_api8_a_defect_tells_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("select secret from es.events; password=hunter2; /srv/app/file.py")

    monkeypatch.setattr(world.apps["accounts"].state.kit, "repository", broken)
    answer = await world.send("accounts", "GET", f"/v1/units/{id_of('hq')}", world.caller("director"))
    assert (answer.status, answer.code) == (500, "internal")
    for word in ("secret", "hunter2", "file.py", "Traceback", "RuntimeError", "es.events"):
        assert word not in answer.body.decode()


# -- API9 improper inventory management ----------------------------------------------------------------------


async def test_api9_nothing_is_routed_that_no_document_and_no_row_knows(world: World) -> None:
    for service, app in world.apps.items():
        document = await world.send(service, "GET", "/openapi.json", NOBODY)
        listed = {
            (operation["operationId"], path)
            for path, methods in document.said["paths"].items()
            for operation in methods.values()
        }
        routed = {(route.operation_id, route.path) for route in app.routes if isinstance(route, Route)}
        assert listed == routed
        assert {name for name, _ in listed} <= ROWS.keys()
        assert all(path.startswith("/v1/") for name, path in listed if ROWS[str(name)].expect != OPEN)
        assert not any(
            operation.get("deprecated") for methods in document.said["paths"].values() for operation in methods.values()
        )
    assert len(NAMES) == len(set(NAMES))


# -- API10 unsafe consumption of APIs ------------------------------------------------------------------------

KEY: JSON = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "k", "alg": "RS256"}


@pytest.mark.parametrize(
    ("said", "status", "headers"),
    [
        (b"x" * 1_000_000, 200, {}),
        (b"not json", 200, {}),
        (b"[]", 200, {}),
        (b'{"keys": "none"}', 200, {}),
        (json.dumps({"keys": [KEY] * 200}).encode(), 200, {}),
        (json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]}).encode(), 200, {}),
        (json.dumps({"keys": [KEY]}).encode(), 302, {"location": "/other"}),
        (json.dumps({"keys": [KEY]}).encode(), 500, {}),
        (json.dumps({"keys": [KEY]}).encode(), 200, {"content-encoding": "gzip"}),
    ],
)
async def test_api10_a_bad_answer_of_a_key_server_opens_nothing(
    said: bytes, status: int, headers: dict[str, str]
) -> None:
    async with answering(Answering(said, status, headers)) as server:
        keys = KeySets(https_only=False)
        try:
            with pytest.raises(KeysAway):
                await keys.key(server.provider(), "k", "RS256")
        finally:
            await keys.close()
        assert server.asked == ["/keys"], "asked once, and no redirect followed"


async def test_api10_a_good_answer_does(world: World) -> None:
    async with answering(Answering(json.dumps({"keys": [KEY]}).encode())) as server:
        keys = KeySets(https_only=False)
        try:
            assert await keys.key(server.provider(), "k", "RS256") is not None
        finally:
            await keys.close()


async def test_api10_no_private_or_shared_key_is_taken_from_an_answer() -> None:
    with pytest.raises(BadAnswer):
        public_keys({"keys": [{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0"}]})
