"""Staff over HTTP: who stands in for whom, what the directory shows to whom, mended facts, a unit closed in a race."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.accounts.views import VIEWS
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.testing.views import fold_all
from tests.accounts.company import Client, Clock, Company
from tests.accounts.test_organisation_routes import problem

Fold = Callable[[], Awaitable[None]]
UNTIL = "2026-03-31"


def person(company: Company, name: str) -> str:
    return f"/v1/people/{company[name].person_id}"


async def appoint(
    client: Client, absent: str, deputy: UUID, version: int = 1, first: str = "2026-03-02"
) -> tuple[int, str]:
    body = {"deputy_id": str(deputy), "until": UNTIL, "from": first}
    answer = await client.post(f"{absent}/appoint-deputy", body, version=version)
    return answer.status_code, answer.json().get("code", "")


# -- deputies ----------------------------------------------------------------------------------------------


async def test_deputies_are_appointed_by_oneself_the_line_or_who_organises(
    company: Company, other: Company, fold: Fold
) -> None:
    await fold()
    rep, head, director = company["sh_rep"], company["sh_head"], company["director"]
    absent, deputy = person(company, "sh_rep"), company["bj_rep"].person_id
    assert await appoint(company["bj_head"], absent, deputy) == (403, "forbidden")
    assert await appoint(company["auditor"], absent, deputy) == (403, "forbidden")
    assert await appoint(other["director"], absent, deputy) == (404, "not_found")
    assert await appoint(rep, absent, uuid4()) == (422, "unknown_person")
    assert await appoint(rep, absent, other["bj_rep"].person_id) == (422, "unknown_person")
    assert await appoint(rep, absent, rep.person_id) == (403, "own_place")
    assert await appoint(director, person(company, "director"), director.person_id) == (422, "own_deputy")
    assert await appoint(rep, absent, deputy, first="2026-03-01") == (422, "stand_in_days")
    assert await appoint(rep, absent, deputy) == (200, "ok")
    assert await appoint(head, absent, company["bj_head"].person_id, version=2) == (200, "ok")
    assert await appoint(director, absent, company["sh_regional"].person_id, version=3) == (200, "ok")
    shown = await company["bj_head"].read(absent)
    assert {id: one["until"] for id, one in shown["deputies"].items()} == dict.fromkeys(
        (str(company[name].person_id) for name in ("bj_rep", "bj_head", "sh_regional")), UNTIL
    )
    await head.make(f"{absent}/dismiss-deputy", {"deputy_id": str(deputy)}, version=4)
    assert len((await rep.read(absent))["deputies"]) == 2


async def test_a_deputy_sees_the_accounts_of_the_absent_and_hands_over_as_they_would(
    company: Company, fold: Fold, clock: Clock, app: Any
) -> None:
    account = (await company["sh_rep"].make("/v1/accounts", {"name": "华东物流"}))["id"]
    path, deputy = f"/v1/accounts/{account}", company["bj_rep"]
    assert (await deputy.get(path)).status_code == 404
    await company["sh_head"].make(
        f"{person(company, 'sh_head')}/appoint-deputy",
        {"deputy_id": str(deputy.person_id), "until": UNTIL},
        version=1,
    )
    await fold()
    app.state.kit._sights.clear()
    assert "assign-owner" in (await deputy.read(path))["allowed_actions"]
    assert [row["id"] for row in (await deputy.read("/v1/accounts"))["items"]] == [account]
    body = {"owner_id": str(company["sh_regional"].person_id)}
    await deputy.make(f"{path}/assign-owner", body, version=1)
    told = (await company["director"].read(path))["history"][-1]
    assert (told["actor_id"], told["changes"]["owner_id"]) == (str(deputy.person_id), body["owner_id"])


# -- the directory -----------------------------------------------------------------------------------------


async def test_the_directory_is_open_and_what_is_personal_is_not(company: Company, other: Company, fold: Fold) -> None:
    director = company["director"]
    body = {
        "name": "韩梅梅", "functions": ["representative"], "unit_id": str(company.units["SH"]),
        "external_refs": {"hr": "E-9"}, "phone": "13912345678", "mail": "mei@example.com",
    }  # fmt: skip
    id = (await director.make("/v1/people", body))["id"]
    await fold()
    for name, close in (("director", True), ("sh_head", True), ("bj_head", False), ("bj_rep", False)):
        shown = await company[name].read(f"/v1/people/{id}")
        assert (shown["name"], shown["functions"]) == ("韩梅梅", ["representative"])
        seen = (shown["external_refs"], shown["phone"], shown["mail"], bool(shown["history"]))
        told = ({"hr": "E-9"}, "139****5678", "m***@example.com", True) if close else ({}, None, None, False)
        assert seen == told, name
        (row,) = (await company[name].read("/v1/people", name="韩梅梅"))["items"]
        assert row["external_refs"] == ({"hr": "E-9"} if close else {}), name
    assert (await other["director"].get(f"/v1/people/{id}")).status_code == 404
    for name, told_of in (("director", True), ("sh_head", True), ("sh_rep", False), ("bj_head", False)):
        unit = await company[name].read(f"/v1/units/{company.units['SH']}")
        assert (unit["name"], bool(unit["history"])) == ("上海店", told_of), name


async def test_actions_shown_are_those_allowed(company: Company, fold: Fold) -> None:
    await fold()
    path = person(company, "sh_rep")
    expected = {
        "sh_rep": ["appoint-deputy", "change-personal"], "sh_head": ["appoint-deputy"], "bj_head": [], "auditor": [],
    }  # fmt: skip
    for name, actions in expected.items():
        assert (await company[name].read(path))["allowed_actions"] == actions, name


async def test_name_phone_and_mail_go_to_the_vault_alone(
    company: Company, store: EventStore, pool: asyncpg.Pool
) -> None:
    rep, path = company["sh_rep"], person(company, "sh_rep")
    given = {"name": "王小明", "phone": "13812345678"}
    assert problem(await company["sh_head"].post(f"{path}/change-personal", given, version=1)) == (403, "forbidden")
    receipt = await rep.make(f"{path}/change-personal", given, version=1)
    assert receipt["version"] == 2
    assert (await rep.make(f"{path}/change-personal", given, version=2))["version"] == 2
    shown = await company["director"].read(path)
    assert (shown["name"], shown["phone"]) == ("王小明", "138****5678")
    with as_tenant(company.tenant_id):
        told = await store.load(company.tenant_id, rep.person_id)
    assert (told[-1].type, set(told[-1].data["fields"])) == ("PersonalDataChanged", {"name", "phone"})
    assert "王小明" not in str(told)
    for body in ({}, {"name": None}, {"phone": "x"}):
        assert (await rep.post(f"{path}/change-personal", body, version=2)).status_code == 422


# -- mending -----------------------------------------------------------------------------------------------


async def test_where_somebody_worked_is_corrected_and_a_leaving_taken_back(company: Company, fold: Fold) -> None:
    director, path = company["director"], person(company, "sh_rep")
    wrong = {"version": 1, "changes": {"unit_id": str(uuid4())}, "reason": "错"}
    assert problem(await company["sh_head"].post(f"{path}/correct", wrong, version=1)) == (403, "forbidden")
    assert problem(await director.post(f"{path}/correct", wrong, version=1)) == (422, "unknown_unit")
    circle = {"version": 1, "changes": {"reports_to_unit_id": None, "reports_to_person_id": path[-36:]}, "reason": "错"}
    assert problem(await director.post(f"{path}/correct", circle, version=1)) == (422, "reports_to_itself")
    right = {"version": 1, "changes": {"unit_id": str(company.units["BJ"])}, "reason": "录错单位"}
    await director.make(f"{path}/correct", right, version=1)
    await fold()
    (row,) = [
        row for row in (await director.read("/v1/people", as_of="2025-06-30"))["items"] if row["id"] == path[-36:]
    ]
    assert (row["unit_id"], row["reports_to_unit_id"]) == (str(company.units["BJ"]), str(company.units["SH"]))
    await director.make(f"{path}/leave", {"reason": "resigned", "on": "2026-02-01"}, version=2)
    late = {"functions": ["account_manager"], "on": "2026-01-10"}
    await director.make(f"{path}/change-functions", late, version=3)
    after = {"functions": ["hr"], "on": "2026-02-02"}
    assert problem(await director.post(f"{path}/change-functions", after, version=4)) == (409, "person_left")
    await director.make(f"{path}/void", {"version": 3, "reason": "没有离职"}, version=4)
    assert (await director.read(path))["status"] == "active"


async def test_references_of_staff_stay_unique_when_corrected(company: Company) -> None:
    director = company["director"]
    body = {"name": "甲", "functions": ["representative"], "unit_id": str(company.units["SH"])}
    await director.make("/v1/people", body | {"external_refs": {"hr": "E-1"}})
    second = (await director.make("/v1/people", body | {"external_refs": {"hr": "E-2"}}))["id"]
    fix = {"version": 1, "changes": {"external_refs": {"hr": "E-1"}}, "reason": "错"}
    taken = await director.post(f"/v1/people/{second}/correct", fix, version=1)
    assert problem(taken) == (409, "external_ref_taken")
    fix["changes"] = {"external_refs": {"hr": "E-3"}}
    await director.make(f"/v1/people/{second}/correct", fix, version=1)
    await director.make("/v1/people", body | {"external_refs": {"hr": "E-2"}})


async def test_a_unit_is_corrected_and_opened_again(company: Company, fold: Fold) -> None:
    director = company["director"]
    opening = {"code": "T1", "name": "一组", "kind": "team", "parent_id": str(company.units["SH"]), "on": "2025-02-01"}
    team = (await director.make("/v1/units", opening))["id"]
    path = f"/v1/units/{team}"
    below = {"version": 1, "changes": {"parent_id": team}, "reason": "错"}
    assert problem(await director.post(f"{path}/correct", below, version=1)) == (422, "below_itself")
    taken = {"version": 1, "changes": {"code": "bj"}, "reason": "错"}
    assert problem(await director.post(f"{path}/correct", taken, version=1)) == (409, "unit_code_taken")
    await director.make(f"{path}/correct", {"version": 1, "changes": {"name": "第一组"}, "reason": "错"}, version=1)
    await fold()
    await director.make(f"{path}/close", {}, version=2)
    joining = {"name": "新人", "functions": ["representative"], "unit_id": team}
    assert problem(await director.post("/v1/people", joining)) == (422, "unit_closed")
    await director.make(f"{path}/void", {"version": 3, "reason": "没有撤销"}, version=3)
    assert (await director.read(path))["name"] == "第一组"
    await director.make("/v1/people", joining)


# -- accounts ----------------------------------------------------------------------------------------------


async def test_an_account_is_opened_in_a_unit_in_sight_alone(company: Company, fold: Fold) -> None:
    await fold()
    elsewhere = {"name": "华北物流", "unit_id": str(company.units["BJ"])}
    for name in ("sh_rep", "sh_head"):
        assert problem(await company[name].post("/v1/accounts", elsewhere)) == (422, "outside_your_units")
    await company["director"].make("/v1/accounts", elsewhere)
    own = (await company["sh_rep"].make("/v1/accounts", {"name": "本地"}))["id"]
    moving = {"owner_id": str(company["sh_rep"].person_id), "unit_id": str(company.units["BJ"])}
    refused = await company["sh_head"].post(f"/v1/accounts/{own}/assign-owner", moving, version=1)
    assert problem(refused) == (422, "outside_your_units")
    fix = {"version": 1, "changes": {"unit_id": str(company.units["BJ"])}, "reason": "错"}
    refused = await company["sh_head"].post(f"/v1/accounts/{own}/correct", fix, version=1)
    assert problem(refused) == (422, "outside_your_units")


# -- a race ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(4))
async def test_nobody_ends_up_in_a_unit_that_closes_while_they_join(
    company: Company, fold: Fold, pool: asyncpg.Pool, turn: int
) -> None:
    director = company["director"]
    opening = {"code": f"T{turn}", "name": "组", "kind": "team", "parent_id": str(company.units["SH"])}
    team = (await director.make("/v1/units", opening))["id"]
    await fold()
    over = asyncio.Event()

    async def folding() -> None:
        while not over.is_set():
            await fold_all(pool, VIEWS)
            await asyncio.sleep(0.01)

    async def join() -> int:
        await asyncio.sleep(0.004 * turn)
        joining = {"name": "新人", "functions": ["representative"], "unit_id": team}
        return (await director.post("/v1/people", joining)).status_code

    worker = asyncio.create_task(folding())
    try:
        closing = asyncio.create_task(director.post(f"/v1/units/{team}/close", {}, version=1))
        joined = await asyncio.gather(*(join() for _ in range(3)))
        closed = await closing
    finally:
        over.set()
        await worker
    assert set(joined) <= {201, 409, 422}
    if closed.status_code == 200:
        assert 201 not in joined
    else:
        assert problem(closed) == (409, "has_people")
        assert 201 in joined
        again = {"name": "后来", "functions": ["representative"], "unit_id": team}
        assert (await director.post("/v1/people", again)).status_code == 201
