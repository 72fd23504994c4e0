"""Leads over HTTP: taken in, assigned by rule, claimed, answered, disposed of, turned into prospects; who sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from services.opportunities.leads import views as lead_views
from services.opportunities.products.view import PRODUCTS
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.identity.tokens import development_key
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, Clock, World

LEADS = "/v1/leads"
VIEWS = (*lead_views.VIEWS, STANDINGS, ACCOUNTS, PEOPLE, UNITS, PRODUCTS)
POLICIES = "/v1/lead-policies"
ASKED = {
    "channel": "web",
    "account_name": "浦江旅游",
    "interests": [{"product": "A6L", "units": 3}, {"said": "充电桩"}],
    "contact": {"name": "周女士", "phone": "13911112222"},
    "words": "请尽快回电",
    "at": "2025-03-19T01:00:00Z",
}


@pytest.fixture
def west_head(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    """Nobody of the east: technical support in the west sees the west's records."""
    return ours.client(http, development_key(settings.data), ours.support_id)


async def published(director: Client, *rules: dict[str, Any], **said: Any) -> dict[str, Any]:
    return await director.tell(POLICIES, {"effective_from": "2025-01-01", "rules": list(rules), **said})


async def test_a_lead_waits_in_its_unit_until_somebody_claims_it(
    rep: Client, west_rep: Client, head: Client, stranger: Client
) -> None:
    lead = await rep.tell(LEADS, ASKED)
    path = f"{LEADS}/{lead['id']}"
    shown = await rep.read(path)
    assert shown["standing"]["status"] == "open"
    assert "owner_id" not in shown["standing"]
    assert shown["standing"]["answer_hours"] == "24"
    assert shown["texts"] == {"words": "请尽快回电", "contact_name": "周女士", "contact_phone": "139****2222"}
    assert shown["allowed_actions"] == ["claim", "contact", "dispose", "capture", "correct", "void"]
    assert (await head.read(path))["allowed_actions"][0] == "assign"
    promised = {"version": 1, "changes": {"answer_hours": "8000"}, "reason": "来不及"}
    answer = await rep.post(f"{path}/correct", promised, version=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (
        "what was promised is not theirs to change"
    )
    for outsider in (west_rep, stranger):
        assert (await outsider.get(path)).status_code == 404
        assert (await outsider.post(f"{path}/claim", {}, version=1)).status_code == 404
    assert (await rep.post(f"{path}/claim", {})).status_code == 428
    claimed = await rep.tell(f"{path}/claim", {}, version=1)
    assert claimed["version"] == 2
    again = await head.post(f"{path}/claim", {}, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "already_assigned")
    assert (await rep.read(path))["standing"]["assigned_how"] == "claimed"


async def test_only_who_hands_over_assigns_and_only_to_people_in_sight(
    rep: Client, head: Client, director: Client, ours: World
) -> None:
    lead = await rep.tell(LEADS, ASKED)
    path = f"{LEADS}/{lead['id']}/assign"
    body = {"owner_id": str(ours.rep_id)}
    assert (await rep.post(path, body, version=1)).json()["code"] == "forbidden"
    refused = await head.post(path, {"owner_id": str(ours.west_rep_id)}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_your_units")
    unknown = await head.post(path, {"owner_id": str(ours.gone_id)}, version=1)
    assert unknown.json()["code"] == "unknown_owner"
    assert (await head.tell(path, body, version=1))["version"] == 2
    assert (await head.tell(path, body, version=2))["version"] == 2  # it is so already
    west = {"owner_id": str(ours.west_rep_id)}
    assert (await director.tell(path, west, version=2))["version"] == 3
    assert (await head.get(f"{LEADS}/{lead['id']}")).status_code == 404  # it is the west's now


async def test_rules_assign_in_turn_and_say_which_rule(
    rep: Client, director: Client, ours: World, clock: Clock
) -> None:
    persons = [str(ours.rep_id), str(ours.gone_id), str(ours.head_id)]
    turn = {"code": "web", "channel": "web", "assign": "round_robin", "persons": persons, "answer_hours": 2}
    await published(director, turn, {"code": "rest", "assign": "nobody", "answer_hours": 8})
    owners, hours = [], set()
    for _ in range(4):
        lead = await rep.tell(LEADS, ASKED)
        assert lead["version"] == 2
        shown = await director.read(f"{LEADS}/{lead['id']}")
        said = shown["history"][1]["said"]
        assert (said["how"], said["rule"], said["policy_version"]) == ("by_rule", "web", 1)
        owners.append(said["owner_id"])
        hours.add(shown["standing"]["answer_hours"])
    assert owners == [persons[0], persons[2]] * 2, "who left is passed over"
    assert hours == {"2"}
    other = await rep.tell(LEADS, ASKED | {"channel": "phone"})
    shown = await rep.read(f"{LEADS}/{other['id']}")
    assert (other["version"], shown["standing"]["answer_hours"]) == (1, "8")
    early = await rep.tell(LEADS, ASKED | {"at": "2024-12-31T01:00:00Z"})
    assert early["version"] == 1, "no rule was in force then"


async def test_a_lead_for_the_head_goes_to_the_head_of_its_unit(
    rep: Client, head: Client, director: Client, ours: World, pool: asyncpg.Pool
) -> None:
    await published(director, {"code": "east", "unit_id": str(ours.east), "assign": "head"})
    await fold_all(pool, VIEWS)
    lead = await rep.tell(LEADS, ASKED)
    assert (await head.read(f"{LEADS}/{lead['id']}"))["standing"]["owner_id"] == str(ours.head_id)
    west = await director.tell(LEADS, ASKED | {"unit_id": str(ours.west)})
    assert west["version"] == 1, "the rule is of the east"


async def test_many_at_once_take_turns_and_none_is_lost(rep: Client, director: Client, ours: World) -> None:
    persons = [str(ours.rep_id), str(ours.head_id)]
    await published(director, {"code": "all", "assign": "round_robin", "persons": persons})
    receipts = await asyncio.gather(*(rep.tell(LEADS, ASKED) for _ in range(12)))
    pages = [await director.read(f"{LEADS}/{receipt['id']}") for receipt in receipts]
    owners = [page["standing"]["owner_id"] for page in pages]
    assert sorted(owners.count(person) for person in persons) == [6, 6]


async def test_a_policy_says_what_is_wrong_with_it(rep: Client, director: Client, ours: World) -> None:
    assert (await rep.post(POLICIES, {"effective_from": "2025-01-01"})).status_code == 403
    for rule, code in (
        ({"code": "a", "assign": "round_robin"}, "persons_of_round_robin"),
        ({"code": "a", "assign": "head", "persons": [str(ours.rep_id)]}, "persons_of_round_robin"),
        ({"code": "a", "assign": "round_robin", "persons": [str(ours.account)]}, "unknown_person"),
        ({"code": "a", "assign": "head", "unit_id": str(ours.rep_id)}, "unknown_unit"),
    ):
        refused = await director.post(POLICIES, {"effective_from": "2025-01-01", "rules": [rule]})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    twice = [{"code": "a", "assign": "head"}, {"code": "a", "assign": "nobody"}]
    refused = await director.post(POLICIES, {"effective_from": "2025-01-01", "rules": twice})
    assert refused.json()["code"] == "duplicate_code"
    assert (await published(director, {"code": "a", "assign": "head"}))["version"] == 1
    assert (await published(director, {"code": "a", "assign": "head"}))["version"] == 1, "it is so already"
    shown = await rep.read(POLICIES)
    assert shown["in_force"]["version"] == 1
    assert shown["rows"][0]["rules"][0]["assign"] == "head"
    assert (await rep.read(POLICIES, on="2024-06-01"))["in_force"]["version"] == 0


async def test_many_leads_in_one_call_are_taken_or_refused_each_by_itself(rep: Client) -> None:
    body = {"leads": [ASKED, ASKED | {"interests": [{"product": "ZZZ"}]}, ASKED | {"at": "2030-01-01T00:00:00Z"}]}
    first = await rep.post(f"{LEADS}/bulk", body, key="night run 1")
    assert first.status_code == 200, first.text
    said = first.json()
    assert [(item["status"], item["code"]) for item in said["items"]] == [
        (201, "ok"), (422, "unknown_product"), (422, "in_the_future"),
    ]  # fmt: skip
    assert said["items"][1]["pointer"] == "/leads/1/interests/0/product"
    assert (said["received"], said["refused"]) == (1, 2)
    again = await rep.post(f"{LEADS}/bulk", body, key="night run 1")
    outcomes = [[item[name] for item in told.json()["items"]] for told in (first, again) for name in ("id", "code")]
    assert outcomes[:2] == outcomes[2:], "a retry does nothing twice"
    other = await rep.post(f"{LEADS}/bulk", {"leads": [ASKED | {"channel": "phone"}]}, key="night run 1")
    assert other.json()["items"][0]["code"] == "idempotency_key_reused"
    assert (await rep.get(f"{LEADS}/{said['items'][0]['id']}")).status_code == 200
    assert (await rep.post(f"{LEADS}/bulk", {"leads": []})).status_code == 422


async def test_the_first_contact_ends_the_response_time_and_may_be_corrected(rep: Client, pool: asyncpg.Pool) -> None:
    lead = await rep.tell(LEADS, ASKED)
    path = f"{LEADS}/{lead['id']}"
    early = await rep.post(f"{path}/contact", {"way": "phone", "at": "2025-03-19T00:00:00Z"}, version=1)
    assert (early.status_code, early.json()["code"]) == (409, "before_received")
    late = await rep.post(f"{path}/contact", {"way": "phone", "at": "2026-03-19T00:00:00Z"}, version=1)
    assert late.json()["code"] == "in_the_future"
    twice = await rep.post(
        f"{path}/contact", {"way": "phone", "at": "2025-03-19T03:00:00Z", "on": "2025-03-19"}, version=1
    )
    assert twice.json()["code"] == "two_times"
    await rep.tell(f"{path}/contact", {"way": "phone", "reached": False, "at": "2025-03-19T05:30:00Z"}, version=1)
    await rep.tell(f"{path}/contact", {"way": "phone", "words": "约周五见", "at": "2025-03-19T07:00:00Z"}, version=2)
    await fold_all(pool, VIEWS)
    row = (await rep.read(LEADS))["items"][0]
    assert (row["status"], row["response_hours"], row["contacts"]) == ("contacted", 4.5, 2)
    assert (row["contacted_by"], row["answer_overdue"]) == (str(rep.person), False)
    said = {"version": 2, "occurred_at": "2025-03-19T03:00:00Z", "reason": "时间录错"}
    await rep.tell(f"{path}/correct", said, version=3)
    await fold_all(pool, VIEWS)
    assert (await rep.read(LEADS))["items"][0]["response_hours"] == 2
    before = await rep.read(LEADS, known_at=str((await rep.read(path))["history"][2]["position"]))
    assert before["items"][0]["response_hours"] == 4.5
    await rep.tell(f"{path}/void", {"version": 2, "reason": "没打"}, version=4)
    await fold_all(pool, VIEWS)
    assert (await rep.read(LEADS))["items"][0]["response_hours"] == 6
    assert (await rep.read(path))["texts"]["words_3"] == "约周五见"


async def test_a_disposal_says_what_belongs_to_it(
    rep: Client, west_rep: Client, prospect: dict[str, Any], ours: World
) -> None:
    lead, other = await rep.tell(LEADS, ASKED), await rep.tell(LEADS, ASKED)
    foreign = await west_rep.tell(LEADS, ASKED)
    deal = await rep.tell("/v1/opportunities", prospect)
    path = f"{LEADS}/{lead['id']}"
    for body, code in (
        ({"disposal": "record"}, "disposal_incomplete"),
        ({"disposal": "duplicate"}, "disposal_incomplete"),
        ({"disposal": "follow_up"}, "disposal_incomplete"),
        ({"disposal": "no_intention", "follow_up_on": "2025-04-01"}, "not_of_disposal"),
        ({"disposal": "follow_up", "follow_up_on": "2025-03-20"}, "follow_up_gone_by"),
        ({"disposal": "duplicate", "duplicate_of_lead_id": lead["id"]}, "duplicate_of_itself"),
        ({"disposal": "duplicate", "duplicate_of_lead_id": foreign["id"]}, "unknown_lead"),
        ({"disposal": "duplicate", "duplicate_of_lead_id": str(ours.rep_id)}, "unknown_lead"),
        ({"disposal": "record", "opportunity_id": str(ours.rep_id)}, "unknown_opportunity"),
        (
            {
                "disposal": "duplicate",
                "duplicate_of_lead_id": other["id"],
                "duplicate_of_opportunity_id": deal["id"],
            },
            "disposal_incomplete",
        ),
    ):
        refused = await rep.post(f"{path}/dispose", body, version=1)
        assert (refused.status_code, refused.json()["code"]) == (422, code), body
    await rep.tell(f"{path}/dispose", {"disposal": "follow_up", "follow_up_on": "2025-04-01"}, version=1)
    await rep.tell(f"{path}/dispose", {"disposal": "duplicate", "duplicate_of_opportunity_id": deal["id"]}, version=2)
    ended = await rep.post(f"{path}/dispose", {"disposal": "no_intention"}, version=3)
    assert (ended.status_code, ended.json()["code"]) == (409, "lead_disposed")
    assert (await rep.read(path))["allowed_actions"] == ["correct", "void"]
    await rep.tell(f"{path}/void", {"version": 3, "reason": "不是同一家"}, version=3)
    await rep.tell(f"{path}/dispose", {"disposal": "record", "opportunity_id": deal["id"]}, version=4)
    assert (await rep.read(path))["standing"]["opportunity_id"] == deal["id"]


async def test_a_lead_becomes_a_prospect_in_one_step_with_all_that_is_known(
    rep: Client, west_rep: Client, prospect: dict[str, Any], ours: World
) -> None:
    lead = await rep.tell(LEADS, ASKED)
    path = f"{LEADS}/{lead['id']}"
    wrong = await rep.post(f"{path}/capture", {"account_id": str(ours.tenant_id)}, version=1)
    assert wrong.json()["code"] == "unknown_account"
    assert (await rep.read(path))["version"] == 1, "all or nothing"
    assert (await west_rep.post(f"{path}/capture", {}, version=1)).status_code == 404
    answer = await rep.post(f"{path}/capture", {"account_id": str(ours.account)}, version=1, key="capture")
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/opportunities/{receipt['id']}"
    assert (
        await rep.post(f"{path}/capture", {"account_id": str(ours.account)}, version=1, key="capture")
    ).json() == receipt
    shown = await rep.read(f"/v1/opportunities/{receipt['id']}")
    standing = shown["standing"]
    assert (standing["channel"], standing["title"], standing["owner_id"]) == ("web", "浦江旅游", str(ours.rep_id))
    assert [(line["product"], line["units"]) for line in shown["lines"]] == [("A6L", 3)]
    assert shown["texts"] == {"contact_name": "周女士", "contact_phone": "139****2222"}
    assert shown["history"][0]["said"]["lead_id"] == lead["id"]
    after = await rep.read(path)
    assert (after["standing"]["status"], after["standing"]["opportunity_id"]) == ("record", receipt["id"])
    assert after["standing"]["assigned_how"] == "claimed"
    same = await rep.tell(LEADS, ASKED)
    refused = await rep.post(f"{LEADS}/{same['id']}/capture", {"account_id": str(ours.account)}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_prospect")


async def test_the_list_shows_each_what_they_see_and_takes_filters(
    rep: Client, west_rep: Client, head: Client, director: Client, stranger: Client, ours: World, pool: asyncpg.Pool
) -> None:
    old = await rep.tell(LEADS, ASKED | {"at": "2025-03-01T01:00:00Z"})
    mine = await rep.tell(
        LEADS, ASKED | {"channel": "phone", "account_id": str(ours.account), "at": "2025-03-20T01:00:00Z"}
    )
    await rep.tell(f"{LEADS}/{mine['id']}/claim", {}, version=1)
    west = await west_rep.tell(LEADS, ASKED)
    await fold_all(pool, VIEWS)

    async def ids(who: Client, **query: Any) -> list[str]:
        return [row["id"] for row in (await who.read(LEADS, **query))["items"]]

    assert set(await ids(director)) == {old["id"], mine["id"], west["id"]}
    assert await ids(rep) == await ids(head) == [mine["id"], old["id"]]
    assert await ids(west_rep) == [west["id"]]
    assert await ids(stranger) == []
    assert await ids(rep, unassigned="true") == [old["id"]]
    assert await ids(rep, status="assigned") == [mine["id"]]
    assert await ids(rep, channel="phone") == await ids(rep, owner_id=str(ours.rep_id)) == [mine["id"]]
    assert await ids(rep, overdue="true") == await ids(rep, to="2025-03-05") == [old["id"]]
    assert await ids(rep, account_id=str(ours.account)) == [mine["id"]]
    assert await ids(director, unit_id=str(ours.west)) == [west["id"]]
    assert await ids(rep, as_of="2025-03-10") == [old["id"]]
    first = await rep.read(LEADS, limit="1")
    assert [row["id"] for row in first["items"]] == [mine["id"]]
    assert await ids(rep, limit="1", after=first["next"]) == [old["id"]]
    row = (await rep.read(LEADS, channel="phone"))["items"][0]
    assert (row["account"], row["owner_id"], row["unit"]) == ("申城出租", str(ours.rep_id), "华东")
    assert row["interests"][0]["product_name"] == "奥迪 A6L"
