"""Replays over HTTP: what they would send is counted, what they are to send stands in their flow, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.webhooks import replaying
from tests.accounts.company import Clock, Company
from tests.webhooks.delivered import Tried, tried
from tests.webhooks.visible.conftest import BASE, Tell


def path(endpoint: UUID, *more: object) -> str:
    return "/".join(map(str, (BASE, endpoint, "replays", *more)))


async def refused(company: Company, endpoint: UUID, status: int, code: str, **body: Any) -> None:
    answer = await company["director"].post(path(endpoint), body)
    said = answer.json()
    assert (answer.status_code, code in (said["code"], *(each["code"] for each in said.get("errors", ())))) == (
        status,
        True,
    ), answer.text


async def types_in(company: Company) -> list[str]:
    page = await company["director"].read("/v1/events", limit=1_000)
    return [item["type"] for item in page["items"]]


async def test_a_dry_run_counts_and_reckons_and_leaves_nothing(
    company: Company, endpoint: UUID, pool: asyncpg.Pool
) -> None:
    types = await types_in(company)
    answer = await company["director"].post(path(endpoint), {"types": ["PersonJoined"], "rate": 2, "dry_run": True})
    said = answer.json()
    assert (answer.status_code, said["state"], said["id"], said["exact"]) == (200, "planned", None, True)
    assert said["events"] == types.count("PersonJoined") > 2
    assert said["seconds_left"] == pytest.approx(said["events"] / 2)
    assert await pool.fetchval("select count(*) from delivery.flows where endpoint_id = $1", endpoint) == 0

    some = await company["director"].post(path(endpoint), {"from_position": 2, "to_position": 5, "dry_run": True})
    assert (some.json()["events"], some.json()["from_position"], some.json()["to_position"]) == (4, 2, 5)


async def test_a_replay_is_opened_once_and_moves_between_its_states(company: Company, endpoint: UUID) -> None:
    director = company["director"]
    body = {"from_position": 3, "types": ["PersonJoined"], "rate": 5}
    answer = await director.post(path(endpoint), body, key="again")
    said = answer.json()
    assert (answer.status_code, said["state"], said["progress"], said["position"]) == (201, "running", 0, 2)
    assert answer.headers["location"] == path(endpoint, said["id"])

    again = await director.post(path(endpoint), body, key="again")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == said["id"]
    other = await director.post(path(endpoint), {**body, "rate": 6}, key="again")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    listed = await director.read(path(endpoint))
    assert [each["id"] for each in listed["items"]] == [said["id"]]

    for verb, state in (("pause", "paused"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        moved = await director.make(path(endpoint, said["id"], verb), {})
        assert moved["state"] == state
    assert moved["finished_at"] is not None
    over = await director.post(path(endpoint, said["id"], "resume"), {})
    assert (over.status_code, over.json()["code"]) == (409, "replay_over")
    assert (await director.read(path(endpoint), state="running"))["items"] == []


async def test_a_replay_of_failures_takes_what_was_not_delivered_since(
    company: Company, endpoint: UUID, pool: asyncpg.Pool, clock: Clock
) -> None:
    failed, healed, elsewhere = 3, 4, 5
    await tried(
        pool,
        company.tenant_id,
        endpoint,
        [
            Tried(status=500, position=failed),
            Tried(status=None, fault="timeout", position=failed),
            Tried(status=500, position=healed),
            Tried(status=200, position=healed),
            Tried(status=200, position=6),
            Tried(status=500, position=7, flow_id=replaying.TEST_FLOW),  # a test counts for nothing
        ],
    )
    await tried(pool, company.tenant_id, uuid4(), [Tried(status=500, position=elsewhere)])
    opened = await company["director"].make(path(endpoint), {"failed": True})
    assert opened["events"] == 1
    stored = await pool.fetchval("select question from delivery.flows where flow_id = $1", UUID(opened["id"]))
    assert f'"positions": [{failed}]' in stored


async def test_what_a_replay_may_not_be(
    company: Company, endpoint: UUID, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    await refused(company, endpoint, 409, "not_recorded_yet", to_position=10**9)
    await refused(company, endpoint, 422, "empty_range", from_position=5, to_position=2)
    await refused(company, endpoint, 422, "unknown_event_type", types=["DealOne"])
    await refused(
        company, endpoint, 422, "one_of_both", from_position=5, from_time=(clock.now - timedelta(1)).isoformat()
    )
    await refused(company, uuid4(), 404, "not_found")
    monkeypatch.setattr(replaying, "MOST_OPEN", 2)
    for _ in range(2):
        await company["director"].make(path(endpoint), {})
    await refused(company, endpoint, 409, "too_many_replays")


async def test_times_bound_a_replay_by_what_was_recorded(company: Company, endpoint: UUID) -> None:
    page = await company["director"].read("/v1/events", limit=1_000)
    third, fifth = page["items"][2], page["items"][4]
    body = {"from_time": third["recorded_at"], "to_time": fifth["recorded_at"], "dry_run": True}
    said = (await company["director"].post(path(endpoint), body)).json()
    assert said["from_position"] <= third["position"]
    assert said["to_position"] >= fifth["position"]
    assert said["events"] == said["to_position"] - said["from_position"] + 1


async def test_a_replay_of_another_company_or_endpoint_is_not_there(
    company: Company, other: Company, endpoint: UUID, tell: Tell
) -> None:
    opened = await company["director"].make(path(endpoint), {})
    second = await company["director"].make(BASE, {"name": "DMS", "url": "https://dms.example.com/hooks"})
    for reader, where in ((other["director"], endpoint), (company["director"], UUID(second["id"]))):
        for verb in ("", "pause", "cancel"):
            target = path(where, opened["id"], *((verb,) if verb else ()))
            answer = await (reader.post(target, {}) if verb else reader.get(target))
            assert answer.status_code == 404, answer.text
    assert (await company["auditor"].read(path(endpoint, opened["id"])))["state"] == "running"
    assert (await company["auditor"].post(path(endpoint), {})).status_code == 403
    assert (await tell(company, "representative").get(path(endpoint))).status_code == 403
