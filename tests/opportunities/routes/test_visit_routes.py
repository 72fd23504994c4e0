"""Visits over HTTP: planned, logged with their judgements in one append, reviewed, taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from tests.opportunities.routes.world import Client, World

VISITS = "/v1/visits"


@pytest.fixture
async def opportunity(rep: Client, prospect: dict[str, Any]) -> str:
    return str((await rep.tell("/v1/opportunities", prospect))["id"])


@pytest.fixture
def logged(opportunity: str, ours: World) -> dict[str, Any]:
    """A body for POST /v1/visits/log that carries a judgement."""
    return {
        "purpose": "push_forward",
        "way": "on_site",
        "on": "2025-03-11",
        "opportunity_ids": [opportunity],
        "participants": [str(ours.support_id)],
        "persons_met": [{"person_id": str(ours.key_person), "layer": "decision", "post": "主任"}],
        "objections": ["price"],
        "rumours": [{"claim": "车型停产", "true": False, "answer": "不停产"}],
        "next_step": "送方案",
        "next_on": "2025-03-18",
        "preparation": "主任爱下棋",
        "narrative": "与王主任面谈",
        "judgements": [{"opportunity_id": opportunity, "level": "H", "expected_on": "2025-03-25"}],
    }


async def test_a_visit_and_its_judgements_are_one_append(
    rep: Client, logged: dict[str, Any], opportunity: str, store: EventStore, ours: World
) -> None:
    answer = await rep.post(f"{VISITS}/log", logged)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{VISITS}/{answer.json()['id']}"
    visit = await rep.read(answer.headers["location"])
    assert (visit["status"], visit["standing"]["account_id"]) == ("logged", str(ours.account))
    assert visit["texts"] == {"preparation": "主任爱下棋", "narrative": "与王主任面谈"}
    assert visit["history"][0]["said"]["judged"] == [{"opportunity_id": opportunity, "version": 2}]
    assert "level" not in visit["standing"]
    shown = await rep.read(f"/v1/opportunities/{opportunity}")
    judged = shown["history"][1]
    assert (shown["level"], judged["said"]["visit_id"]) == ("H", visit["id"])
    assert judged["position"] == visit["history"][0]["position"] + 1
    with as_tenant(ours.tenant_id):
        assert "王主任" not in str(await store.load(ours.tenant_id, UUID(visit["id"])))


async def test_all_or_nothing(rep: Client, logged: dict[str, Any], opportunity: str) -> None:
    logged["judgements"][0]["level"] = "Z"
    answer = await rep.post(f"{VISITS}/log", logged)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_level")
    assert answer.json()["errors"][0]["pointer"] == "/judgements/0/level"
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["version"] == 1
    await rep.tell(f"/v1/opportunities/{opportunity}/win", {"on": "2025-03-05"}, version=1)
    logged["judgements"][0]["level"] = "H"
    answer = await rep.post(f"{VISITS}/log", logged)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_ordered")


async def test_a_visit_that_judges_as_before_leaves_the_opportunity(
    rep: Client, logged: dict[str, Any], opportunity: str
) -> None:
    await rep.tell(f"{VISITS}/log", logged)
    receipt = await rep.tell(f"{VISITS}/log", logged | {"on": "2025-03-12"})
    assert (await rep.read(f"{VISITS}/{receipt['id']}"))["history"][0]["said"]["judged"] == []
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["version"] == 2


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"opportunity_ids": [str(uuid4())]}, "unknown_opportunity", "/opportunity_ids/0"),
        ({"persons_met": [{"person_id": str(uuid4())}]}, "unknown_key_person", "/persons_met/0/person_id"),
        ({"participants": [str(uuid4())]}, "unknown_person", "/participants/0"),
        ({"owner_id": str(uuid4())}, "unknown_owner", "/owner_id"),
        ({"on": "2025-03-21"}, "in_the_future", "/on"),
        ({"next_on": "2025-03-10"}, "next_in_the_past", "/next_on"),
        ({"purpose": "golf"}, "validation", "/purpose"),
    ],
)
async def test_what_cannot_be_logged_is_refused_and_says_where(
    rep: Client, logged: dict[str, Any], wrong: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await rep.post(f"{VISITS}/log", logged | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_visit_is_to_one_account_and_judges_each_opportunity_once(
    rep: Client, logged: dict[str, Any], ours: World
) -> None:
    answer = await rep.post(f"{VISITS}/log", logged | {"account_id": str(ours.other_account)})
    assert (answer.status_code, answer.json()["code"]) == (422, "other_account")
    answer = await rep.post(f"{VISITS}/log", logged | {"judgements": logged["judgements"] * 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "duplicate_judgement")
    unknown = {"purpose": "develop", "way": "phone", "account_id": str(uuid4())}
    answer = await rep.post(f"{VISITS}/log", unknown)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_account")


async def test_nobody_concerns_a_visit_with_what_they_do_not_see(west_rep: Client, logged: dict[str, Any]) -> None:
    answer = await west_rep.post(f"{VISITS}/log", logged)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_opportunity")


async def test_a_planned_visit_is_logged_whatever_its_version(
    rep: Client, head: Client, opportunity: str, ours: World
) -> None:
    plan = {
        "purpose": "develop",
        "way": "on_site",
        "planned_on": "2025-03-22",
        "account_id": str(ours.account),
        "preparation": "备好排产表",
    }
    receipt = await rep.tell(VISITS, plan)
    path = f"{VISITS}/{receipt['id']}"
    early = await rep.post(f"{path}/log", {"on": "2025-03-19"})
    assert (early.status_code, early.json()["code"]) == (409, "before_planned")
    review = await head.post(f"{path}/review", {}, version=1)
    assert (review.status_code, review.json()["code"]) == (409, "not_logged")
    await rep.tell(
        f"{path}/log",
        {"narrative": "已谈", "judgements": [{"opportunity_id": opportunity, "level": "A"}]},
    )
    again = await rep.post(f"{path}/log", {})
    assert (again.status_code, again.json()["code"]) == (409, "already_logged")
    visit = await rep.read(path)
    assert visit["standing"]["opportunity_ids"] == [opportunity]
    assert visit["texts"] == {"preparation": "备好排产表", "narrative": "已谈"}
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["level"] == "A"


async def test_the_head_reviews_with_a_comment(rep: Client, head: Client, logged: dict[str, Any]) -> None:
    path = f"{VISITS}/{(await rep.tell(f'{VISITS}/log', logged))['id']}"
    assert (await rep.post(f"{path}/review", {}, version=1)).status_code == 403
    assert (await head.post(f"{path}/review", {})).status_code == 428
    await head.tell(f"{path}/review", {"comment": "带技术支持同去"}, version=1)
    visit = await rep.read(path)
    assert visit["texts"]["comment"] == "带技术支持同去"
    assert visit["standing"]["reviewed_on"] == "2025-03-20"


async def test_a_visit_that_never_was_takes_its_judgements_with_it(
    rep: Client, logged: dict[str, Any], opportunity: str
) -> None:
    path = f"{VISITS}/{(await rep.tell(f'{VISITS}/log', logged))['id']}"
    await rep.tell(f"{path}/cancel", {"reason": "登记错了客户"}, version=1)
    visit = await rep.read(path)
    assert (visit["status"], visit["history"][0]["voided"]) == (None, True)
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["level"] is None
    again = await rep.tell(f"{path}/cancel", {"reason": "登记错了客户"}, version=2)
    assert again["version"] == 2


async def test_a_planned_visit_is_called_off(rep: Client, ours: World) -> None:
    plan = {"purpose": "develop", "way": "phone", "planned_on": "2025-03-22", "account_id": str(ours.account)}
    path = f"{VISITS}/{(await rep.tell(VISITS, plan))['id']}"
    await rep.tell(f"{path}/cancel", {"reason": "客户有事"}, version=1)
    assert (await rep.read(path))["status"] == "cancelled"
    log = await rep.post(f"{path}/log", {})
    assert (log.status_code, log.json()["code"]) == (409, "visit_cancelled")


async def test_the_day_of_a_visit_moves_with_its_correction(rep: Client, logged: dict[str, Any]) -> None:
    path = f"{VISITS}/{(await rep.tell(f'{VISITS}/log', logged))['id']}"
    body = {"version": 1, "on": "2025-03-10", "changes": {"way": "meeting"}, "reason": "日期有误"}
    await rep.tell(f"{path}/correct", body, version=1)
    standing = (await rep.read(path))["standing"]
    assert (standing["visited_on"], standing["way"]) == ("2025-03-10", "meeting")
    refused = await rep.post(f"{path}/correct", {"version": 1, "changes": {"status": "x"}, "reason": "误"}, version=2)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_correctable")


async def test_who_took_part_sees_the_visit_and_others_do_not(
    rep: Client, support: Client, west_rep: Client, stranger: Client, logged: dict[str, Any]
) -> None:
    path = f"{VISITS}/{(await rep.tell(f'{VISITS}/log', logged))['id']}"
    assert (await support.get(path)).status_code == 200
    for client in (west_rep, stranger):
        assert (await client.get(path)).status_code == 404
        assert (await client.post(f"{path}/cancel", {"reason": "误"}, version=1)).status_code == 404


async def test_a_retried_visit_is_one_visit(rep: Client, logged: dict[str, Any]) -> None:
    first = await rep.post(f"{VISITS}/log", logged, key="once")
    again = await rep.post(f"{VISITS}/log", logged, key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
