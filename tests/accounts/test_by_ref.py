"""Accounts by what other systems call them: referred to, looked up, put, however often the network drops."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httpx

from tests.accounts.company import Client, Company
from tests.accounts.test_account_routes import CODE, open_account
from tests.accounts.test_organisation_routes import problem


async def put(
    client: Client, key: str, body: dict[str, Any], *, system: str = "erp", retry: str | None = None
) -> httpx.Response:
    headers = {"authorization": f"Bearer {client.token}", "accept-language": "en"} | {
        "idempotency-key": retry or secrets.token_hex(8)
    }
    return await client.http.put(f"/v1/accounts/by-ref/{system}/{key}", json=body, headers=headers)


async def looked_up(client: Client, *refs: tuple[str, str]) -> list[tuple[str | None, int | None]]:
    asked = {"refs": [{"system": system, "key": key} for system, key in refs]}
    answer = await client.post("/v1/accounts/lookup", asked)
    assert answer.status_code == 200, answer.text
    return [(item["id"], item["version"]) for item in answer.json()["items"]]


async def test_an_account_is_known_in_several_systems_by_one_key_each(company: Company) -> None:
    rep = company["sh_rep"]
    id = await open_account(rep, external_refs={"dms": "7"})
    answer = await rep.post(f"/v1/accounts/{id}/refer", {"system": "erp", "key": "K-1"}, version=1)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert await looked_up(rep, ("erp", "K-1"), ("dms", "7"), ("erp", "K-2")) == [(id, 2), (id, 2), (None, None)]
    await rep.post(f"/v1/accounts/{id}/refer", {"system": "dms", "key": None}, version=2)
    assert await looked_up(rep, ("erp", "K-1"), ("dms", "7")) == [(id, 3), (None, None)]
    other = await open_account(company["bj_rep"], "北京客户")
    taken = await company["bj_rep"].post(f"/v1/accounts/{other}/refer", {"system": "erp", "key": "K-1"}, version=1)
    assert problem(taken) == (409, "external_ref_taken")
    assert id not in taken.text
    taken = await company["director"].post(f"/v1/accounts/{other}/refer", {"system": "erp", "key": "K-1"}, version=1)
    assert problem(taken) == (409, "external_ref_taken")
    assert id in taken.text
    assert await looked_up(company["bj_rep"], ("erp", "K-1")) == [(None, None)]
    assert await looked_up(company["director"], ("erp", "K-1")) == [(id, 3)]


async def test_what_is_put_is_opened_then_changed_where_it_differs(company: Company, other: Company) -> None:
    rep = company["sh_rep"]
    body = {"name": "华东物流", "city": "上海", "credit_code": CODE}
    first = await put(rep, "1", body, retry="once")
    id = first.json()["id"]
    assert (first.status_code, first.headers["location"]) == (201, f"/v1/accounts/{id}")
    same = await put(rep, "1", body)
    assert (same.status_code, same.json()["version"]) == (200, 1)
    changed = await put(rep, "1", {"city": "苏州", "external_refs": {"dms": "9"}})
    assert (changed.status_code, changed.json()["id"], changed.json()["version"]) == (200, id, 2)
    shown = await rep.read(f"/v1/accounts/{id}")
    assert (shown["name"], shown["city"], shown["credit_code"]) == ("华东物流", "苏州", CODE)
    assert shown["external_refs"] == {"erp": "1", "dms": "9"}
    again = await put(rep, "1", body, retry="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await rep.read(f"/v1/accounts/{id}"))["city"] == "苏州"
    assert (await put(other["sh_rep"], "1", body)).status_code == 201


async def test_many_at_once_put_one_account(company: Company) -> None:
    answers = await asyncio.gather(*(put(company["director"], "5", {"name": f"n{n}"}) for n in range(8)))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_what_cannot_be_put_is_refused(company: Company) -> None:
    rep = company["sh_rep"]
    assert problem(await put(rep, "1", {"city": "上海"})) == (422, "validation")
    assert problem(await put(rep, "1", {"name": "x", "external_refs": {"erp": "2"}})) == (422, "validation")
    assert problem(await put(rep, "1", {"name": "x", "credit_code": "123"})) == (422, "invalid_credit_code")
    await open_account(company["bj_rep"], "北京客户", external_refs={"erp": "9"})
    hidden = await put(rep, "9", {"name": "x"})
    assert problem(hidden) == (409, "external_ref_taken")
