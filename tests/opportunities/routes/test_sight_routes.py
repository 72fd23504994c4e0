"""Two edges over HTTP: both give sight, only the reporting line approves; deputies; who was responsible before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.event_store.store import EventStore
from shared.identity.tokens import development_key
from shared.settings import Settings
from tests.opportunities.routes.posted import TODAY, Posted
from tests.opportunities.routes.world import Client, Clock, World

OPPORTUNITIES = "/v1/opportunities"
REASON = {"reason": "other_brand.price"}


@pytest.fixture
async def posted(
    ours: World, store: EventStore, pool: asyncpg.Pool, http: httpx.AsyncClient, settings: Settings
) -> Posted:
    found = Posted(ours, store, pool, http, development_key(settings.data))
    await found.found()
    return found


@pytest.fixture
def own(prospect: dict[str, Any]) -> dict[str, Any]:
    """A prospect without an account: seen by owner and organisation alone."""
    return prospect | {"account_id": None, "lines": [{"product": "A6L", "units": 1, "unit_price": "300000"}]}


@pytest.fixture
def forget(app: FastAPI) -> Any:
    """As if five seconds had gone by."""
    return app.state.kit._sights.clear


async def status(client: Client, path: str, **query: Any) -> int:
    return (await client.get(path, **query)).status_code


async def capture(client: Client, body: dict[str, Any]) -> str:
    return str((await client.tell(OPPORTUNITIES, body))["id"])


async def asked_to_close(client: Client, body: dict[str, Any]) -> str:
    path = f"{OPPORTUNITIES}/{await capture(client, body)}"
    await client.tell(f"{path}/request-defeat", REASON, version=1)
    return path


async def refused(client: Client, path: str, body: dict[str, Any], version: int) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code", "")


async def test_place_of_work_and_reporting_line_both_give_sight(
    posted: Posted, own: dict[str, Any], ours: World, west_rep: Client, rep: Client, head: Client, director: Client
) -> None:
    """The guest works in the east and belongs to the department; their records carry the unit they name."""
    guest = posted.client("guest")
    path = f"{OPPORTUNITIES}/{await capture(guest, own)}"
    elsewhere = await director.tell(
        OPPORTUNITIES, own | {"owner_id": str(posted.id("guest")), "unit_id": str(ours.west), "title": "z"}
    )
    for at in (path, f"{OPPORTUNITIES}/{elsewhere['id']}"):
        for seeing in (guest, head, posted.client("ka_head"), posted.client("office")):
            assert await status(seeing, at) == 200
        for blind in (rep, posted.client("junior"), west_rep):
            assert await status(blind, at) == 404
    await posted.fold()
    for name, seen in (("guest", 2), ("ka_head", 2), ("office", 2), ("junior", 0)):
        client = posted.client(name)
        assert len((await client.read(OPPORTUNITIES))["items"]) == seen, name
        board = (await client.read("/v1/pipeline"))["rows"]
        assert sum(row["count"] for row in board) == seen, name


async def test_the_line_goes_through_persons(posted: Posted, own: dict[str, Any], head: Client, ours: World) -> None:
    """The junior in the west reports to the guest: guest and department see it, the guest's place of work does not."""
    path = f"{OPPORTUNITIES}/{await capture(posted.client('junior'), own)}"
    assert await status(posted.client("guest"), path) == 200
    assert await status(posted.client("ka_head"), path) == 200
    assert await status(head, path) == 404


async def test_only_the_reporting_line_approves(posted: Posted, own: dict[str, Any], head: Client) -> None:
    path = await asked_to_close(posted.client("guest"), own)
    ka_head = posted.client("ka_head")
    for verb, body in (("approve-defeat", {}), ("reject-defeat", {"finding": "still_buying"})):
        assert verb not in (await head.read(path))["allowed_actions"]
        assert verb in (await ka_head.read(path))["allowed_actions"]
        assert await refused(head, f"{path}/{verb}", body, 2) == (403, "not_in_reporting_line")
    assert await refused(posted.client("guest"), f"{path}/approve-defeat", {}, 2) == (403, "forbidden")
    assert "instruct" in (await head.read(path))["allowed_actions"]
    await head.tell(f"{path}/instruct", {"text": "再谈一次", "due_on": "2025-03-25"}, version=2)
    await ka_head.tell(f"{path}/approve-defeat", {}, version=3)
    mending = {"version": 4, "reason": "x"}
    assert await refused(head, f"{path}/void", mending, 4) == (403, "not_in_reporting_line")
    await ka_head.tell(f"{path}/void", mending, version=4)


