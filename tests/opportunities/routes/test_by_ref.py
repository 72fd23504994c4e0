"""Opportunities by what other systems call them: referred to, looked up, put, however often the network drops."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httpx

from tests.opportunities.routes.test_opportunity_routes import OPPORTUNITIES, Record, captured
from tests.opportunities.routes.world import Client, World

LINE = {"product": "A6L", "units": 2, "unit_price": "300000.00"}


async def put(
    client: Client, key: str, body: dict[str, Any], *, system: str = "erp", retry: str | None = None
) -> httpx.Response:
    headers = {
        "authorization": f"Bearer {client.token}",
        "accept-language": "en",
        "idempotency-key": retry or secrets.token_hex(8),
    }
    return await client.http.put(f"{OPPORTUNITIES}/by-ref/{system}/{key}", json=body, headers=headers)


async def looked_up(client: Client, *refs: tuple[str, str]) -> list[tuple[str | None, int | None]]:
    asked = {"refs": [{"system": system, "key": key} for system, key in refs]}
    answer = await client.post(f"{OPPORTUNITIES}/lookup", asked)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [(item["system"], item["key"]) for item in items] == list(refs)
    assert all(item["etag"] == (None if item["id"] is None else f'"{item["version"]}"') for item in items)
    return [(item["id"], item["version"]) for item in items]


async def facts(client: Client, id: str) -> list[str]:
    shown = await client.read(f"{OPPORTUNITIES}/{id}")
    return [entry["type"] for entry in shown["history"]]


# -- several systems per record ------------------------------------------------------------------------------


async def test_a_record_is_known_in_several_systems_by_one_key_each(rep: Client, prospect: dict[str, Any]) -> None:
    record = Record(await captured(rep, prospect | {"external_refs": {"old_crm": "7"}}))
    await record.tell(rep, "refer", {"system": "erp", "key": "SO-1"})
    await record.tell(rep, "refer", {"system": "erp", "key": "SO-1"})
    assert record.version == 2
    await record.tell(rep, "refer", {"system": "erp", "key": "SO-2"})
    shown = await record.shown(rep)
    assert shown["standing"]["external_refs"] == {"old_crm": "7", "erp": "SO-2"}
    assert await looked_up(rep, ("erp", "SO-1"), ("erp", "SO-2"), ("old_crm", "7"), ("ERP", "SO-2")) == [
        (None, None), (record.id, 3), (record.id, 3), (record.id, 3),
    ]  # fmt: skip
    await record.tell(rep, "refer", {"system": "erp", "key": None})
    assert await looked_up(rep, ("erp", "SO-2"), ("old_crm", "7")) == [(None, None), (record.id, 4)]
    await record.tell(rep, "void", {"version": 4, "reason": "wrong"})
    assert await looked_up(rep, ("erp", "SO-2")) == [(record.id, 5)]


async def test_a_key_belongs_to_one_record_and_who_holds_it_is_told_in_sight_only(
    rep: Client, west_rep: Client, director: Client, prospect: dict[str, Any]
) -> None:
    holder = await captured(rep, prospect | {"external_refs": {"erp": "1"}})
    other = Record(await captured(director, {"title": "Other"}))
    answer = await director.post(f"{OPPORTUNITIES}/{other.id}/refer", {"system": "erp", "key": "1"}, version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "external_ref_taken")
    assert holder in answer.json()["errors"][0]["detail"] or holder in answer.text
    west = Record(await captured(west_rep, {"title": "West"}))
    answer = await west_rep.post(f"{OPPORTUNITIES}/{west.id}/refer", {"system": "erp", "key": "1"}, version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "external_ref_taken")
    assert holder not in answer.text
    answer = await west_rep.post(OPPORTUNITIES, {"title": "New", "external_refs": {"erp": "1"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "external_ref_taken")
    assert await looked_up(west_rep, ("erp", "1")) == [(None, None)]
    assert await looked_up(director, ("erp", "1")) == [(holder, 1)]
    answer = await put(west_rep, "1", {"title": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (409, "external_ref_taken")
    assert holder not in answer.text


async def test_another_company_has_keys_of_its_own(rep: Client, stranger: Client, prospect: dict[str, Any]) -> None:
    await captured(rep, prospect | {"external_refs": {"erp": "1"}})
    assert await looked_up(stranger, ("erp", "1")) == [(None, None)]
    assert (await put(stranger, "1", {"title": "Theirs"})).status_code == 201


async def test_too_many_systems_and_too_many_questions_are_refused(rep: Client) -> None:
    record = Record(await captured(rep, {"title": "x", "external_refs": {f"s{n}": "1" for n in range(20)}}))
    assert await record.refused(rep, "refer", {"system": "one_more", "key": "1"}) == (422, "too_many_references")
    refs = [{"system": "erp", "key": str(number)} for number in range(1_001)]
    assert (await rep.post(f"{OPPORTUNITIES}/lookup", {"refs": refs})).status_code == 422
    assert (await rep.post(f"{OPPORTUNITIES}/lookup", {"refs": []})).status_code == 422
    assert await looked_up(rep, *[("erp", str(number)) for number in range(1_000)]) == [(None, None)] * 1_000


# -- put -----------------------------------------------------------------------------------------------------


async def test_what_is_put_is_created_then_changed_where_it_differs(rep: Client) -> None:
    body = {"title": "Fleet", "lines": [LINE], "level": "A", "expected_on": "2025-04-01"}
    first = await put(rep, "1", body)
    id = first.json()["id"]
    assert (first.status_code, first.headers["location"]) == (201, f"{OPPORTUNITIES}/{id}")
    assert await facts(rep, id) == ["ProspectCaptured", "ProspectQualified"]
    again = await put(rep, "1", body)
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, id, 2)
    assert "location" not in again.headers
    changed = await put(
        rep, "1", {"title": "Bigger fleet", "lines": [{**LINE, "units": 5}], "external_refs": {"dms": "9"}}
    )
    assert changed.status_code == 200
    assert await facts(rep, id) == [
        "ProspectCaptured", "ProspectQualified", "OpportunityReferred", "FactCorrected", "ProspectQualified",
    ]  # fmt: skip
    standing = (await rep.read(f"{OPPORTUNITIES}/{id}"))["standing"]
    assert (standing["title"], standing["level"], standing["expected_on"]) == ("Bigger fleet", "A", "2025-04-01")
    assert standing["lines"][0]["units"] == 5
    assert standing["external_refs"] == {"erp": "1", "dms": "9"}
    assert await looked_up(rep, ("dms", "9")) == [(id, 5)]


async def test_a_prospect_nobody_judged_is_corrected_and_judged_by_its_first_level(rep: Client) -> None:
    id = (await put(rep, "1", {"title": "Fleet"})).json()["id"]
    await put(rep, "1", {"expected_on": "2025-05-01", "lines": [LINE]})
    assert await facts(rep, id) == ["ProspectCaptured", "FactCorrected"]
    await put(rep, "1", {"level": "B"})
    standing = (await rep.read(f"{OPPORTUNITIES}/{id}"))["standing"]
    assert (standing["level"], standing["expected_on"], standing["lines"][0]["units"]) == ("B", "2025-05-01", 2)


async def test_a_closed_one_is_not_judged_by_being_put(rep: Client) -> None:
    id = (await put(rep, "1", {"title": "Fleet", "lines": [LINE]})).json()["id"]
    await Record(id).tell(rep, "win", {})
    answer = await put(rep, "1", {"level": "A"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_ordered")
    assert (await put(rep, "1", {"title": "Renamed"})).status_code == 200


async def test_a_retry_is_answered_as_the_first_time_whatever_came_since(rep: Client) -> None:
    first = await put(rep, "1", {"title": "Fleet"}, retry="once")
    await put(rep, "1", {"title": "Other"})
    again = await put(rep, "1", {"title": "Fleet"}, retry="once")
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201, first.json(), first.headers["location"],
    )  # fmt: skip
    assert again.headers["idempotency-replayed"] == "true"
    assert (await rep.read(first.headers["location"]))["standing"]["title"] == "Other"
    other = await put(rep, "1", {"title": "Something else"}, retry="once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_many_at_once_put_one_record(rep: Client, head: Client, ours: World) -> None:
    answers = await asyncio.gather(
        *(
            put(client, "77", {"title": f"Title {number}", "owner_id": str(ours.rep_id)})
            for number in range(6)
            for client in (rep, head)
        )
    )
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_what_cannot_be_put_is_refused(rep: Client, ours: World) -> None:
    for key, body, status, code in (
        ("1", {"external_refs": {"erp": "2"}}, 422, "validation"),
        ("1", {"level": "Z"}, 422, "unknown_level"),
        ("1", {"lines": [{"product": "nothing", "units": 1}]}, 422, "unknown_product"),
        ("1", {"account_id": str(ours.rep_id)}, 422, "unknown_account"),
        ("1", {"nonsense": 1}, 422, "validation"),
        ("%20", {"title": "x"}, 422, "validation"),
    ):
        answer = await put(rep, key, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert await looked_up(rep, ("erp", "1")) == [(None, None)]
