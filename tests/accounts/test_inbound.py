"""Staff and accounts told by HR and ERP, by their own references, in lines that refer to each other."""

from __future__ import annotations

import httpx
import pytest

from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Company
from tests.opportunities.routes.machine import JSON, Machine, brief


@pytest.fixture
def hr(company: Company, http: httpx.AsyncClient, settings: Settings) -> Machine:
    key = development_key(settings.data)
    token = mint_token(key, company.tenant_id, company["director"].person_id, ("integration",), company.root_id)
    return Machine(http, token)


def person(key: str) -> JSON:
    return {"system": "hr", "key": key}


def joined(key: str, unit: str = "SH") -> JSON:
    return {
        "fact": "joined", "person": person(key), "name": f"员工{key}", "functions": ["representative"], "unit": unit,
        "on": "2025-02-01",
    }  # fmt: skip


async def test_staff_come_move_and_go_by_hr_references_in_their_order(hr: Machine, company: Company) -> None:
    rows = (
        joined("boss"),
        joined("E-1"),
        {"fact": "reports_to", "person": person("E-1"), "superior": person("boss"), "on": "2025-02-02"},
        {"fact": "posted", "person": person("E-1"), "unit": "bj", "on": "2025-02-03"},
        {"fact": "functions_changed", "person": person("E-1"), "functions": ["account_manager"], "on": "2025-02-04"},
        {"fact": "left", "person": person("E-1"), "reason": "resigned", "on": "2025-02-05"},
    )
    outcomes, summary = await hr.batch("people", *rows, key="monday")
    assert brief(outcomes) == [(201, "ok")] * 2 + [(200, "ok")] * 4
    again, _ = await hr.batch("people", *rows, key="monday")
    assert [one["replayed"] for one in again] == [True] * 6
    shown = await company["director"].read(f"/v1/people/{outcomes[1]['id']}", min_position=str(summary["position"]))
    assert shown["external_refs"] == {"hr": "E-1"}
    outcomes, _ = await hr.batch("people", joined("E-1"), rows[-1], joined("E-2", unit="nowhere"), joined("E-3"))
    assert brief(outcomes) == [
        (409, "external_ref_taken"), (424, "row_before_failed"), (404, "not_found"), (201, "ok"),
    ]  # fmt: skip


async def test_another_company_has_staff_and_units_of_its_own(
    hr: Machine, other: Company, http: httpx.AsyncClient
) -> None:
    await hr.batch("people", joined("E-1"))
    theirs = Machine(http, other["director"].token)
    outcomes, _ = await theirs.batch("people", {"fact": "left", "person": person("E-1")})
    assert brief(outcomes) == [(404, "not_found")]


async def test_who_may_not_organise_is_refused_row_by_row(company: Company, http: httpx.AsyncClient) -> None:
    name = next(name for name in company.clients if name not in ("director", "auditor"))
    rep = Machine(http, company[name].token)
    outcomes, _ = await rep.batch("people", joined("E-1"))
    assert brief(outcomes) == [(403, "forbidden")]


async def test_accounts_are_known_by_the_key_of_the_erp(hr: Machine, company: Company) -> None:
    account = {"fact": "known", "account": {"system": "erp", "key": "K-1"}, "name": "华东物流"}
    await hr.batch("people", joined("E-1"))
    outcomes, _ = await hr.batch(
        "accounts", account | {"owner": person("E-1")}, account | {"city": "苏州"}, account | {"owner": person("E-9")}
    )
    assert brief(outcomes) == [(201, "ok"), (200, "ok"), (404, "not_found")]
    assert outcomes[0]["id"] == outcomes[1]["id"]
    found = await company["director"].post("/v1/accounts/lookup", {"refs": [{"system": "erp", "key": "K-1"}]})
    assert found.json()["items"][0]["id"] == outcomes[0]["id"]
