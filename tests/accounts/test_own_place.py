"""Who organises others does not raise themselves by a detour: their own key, whom they stand in for, a unit moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client, Company
from tests.accounts.test_account_routes import open_account
from tests.accounts.test_organisation_routes import problem

Fold = Callable[[], Awaitable[None]]


@pytest.fixture
def member(http: httpx.AsyncClient, settings: Settings) -> Callable[..., Awaitable[Client]]:
    """Somebody taken on with these functions, and what they send with."""

    async def take_on(company: Company, *functions: str, unit: str = "HQ") -> Client:
        place = company.units[unit]
        body = {"name": "张三", "functions": functions, "unit_id": str(place), "on": "2025-01-01"}
        person_id = UUID((await company["director"].make("/v1/people", body))["id"])
        token = mint_token(development_key(settings.data), company.tenant_id, person_id, functions, place)
        return Client(http, token, person_id)

    return take_on


Member = Callable[..., Awaitable[Client]]


@pytest.mark.parametrize("function", ["tenant_admin", "operations"])
async def test_nobody_raises_themselves_by_a_key_they_made(
    http: httpx.AsyncClient, company: Company, member: Member, fold: Fold, function: str
) -> None:
    admin = await member(company, function)
    held = "integration" if function == "tenant_admin" else function
    made = await admin.make("/v1/api-keys", {"name": "HR", "functions": [held], "scopes": ["people:write"]})
    machine = Client(http, made["key"], made["id"])
    own = f"/v1/people/{admin.person_id}"
    await fold()
    for path, body in (
        (f"{own}/change-functions", {"functions": ["director"]}),
        (f"{own}/correct", {"version": 1, "changes": {"functions": ["director"]}, "reason": "错"}),
        (f"{own}/void", {"version": 1, "reason": "错"}),
        (f"{own}/post-to", {"unit_id": str(company.units["SH"])}),
        (f"{own}/report-to", {"unit_id": str(company.units["SH"])}),
        (
            f"/v1/people/{company['director'].person_id}/appoint-deputy",
            {"deputy_id": str(admin.person_id), "until": "2026-03-31"},
        ),
    ):
        assert problem(await machine.post(path, body, version=1)) == (403, "own_place"), path
    others = f"/v1/people/{company['sh_rep'].person_id}/change-functions"
    assert (await machine.post(others, {"functions": ["account_manager"]}, version=1)).status_code == 200


async def test_a_key_of_who_sees_everything_keeps_their_own_place_too(
    http: httpx.AsyncClient, company: Company
) -> None:
    director = company["director"]
    made = await director.make("/v1/api-keys", {"name": "HR", "functions": ["integration"], "scopes": ["people:write"]})
    path = f"/v1/people/{director.person_id}/report-to"
    moved = await Client(http, made["key"], made["id"]).post(path, {"unit_id": str(company.root_id)}, version=1)
    assert moved.status_code == 200, moved.text


async def test_a_deputy_does_not_raise_whom_they_stand_in_for(
    app: FastAPI, company: Company, member: Member, fold: Fold
) -> None:
    admin, rep = await member(company, "tenant_admin"), company["sh_rep"]
    absent = f"/v1/people/{rep.person_id}"
    body = {"deputy_id": str(admin.person_id), "until": "2026-03-31"}
    await rep.make(f"{absent}/appoint-deputy", body, version=1)
    await fold()
    app.state.kit._sights.clear()
    raised = await admin.post(f"{absent}/change-functions", {"functions": ["director"]}, version=2)
    assert problem(raised) == (403, "own_place")
    moved = await admin.post(f"{absent}/post-to", {"unit_id": str(company.units["BJ"])}, version=2)
    assert problem(moved) == (403, "own_place")


async def test_nobody_prolongs_or_brings_back_their_own_standing_in(
    company: Company, member: Member, fold: Fold
) -> None:
    admin, director = await member(company, "tenant_admin"), company["director"]
    absent = f"/v1/people/{director.person_id}"
    deputy = {"deputy_id": str(admin.person_id), "until": "2026-03-02"}
    await director.make(f"{absent}/appoint-deputy", deputy, version=1)
    await director.make(f"{absent}/dismiss-deputy", {"deputy_id": str(admin.person_id)}, version=2)
    await fold()
    back = await admin.post(f"{absent}/void", {"version": 3, "reason": "错"}, version=3)
    assert problem(back) == (403, "own_place")
    longer = {f"deputy.{admin.person_id}": {"since": "2026-03-02", "until": "2026-12-31"}}
    corrected = {"version": 2, "changes": longer, "reason": "错"}
    await director.make(f"{absent}/void", {"version": 3, "reason": "错"}, version=3)
    prolonged = await admin.post(f"{absent}/correct", corrected, version=4)
    assert problem(prolonged) == (403, "own_place")
    assert (await director.post(f"{absent}/correct", corrected, version=4)).status_code == 200


async def test_a_unit_out_of_sight_is_not_put_below_ones_own(company: Company, member: Member, fold: Fold) -> None:
    personnel = await member(company, "hr", unit="SH")
    await fold()
    path, below = f"/v1/units/{company.units['BJ']}", {"parent_id": str(company.units["SH"])}
    assert problem(await personnel.post(f"{path}/move", below, version=1)) == (403, "own_place")
    corrected = {"version": 1, "changes": below, "reason": "错"}
    assert problem(await personnel.post(f"{path}/correct", corrected, version=1)) == (403, "own_place")
    assert (await company["director"].post(f"{path}/move", below, version=1)).status_code == 200


async def test_an_account_above_is_named_only_where_it_is_in_sight(company: Company) -> None:
    director, rep = company["director"], company["sh_rep"]
    group = await open_account(company["bj_rep"], "集团")
    site = await open_account(rep, "工厂")
    await director.make(f"/v1/accounts/{site}/change", {"parent_id": group}, version=1)
    shown = await rep.read(f"/v1/accounts/{site}")
    assert (shown["parent_id"], shown["parent_name"]) == (group, None)
    assert (await director.read(f"/v1/accounts/{site}"))["parent_name"] == "集团"