async def test_a_freeze_is_approved_by_the_line(posted: Posted, own: dict[str, Any], head: Client) -> None:
    guest = posted.client("guest")
    path = f"{OPPORTUNITIES}/{await capture(guest, own)}"
    await guest.tell(f"{path}/freeze", {"reason": "预算推迟", "recall_on": "2025-06-01"}, version=1)
    for verb in ("approve-freeze", "reject-freeze"):
        assert await refused(head, f"{path}/{verb}", {}, 2) == (403, "not_in_reporting_line")
    await posted.client("ka_head").tell(f"{path}/approve-freeze", {}, version=2)


async def test_nobody_approves_their_own_request(
    posted: Posted, own: dict[str, Any], head: Client, director: Client, ours: World
) -> None:
    """A head's own request goes to the next one up, in whosever name it was entered."""
    path = await asked_to_close(head, own)
    assert await refused(head, f"{path}/approve-defeat", {}, 2) == (403, "not_in_reporting_line")
    assert "approve-defeat" not in (await head.read(path))["allowed_actions"]
    await posted.client("east_manager").tell(f"{path}/approve-defeat", {}, version=2)
    body = own | {"title": "y", "lines": [{"product": "Q5", "units": 1}]}
    other = f"{OPPORTUNITIES}/{(await head.post(OPPORTUNITIES, body, on_behalf_of=str(ours.rep_id))).json()['id']}"
    answer = await head.post(f"{other}/request-defeat", REASON, version=1, on_behalf_of=str(ours.rep_id))
    assert answer.status_code == 200, answer.text
    assert await refused(head, f"{other}/approve-defeat", {}, 2) == (403, "not_in_reporting_line")
    await director.tell(f"{other}/approve-defeat", {}, version=2)


async def test_a_deputy_sees_and_approves_until_the_last_day(
    posted: Posted, own: dict[str, Any], head: Client, clock: Clock, forget: Any, ours: World
) -> None:
    path = await asked_to_close(posted.client("guest"), own)
    deputy = posted.client("junior")  # no head's function of their own, works elsewhere
    assert await status(deputy, path) == 404
    await posted.stand_in(posted.id("ka_head"), posted.id("junior"), until=TODAY + timedelta(days=1))
    forget()
    assert "approve-defeat" in (await deputy.read(path))["allowed_actions"]
    clock.pass_days(1)
    forget()
    assert len((await deputy.read(OPPORTUNITIES))["items"]) == 1
    clock.pass_days(1)
    forget()
    assert await status(deputy, path) == 404
    clock.pass_days(-2)
    forget()
    await deputy.tell(f"{path}/approve-defeat", {}, version=2)
    approval = (await head.read(path))["history"][-1]
    assert (approval["actor"], approval["on_behalf_of"]) == (str(posted.id("junior")), None)


async def test_standing_in_does_not_chain_and_makes_nobody_their_own_judge(
    posted: Posted, own: dict[str, Any], forget: Any, ours: World, west_rep: Client
) -> None:
    path = await asked_to_close(posted.client("guest"), own)
    await posted.stand_in(posted.id("ka_head"), posted.id("guest"))
    await posted.stand_in(posted.id("guest"), ours.west_rep_id)
    forget()
    assert await status(west_rep, path) == 200  # as the guest
    shown = await west_rep.read(path)
    assert "approve-defeat" not in shown["allowed_actions"]  # not as the guest's absent head
    assert await refused(posted.client("guest"), f"{path}/approve-defeat", {}, 2) == (403, "not_in_reporting_line")


async def test_actor_on_behalf_of_and_owner_are_three(
    posted: Posted, own: dict[str, Any], store: EventStore, ours: World
) -> None:
    """The office enters for the guest what the representative will be responsible for."""
    answer = await posted.client("office").post(
        OPPORTUNITIES, own | {"owner_id": str(ours.rep_id)}, on_behalf_of=str(posted.id("guest"))
    )
    assert answer.status_code == 201, answer.text
    shown = await posted.client("office").read(f"{OPPORTUNITIES}/{answer.json()['id']}")
    first = shown["history"][0]
    assert (first["actor"], first["on_behalf_of"], shown["standing"]["owner_id"]) == (
        str(posted.id("office")), str(posted.id("guest")), str(ours.rep_id),
    )  # fmt: skip


