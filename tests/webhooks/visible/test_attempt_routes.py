"""Attempts, lanes, figures, notices and tests over HTTP: what who looks after an endpoint is shown and does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.webhooks.replaying import TEST_FLOW
from shared.webhooks.sending import Answer
from tests.accounts.company import Clock, Company
from tests.webhooks.delivered import BEGAN, Tried, flowing, held_up, tried
from tests.webhooks.visible.conftest import BASE, URL, Listener, Tell

HOUR = timedelta(hours=1)
NOTICE = """
insert into delivery.notices (tenant_id, notice_id, endpoint_id, kind, at, said) values ($1, $2, $3, $4, $5, $6)
"""


def path(endpoint: UUID, *more: object) -> str:
    return "/".join(map(str, (BASE, endpoint, *more)))


async def test_an_attempt_is_shown_with_what_was_answered_until_that_is_expunged(
    company: Company, other: Company, endpoint: UUID, pool: asyncpg.Pool
) -> None:
    director = company["director"]
    failed, delivered = await tried(
        pool,
        company.tenant_id,
        endpoint,
        [Tried(status=500, answer="出错".encode(), next_at=BEGAN + HOUR), Tried(position=2)],
    )
    listed = await director.read(path(endpoint, "attempts"))
    assert [(each["id"], each["outcome"], each["via"]) for each in listed["items"]] == [
        (str(delivered), "delivered", "live"),
        (str(failed), "waiting", "live"),
    ]
    assert [each["id"] for each in (await director.read(path(endpoint, "attempts"), outcome="failed"))["items"]] == [
        str(failed)
    ]
    whole = await company["auditor"].read(path(endpoint, "attempts", failed))
    assert (whole["answer"], whole["expunged"]) == ("出错", False)
    assert (await other["director"].get(path(endpoint, "attempts", failed))).status_code == 404

    assert (await director.make(path(endpoint, "attempts", failed, "expunge"), {}))["expunged"] == 1
    assert (await director.make(path(endpoint, "attempts", "expunge"), {"position": 2}))["expunged"] == 1
    for id in (failed, delivered):
        whole = await director.read(path(endpoint, "attempts", id))
        assert (whole["answer"], whole["expunged"]) == (None, True)
    nothing = await director.post(path(endpoint, "attempts", "expunge"), {})
    assert (nothing.status_code, nothing.json()["errors"][0]["code"]) == (422, "nothing_named")


async def test_an_answer_that_may_echo_personal_data_is_shown_only_to_who_may_see_them(
    company: Company, pool: asyncpg.Pool, tell: Tell
) -> None:
    made = await company["director"].make(BASE, {"name": "DMS", "url": URL, "personal": ["name"]})
    endpoint = UUID(made["id"])
    (id,) = await tried(pool, company.tenant_id, endpoint, [Tried(answer=b"Zhang")])
    without = await tell(company, "director", scopes=("*",)).read(path(endpoint, "attempts", id))
    assert (without["answer"], without["expunged"]) == (None, False)
    assert (await company["director"].read(path(endpoint, "attempts", id)))["answer"] == "Zhang"
    noted = await pool.fetch("select fields from privacy.reads where $1 = any(subjects)", id)
    assert [row["fields"] for row in noted] == [["answer"]]


async def test_an_event_is_skipped_on_record_and_only_where_the_lane_stands(
    company: Company, endpoint: UUID, pool: asyncpg.Pool
) -> None:
    director, lane = company["director"], uuid4()
    await flowing(pool, company.tenant_id, endpoint, position=9)
    await held_up(pool, company.tenant_id, endpoint, lane, [4, 6])
    (shown,) = (await director.read(path(endpoint, "lanes"), state="parked"))["items"]
    assert (shown["lane"], shown["position"], shown["events"], shown["next_at"]) == (str(lane), 4, 2, None)

    version = (await director.read(path(endpoint)))["version"]
    skip = path(endpoint, "lanes", lane, "skip")
    wrong = await director.post(skip, {"position": 6, "reason": "known"}, version=version)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "lane_elsewhere")
    receipt = await director.make(skip, {"position": 4, "reason": "known"}, version=version)
    assert receipt["version"] == version + 1
    assert await pool.fetchval("select array_agg(position) from delivery.waiting where lane = $1", lane) == [6]
    page = await director.read("/v1/events", after=receipt["position"] - 1)
    assert (page["items"][-1]["type"], page["items"][-1]["data"]["position"]) == ("WebhookEventSkipped", 4)
    nowhere = await director.post(path(endpoint, "lanes", uuid4(), "retry"), {})
    assert nowhere.status_code == 404


async def test_parked_lanes_are_tried_again_together(company: Company, endpoint: UUID, pool: asyncpg.Pool) -> None:
    await flowing(pool, company.tenant_id, endpoint)
    for _ in range(3):
        await held_up(pool, company.tenant_id, endpoint, uuid4(), [4])
    assert (await company["director"].make(path(endpoint, "lanes", "retry"), {}))["retried"] == 3
    assert (await company["director"].make(path(endpoint, "lanes", "retry"), {}))["retried"] == 0


async def test_figures_tell_lag_age_and_how_the_receiver_answers(
    company: Company, endpoint: UUID, pool: asyncpg.Pool, clock: Clock
) -> None:
    director = company["director"]
    before = await director.read(path(endpoint, "figures"))
    head = before["lag"]["head"]
    assert (before["begun"], before["lag"]["position"], before["lag"]["events"]) == (False, 0, head)

    await flowing(pool, company.tenant_id, endpoint, position=head - 3)
    await pool.execute("update delivery.flows set ahead = $2, in_flight = 1 where flow_id = $1", endpoint, [head - 1])
    await held_up(pool, company.tenant_id, endpoint, uuid4(), [4, 5], event_at=clock.now - HOUR)
    slow = [Tried(took_ms=1_000.0, at=clock.now), Tried(status=500, took_ms=30.0, at=clock.now)]
    ours = [Tried(status=None, fault="own_dns", at=clock.now), Tried(flow_id=TEST_FLOW, status=500, at=clock.now)]
    long_ago = [Tried(status=500, at=clock.now - 25 * HOUR)]
    await tried(pool, company.tenant_id, endpoint, [*(Tried(at=clock.now) for _ in range(8)), *slow, *ours, *long_ago])
    said = await director.read(path(endpoint, "figures"))

    assert said["lag"]["positions"] == 3
    assert (said["lag"]["events"], said["lag"]["exact"]) == (2, True)  # one of three is delivered already
    assert said["in_flight"] == 1
    waiting = said["waiting"]
    assert (waiting["lanes_parked"], waiting["lanes_waiting"], waiting["events"]) == (1, 0, 2)
    assert 3_600 <= waiting["oldest_undelivered_seconds"] < 3_700
    recent = said["recent"]
    assert (recent["attempts"], recent["delivered"]) == (10, 9)
    assert recent["success_ratio"] == pytest.approx(0.9)
    assert recent["took_ms_p50"] == pytest.approx(10)
    assert 500 < recent["took_ms_p99"] <= 1_000


async def test_notices_are_told_to_who_sees_the_endpoint(
    company: Company, other: Company, endpoint: UUID, pool: asyncpg.Pool, fold: Any, tell: Tell
) -> None:
    await fold()
    for number, kind in enumerate(("failing", "recovered", "failing")):
        await pool.execute(
            NOTICE,
            *(company.tenant_id, uuid4(), endpoint, kind, BEGAN + number * HOUR, json.dumps({"status": 500})),
        )
    told = (await company["auditor"].read(f"{BASE}/notices"))["items"]
    assert [(each["kind"], each["endpoint_name"], each["said"]) for each in told] == [
        ("failing", "ERP", {"status": 500}),
        ("recovered", "ERP", {"status": 500}),
        ("failing", "ERP", {"status": 500}),
    ]
    assert len((await company["director"].read(f"{BASE}/notices", kind="recovered"))["items"]) == 1
    assert (await other["director"].read(f"{BASE}/notices"))["items"] == []
    manager = tell(company, "branch_manager", unit="SH")
    assert (await manager.read(f"{BASE}/notices"))["items"] == []  # it is of the whole company
    assert (await company["sh_rep"].get(f"{BASE}/notices")).status_code == 403


async def test_a_test_sends_a_real_event_signed_and_moves_nothing(
    company: Company, endpoint: UUID, listener: Listener, pool: asyncpg.Pool, tell: Tell
) -> None:
    director = company["director"]
    dry = await director.make(path(endpoint, "test"), {"type": "PersonJoined", "dry_run": True})
    assert (dry["answer"], dry["attempt_id"], listener.posts) == (None, None, [])
    assert json.loads(dry["request"]["body"])["type"] == dry["type"] == "PersonJoined"

    listener.says = lambda body: Answer(422, 7.5, body=b"no such person")
    said = await director.make(path(endpoint, "test"), {"type": "PersonJoined"})
    ((url, headers, body),) = listener.posts
    assert (url, body.decode()) == (URL, said["request"]["body"])
    assert (headers["webhook-test"], headers["webhook-id"]) == ("true", said["event_id"])
    assert headers["webhook-signature"].startswith("v1,")
    assert (said["answer"]["status"], said["answer"]["body"]) == (422, "no such person")
    assert await pool.fetchval("select count(*) from delivery.flows where endpoint_id = $1", endpoint) == 0
    (attempt,) = (await director.read(path(endpoint, "attempts")))["items"]
    assert (attempt["via"], attempt["outcome"], attempt["status"]) == ("test", "test", 422)

    blind = await tell(company, "operations").make(path(endpoint, "test"), {"position": 2, "dry_run": True})
    assert blind["position"] == 2
    none = await director.post(path(endpoint, "test"), {"type": "DealWon"})
    assert (none.status_code, none.json()["code"]) == (409, "no_such_event")


async def test_a_test_shows_no_header_value_and_no_record_out_of_sight(
    company: Company, listener: Listener, fold: Any
) -> None:
    await fold()
    body = {"name": "DMS", "url": URL, "headers": {"X-Key": "77-secret"}, "unit_id": str(company.units["SH"])}
    made = await company["director"].make(BASE, body | {"types": ["AccountOpened", "UnitOpened"]})
    none = await company["director"].post(path(made["id"], "test"), {"type": "PersonJoined"})
    assert none.json()["code"] == "no_such_event"  # it is not sent that
    dry = await company["director"].make(path(made["id"], "test"), {"dry_run": True})
    assert (dry["request"]["headers"]["X-Key"], "77-secret" in json.dumps(dry)) == ("***", False)
    assert json.loads(dry["request"]["body"])["type"] == "UnitOpened"


async def test_a_credential_that_is_not_good_for_events_is_shown_none_by_a_test(
    company: Company, tell: Tell, fold: Any
) -> None:
    await fold()
    made = await company["director"].make(BASE, {"name": "DMS", "url": URL, "types": ["UnitOpened"]})
    narrow = tell(company, "director", scopes=("webhooks:read", "webhooks:write"))
    dry = await narrow.make(path(made["id"], "test"), {"dry_run": True})
    assert (dry["type"], dry["request"]["body"]) == ("UnitOpened", None)


async def test_an_unproven_endpoint_is_sent_no_test(company: Company, listener: Listener) -> None:
    listener.says = lambda body: Answer(204, 3.0)
    made = await company["director"].make(BASE, {"name": "DMS", "url": URL})
    assert made["status"] == "unproven"
    no = await company["director"].post(path(made["id"], "test"), {})
    assert (no.status_code, no.json()["code"]) == (409, "endpoint_unproven")
    assert (await company["director"].post(path(made["id"], "test"), {"dry_run": True})).status_code == 200


async def test_a_test_sends_persons_by_the_agreement_and_shows_them_to_who_may_see_them(
    company: Company, listener: Listener, tell: Tell
) -> None:
    made = await company["director"].make(BASE, {"name": "DMS", "url": URL, "personal": ["name"]})
    listener.posts.clear()
    for tester, shown in ((company["director"], True), (tell(company, "director", scopes=("*",)), False)):
        said = await tester.make(path(made["id"], "test"), {"type": "PersonJoined"})
        (_, _, body) = listener.posts[-1]
        assert json.loads(body)["data"]["persons"][said["subject"]]["name"].endswith("先生")
        assert said["request"]["body"] == (body.decode() if shown else None)
