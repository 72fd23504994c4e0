"""Who gets in with a token of the company's identity provider, and who does not: over HTTP, keys fetched over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from prometheus_client import REGISTRY

from shared.http.kit import Kit
from shared.identity.jwks import AGAIN_SECONDS, FRESH_SECONDS, SERVE_SECONDS, KeysAway, KeySets, fault_of
from shared.identity.oidc import Provider
from tests.accounts.company import Client, Company
from tests.identity.conftest import Ticks, ask, join, send, trust
from tests.identity.issuer import CONFIGURATION, Issuer, by_hand, ec, okp, public_pem, rsa, signed_by_hand

Administrator = Callable[..., Client]
ALL = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
DAY = 24 * 3600
"""Seconds ahead that are still ahead when a long run comes to the test."""


@pytest.fixture
async def trusted(company: Company, administrator: Administrator, issuer: Issuer, ticks: Ticks) -> Issuer:
    """The company trusts the issuer, and has somebody of staff number E-1."""
    await join(company, "E-1", "department_head")
    await trust(administrator(company), issuer, algorithms=ALL)
    return issuer


async def refused(http: httpx.AsyncClient, token: str) -> None:
    answer = await ask(http, token)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="dakehu", error="invalid_token"'
    assert answer.json()["code"] == "invalid_token"
    assert answer.json()["detail"] == "The bearer token is not valid or has expired."
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "code", "trace_id"}


async def test_a_person_signs_in_and_is_who_the_organisation_says(
    http: httpx.AsyncClient, company: Company, trusted: Issuer
) -> None:
    me = (await ask(http, trusted.token(number="E-1"))).json()
    assert me["tenant_id"] == str(company.tenant_id)
    assert me["name"] == "员工E-1"
    assert me["functions"] == ["department_head"]
    assert me["unit_id"] == str(company.units["SH"])
    assert me["scopes"] == ["*", "personal:read"]
    assert (me["machine"], me["viewer_id"], me["zone"]) == (False, None, "Asia/Shanghai")
    assert me["expires_at"] is not None
    assert trusted.asked == [CONFIGURATION, "/keys"]


@pytest.mark.parametrize("algorithm", ALL)
async def test_each_asymmetric_algorithm_is_taken_with_its_own_kind_of_key(
    http: httpx.AsyncClient, trusted: Issuer, algorithm: str
) -> None:
    made: Any = {"R": rsa, "P": rsa, "E": ec}[algorithm[0]]
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    if algorithm in ("EdDSA", "Ed25519"):
        trusted.keys = [okp("k")]
    else:
        trusted.keys = [made("k", curves[algorithm]) if algorithm in curves else made("k")]
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        token = trusted.token(algorithm=algorithm, number="E-1")
    assert (await ask(http, token)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"iss": 7},
        {"aud": "others"},
        {"aud": None},
        {"aud": ["a", "b"]},
        {"aud": {"dakehu": 1}},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": int(time.time()) + DAY},
        {"nbf": "x"},
        {"iat": int(time.time()) + DAY},
    ],
    ids=lambda changed: " ".join(f"{name} {type(value).__name__}" for name, value in changed.items()),  # no clock in it
)
async def test_claims_that_are_not_for_us_now_are_refused(
    http: httpx.AsyncClient, trusted: Issuer, changed: dict[str, Any]
) -> None:
    await refused(http, trusted.token(**{"number": "E-1", **changed}))


async def test_clocks_may_differ_by_half_a_minute(http: httpx.AsyncClient, trusted: Issuer) -> None:
    now = int(time.time())
    assert (await ask(http, trusted.token(number="E-1", nbf=now + 20, iat=now + 20))).status_code == 200
    assert (await ask(http, trusted.token(number="E-1", exp=now - 10))).status_code == 200
    await refused(http, trusted.token(number="E-1", exp=now - 61))


async def test_none_shared_secrets_and_critical_headers_are_refused(http: httpx.AsyncClient, trusted: Issuer) -> None:
    key: Any = trusted.keys[0]
    claims = trusted.claims(number="E-1")
    good = trusted.token(number="E-1")
    for algorithm in ("none", "None", "NONE", ""):
        await refused(http, by_hand({"alg": algorithm, "kid": "first"}, claims))
    for secret in (public_pem(key), public_pem(key).strip(), key.as_dict(private=False)["n"].encode()):
        await refused(http, by_hand({"alg": "HS256", "kid": "first"}, claims, secret))
        await refused(http, by_hand({"alg": "RS256", "kid": "first"}, claims, secret))
    assert (await ask(http, signed_by_hand(key, {"alg": "RS256", "kid": "first"}, claims))).status_code == 200
    critical: Any = (
        {"crit": ["x"], "x": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": []},
        {"crit": "x"},
        {"b64": False},
    )
    odd: Any = ({"kid": 7}, {"kid": None, "alg": None}, {"typ": 1}, {"typ": "JWE"}, {"kid": "k" * 600})
    for said in (*critical, *odd):
        await refused(http, signed_by_hand(key, {"alg": "RS256", "kid": "first", **said}, claims))
    await refused(http, trusted.token(number="E-1", header={"typ": "logout+jwt"}))
    await refused(http, good[:-8])
    await refused(http, good + "A")
    await refused(http, ".".join((*good.split(".")[:2], "")))
    await refused(http, good.replace(".", "..", 1))
    for text in ("", "x", "a.b.c", "....", "A" * 20_000, f"{'A' * 6_000}.e30.e30", "e30.e30.e30", "W10.W10.W10"):
        await refused(http, text)
    for typ in ("JWT", "at+jwt", "application/at+jwt", None):
        assert (await ask(http, trusted.token(number="E-1", header={"typ": typ}))).status_code == 200, typ


async def test_keys_that_a_token_brings_or_points_to_are_not_looked_at(
    http: httpx.AsyncClient, trusted: Issuer, second_issuer: Issuer
) -> None:
    own: Any = rsa("own")
    second_issuer.keys = [own]
    brought = {"jwk": own.as_dict(private=False), "jku": f"{second_issuer.url}/keys", "x5u": f"{second_issuer.url}/k"}
    await refused(http, trusted.token(key=own, number="E-1", header={**brought, "kid": "first"}))
    await refused(http, trusted.token(key=own, number="E-1", header=brought))
    assert second_issuer.asked == []
    assert (await ask(http, trusted.token(number="E-1", header=brought))).status_code == 200
    assert second_issuer.asked == []


async def test_an_algorithm_that_was_not_trusted_or_does_not_fit_the_key_is_refused(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, issuer: Issuer
) -> None:
    await join(company, "E-1")
    await trust(administrator(company), issuer, algorithms=["ES256", "RS256"])
    curve: Any = ec("curve")
    issuer.keys = [curve, rsa("first")]
    await refused(http, issuer.token(algorithm="RS512", number="E-1"))
    await refused(http, issuer.token(algorithm="PS256", number="E-1"))
    await refused(http, issuer.token(number="E-1", header={"kid": "curve"}))
    await refused(http, issuer.token(key=curve, algorithm="ES256", number="E-1", header={"kid": "first"}))
    assert (await ask(http, issuer.token(key=curve, algorithm="ES256", number="E-1"))).status_code == 200


# -- the keys -------------------------------------------------------------------------------------------


async def test_unknown_key_ids_ask_the_issuer_at_a_bounded_rate(
    http: httpx.AsyncClient, trusted: Issuer, ticks: Ticks
) -> None:
    assert (await ask(http, trusted.token(number="E-1"))).status_code == 200
    stranger = rsa("x")
    ticks.now += AGAIN_SECONDS
    tokens = [trusted.token(key=stranger, number="E-1", header={"kid": f"k{number}"}) for number in range(1_000)]
    answers = await asyncio.gather(*(ask(http, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {401}
    assert trusted.fetches == 2
    ticks.now += AGAIN_SECONDS
    await refused(http, tokens[0])
    await refused(http, tokens[1])
    assert trusted.fetches == 3


async def test_rotated_keys_are_found_and_those_that_are_gone_forgotten(
    http: httpx.AsyncClient, trusted: Issuer, ticks: Ticks, kit: Kit
) -> None:
    old = trusted.keys[0]
    assert (await ask(http, trusted.token(number="E-1"))).status_code == 200
    trusted.keys = [old, rsa("second")]
    ticks.now += AGAIN_SECONDS
    assert (await ask(http, trusted.token(number="E-1"))).status_code == 200
    assert (await ask(http, trusted.token(key=old, number="E-1"))).status_code == 200
    assert trusted.fetches == 2
    trusted.keys = [trusted.keys[1]]
    ticks.now += FRESH_SECONDS + 1
    kit.principals.clear()
    gone = trusted.token(key=old, number="E-1")
    await ask(http, gone)  # the old keys serve while they are asked for anew
    while trusted.fetches < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    kit.principals.clear()
    await refused(http, gone)


async def test_the_last_keys_serve_while_the_issuer_is_down_for_a_day(
    http: httpx.AsyncClient, trusted: Issuer, ticks: Ticks, kit: Kit
) -> None:
    token = trusted.token(number="E-1")
    assert (await ask(http, token)).status_code == 200
    trusted.status = 500
    for waited in (FRESH_SECONDS + 1, 3_600, SERVE_SECONDS - 3_600 - FRESH_SECONDS - 2):
        ticks.now += waited
        kit.principals.clear()
        assert (await ask(http, token)).status_code == 200
    ticks.now += 3
    kit.principals.clear()
    answer = await ask(http, token)
    assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider_unavailable")
    assert answer.headers["retry-after"]
    trusted.status = 200
    assert (await ask(http, token)).status_code == 503  # asked a moment ago
    ticks.now += AGAIN_SECONDS
    assert (await ask(http, token)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 404},
        {"status": 302, "headers": {"location": "/elsewhere"}},
        {"body": b"x" * 400_000},
        {"body": b'{"keys": [' + b" " * 300_000 + b"]}"},
        {"body": b"not json"},
        {"body": b"[]"},
        {"body": b'{"keys": {}}'},
        {"body": b'{"keys": []}'},
        {"body": b'{"keys": [7, {"kty": "oct", "kid": "first", "k": "AAAA"}]}'},
        {"headers": {"content-encoding": "gzip"}},
        {"said_issuer": "http://127.0.0.1:9/other"},
    ],
    ids=[
        "absent",
        "redirect",
        "oversized",
        "padded",
        "not json",
        "list",
        "object",
        "none",
        "secret",
        "packed",
        "other",
    ],
)
async def test_an_answer_that_is_not_a_key_set_is_not_taken(
    http: httpx.AsyncClient, trusted: Issuer, ticks: Ticks, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(trusted, name, value)
    answer = await ask(http, trusted.token(number="E-1"))
    assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider_unavailable")
    assert "/elsewhere" not in trusted.asked
    fresh = Issuer(trusted.url)
    trusted.status, trusted.headers, trusted.body, trusted.said_issuer = 200, {}, fresh.body, trusted.url
    ticks.now += AGAIN_SECONDS
    assert (await ask(http, trusted.token(number="E-1"))).status_code == 200


async def test_weak_keys_and_keys_for_other_uses_are_passed_over(
    http: httpx.AsyncClient, trusted: Issuer, ticks: Ticks
) -> None:
    import json
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = rsa("weak", 1_024)
        sealing, good = rsa("sealing"), rsa("good")
        listed = [key.as_dict(private=False) for key in (weak, sealing, good)]
        listed[1]["use"] = "enc"
        trusted.body = json.dumps({"keys": listed}).encode()
        await refused(http, trusted.token(key=weak, number="E-1"))
    await refused(http, trusted.token(key=sealing, number="E-1"))
    assert (await ask(http, trusted.token(key=good, number="E-1"))).status_code == 200
    assert (await ask(http, trusted.token(key=good, number="E-1", header={"kid": None}))).status_code == 200


async def test_a_slow_issuer_is_asked_once_by_all_who_wait(http: httpx.AsyncClient, trusted: Issuer) -> None:
    trusted.delay = 0.2
    answers = await asyncio.gather(*(ask(http, trusted.token(number="E-1", jti=str(n))) for n in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert trusted.fetches == 1


# -- persons --------------------------------------------------------------------------------------------


async def test_only_people_who_work_here_get_in(
    http: httpx.AsyncClient, company: Company, trusted: Issuer, kit: Kit
) -> None:
    for number in ("E-9", "", None, 7, True, ["E-1"], "E-1\x00", "x" * 1_000):
        answer = await ask(http, trusted.token(number=number))
        assert (answer.status_code, answer.json()["code"]) == (403, "unknown_person"), number
    person = await join(company, "E-2")
    token = trusted.token(number="E-2")
    assert (await ask(http, token)).status_code == 200
    await company["director"].make(f"/v1/people/{person}/leave", {}, version=1)
    kit.principals.clear()
    answer = await ask(http, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "person_left")


async def test_a_change_of_functions_and_of_place_is_felt_within_five_seconds(
    http: httpx.AsyncClient, company: Company, trusted: Issuer
) -> None:
    person = await join(company, "E-3")
    token = trusted.token(number="E-3")
    assert (await ask(http, token)).json()["functions"] == ["representative"]
    director = company["director"]
    await director.make(f"/v1/people/{person}/change-functions", {"functions": ["branch_manager"]}, version=1)
    await director.make(f"/v1/people/{person}/post-to", {"unit_id": str(company.units["BJ"])}, version=2)
    deadline = time.monotonic() + 5
    while (me := (await ask(http, token)).json())["functions"] != ["branch_manager"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    assert me["unit_id"] == str(company.units["BJ"])


async def test_the_person_can_be_named_by_id_and_the_claims_say_functions_and_scopes(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, issuer: Issuer
) -> None:
    person = await join(company, "E-1")
    await trust(
        administrator(company),
        issuer,
        person_claim="sub",
        person_reference=None,
        functions_claim="groups",
        functions={"heads": ["department_head", "finance"], "people": ["hr"]},
        scope_claim="scope",
    )
    token = issuer.token(sub=str(person), groups=["heads", "others"], scope="openid accounts:read people:read")
    me = (await ask(http, token)).json()
    assert me["functions"] == ["department_head", "finance"]
    assert me["scopes"] == ["accounts:read", "people:read"]
    nothing = (await ask(http, issuer.token(sub=str(person), groups="others"))).json()
    assert (nothing["functions"], nothing["scopes"]) == ([], [])
    for sub in ("me", str(uuid4())):
        assert (await ask(http, issuer.token(sub=sub, groups="heads"))).json()["code"] == "unknown_person"


# -- tenants --------------------------------------------------------------------------------------------


async def test_an_issuer_never_speaks_for_another_tenant(
    http: httpx.AsyncClient,
    company: Company,
    other: Company,
    administrator: Administrator,
    issuer: Issuer,
    second_issuer: Issuer,
) -> None:
    for each in (company, other):
        await join(each, "E-1")
    await trust(administrator(company), issuer)
    await trust(administrator(other), second_issuer)
    for each, its in ((company, issuer), (other, second_issuer)):
        me = (await ask(http, its.token(number="E-1", tenant=str(other.tenant_id)))).json()
        assert me["tenant_id"] == str(each.tenant_id)
    thief: Any = second_issuer.keys[0]
    issuer_keys: Any = issuer.keys[0]
    await refused(http, issuer.token(key=thief, number="E-1"))
    await refused(http, issuer.token(key=thief, number="E-1", header={"kid": issuer_keys.kid}))
    await refused(http, second_issuer.token(key=issuer_keys, number="E-1"))
    # nor does trusting the same issuer with keys of one's own steal or stop the other's tokens
    body = {"issuer": issuer.url, "audience": "dakehu", "jwks_uri": f"{second_issuer.url}/keys"}
    answer = await administrator(other).post("/v1/identity-providers", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "issuer_of_others")
    told_apart = body | {"tenant_claim": "org", "tenant_value": "b"}
    answer = await administrator(other).post("/v1/identity-providers", told_apart)
    assert (answer.status_code, answer.json()["code"]) == (409, "issuer_of_others")
    assert (await ask(http, issuer.token(number="E-1", jti="2"))).status_code == 200


async def test_one_issuer_may_serve_several_tenants_told_apart_by_a_claim(
    http: httpx.AsyncClient, company: Company, other: Company, administrator: Administrator, issuer: Issuer
) -> None:
    for each, value in ((company, "a"), (other, "b")):
        await join(each, "E-1")
        await trust(administrator(each), issuer, tenant_claim="org", tenant_value=value)
    for each, value in ((company, "a"), (other, "b")):
        me = (await ask(http, issuer.token(number="E-1", org=value, also="b"))).json()
        assert me["tenant_id"] == str(each.tenant_id)
    for odd in ("c", None, ["a"], ""):
        await refused(http, issuer.token(number="E-1", org=odd))
    await refused(http, issuer.token(number="E-1", tenant="a"))
    for claim, value in (("org", "a"), ("company", "c")):
        body = {"issuer": issuer.url, "audience": "dakehu", "tenant_claim": claim, "tenant_value": value}
        answer = await administrator(other).post("/v1/identity-providers", body)
        assert answer.json()["code"] == "issuer_of_others"


async def test_trust_ends_at_once_and_only_for_who_took_it_back(
    http: httpx.AsyncClient,
    company: Company,
    administrator: Administrator,
    issuer: Issuer,
    kit: Kit,
    pool: asyncpg.Pool,
) -> None:
    admin = administrator(company)
    person = await join(company, "E-1")
    body = {"issuer": issuer.url, "audience": "dakehu", "person_claim": "number", "person_reference": "hr"}
    provider = (await admin.post("/v1/identity-providers", body, key="first")).json()["id"]
    token = issuer.token(number="E-1")
    assert (await ask(http, token)).json()["person_id"] == str(person)
    listed = await admin.get("/v1/identity-providers")
    version = int(listed.headers["etag"].strip('"'))
    assert [item["id"] for item in listed.json()["items"]] == [provider]
    assert listed.json()["items"][0]["allowed_actions"] == ["distrust"]
    shown = await admin.get(f"/v1/identity-providers/{provider}")
    assert (shown.json()["issuer"], shown.headers["etag"]) == (issuer.url, f'"{version}"')
    stale = await admin.post(f"/v1/identity-providers/{provider}/distrust", None, version=version - 1)
    assert stale.status_code == 412
    await admin.make(f"/v1/identity-providers/{provider}/distrust", None, version=version)
    kit.principals.clear()
    await refused(http, token)
    assert (await admin.read("/v1/identity-providers"))["items"] == []
    assert (await admin.get(f"/v1/identity-providers/{provider}")).status_code == 404
    retried = await admin.post("/v1/identity-providers", body, key="first")
    assert (retried.status_code, retried.json()["id"]) == (201, provider)
    directory = "select count(*) from identity.issuers where issuer = $1"
    assert await pool.fetchval(directory, issuer.url) == 0
    await refused(http, token)
    await trust(admin, issuer)
    assert (await ask(http, token)).status_code == 200


async def test_who_may_trust_and_what(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, issuer: Issuer
) -> None:
    body = {"issuer": issuer.url, "audience": "dakehu"}
    for client in (company["director"], company["sh_rep"], company["auditor"]):
        answer = await client.post("/v1/identity-providers", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await company["sh_rep"].get("/v1/identity-providers")).status_code == 403
    assert (await company["auditor"].get("/v1/identity-providers")).status_code == 200
    admin = administrator(company, "head_office")
    made = await admin.post("/v1/identity-providers", body, key="once")
    again = await admin.post("/v1/identity-providers", body, key="once")
    assert made.json() == again.json()
    assert (made.headers["location"], again.headers["idempotency-replayed"]) == (
        f"/v1/identity-providers/{made.json()['id']}",
        "true",
    )
    assert (await admin.post("/v1/identity-providers", body)).json()["code"] == "already_trusted"
    wrongs: Any = (
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"tenant_claim": "org"},
        {"functions": {"x": ["hr"]}},
        {"functions_claim": "groups"},
        {"issuer": "ftp://example.com"},
        {"jwks_uri": "http://user:pass@example.com/keys"},
        {"jwks_uri": "http://example.com/keys#x"},
        {"secret": "x"},
    )
    for wrong in wrongs:
        assert (await admin.post("/v1/identity-providers", body | {"audience": "x"} | wrong)).status_code == 422, wrong


async def test_a_development_token_is_no_way_in_for_an_issuer_of_that_name(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, trusted: Issuer
) -> None:
    await refused(http, trusted.token(number="E-1", iss="dakehu-development", sub=str(uuid4())))
    answer = await administrator(company).post(
        "/v1/identity-providers", {"issuer": "dakehu-development", "audience": "dakehu"}
    )
    assert answer.status_code == 422


async def test_a_command_is_recorded_as_done_by_the_person(
    http: httpx.AsyncClient, company: Company, administrator: Administrator, issuer: Issuer
) -> None:
    person = await join(company, "E-1", "head_office", unit="HQ")
    await trust(administrator(company), issuer)
    unit = {"code": "GZ", "name": "广州店", "kind": "branch", "parent_id": str(company.root_id)}
    made = await send(http, issuer.token(number="E-1"), "/v1/units", unit)
    assert made.status_code == 201, made.text
    record = (await ask(http, issuer.token(number="E-1"), f"/v1/units/{made.json()['id']}")).json()
    assert record["history"][0]["actor_id"] == str(person)


# -- addresses, production, metrics -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://login.example.com",
        "https://localhost/keys",
        "https://127.0.0.1/keys",
        "https://127.9.9.9:8443/keys",
        "https://[::1]/keys",
        "https://[::ffff:127.0.0.1]/keys",
        "https://169.254.169.254/latest",
        "https://[fe80::1%25eth0]/keys",
        "https://0.0.0.0/",
        "https://user@login.example.com/",
        "https://login.example.com/#keys",
        "https://login.example.com:99999/",
        "https://",
        "https://login.example.com/ keys",
        "file:///etc/passwd",
        "nothing",
    ],
)
def test_in_production_an_issuer_is_https_and_not_this_machine(address: str) -> None:
    assert fault_of(address, https_only=True) is not None


def test_good_addresses_are_taken() -> None:
    for address in ("https://login.example.com/realms/a", "https://10.0.0.8:8443/keys", "https://login.example.com"):
        assert fault_of(address, https_only=True) is None
    assert fault_of("http://127.0.0.1:8080/keys", https_only=False) is None


async def test_in_production_a_name_that_stands_for_this_machine_is_not_asked(issuer: Issuer) -> None:
    given = Provider(uuid4(), uuid4(), "https://localhost.localdomain", "x", None, frozenset(("RS256",)), "sub")
    sets = KeySets(https_only=True)
    for address in (issuer.url, "https://ip6-localhost/keys", "https://localhost./keys"):
        with pytest.raises(KeysAway):
            await sets.key(replace(given, jwks_uri=f"{address}/keys"), "first", "RS256")
    await sets.close()
    assert issuer.asked == []


async def test_refusals_are_counted_by_reason_and_answered_alike(http: httpx.AsyncClient, trusted: Issuer) -> None:
    def counted(reason: str) -> float:
        labels = {"service": "accounts", "reason": reason}
        return REGISTRY.get_sample_value("authz_denials_total", labels) or 0.0

    reasons: dict[str, str] = {
        "malformed": "x",
        "issuer": trusted.token(number="E-1", iss="https://elsewhere.example"),
        "claims": trusted.token(number="E-1", exp=1),
        "signature": trusted.token(key=rsa("x"), number="E-1", header={"kid": "first"}),
        "unknown_kid": trusted.token(number="E-1", header={"kid": "other"}),
        "algorithm": by_hand({"alg": "HS256", "kid": "first"}, trusted.claims(number="E-1"), b"x"),
        "api_key_malformed": "dakehu_x",
    }
    shapes = set()
    for reason, token in reasons.items():
        before = counted(reason)
        answer = await ask(http, token)
        assert counted(reason) == before + 1, reason
        document = answer.json()
        document.pop("trace_id")
        shapes.add((answer.status_code, str(document), answer.headers["www-authenticate"]))
    assert len(shapes) == 1