async def test_who_may_be_entered_for(
    posted: Posted, own: dict[str, Any], ours: World, rep: Client, forget: Any
) -> None:
    office, denied = posted.client("office"), (403, "on_behalf_of_not_allowed")

    async def entering(client: Client, person: Any, key: str | None = None) -> tuple[int, str]:
        answer = await client.post(OPPORTUNITIES, own | {"title": str(uuid4())}, key=key, on_behalf_of=str(person))
        return answer.status_code, answer.json().get("code", "")

    for person in (uuid4(), ours.west_rep_id, ours.gone_id, posted.ka):
        assert await entering(office, person) == denied
    assert await entering(rep, ours.rep_id) == denied
    assert await entering(posted.client("junior"), ours.rep_id) == denied
    assert (await entering(office, ours.rep_id))[0] == 201
    await posted.stand_in(ours.rep_id, posted.id("junior"))
    forget()
    assert (await entering(posted.client("junior"), ours.rep_id))[0] == 201
    body, key = own | {"title": "once"}, "the same key"
    assert (await office.post(OPPORTUNITIES, body, key=key, on_behalf_of=str(ours.rep_id))).status_code == 201
    for again in (
        await office.post(OPPORTUNITIES, body, key=key, on_behalf_of=str(posted.id("guest"))),
        await office.post(OPPORTUNITIES, body, key=key),
    ):
        assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_former_owner_sees_nothing_of_it_and_keeps_the_credit(
    posted: Posted, prospect: dict[str, Any], ours: World, rep: Client, west_rep: Client, head: Client, director: Client
) -> None:
    """East captures, visits and loses a deal; then it is handed to the west. Figures of the east stay, rows go."""
    own = prospect | {"account_id": None}
    path = f"{OPPORTUNITIES}/{await capture(rep, own)}"
    id = path.rpartition("/")[2]
    visit = {"opportunity_ids": [id], "purpose": "develop", "way": "on_site", "on": "2025-03-05"}
    judged = {"judgements": [{"opportunity_id": id, "level": "H", "expected_on": "2025-03-14"}]}
    logged = await rep.tell("/v1/visits/log", visit | judged)
    await rep.tell(f"{path}/request-defeat", REASON | {"on": "2025-03-08"}, version=2)
    await head.tell(f"{path}/approve-defeat", {"on": "2025-03-09"}, version=3)
    await rep.tell(f"{path}/reopen", {"reason": "回头", "on": "2025-03-10"}, version=4)
    await posted.fold()

    async def figures(client: Client) -> list[Any]:
        board = (await client.read("/v1/pipeline", as_of="2025-03-11"))["rows"]
        lost = (await client.read("/v1/defeats/analysis", group_by="owner"))["rows"]
        outcomes = (await client.read("/v1/outcomes", group_by="owner"))["rows"]
        kept = [(row["key"], row["captured"], row["lost"]) for row in outcomes]
        return [[row for row in board if row["count"]], lost, kept]

    before = [await figures(client) for client in (rep, head)]
    await director.tell(f"{path}/transfer", {"owner_id": str(ours.west_rep_id), "on": "2025-03-12"}, version=5)
    await posted.fold()
    assert [await figures(client) for client in (rep, head)] == before
    rows = ("/v1/opportunities", "/v1/hot-customers", "/v1/defeats", "/v1/visits")
    for former in (rep, head):
        assert await status(former, path) == await status(former, path, as_of="2025-03-11") == 404
        assert await status(former, f"/v1/visits/{logged['id']}") == 404
        assert (await former.post(f"{path}/qualify", {"level": "A"}, version=6)).status_code == 404
        for table in rows:
            for asked in ({}, {"as_of": "2025-03-09"}, {"known_at": str(logged["position"])}):
                shown = await former.read(table, **asked)
                assert shown.get("items", shown.get("rows")) == [], (table, asked)
        told = (await former.read("/v1/events", subject=path.rpartition("/")[2]))["items"][-1]
        assert (told["type"], told["data"]) == ("left_scope", {})
        diff = await former.read("/v1/pipeline/diff", policy_b="h30-a90-b180", as_of="2025-03-08")
        assert (diff["compared"], diff["rows"]) == (1, [])
    for table, asked in (("/v1/defeats", {}), ("/v1/visits", {}), ("/v1/hot-customers", {"as_of": "2025-03-07"})):
        shown = await west_rep.read(table, **asked)
        assert len(shown.get("items") or shown["rows"]) == 1, table
    assert (await west_rep.read(f"/v1/visits/{logged['id']}"))["standing"]["owner_id"] == str(ours.rep_id)
    assert len((await west_rep.read(path))["history"]) == 6


