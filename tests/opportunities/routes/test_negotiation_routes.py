"""Negotiations over HTTP: rounds and open points; prices within limits, passed on, granted by the reporting line."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.opportunities.negotiations.views import NEGOTIATIONS as NEGOTIATIONS_VIEW
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.opportunities.routes.posted import Posted
from tests.opportunities.routes.world import Client, World

NEGOTIATIONS = "/v1/negotiations"
VIEWS = (NEGOTIATIONS_VIEW, STANDINGS, ACCOUNTS, PEOPLE, UNITS)


async def refused(client: Client, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code")


def price(amount: str, product: str = "CAR") -> dict[str, Any]:
    return {"lines": [{"product": product, "units": 10, "unit_price": amount}]}


@pytest.fixture
async def opportunity(rep: Client, director: Client, prospect: dict[str, Any]) -> str:
    listed = {"code": "CAR", "name": "轿车", "list_price": "100000", "currency": "CNY"}
    await director.tell("/v1/products", listed)
    await director.tell("/v1/products", {**listed, "code": "EUR", "currency": "EUR"})
    return str((await rep.tell("/v1/opportunities", prospect))["id"])


@pytest.fixture
async def negotiation(rep: Client, opportunity: str) -> str:
    body = {"opportunity_id": opportunity, "subject": "十台", "on": "2025-03-05"}
    return f"{NEGOTIATIONS}/{(await rep.tell(NEGOTIATIONS, body))['id']}"


async def test_two_rounds_with_concessions_and_open_points(
    rep: Client, ours: World, negotiation: str, pool: asyncpg.Pool
) -> None:
    first = {
        "their_side": [str(ours.key_person)],
        "terms": "单价与账期",
        "concessions": [{"by": "us", "kind": "payment", "what": "账期三十天", "value": "20000", "currency": "CNY"}],
        "open_points": [
            {"text": "质保四年", "owner_id": str(ours.support_id), "due_on": "2025-03-12"},
            {"text": "交付排期", "due_on": "2025-03-30"},
        ],
        "outcome": "progress",
        "minutes": "王主任说预算已定",
        "on": "2025-03-06",
    }
    await rep.tell(f"{negotiation}/hold-round", first, version=1)
    second = {"terms": "质保", "outcome": "agreed", "open_points": [{"text": "盖章"}], "on": "2025-03-14"}
    await rep.tell(f"{negotiation}/hold-round", second, version=2)
    await rep.tell(f"{negotiation}/close-point", {"number": 1, "result": "接受", "on": "2025-03-14"}, version=3)
    again = await rep.tell(f"{negotiation}/close-point", {"number": 1}, version=4)
    assert again["version"] == 4
    assert await refused(rep, f"{negotiation}/close-point", {"number": 9}, 4) == (409, "no_such_point")
    shown = await rep.read(negotiation)
    rounds = shown["standing"]["rounds"]
    assert [(held["number"], held["on"]) for held in rounds] == [(1, "2025-03-06"), (2, "2025-03-14")]
    assert [point["number"] for held in rounds for point in held["open_points"]] == [1, 2, 3]
    assert rounds[0]["our_side"] == [str(ours.rep_id)]
    assert shown["texts"] == {"minutes_2": "王主任说预算已定"}
    await fold_all(pool, VIEWS)
    (row,) = (await rep.read(NEGOTIATIONS))["items"]
    assert (row["rounds"], row["outcome"], row["next_due_on"]) == (2, "agreed", "2025-03-30")
    assert [point["number"] for point in row["open_points"]] == [2, 3]
    (then,) = (await rep.read(NEGOTIATIONS, as_of="2025-03-13", overdue="true"))["items"]
    assert (then["rounds"], then["next_due_on"], len(then["open_points"])) == (1, "2025-03-12", 2)
    assert (await rep.read(NEGOTIATIONS, overdue="true"))["items"] == []


async def test_a_round_refers_to_people_there_are(rep: Client, negotiation: str) -> None:
    held = {"terms": "x", "outcome": "progress"}
    for name, code in (("our_side", "unknown_person"), ("their_side", "unknown_key_person")):
        body = held | {name: [str(uuid4())]}
        assert await refused(rep, f"{negotiation}/hold-round", body, 1) == (422, code)
    concession = {"by": "us", "kind": "price", "what": "x", "value": "1"}
    assert await refused(rep, f"{negotiation}/hold-round", held | {"concessions": [concession]}, 1) == (
        422,
        "validation",
    )


async def test_a_price_within_the_own_limit_is_granted_at_once_and_says_so(rep: Client, negotiation: str) -> None:
    await rep.tell(f"{negotiation}/request-price", price("97000") | {"on": "2025-03-07"}, version=1)
    shown = await rep.read(negotiation)
    said = shown["standing"]
    assert (said["price_status"], said["price_within_own_limit"], said["price_needs"]) == (
        "approved",
        True,
        "department_head",
    )
    granted = shown["history"][-1]
    assert (granted["type"], granted["said"]["function"], granted["said"]["limit"]) == (
        "PriceApproved",
        "representative",
        "0.03",
    )
    assert await refused(rep, f"{negotiation}/void", {"version": 3, "reason": "错"}, 3) == (403, "forbidden")


async def test_a_price_above_the_own_limit_waits_for_who_may_grant_it(
    rep: Client, head: Client, director: Client, negotiation: str
) -> None:
    await rep.tell(f"{negotiation}/request-price", price("92000"), version=1)
    assert (await rep.read(negotiation))["standing"]["price_needs"] == "department_head"
    assert await refused(rep, f"{negotiation}/request-price", price("91000"), 2) == (409, "price_requested")
    assert await refused(rep, f"{negotiation}/conclude", {"agreed": True}, 2) == (409, "price_requested")
    assert await refused(rep, f"{negotiation}/approve-price", {}, 2) == (403, "forbidden")
    assert await refused(head, f"{negotiation}/pass-price-on", {}, 2) == (409, "within_limit")
    assert "approve-price" in (await head.read(negotiation))["allowed_actions"]
    await head.tell(f"{negotiation}/approve-price", {"comment": "仅本批"}, version=2)
    assert (await rep.read(negotiation))["standing"]["price_within_own_limit"] is False
    assert await refused(head, f"{negotiation}/approve-price", {}, 3) == (409, "no_price_requested")
    assert await refused(rep, f"{negotiation}/void", {"version": 3, "reason": "错"}, 3) == (403, "forbidden")
    lines = {"version": 2, "changes": {"price_lines": []}, "reason": "错"}
    assert await refused(head, f"{negotiation}/correct", lines, 3) == (422, "not_correctable")
    await rep.tell(f"{negotiation}/conclude", {"agreed": True}, version=3)
    assert await refused(rep, f"{negotiation}/request-price", price("99000"), 4) == (409, "negotiation_agreed")


async def test_above_the_limit_a_head_passes_it_on(
    rep: Client, head: Client, director: Client, negotiation: str
) -> None:
    await rep.tell(f"{negotiation}/request-price", price("70000"), version=1)
    answer = await head.post(f"{negotiation}/approve-price", {}, version=2)
    said = answer.json()
    assert (answer.status_code, said["code"], said["limit"], said["needs"]) == (403, "above_limit", "0.10", "director")
    assert {"pass-price-on", "refuse-price"} <= set((await head.read(negotiation))["allowed_actions"])
    assert "approve-price" not in (await head.read(negotiation))["allowed_actions"]
    await head.tell(f"{negotiation}/pass-price-on", {"comment": "建议同意"}, version=2)
    await director.tell(f"{negotiation}/approve-price", {}, version=3)
    assert await refused(head, f"{negotiation}/void", {"version": 4, "reason": "错"}, 4) == (403, "above_limit")
    await director.tell(f"{negotiation}/void", {"version": 4, "reason": "错"}, version=4)
    await head.tell(f"{negotiation}/refuse-price", {"comment": "太低"}, version=5)
    assert (await rep.read(negotiation))["standing"]["price_status"] == "refused"


async def test_nobody_grants_what_they_asked_for_or_entered(
    rep: Client, head: Client, director: Client, ours: World, negotiation: str
) -> None:
    await head.tell(f"{negotiation}/request-price", price("60000"), version=1)
    assert await refused(head, f"{negotiation}/refuse-price", {"comment": "x"}, 2) == (403, "not_in_reporting_line")
    await director.tell(f"{negotiation}/refuse-price", {"comment": "x"}, version=2)
    answer = await head.post(f"{negotiation}/request-price", price("89000"), version=3, on_behalf_of=str(ours.rep_id))
    assert answer.status_code == 200
    assert await refused(head, f"{negotiation}/approve-price", {}, 4) == (403, "not_in_reporting_line")


async def test_two_currencies_are_never_compared(rep: Client, head: Client, director: Client, negotiation: str) -> None:
    assert await refused(rep, f"{negotiation}/request-price", price("1", "Z"), 1) == (422, "unknown_product")
    await rep.tell(f"{negotiation}/request-price", price("99999", "EUR"), version=1)
    said = (await rep.read(negotiation))["standing"]
    assert "price_discount" not in said
    assert said["price_needs"] == "director"
    assert await refused(head, f"{negotiation}/approve-price", {}, 2) == (403, "above_limit")


async def test_a_price_cannot_be_told_to_have_been_asked_before_another_was_granted(
    rep: Client, head: Client, negotiation: str
) -> None:
    await rep.tell(f"{negotiation}/request-price", price("92000") | {"on": "2025-03-07"}, version=1)
    await head.tell(f"{negotiation}/approve-price", {"on": "2025-03-10"}, version=2)
    late = price("50000") | {"on": "2025-03-06"}
    assert await refused(rep, f"{negotiation}/request-price", late, 3) == (409, "decided_since")
    moved = {"version": 2, "changes": {}, "on": "2025-03-08", "reason": "错"}
    assert await refused(rep, f"{negotiation}/correct", moved, 3) == (403, "forbidden")


async def test_limits_are_published(
    rep: Client, head: Client, director: Client, stranger: Client, negotiation: str
) -> None:
    policy = {
        "effective_from": "2025-03-01",
        "limits": [
            {"function": "representative", "max_discount": "0.01"},
            {"function": "department_head", "max_discount": "0.02"},
            {"function": "director", "max_discount": "1"},
        ],
    }
    path = "/v1/price-policies"
    assert await refused(rep, path, policy) == (403, "forbidden")
    assert await refused(director, path, policy | {"limits": policy["limits"][:2]}) == (422, "nobody_unlimited")
    twice = [*policy["limits"], {"function": "director", "max_discount": "0.5"}]
    assert await refused(director, path, policy | {"limits": twice}) == (422, "limit_given_twice")
    await director.tell(path, policy)
    assert (await rep.read(path))["limits"][0] == {"function": "representative", "max_discount": "0.01"}
    assert (await rep.read(path, on="2025-02-01"))["limits"][0]["max_discount"] == "0.03"
    assert (await stranger.read(path))["limits"][0]["max_discount"] == "0.03"
    await rep.tell(f"{negotiation}/request-price", price("97000"), version=1)
    assert (await rep.read(negotiation))["standing"]["price_needs"] == "director"
    assert await refused(head, f"{negotiation}/approve-price", {}, 2) == (403, "above_limit")


async def test_nobody_chooses_an_earlier_day_for_its_limits(
    rep: Client, head: Client, director: Client, negotiation: str
) -> None:
    policy = {"effective_from": "2025-03-18", "limits": [{"function": "director", "max_discount": "1"}]}
    await director.tell("/v1/price-policies", policy)
    await rep.tell(f"{negotiation}/request-price", price("97000") | {"on": "2025-03-10"}, version=1)
    assert (await rep.read(negotiation))["standing"]["price_status"] == "requested"
    before = {"on": "2025-03-11"}
    assert await refused(head, f"{negotiation}/approve-price", before, 2) == (403, "above_limit")
    await director.tell(f"{negotiation}/approve-price", before, version=2)


async def test_the_reporting_line_decides_not_the_place_of_work(
    ours: World, store: EventStore, pool: asyncpg.Pool, http: httpx.AsyncClient, settings: Settings, prospect: Any,
    director: Client,
) -> None:  # fmt: skip
    posted = Posted(ours, store, pool, http, development_key(settings.data))
    await posted.found()
    await director.tell("/v1/products", {"code": "CAR", "name": "轿车", "list_price": "100000", "currency": "CNY"})
    guest = posted.client("guest")
    deal = (await guest.tell("/v1/opportunities", prospect | {"account_id": None}))["id"]
    path = f"{NEGOTIATIONS}/{(await guest.tell(NEGOTIATIONS, {'opportunity_id': deal}))['id']}"
    await guest.tell(f"{path}/request-price", price("92000"), version=1)
    manager = posted.client("east_manager")
    assert await refused(manager, f"{path}/approve-price", {}, 2) == (403, "not_in_reporting_line")
    await posted.client("ka_head").tell(f"{path}/approve-price", {}, version=2)


async def test_other_branches_and_companies_see_nothing(
    rep: Client, west_rep: Client, stranger: Client, negotiation: str, opportunity: str, pool: asyncpg.Pool
) -> None:
    await fold_all(pool, VIEWS)
    for client in (west_rep, stranger):
        assert (await client.read(NEGOTIATIONS))["items"] == []
        assert (await client.get(negotiation)).status_code == 404
        assert await refused(client, f"{negotiation}/request-price", price("1"), 1) == (404, "not_found")
        assert await refused(client, NEGOTIATIONS, {"opportunity_id": opportunity}) == (422, "unknown_opportunity")


async def test_a_retry_of_a_round_keeps_its_minutes_once(rep: Client, negotiation: str) -> None:
    held = {"terms": "x", "outcome": "progress", "minutes": "对方沉默"}
    first = await rep.post(f"{negotiation}/hold-round", held, version=1, key="same")
    again = await rep.post(f"{negotiation}/hold-round", held, version=1, key="same")
    assert (first.json()["version"], again.json()["version"]) == (2, 2)
    shown = await rep.read(negotiation)
    assert (shown["texts"], len(shown["standing"]["rounds"])) == ({"minutes_2": "对方沉默"}, 1)
