"""The organisation over HTTP: set up, seen as of any day, refused where rules say no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.accounts.company import Clock, Company

Fold = Callable[[], Awaitable[None]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_the_tree_shows_units_below_units(company: Company, other: Company, fold: Fold) -> None:
    await fold()
    (root,) = (await company["sh_rep"].read("/v1/units"))["rows"]
    assert (root["code"], [child["code"] for child in root["children"]]) == ("HQ", ["BJ", "SH"])
    assert root["id"] == str(company.root_id)


async def test_the_tree_of_a_past_day_is_the_tree_of_that_day(company: Company, fold: Fold) -> None:
    director = company["director"]
    region = await director.make(
        "/v1/units",
        {"code": "E", "name": "华东", "kind": "region", "parent_id": str(company.root_id), "on": "2025-06-01"},
    )
    body = {"parent_id": region["id"], "on": "2025-07-01"}
    await director.make(f"/v1/units/{company.units['SH']}/move", body, version=1)
    await fold()
    codes = {}
    for day in ("2024-12-31", "2025-05-31", "2025-06-30", "2025-07-01"):
        (root,) = (await director.read("/v1/units", as_of=day))["rows"]
        codes[day] = {child["code"]: [below["code"] for below in child["children"]] for child in root["children"]}
    assert codes == {
        "2024-12-31": {},
        "2025-05-31": {"BJ": [], "SH": []},
        "2025-06-30": {"BJ": [], "E": [], "SH": []},
        "2025-07-01": {"BJ": [], "E": ["SH"]},
    }


async def test_what_was_known_before_a_move_stays_known(company: Company, fold: Fold) -> None:
    director = company["director"]
    before = await director.make(
        "/v1/units", {"code": "E", "name": "华东", "kind": "region", "parent_id": str(company.root_id)}
    )
    await director.make(f"/v1/units/{company.units['SH']}/move", {"parent_id": before["id"]}, version=1)
    await fold()
    (root,) = (await director.read("/v1/units", known_at=before["position"]))["rows"]
    assert [child["code"] for child in root["children"]] == ["BJ", "E", "SH"]
    (root,) = (await director.read("/v1/units"))["rows"]
    assert [child["code"] for child in root["children"]] == ["BJ", "E"]


async def test_a_unit_with_people_closes_only_when_they_have_gone(company: Company, fold: Fold) -> None:
    director = company["director"]
    path = f"/v1/units/{company.units['BJ']}/close"
    await fold()
    refused = await director.post(path, {}, version=1)
    assert problem(refused) == (409, "has_people")
    for name in ("bj_head", "bj_rep"):
        await director.make(f"/v1/people/{company[name].person_id}/leave", {"reason": "resigned"}, version=1)
    await fold()
    await director.make(path, {"reason": "合并"}, version=1)
    await fold()
    (root,) = (await director.read("/v1/units"))["rows"]
    assert [child["code"] for child in root["children"]] == ["SH"]
    (root,) = (await director.read("/v1/units", closed="true"))["rows"]
    assert [(child["code"], child["status"]) for child in root["children"]] == [("BJ", "closed"), ("SH", "open")]
    joining = {"name": "新人", "functions": ["representative"], "unit_id": str(company.units["BJ"])}
    assert problem(await director.post("/v1/people", joining)) == (422, "unit_closed")


async def test_a_unit_with_units_below_does_not_close(company: Company, fold: Fold) -> None:
    director, branch = company["director"], company.units["BJ"]
    await director.make("/v1/units", {"code": "BJ1", "name": "一组", "kind": "team", "parent_id": str(branch)})
    await fold()
    assert problem(await director.post(f"/v1/units/{branch}/close", {}, version=1)) == (409, "has_open_units")


async def test_a_unit_cannot_stand_below_itself(company: Company) -> None:
    director, branch = company["director"], company.units["BJ"]
    team = await director.make("/v1/units", {"code": "BJ1", "name": "一组", "kind": "team", "parent_id": str(branch)})
    refused = await director.post(f"/v1/units/{branch}/move", {"parent_id": team["id"]}, version=1)
    assert problem(refused) == (422, "below_itself")
    assert refused.json()["errors"][0]["pointer"] == "/parent_id"


async def test_unit_codes_are_unique_in_a_tenant_and_free_in_another(company: Company, other: Company) -> None:
    body = {"code": "sh", "name": "又一个", "kind": "branch", "parent_id": str(company.root_id)}
    assert problem(await company["director"].post("/v1/units", body)) == (409, "unit_code_taken")
    foreign = {**body, "code": "XX", "parent_id": str(other.root_id)}
    assert problem(await company["director"].post("/v1/units", foreign)) == (422, "unknown_unit")


@pytest.mark.parametrize("path", ["move", "close"])
async def test_commands_on_a_unit_need_the_version_that_was_read(company: Company, path: str) -> None:
    director, unit = company["director"], company.units["SH"]
    body = {"parent_id": str(company.root_id)} if path == "move" else {}
    assert problem(await director.post(f"/v1/units/{unit}/{path}", body)) == (428, "precondition_required")
    assert problem(await director.post(f"/v1/units/{unit}/{path}", body, version=7)) == (412, "stale")
    assert problem(await director.post(f"/v1/units/{uuid4()}/{path}", body, version=1)) == (404, "not_found")


async def test_only_who_organises_sets_up_units_and_people(company: Company) -> None:
    unit = {"code": "N", "name": "新", "kind": "team", "parent_id": str(company.root_id)}
    person = {"name": "新人", "functions": ["representative"], "unit_id": str(company.root_id)}
    rep = company["sh_rep"]
    assert problem(await rep.post("/v1/units", unit)) == (403, "forbidden")
    assert problem(await rep.post("/v1/people", person)) == (403, "forbidden")
    for verb, body in (("leave", {}), ("post-to", {"unit_id": str(company.root_id)})):
        assert problem(await rep.post(f"/v1/people/{rep.person_id}/{verb}", body, version=1)) == (403, "forbidden")


async def test_a_retry_makes_the_same_person_and_leaves_the_name_alone(company: Company) -> None:
    director = company["director"]
    body = {"name": "张三", "functions": ["representative"], "unit_id": str(company.root_id), "phone": "13812345678"}
    first = await director.post("/v1/people", body, key="join-zhang")
    again = await director.post("/v1/people", body, key="join-zhang")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    reused = await director.post("/v1/people", {**body, "name": "李四"}, key="join-zhang")
    assert problem(reused) == (422, "idempotency_key_reused")
    shown = await director.read(first.headers["location"])
    assert (shown["name"], shown["phone"]) == ("张三", "138****5678")


async def test_people_are_listed_with_names_page_by_page(company: Company, other: Company, fold: Fold) -> None:
    await fold()
    director, names, after = company["director"], [], None
    while True:
        page = await director.read("/v1/people", limit=2, **({"after": after} if after else {}))
        names += [item["name"] for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert sorted(names) == sorted(
        ["总监", "sh_head先生", "sh_rep先生", "sh_regional先生", "bj_head先生", "bj_rep先生"]
    )
    found = await director.read("/v1/people", name="SH_REP先生")
    assert [item["id"] for item in found["items"]] == [str(company["sh_rep"].person_id)]
    at_branch = await director.read("/v1/people", unit_id=company.units["BJ"], function="department_head")
    assert [item["id"] for item in at_branch["items"]] == [str(company["bj_head"].person_id)]
    assert (await director.read("/v1/people", as_of="2024-06-01"))["items"][0]["name"] == "总监"


async def test_both_edges_are_commands_of_their_own(company: Company) -> None:
    director, person = company["director"], company["sh_rep"].person_id
    base = f"/v1/people/{person}"
    await director.make(f"{base}/report-to", {"unit_id": str(company.root_id)}, version=1)
    await director.make(f"{base}/post-to", {"unit_id": str(company.units["BJ"])}, version=2)
    await director.make(f"{base}/change-functions", {"functions": ["account_manager"]}, version=3)
    shown = await director.read(base)
    assert (shown["unit_id"], shown["reports_to_unit_id"]) == (str(company.units["BJ"]), str(company.root_id))
    assert [fact["type"] for fact in shown["history"]] == [
        "PersonJoined", "PersonReportsTo", "PersonPostedTo", "FunctionsChanged",
    ]  # fmt: skip
    assert shown["history"][1]["actor_name"] == "总监"
    head = company["sh_head"].person_id
    await director.make(f"/v1/people/{head}/report-to", {"person_id": str(person)}, version=1)
    around = await director.post(f"{base}/report-to", {"person_id": str(head)}, version=4)
    assert problem(around) == (422, "reports_to_itself")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/people", {"name": " ", "functions": ["representative"], "unit_id": str(uuid4())}, 422, "validation"),
        ("/v1/people", {"name": "a", "functions": ["king"], "unit_id": str(uuid4())}, 422, "validation"),
        ("/v1/people", {"name": "a", "functions": [], "unit_id": str(uuid4())}, 422, "validation"),
        ("/v1/people", {"name": "a", "functions": ["hr"], "unit_id": str(uuid4())}, 422, "unknown_unit"),
        ("/v1/units", {"code": "A B", "name": "a", "kind": "team", "parent_id": str(uuid4())}, 422, "validation"),
        ("/v1/units", {"code": "AB", "name": "a", "kind": "team", "parent_id": str(uuid4())}, 422, "unknown_unit"),
        ("/v1/units", {"code": "AB", "name": "a", "kind": "team"}, 422, "validation"),
    ],
)
async def test_what_can_never_be_right_is_refused(
    company: Company, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    assert problem(await company["director"].post(path, body)) == (status, code)


async def test_the_future_is_refused(company: Company, clock: Clock) -> None:
    body = {"code": "N", "name": "新", "kind": "team", "parent_id": str(company.root_id), "on": "2026-03-03"}
    assert problem(await company["director"].post("/v1/units", body)) == (422, "in_the_future")


async def test_an_external_reference_belongs_to_one_person(company: Company, other: Company) -> None:
    body = {"name": "甲", "functions": ["hr"], "unit_id": str(company.root_id), "external_refs": {"hr": "E-1"}}
    await company["director"].make("/v1/people", body)
    assert problem(await company["director"].post("/v1/people", body)) == (409, "external_ref_taken")
    await other["director"].make("/v1/people", {**body, "unit_id": str(other.root_id)})
