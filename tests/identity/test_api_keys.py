"""Keys of machines: shown once, bounded by their issuer, rotated without a gap, refused at once when revoked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import httpx
import pytest

from shared.http.kit import Kit
from shared.identity.api_keys import ALPHABET, FORM, checksum, is_well_formed, new_key
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client, Clock, Company
from tests.identity.conftest import ask, send

Administrator = Callable[..., Client]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
READS = ["people:read", "units:read"]
HASHES = "select hash, opening, last_used_at from identity.api_key_hashes where tenant_id = $1 order by noted_at"


def wanted(**changed: Any) -> dict[str, Any]:
    return {"name": "ERP", "functions": ["integration"], "scopes": READS} | changed


async def issue(client: Client, **changed: Any) -> dict[str, Any]:
    return await client.make("/v1/api-keys", wanted(**changed))


async def refused(http: httpx.AsyncClient, key: str) -> None:
    answer = await ask(http, key)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), answer.text
    assert answer.headers["www-authenticate"] == 'Bearer realm="dakehu", error="invalid_token"'


def test_a_key_is_known_by_its_form_and_its_checksum() -> None:
    keys = [new_key() for _ in range(200)]
    assert len({key.text for key in keys}) == 200
    for text, opening in keys:
        assert FORM.fullmatch(text)
        assert is_well_formed(text)
        assert text.startswith(opening)
        assert not is_well_formed(text[:-1])
        assert not is_well_formed(f"{text}0")
        assert not is_well_formed(text.lower()) or text.lower() == text
        for place in (7, 20, 52):
            other = ALPHABET[(ALPHABET.index(text[place]) + 1) % 62]
            assert not is_well_formed(text[:place] + other + text[place + 1 :])
    assert checksum("") == "000000"


async def test_a_machine_gets_in_as_what_its_key_says(http: httpx.AsyncClient, company: Company, pool: Pool) -> None:
    made = await issue(company["director"], unit_id=str(company.units["SH"]))
    me = (await ask(http, made["key"])).json()
    assert (me["machine"], me["person_id"], me["name"]) == (True, made["id"], None)
    assert (me["functions"], me["scopes"], me["unit_id"]) == (["integration"], READS, str(company.units["SH"]))
    assert me["expires_at"] == made["expires_at"]
    assert (await ask(http, made["key"], "/v1/units")).status_code == 200
    lacking = await ask(http, made["key"], "/v1/accounts")
    assert (lacking.status_code, lacking.json()["code"], lacking.json()["scope"]) == (
        403,
        "scope_missing",
        "accounts:read",
    )
    rows = await pool.fetch(HASHES, company.tenant_id)
    assert len(rows) == 1
    logged = await pool.fetchval(
        "select string_agg(data::text, '') from es.events where tenant_id = $1", company.tenant_id
    )
    assert made["key"][:15] in logged
    assert made["key"][15:] not in logged


async def test_what_a_machine_does_is_on_record_under_its_own_id(http: httpx.AsyncClient, company: Company) -> None:
    made = await issue(company["director"], scopes=["units:write", "units:read"])
    unit = {"code": "GZ", "name": "广州店", "kind": "branch", "parent_id": str(company.root_id)}
    answer = await send(http, made["key"], "/v1/units", unit)
    assert answer.status_code == 201
    record = (await ask(http, made["key"], f"/v1/units/{answer.json()['id']}")).json()
    assert record["history"][0]["actor_id"] == made["id"]
    audited = await company["auditor"].read("/v1/audit", subject=answer.json()["id"])
    assert [(entry["actor"], entry["machine"]) for entry in audited["items"]] == [(made["id"], True)]


async def test_a_retry_neither_shows_the_key_again_nor_makes_another(
    http: httpx.AsyncClient, company: Company, pool: Pool
) -> None:
    director = company["director"]
    first = await director.post("/v1/api-keys", wanted(), key="once")
    again = await director.post("/v1/api-keys", wanted(), key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["key"] is not None
    assert again.json() == first.json() | {"key": None}
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"] == f"/v1/api-keys/{first.json()['id']}"
    assert len(await pool.fetch(HASHES, company.tenant_id)) == 1
    both = await asyncio.gather(*(director.post("/v1/api-keys", wanted(), key="at once") for _ in range(4)))
    shown = [answer.json()["key"] for answer in both if answer.json()["key"] is not None]
    assert len(shown) == 1
    assert (await ask(http, shown[0])).status_code == 200
    assert len(await pool.fetch(HASHES, company.tenant_id)) == 2
    refused = await director.post(f"/v1/api-keys/{first.json()['id']}/rotate", {}, version=9)
    assert refused.status_code == 412
    assert len(await pool.fetch(HASHES, company.tenant_id)) == 2


async def test_keys_are_rotated_without_a_gap_and_two_live_at_most(
    http: httpx.AsyncClient, company: Company, kit: Kit
) -> None:
    director = company["director"]
    first = await issue(director)
    at = f"/v1/api-keys/{first['id']}"
    assert (await director.post(f"{at}/rotate", {})).status_code == 428
    second = await director.make(f"{at}/rotate", {"days": 10}, version=1)
    assert (second["number"], second["version"]) == (2, 2)
    for made in (first, second):
        assert (await ask(http, made["key"])).json()["person_id"] == first["id"]
    full = await director.post(f"{at}/rotate", {}, version=2)
    assert (full.status_code, full.json()["code"]) == (409, "two_keys_live")
    await director.make(f"{at}/revoke", {"number": 1}, version=2)
    again = await director.make(f"{at}/revoke", {"number": 1}, version=3)
    assert again["version"] == 3
    kit.principals.clear()
    await refused(http, first["key"])
    assert (await ask(http, second["key"])).status_code == 200
    third = await director.make(f"{at}/rotate", {}, version=3)
    assert third["number"] == 3
    unknown = await director.post(f"{at}/revoke", {"number": 9}, version=4)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_key")
    shown = await director.read(at)
    assert [(key["number"], key["live"], key["revoked"]) for key in shown["keys"]] == [
        (1, False, True),
        (2, True, False),
        (3, True, False),
    ]
    await director.make(f"{at}/revoke", {}, version=4)
    kit.principals.clear()
    for made in (first, second, third):
        await refused(http, made["key"])
    gone = await director.post(f"{at}/rotate", {}, version=5)
    assert (gone.status_code, gone.json()["code"]) == (409, "all_keys_revoked")
    assert (await director.read(at))["allowed_actions"] == []


async def test_a_revoked_key_is_refused_within_five_seconds(http: httpx.AsyncClient, company: Company) -> None:
    made = await issue(company["director"])
    assert (await ask(http, made["key"])).status_code == 200
    await company["director"].make(f"/v1/api-keys/{made['id']}/revoke", {}, version=1)
    deadline = time.monotonic() + 5
    while (await ask(http, made["key"])).status_code == 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    await refused(http, made["key"])


async def test_a_key_ends_when_its_days_are_over(
    http: httpx.AsyncClient, company: Company, clock: Clock, kit: Kit
) -> None:
    made = await issue(company["director"], days=1)
    assert (await ask(http, made["key"])).status_code == 200
    clock.now += timedelta(days=1)
    kit.principals.clear()
    await refused(http, made["key"])
    renewed = await company["director"].make(f"/v1/api-keys/{made['id']}/rotate", {"days": 1}, version=1)
    assert (await ask(http, renewed["key"])).status_code == 200


async def test_malformed_keys_never_reach_the_database_and_all_others_are_refused_alike(
    http: httpx.AsyncClient, company: Company, kit: Kit, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await issue(company["director"])
    asked: list[str] = []
    find = kit.sign_in.api_keys.find

    async def counted(pool: Any, key: str) -> Any:
        asked.append(key)
        return await find(pool, key)

    monkeypatch.setattr(kit.sign_in.api_keys, "find", counted)
    key: str = made["key"]
    for wrong in (key[:-1], key[:-6], f"{key}x", "dakehu_", key.replace("_", "-"), key.swapcase(), f"{key[:-6]}000000"):
        await refused(http, wrong)
    assert asked == []
    stranger = new_key().text
    await refused(http, stranger)
    assert asked == [stranger]
    # a hash without its fact opens nothing: nor does one that leads to another tenant, or another kind of record
    stray = new_key()
    for client_id in (uuid4(), company.root_id, company.tenant_id):
        await kit.sign_in.api_keys.put(kit.pool, stray, company.tenant_id, client_id)
        await refused(http, stray.text)
        await kit.sign_in.api_keys.drop(kit.pool, stray, company.tenant_id)
    assert len(await pool.fetch(HASHES, company.tenant_id)) == 1


async def test_a_key_is_of_its_own_tenant(http: httpx.AsyncClient, company: Company, other: Company, kit: Kit) -> None:
    made = await issue(company["director"], scopes=["*"])
    assert (await ask(http, made["key"])).json()["tenant_id"] == str(company.tenant_id)
    assert (await ask(http, made["key"], f"/v1/units/{other.units['SH']}")).status_code == 404
    stranger = other["director"]
    assert (await stranger.get(f"/v1/api-keys/{made['id']}")).status_code == 404
    assert (await stranger.read("/v1/api-keys"))["items"] == []
    for verb in ("rotate", "revoke"):
        assert (await stranger.post(f"/v1/api-keys/{made['id']}/{verb}", {}, version=1)).status_code == 404
    await kit.sign_in.api_keys.put(kit.pool, new_key(), other.tenant_id, stranger.person_id)
    assert (await stranger.read("/v1/api-keys"))["items"] == []


@pytest.mark.parametrize(
    ("functions", "scopes", "asked", "field"),
    [
        (("director",), None, {"functions": ["integration", "auditor", "director"]}, None),
        (("director",), None, {"scopes": ["*", "personal:read"]}, None),
        (("director",), None, {"functions": ["head_office"]}, "/functions"),
        (("director",), None, {"functions": ["operations"]}, "/functions"),
        (("director",), ["api-keys:write", "units:read"], {"scopes": ["units:read"]}, None),
        (("director",), ["api-keys:write", "units:read"], {"scopes": ["units:write"]}, "/scopes"),
        (("director",), ["*"], {"scopes": ["personal:read"]}, "/scopes"),
        (("director",), ["api-keys:write", "units:read"], {"scopes": ["*"]}, "/scopes"),
        (("tenant_admin",), None, {"scopes": ["*"]}, None),
        (("tenant_admin",), None, {"scopes": ["personal:read"]}, "/scopes"),
        (("tenant_admin",), None, {"functions": ["auditor"]}, "/functions"),
        (("tenant_admin",), None, {"functions": ["tenant_admin"]}, None),
        (("operations",), None, {"functions": ["integration"]}, "/functions"),
        (("operations",), None, {"functions": ["operations"]}, None),
    ],
)
async def test_nobody_grants_more_than_they_hold(
    company: Company, administrator: Administrator, functions: Any, scopes: Any, asked: Any, field: str | None
) -> None:
    answer = await administrator(company, *functions, scopes=scopes).post("/v1/api-keys", wanted(**asked))
    if field is None:
        assert answer.status_code == 201, answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "grants_more_than_held"), answer.text
        assert answer.json()["errors"][0]["pointer"] == field


async def test_a_key_sees_no_unit_its_maker_does_not_see(
    company: Company, settings: Settings, fold: Callable[[], Awaitable[None]]
) -> None:
    await fold()
    head = company["sh_head"]
    held, place = ("tenant_admin", "department_head"), company.units["SH"]
    both = mint_token(development_key(settings.data), company.tenant_id, head.person_id, held, place)
    admin = Client(head.http, both, head.person_id)
    asked = {"functions": ["department_head"], "scopes": ["accounts:read"]}
    for unit in (company.root_id, company.units["BJ"]):
        answer = await admin.post("/v1/api-keys", wanted(**asked, unit_id=str(unit)))
        assert (answer.status_code, answer.json()["code"]) == (403, "grants_more_than_held"), answer.text
        assert answer.json()["errors"][0]["pointer"] == "/unit_id"
    await issue(admin, **asked, unit_id=str(place))
    await issue(admin, functions=["integration"], unit_id=str(company.root_id))  # which sees everything anyway


async def test_rotating_a_key_grants_no_more_than_making_one(
    http: httpx.AsyncClient, company: Company, administrator: Administrator
) -> None:
    """Who rotates has the new key in hands: it may allow no more than they are allowed."""
    made = await issue(company["director"], functions=["director"], scopes=["*", "personal:read"])
    at, admin = f"/v1/api-keys/{made['id']}", administrator(company)
    answer = await admin.post(f"{at}/rotate", {}, version=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "grants_more_than_held"), answer.text
    assert (await admin.read(at))["allowed_actions"] == ["revoke"]
    assert (await company["director"].read(at))["allowed_actions"] == ["rotate", "revoke"]
    persons = await issue(company["director"], scopes=["accounts:read", "personal:read"])
    answer = await admin.post(f"/v1/api-keys/{persons['id']}/rotate", {}, version=1)
    assert answer.json()["errors"][0]["pointer"] == "/scopes"
    own = await issue(admin)
    assert (await admin.make(f"/v1/api-keys/{own['id']}/rotate", {}, version=1))["number"] == 2
    await admin.make(f"{at}/revoke", {}, version=1)  # taking away is another matter


async def test_who_may_make_keys_and_what_is_asked_for(
    http: httpx.AsyncClient, company: Company, administrator: Administrator
) -> None:
    for client in (company["sh_rep"], company["sh_head"], company["auditor"], administrator(company, "hr")):
        answer = await client.post("/v1/api-keys", wanted())
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await company["sh_head"].get("/v1/api-keys")).status_code == 403
    admin = administrator(company)
    wrongs: Any = (
        {"functions": []},
        {"functions": ["king"]},
        {"scopes": []},
        {"scopes": ["accounts"]},
        {"scopes": ["acounts:read"]},
        {"days": 0},
        {"days": 731},
        {"name": ""},
        {"key": "mine"},
        {"unit_id": str(uuid4())},
    )
    for wrong in wrongs:
        answer = await admin.post("/v1/api-keys", wanted() | wrong)
        assert answer.status_code == 422, (wrong, answer.text)
    # a key begets no key, and lets no identity provider in
    made = await issue(
        administrator(company, "director", "operations"), functions=["director", "operations"], scopes=["*"]
    )
    for path, body in (
        ("/v1/api-keys", wanted()),
        ("/v1/identity-providers", {"issuer": "https://a.example", "audience": "x"}),
    ):
        answer = await send(http, made["key"], path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "persons_only"), answer.text
    answer = await send(http, made["key"], f"/v1/api-keys/{made['id']}/rotate", {}, if_match='"1"')
    assert answer.json()["code"] == "persons_only"
    viewed = await ask(http, made["key"], "/v1/units", view_as=str(company["sh_rep"].person_id))
    assert (viewed.status_code, viewed.json()["code"]) == (403, "view_as_not_allowed")


async def test_the_list_says_what_is_used_and_what_is_not(http: httpx.AsyncClient, company: Company, kit: Kit) -> None:
    director = company["director"]
    used, unused = await issue(director, name="used"), await issue(director, name="unused")
    await ask(http, used["key"])
    await kit.sign_in.api_keys.close()
    listed = {item["name"]: item for item in (await director.read("/v1/api-keys"))["items"]}
    assert listed["unused"]["last_used_at"] is None
    assert listed["unused"]["unused_since"] == listed["unused"]["keys"][0]["issued_at"]
    last = listed["used"]["last_used_at"]
    assert last == listed["used"]["unused_since"] == listed["used"]["keys"][0]["last_used_at"]
    assert used["key"].startswith(listed["used"]["keys"][0]["opening"])
    assert used["key"] not in str(listed)
    kit.principals.clear()
    await ask(http, used["key"])  # within the minute: not written down again
    await kit.sign_in.api_keys.close()
    again = (await director.read(f"/v1/api-keys/{used['id']}"))["last_used_at"]
    assert again == last
    await director.make(f"/v1/api-keys/{unused['id']}/revoke", {}, version=1)
    assert [item["name"] for item in (await director.read("/v1/api-keys", live="true"))["items"]] == ["used"]
    assert [item["name"] for item in (await director.read("/v1/api-keys", live="false"))["items"]] == ["unused"]
    assert (await company["auditor"].read(f"/v1/api-keys/{used['id']}"))["allowed_actions"] == []
    assert (await director.get(f"/v1/api-keys/{uuid4()}")).status_code == 404
