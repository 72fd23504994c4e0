"""Contracts over HTTP: drafts, approval within limits, delegated signature, amendments, expiry, numbers used once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.opportunities.contracts.views import CONTRACTS as CONTRACTS_VIEW
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.identity.tokens import development_key
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, World

CONTRACTS = "/v1/contracts"
VIEWS = (CONTRACTS_VIEW, STANDINGS, ACCOUNTS, PEOPLE, UNITS)
TERMS: dict[str, Any] = {
    "lines": [{"product": "A6L", "units": 10, "unit_price": "250000"}],
    "payment_terms": [
        {"share": "0.3", "after": "signing", "days": 7},
        {"share": "0.7", "after": "delivery", "days": 30},
    ],
    "warranty_months": 36,
    "starts_on": "2025-03-01",
    "ends_on": "2025-04-10",
}
"""Of 2 500 000 CNY: within the limit of a department's head."""


async def refused(client: Client, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code")


def units(count: int) -> dict[str, Any]:
    return {"lines": [{"product": "A6L", "units": count, "unit_price": "250000"}]}


def correction(version: int, **changes: Any) -> dict[str, Any]:
    return {"version": version, "changes": changes, "reason": "错"}


@pytest.fixture
async def opportunity(rep: Client, prospect: dict[str, Any]) -> str:
    return str((await rep.tell("/v1/opportunities", prospect))["id"])


@pytest.fixture
async def contract(rep: Client, opportunity: str) -> str:
    body = {"opportunity_id": opportunity, "title": "采购合同", **TERMS, "on": "2025-03-03"}
    return f"{CONTRACTS}/{(await rep.tell(CONTRACTS, body))['id']}"


async def approved(rep: Client, head: Client, contract: str) -> None:
    await rep.tell(f"{contract}/submit", {"on": "2025-03-04"}, version=1)
    await head.tell(f"{contract}/approve", {"on": "2025-03-05"}, version=2)


async def signed(rep: Client, head: Client, contract: str, number: str = "HT-1") -> None:
    await approved(rep, head, contract)
    await head.tell(f"{contract}/sign", {"number": number, "on": "2025-03-06"}, version=3)


async def test_drafted_returned_approved_and_signed(rep: Client, head: Client, contract: str) -> None:
    await rep.tell(f"{contract}/submit", {"on": "2025-03-04"}, version=1)
    await head.tell(f"{contract}/return", {"comment": "质保四年", "on": "2025-03-05"}, version=2)
    await rep.tell(f"{contract}/draft", {"warranty_months": 48, "on": "2025-03-06"}, version=3)
    await rep.tell(f"{contract}/submit", {"on": "2025-03-07"}, version=4)
    await head.tell(f"{contract}/approve", {"on": "2025-03-08"}, version=5)
    await head.tell(f"{contract}/sign", {"number": "HT-1", "on": "2025-03-09"}, version=6)
    shown = await rep.read(contract)
    said = shown["standing"]
    assert (said["status"], said["number"], said["draft"], said["warranty_months"]) == ("signed", "HT-1", 2, 48)
    assert (said["amount"], said["by_delegation"], said["title"]) == ("2500000", False, "采购合同")
    assert said["payment_terms"] == [
        {"share": "0.3", "after": "signing", "days": 7},
        {"share": "0.7", "after": "delivery", "days": 30},
    ]
    then = await rep.read(contract, as_of="2025-03-05")
    assert (then["standing"]["status"], then["standing"]["warranty_months"]) == ("returned", 36)


async def test_approval_is_by_line_and_limit(
    rep: Client, head: Client, director: Client, support: Client, contract: str
) -> None:
    await rep.tell(f"{contract}/draft", units(20), version=1)
    await rep.tell(f"{contract}/submit", {}, version=2)
    assert (await rep.read(contract))["standing"]["needs"] == "branch_manager"
    for client in (rep, support):
        assert await refused(client, f"{contract}/approve", {}, 3) == (403, "forbidden")
    said = (await head.post(f"{contract}/approve", {}, version=3)).json()
    assert (said["code"], said["limit"], said["needs"]) == ("above_limit", "3000000 CNY", "branch_manager")
    assert "分公司经理" in said["detail"] or "branch manager" in said["detail"]
    actions = set((await head.read(contract))["allowed_actions"])
    assert {"pass-on", "return"} <= actions
    assert "approve" not in actions
    await head.tell(f"{contract}/pass-on", {"comment": "建议同意"}, version=3)
    assert await refused(director, f"{contract}/pass-on", {}, 4) == (409, "within_limit")
    await director.tell(f"{contract}/approve", {}, version=4)
    delegation = {"delegate_id": str(uuid4()), "until": "2025-03-30"}
    assert await refused(head, f"{contract}/delegate-signing", delegation, 5) == (403, "above_limit")


async def test_nobody_approves_their_own_draft(
    rep: Client, head: Client, director: Client, ours: World, opportunity: str
) -> None:
    body = {"opportunity_id": opportunity, **TERMS}
    answer = await head.post(CONTRACTS, body, on_behalf_of=str(ours.rep_id))
    contract = f"{CONTRACTS}/{answer.json()['id']}"
    await rep.tell(f"{contract}/submit", {}, version=1)
    assert await refused(head, f"{contract}/approve", {}, 2) == (403, "not_in_reporting_line")
    await director.tell(f"{contract}/approve", {}, version=2)


async def test_in_another_currency_only_who_has_no_limit_approves(
    rep: Client, head: Client, director: Client, contract: str
) -> None:
    await rep.tell(f"{contract}/draft", {**units(1), "currency": "EUR"}, version=1)
    await rep.tell(f"{contract}/submit", {}, version=2)
    said = (await head.post(f"{contract}/approve", {}, version=3)).json()
    assert (said["code"], said["limit"], said["needs"]) == ("above_limit", "-", "director")
    await director.tell(f"{contract}/approve", {}, version=3)


async def test_who_signs_has_the_limit_or_a_delegation_in_force(
    rep: Client, head: Client, support: Client, ours: World, contract: str, pool: asyncpg.Pool
) -> None:
    await fold_all(pool, VIEWS)
    await approved(rep, head, contract)
    sign = {"number": "HT-9", "on": "2025-03-12"}
    assert await refused(rep, f"{contract}/sign", sign, 3) == (409, "may_not_sign")
    nobody = {"delegate_id": str(uuid4()), "until": "2025-03-30"}
    assert await refused(head, f"{contract}/delegate-signing", nobody, 3) == (422, "unknown_person")
    delegation = {"delegate_id": str(ours.rep_id), "until": "2025-03-10", "on": "2025-03-06"}
    assert await refused(rep, f"{contract}/delegate-signing", delegation, 3) == (403, "forbidden")
    assert await refused(head, f"{contract}/delegate-signing", delegation | {"until": "2025-03-01"}, 3) == (
        422,
        "delegation_over",
    )
    await head.tell(f"{contract}/delegate-signing", delegation, version=3)
    assert await refused(rep, f"{contract}/sign", sign, 4) == (409, "may_not_sign")
    assert await refused(rep, f"{contract}/sign", sign | {"on": "2025-03-05"}, 4) == (409, "may_not_sign")
    assert await refused(rep, f"{contract}/sign", sign | {"signed_by": str(uuid4())}, 4) == (422, "unknown_person")
    await rep.tell(f"{contract}/sign", sign | {"on": "2025-03-09"}, version=4)
    said = (await rep.read(contract))["standing"]
    assert (said["by_delegation"], said["signed_by"]) == (True, str(ours.rep_id))


async def test_what_others_signed_is_entered_by_anybody_who_sees_it(
    rep: Client, head: Client, ours: World, contract: str, pool: asyncpg.Pool
) -> None:
    await fold_all(pool, VIEWS)
    await approved(rep, head, contract)
    await rep.tell(f"{contract}/sign", {"number": "HT-2", "signed_by": str(ours.head_id)}, version=3)
    assert (await rep.read(contract))["standing"]["by_delegation"] is False


async def test_a_number_is_one_contracts(rep: Client, head: Client, opportunity: str, contract: str) -> None:
    await signed(rep, head, contract)
    other = (
        f"{CONTRACTS}/{(await rep.tell(CONTRACTS, {'opportunity_id': opportunity, **TERMS, 'on': '2025-03-03'}))['id']}"
    )
    await approved(rep, head, other)
    assert await refused(head, f"{other}/sign", {"number": "HT-1"}, 3) == (409, "contract_number_taken")
    await rep.tell(f"{contract}/correct", correction(4, number="HT-01"), version=4)
    await head.tell(f"{other}/sign", {"number": "HT-1"}, version=3)
    assert await refused(rep, f"{contract}/correct", correction(4, number="HT-1"), 5) == (409, "contract_number_taken")
    await rep.tell(f"{other}/void", {"version": 4, "reason": "错"}, version=4)
    await rep.tell(f"{contract}/correct", correction(4, number="HT-1"), version=5)


async def test_an_amendment_within_what_was_approved_holds_at_once(rep: Client, head: Client, contract: str) -> None:
    await signed(rep, head, contract)
    body = {**units(12), "reason": "加购两台", "on": "2025-03-10"}
    await rep.tell(f"{contract}/request-amendment", body, version=4)
    shown = await rep.read(contract)
    assert (shown["version"], shown["standing"]["amount"], shown["standing"]["amendments"]) == (6, "3000000", [1])
    assert shown["history"][-1]["said"]["amended_by"] is None
    then = await rep.read(contract, as_of="2025-03-09")
    assert then["standing"]["amount"] == "2500000"


async def test_an_amendment_above_it_waits_for_who_may_approve_it(
    rep: Client, head: Client, director: Client, contract: str, pool: asyncpg.Pool
) -> None:
    await signed(rep, head, contract)
    await rep.tell(f"{contract}/request-amendment", {**units(30), "reason": "加购", "on": "2025-03-10"}, version=4)
    said = (await rep.read(contract))["standing"]
    assert (said["amount"], said["needs"], said["amendment"]["terms"]["amount"]) == (
        "2500000",
        "branch_manager",
        "7500000",
    )
    assert await refused(rep, f"{contract}/request-amendment", {"reason": "x"}, 5) == (409, "amendment_requested")
    assert await refused(rep, f"{contract}/approve-amendment", {}, 5) == (403, "forbidden")
    assert await refused(head, f"{contract}/approve-amendment", {}, 5) == (403, "above_limit")
    await head.tell(f"{contract}/pass-on", {}, version=5)
    await fold_all(pool, VIEWS)
    (row,) = (await rep.read(CONTRACTS, waits="amendment"))["items"]
    assert (row["amount"], row["needs"], row["amendments"]) == ("2500000.00", "branch_manager", 0)
    await director.tell(f"{contract}/return-amendment", {"comment": "价格未批"}, version=6)
    assert "amendment" not in (await rep.read(contract))["standing"]
    assert await refused(director, f"{contract}/approve-amendment", {}, 7) == (409, "no_amendment_requested")
    for client in (head, director):
        assert await refused(client, f"{contract}/pass-on", {}, 7) == (409, "no_amendment_requested")
    await rep.tell(f"{contract}/request-amendment", {**units(30), "reason": "加购"}, version=7)
    await director.tell(f"{contract}/approve-amendment", {"comment": "同意"}, version=8)
    said = (await rep.read(contract))["standing"]
    assert (said["amount"], said["approved_amount"], said["amendments"]) == ("7500000", "7500000", [2])
    assert await refused(head, f"{contract}/correct", correction(9, delivery_terms="x"), 9) == (403, "above_limit")
    await director.tell(f"{contract}/correct", correction(9, delivery_terms="x"), version=9)


async def test_what_was_approved_is_corrected_by_who_could_approve_it(
    rep: Client, head: Client, director: Client, contract: str
) -> None:
    await rep.tell(f"{contract}/correct", correction(1, delivery_terms="自提"), version=1)
    await rep.tell(f"{contract}/submit", {"on": "2025-03-04"}, version=2)
    await head.tell(f"{contract}/approve", {"on": "2025-03-06"}, version=3)
    assert await refused(rep, f"{contract}/correct", correction(1, delivery_terms="x"), 4) == (403, "forbidden")
    assert await refused(rep, f"{contract}/draft", {"warranty_months": 1, "on": "2025-03-03"}, 4) == (
        409,
        "decided_since",
    )
    dear = [{"line": 1, "product": "A6L", "units": 30, "unit_price": "250000"}]
    above = correction(1, lines=dear, amount="7500000")
    assert await refused(head, f"{contract}/correct", above, 4) == (403, "above_limit")
    assert await refused(head, f"{contract}/correct", correction(1, lines=dear), 4) == (422, "amount_differs")
    half = [{"share": "0.5", "after": "signing", "days": 0}]
    assert await refused(head, f"{contract}/correct", correction(1, payment_terms=half), 4) == (422, "shares_differ")
    early = correction(1, ends_on="2025-01-01")
    assert await refused(head, f"{contract}/correct", early, 4) == (422, "ends_before_start")
    assert await refused(head, f"{contract}/correct", correction(1, drafted_by=str(uuid4())), 4) == (
        422,
        "not_correctable",
    )
    await director.tell(f"{contract}/correct", above, version=4)
    assert await refused(rep, f"{contract}/void", {"version": 4, "reason": "错"}, 5) == (403, "forbidden")
    assert await refused(head, f"{contract}/void", {"version": 4, "reason": "错"}, 5) == (403, "above_limit")


async def test_terms_hold_together(rep: Client, opportunity: str, contract: str) -> None:
    body = {"opportunity_id": opportunity, **TERMS}
    for change, code in (
        ({"lines": [{"product": "A6L", "units": 1}]}, "amount_missing"),
        ({"amount": "1"}, "amount_differs"),
        ({"lines": [{"product": "Z", "units": 1, "unit_price": "1"}]}, "unknown_product"),
        ({"payment_terms": [{"share": "0.4", "after": "signing"}]}, "shares_differ"),
        ({"ends_on": "2025-01-01"}, "ends_before_start"),
    ):
        assert await refused(rep, CONTRACTS, {**body, **change}) == (422, code)
    stated = await rep.tell(CONTRACTS, {**body, "lines": [{"product": "A6L", "units": 1}], "amount": "77"})
    assert (await rep.read(f"{CONTRACTS}/{stated['id']}"))["standing"]["amount"] == "77"


async def test_every_step_has_its_place(rep: Client, head: Client, contract: str) -> None:
    assert await refused(head, f"{contract}/approve", {}, 1) == (409, "contract_draft")
    assert await refused(rep, f"{contract}/request-amendment", {"reason": "x"}, 1) == (409, "contract_draft")
    await signed(rep, head, contract)
    assert await refused(rep, f"{contract}/draft", {"warranty_months": 1}, 4) == (409, "contract_signed")
    assert await refused(rep, f"{contract}/renew", {"ends_on": "2025-04-01"}, 4) == (422, "ends_earlier")
    await rep.tell(f"{contract}/terminate", {"reason": "重组", "on": "2025-03-15"}, version=4)
    assert await refused(rep, f"{contract}/renew", {"ends_on": "2026-04-01"}, 5) == (409, "contract_terminated")


async def test_contracts_that_run_out(
    rep: Client, head: Client, west_rep: Client, stranger: Client, contract: str, pool: asyncpg.Pool
) -> None:
    await signed(rep, head, contract)
    await fold_all(pool, VIEWS)
    (row,) = (await rep.read(CONTRACTS, expiring_within=21))["items"]
    assert (row["days_left"], row["expired"], row["number"], row["account"]) == (21, False, "HT-1", "申城出租")
    assert row["payment_terms"][0] == {"share": "0.3", "after": "signing", "days": 7}
    assert (await rep.read(CONTRACTS, expiring_within=20))["items"] == []
    assert (await rep.read(CONTRACTS, expiring_within=99, as_of="2025-03-05"))["items"] == []
    late = await rep.read(CONTRACTS, expired="true", as_of="2025-04-11")
    assert [(row["days_left"], row["expired"]) for row in late["items"]] == [(-1, True)]
    assert (await rep.read(contract, as_of="2025-04-11"))["expired"] is True
    await rep.tell(f"{contract}/renew", {"ends_on": "2026-04-10", "on": "2025-03-18"}, version=4)
    await fold_all(pool, VIEWS)
    assert (await rep.read(CONTRACTS, expiring_within=21))["items"] == []
    assert len((await rep.read(CONTRACTS, expiring_within=24, as_of="2025-03-17"))["items"]) == 1
    for client in (west_rep, stranger):
        assert (await client.read(CONTRACTS))["items"] == []
        assert (await client.get(contract)).status_code == 404
        assert await refused(client, f"{contract}/terminate", {"reason": "x"}, 5) == (404, "not_found")


async def test_limits_are_published(
    rep: Client, head: Client, director: Client, stranger: Client, contract: str
) -> None:
    path = "/v1/contract-policies"
    limit = {"function": "department_head", "currency": "CNY", "amount": "1000000"}
    policy = {"effective_from": "2025-03-01", "limits": [limit], "unlimited": ["director"]}
    assert await refused(head, path, policy) == (403, "forbidden")
    assert await refused(director, path, policy | {"unlimited": ["representative"]}) == (422, "nobody_unlimited")
    assert await refused(director, path, policy | {"limits": [limit, limit]}) == (422, "limit_given_twice")
    await director.tell(path, policy)
    assert (await rep.read(path))["limits"] == [{**limit, "amount": "1000000.00"}]
    assert len((await rep.read(path, on="2025-02-01"))["limits"]) == 3
    assert len((await stranger.read(path))["limits"]) == 3
    await rep.tell(f"{contract}/submit", {}, version=1)
    assert (await rep.read(contract))["standing"]["needs"] == "director"
    assert await refused(head, f"{contract}/approve", {}, 2) == (403, "above_limit")


async def test_nobody_chooses_an_earlier_day_for_its_limits(
    rep: Client, head: Client, director: Client, contract: str
) -> None:
    limit = {"function": "department_head", "currency": "CNY", "amount": "1000000"}
    policy = {"effective_from": "2025-03-18", "limits": [limit], "unlimited": ["director"]}
    await director.tell("/v1/contract-policies", policy)
    await rep.tell(f"{contract}/submit", {"on": "2025-03-04"}, version=1)
    assert await refused(head, f"{contract}/approve", {"on": "2025-03-05"}, 2) == (403, "above_limit")
    await director.tell(f"{contract}/approve", {"on": "2025-03-05"}, version=2)
    before = {"on": "2025-03-06"}
    delegation = {"delegate_id": str(head.person), "until": "2025-03-30"}
    assert await refused(head, f"{contract}/delegate-signing", delegation | before, 3) == (403, "above_limit")
    assert await refused(head, f"{contract}/sign", {"number": "HT-1"} | before, 3) == (409, "may_not_sign")
    await director.tell(f"{contract}/sign", {"number": "HT-1"} | before, version=3)


async def test_a_past_day_as_it_was_known_then(rep: Client, head: Client, contract: str) -> None:
    await approved(rep, head, contract)
    known = (await head.tell(f"{contract}/sign", {"number": "HT-1", "on": "2025-03-06"}, version=3))["position"]
    await rep.tell(f"{contract}/correct", correction(4, number="HT-7"), version=4)
    assert (await rep.read(contract))["standing"]["number"] == "HT-7"
    assert (await rep.read(contract, as_of="2025-03-06"))["standing"]["number"] == "HT-7"
    assert (await rep.read(contract, as_of="2025-03-06", known_at=known))["standing"]["number"] == "HT-1"


async def test_a_machine_and_an_auditor(
    ours: World, http: httpx.AsyncClient, settings: Settings, contract: str
) -> None:
    auditor = Client(http, development_key(settings.data), ours.tenant_id, uuid4(), "auditor", ours.root)
    assert (await auditor.read(contract))["allowed_actions"] == []
    assert await refused(auditor, f"{contract}/submit", {}, 1) == (403, "forbidden")