async def test_colleagues_who_took_part_see_the_visit_not_the_prospect(
    posted: Posted, own: dict[str, Any], rep: Client, support: Client, ours: World
) -> None:
    id = await capture(rep, own)
    body = {"opportunity_ids": [id], "purpose": "develop", "way": "on_site", "on": "2025-03-05"}
    visit = await rep.tell("/v1/visits/log", body | {"participants": [str(ours.rep_id), str(ours.support_id)]})
    await posted.fold()
    assert await status(support, f"{OPPORTUNITIES}/{id}") == 404
    assert await status(support, f"/v1/visits/{visit['id']}") == 200
    (row,) = (await support.read("/v1/visits"))["items"]
    assert (row["id"], row["opportunity_ids"]) == (visit["id"], [])
    assert (await support.read("/v1/visits", opportunity_id=id))["items"] == []


async def test_an_account_out_of_sight_is_none(
    posted: Posted, prospect: dict[str, Any], ours: World, west_rep: Client, support: Client, director: Client
) -> None:
    """Owner, support team and supervisors file on an account; for others there is no such account."""
    out_of_sight = await west_rep.post(OPPORTUNITIES, prospect)
    absent = await west_rep.post(OPPORTUNITIES, prospect | {"account_id": str(uuid4())})
    assert [answer.status_code for answer in (out_of_sight, absent)] == [422, 422]
    assert out_of_sight.json()["errors"] == absent.json()["errors"]
    visit = {"account_id": str(ours.account), "purpose": "develop", "way": "on_site", "on": "2025-03-05"}
    for path, body in (("/v1/visits/log", visit), ("/v1/visits", {**visit, "planned_on": "2025-03-25"})):
        answer = await west_rep.post(
            path, {name: value for name, value in body.items() if path[-3:] == "log" or name != "on"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_account"), answer.text
    assert (await support.post(OPPORTUNITIES, prospect)).status_code == 201  # in the account's team
    theirs = await director.tell(OPPORTUNITIES, prospect | {"owner_id": str(ours.west_rep_id), "lines": []})
    at_theirs = {**visit, "opportunity_ids": [theirs["id"]]}
    assert (await west_rep.post("/v1/visits/log", at_theirs)).status_code == 201  # through the prospect they own


async def test_a_duplicate_out_of_sight_names_the_unit_alone(
    posted: Posted, prospect: dict[str, Any], ours: World, support: Client, director: Client
) -> None:
    """The support team member of the west meets a prospect on another account's product they cannot see."""
    await director.tell(OPPORTUNITIES, prospect | {"account_id": str(ours.other_account)})
    account = prospect | {"account_id": str(ours.other_account), "owner_id": str(ours.rep_id)}
    answer = await posted.client("office").post(OPPORTUNITIES, account)
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_prospect")
    params = answer.json()["errors"][0]["params"]
    assert params == {"product": "A6L", "unit_id": str(ours.root)}


async def test_two_companies_share_nothing(
    posted: Posted, own: dict[str, Any], stranger: Client, ours: World, director: Client
) -> None:
    path = f"{OPPORTUNITIES}/{await capture(posted.client('guest'), own)}"
    assert await status(stranger, path) == 404
    answer = await stranger.post(OPPORTUNITIES, own, on_behalf_of=str(posted.id("guest")))
    assert (answer.status_code, answer.json()["code"]) == (403, "on_behalf_of_not_allowed")
    foreign = await stranger.post(OPPORTUNITIES, own | {"owner_id": str(ours.rep_id)})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "unknown_owner")


async def test_an_auditor_with_a_second_function_writes_nothing(
    posted: Posted, own: dict[str, Any], http: httpx.AsyncClient, settings: Settings, ours: World
) -> None:
    from shared.identity.tokens import mint_token

    auditor = Client(http, development_key(settings.data), ours.tenant_id, ours.director_id, "auditor", ours.root)
    auditor.token = mint_token(
        development_key(settings.data), ours.tenant_id, ours.director_id, ("auditor", "director"), ours.root
    )
    assert (await auditor.post(OPPORTUNITIES, own)).status_code == 403
    assert date(2025, 3, 20) == TODAY
