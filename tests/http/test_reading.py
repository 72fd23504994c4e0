"""Of which instant, as known when, read after which write, which page; and the feed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from shared.testing.database import BY_HAND
from tests.http.conftest import Client, Faulty, Speaks, open_tenant


async def report(client: Client, **given: Any) -> Any:
    answer = await client.get("/v1/toys/report", params=given)
    return answer.json() if answer.status_code == 200 else (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("given", "instant", "day"),
    [
        ("2026-01-31", "2026-01-31T15:59:59.999999Z", "2026-01-31"),  # the end of the day in Shanghai
        ("2024-02-29", "2024-02-29T15:59:59.999999Z", "2024-02-29"),
        ("2026-01-31T08:00:00+08:00", "2026-01-31T00:00:00Z", "2026-01-31"),
        ("2026-01-31T08:00:00 08:00", "2026-01-31T00:00:00Z", "2026-01-31"),  # a plus sign sent bare
        ("2026-01-31T20:00:00Z", "2026-01-31T20:00:00Z", "2026-02-01"),
        ("2026-01-31t23:59:60.123456789z", "2026-01-31T23:59:59.123456Z", "2026-02-01"),
        ("0001-01-01", "1900-01-01T15:54:16.999999Z", "1900-01-01"),
        ("9999-12-31T23:59:59+14:00", "2199-12-31T09:59:59Z", "2199-12-31"),
    ],
)
async def test_as_of_is_a_day_or_an_instant(head_office: Client, given: str, instant: str, day: str) -> None:
    assert await report(head_office, as_of=given) == {"as_of": instant, "day": day, "known_at": None}


@pytest.mark.parametrize(
    "given",
    [
        "today",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "2026-01-31T08:00:00",
        "2026-01-31T24:00:01Z",
        "1e9",
        "２０２６-01-01",
        "2026-01-31T08:00:00+25:00",
        "",
        "2026-01-31T08",
        "0000-01-01",
    ],
)
async def test_other_instants_are_refused(head_office: Client, given: str) -> None:
    assert await report(head_office, as_of=given) == (422, "invalid_instant")


async def test_a_day_is_the_tenant_s(speaks: Speaks, app: FastAPI) -> None:
    tenant = uuid4()
    await open_tenant(app.state.kit.store, tenant, "America/New_York")
    found = await report(speaks("head_office", tenant=tenant), as_of="2026-03-08")  # 23 hours long
    assert found["as_of"] == "2026-03-09T03:59:59.999999Z"


async def test_known_at_is_a_position_or_the_last_one_recorded_by_then(
    head_office: Client, pool: asyncpg.Pool[asyncpg.Record], tenant_id: UUID
) -> None:
    for _ in range(5):
        await head_office.jar()
    rows = await pool.fetch("select position, recorded_at from es.events where tenant_id = $1 order by 1", tenant_id)
    assert (await report(head_office, known_at="3"))["known_at"] == 3
    assert (await report(head_office, known_at="0"))["known_at"] == 0
    for row in rows:
        found = await report(head_office, known_at=row["recorded_at"].isoformat())
        assert found["known_at"] == max(r["position"] for r in rows if r["recorded_at"] <= row["recorded_at"])
    assert (await report(head_office, known_at="2020-01-01"))["known_at"] == 0
    assert (await report(head_office, known_at="2199-01-01"))["known_at"] == len(rows)
    assert await report(head_office, known_at=str(len(rows) + 1)) == (409, "not_recorded_yet")
    assert await report(head_office, known_at="9" * 18) == (409, "not_recorded_yet")
    assert await report(head_office, min_position=len(rows) + 1) == (409, "not_recorded_yet")
    assert (await report(head_office, min_position=len(rows)))["known_at"] is None


async def test_pages_lead_to_the_end_once_each(head_office: Client) -> None:
    labels = [f"page {n}" for n in range(7)]
    for label in labels:
        await head_office.jar(label)
    seen, after, link = [], None, ""
    while True:
        answer = await head_office.get(
            "/v1/jars", params={"limit": 3, "starts": "page"} | ({"after": after} if after else {})
        )
        seen += [item["label"] for item in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            assert "link" not in answer.headers
            break
        link = answer.headers["link"]
        assert link.endswith('; rel="next"')
    assert seen == labels
    followed = await head_office.get(link[1:].partition(">")[0])
    assert [item["label"] for item in followed.json()["items"]] == ["page 6"]


async def test_a_cursor_is_ours_and_of_this_question(head_office: Client, speaks: Speaks, app: FastAPI) -> None:
    for n in range(3):
        await head_office.jar(f"c{n}")
    cursor = (await head_office.get("/v1/jars?limit=1&starts=c")).json()["next"]
    assert (await head_office.get(f"/v1/jars?limit=2&starts=c&after={cursor}")).status_code == 200  # limit may change
    feed = (await head_office.get("/v1/events")).json()["next"]
    other = uuid4()
    await open_tenant(app.state.kit.store, other)
    stranger = speaks("head_office", tenant=other)
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for client, query in (
        (head_office, f"starts=c&after={flipped}"),
        (head_office, f"starts=c&after={cursor[:-2]}"),
        (head_office, f"after={cursor}"),
        (head_office, f"starts=d&after={cursor}"),
        (head_office, f"starts=c&after={feed}"),
        (stranger, f"starts=c&after={cursor}"),
        (head_office, "after=a"),
        (head_office, "after=%C3%A9"),
        (head_office, f"after={'A' * 2_000}"),
    ):
        answer = await client.get(f"/v1/jars?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
    assert (await head_office.get("/v1/jars?after=")).status_code == 422


async def test_the_feed_is_the_log(head_office: Client) -> None:
    jars = [await head_office.jar() for _ in range(5)]
    await head_office.post(f"/v1/jars/{jars[0]}/drop-in", {"sweets": 1})
    items, after = [], "0"
    while page := (await head_office.get(f"/v1/events?limit=2&after={after}")).json():
        after = page["next"]
        if not page["items"]:
            break
        items += page["items"]
    assert [item["position"] for item in items] == list(range(1, 8))
    assert [item["subject"] for item in items[1:6]] == jars
    last = items[-1]
    assert (last["type"], last["subject"], last["subject_type"], last["subject_version"]) == (
        "SweetAdded",
        jars[0],
        "jar",
        2,
    )
    assert last.keys() == {
        "specversion",
        "id",
        "source",
        "time",
        "timestamp",
        "datacontenttype",
        "dataschema",
        "position",
        "epoch",
        "type",
        "schema_version",
        "subject",
        "subject_type",
        "subject_version",
        "occurred_at",
        "recorded_at",
        "data",
        "metadata",
    }
    head = (await head_office.get("/v1/events/head")).json()
    assert (head["position"], head["epoch"], len(head["hash"])) == (7, last["epoch"], 64)
    await head_office.jar()
    assert len((await head_office.get(f"/v1/events?after={after}")).json()["items"]) == 1


async def test_the_feed_can_be_filtered_and_goes_on_anyway(head_office: Client) -> None:
    jar = await head_office.jar()
    for _ in range(3):
        await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 1})
    page = (await head_office.get("/v1/events?types=SweetAdded,JarSealed&limit=2")).json()
    assert [item["position"] for item in page["items"]] == [3, 4]
    page = (await head_office.get(f"/v1/events?types=SweetAdded&after={page['next']}")).json()
    assert [item["position"] for item in page["items"]] == [5]
    nothing = (await head_office.get(f"/v1/events?types=Nothing&after={page['next']}")).json()
    assert nothing["items"] == []
    of_jar = (await head_office.get(f"/v1/events?subject={jar}&limit=1000")).json()
    assert len(of_jar["items"]) == 4
    beyond = await head_office.get("/v1/events?after=99999999999999999999999")
    assert (beyond.status_code, beyond.json()["code"]) == (409, "not_recorded_yet")


async def test_a_cursor_of_before_a_restore_is_gone(
    head_office: Client, app: FastAPI, pool: Any, tenant_id: UUID
) -> None:
    after = (await head_office.get("/v1/events")).json()["next"]
    await pool.execute(
        "insert into es.epochs (tenant_id, epoch, from_position, reason) values ($1, 99, 2, 'test')", tenant_id
    )
    answer = await head_office.get(f"/v1/events?after={after}")
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_of_another_epoch")
    assert answer.json()["position"] == 1
    assert (await head_office.get("/v1/events?after=0")).json()["items"][0]["epoch"] == 99


async def test_streams_nobody_declared_are_of_who_sees_everything(speaks: Speaks) -> None:
    for function in ("representative", "branch_manager", "back_office", "tenant_admin"):
        answer = await speaks(function).get("/v1/events")
        assert (answer.status_code, answer.json()["items"]) == (200, [])
    for function in ("director", "head_office", "integration", "auditor"):
        assert len((await speaks(function).get("/v1/events")).json()["items"]) == 1


async def test_me(speaks: Speaks, tenant_id: UUID) -> None:
    unit = uuid4()
    client = speaks("representative", "account_manager", unit=unit)
    me = (await client.get("/v1/me")).json()
    assert me.pop("expires_at")
    assert me == {
        "tenant_id": str(tenant_id),
        "person_id": str(client.person),
        "functions": ["account_manager", "representative"],
        "unit_id": str(unit),
        "name": None,
        "machine": False,
        "unit_ids": [],
        "scopes": ["*", "personal:read"],
        "on_behalf_of": None,
        "stands_in_for": [],
        "viewer_id": None,
        "zone": "Asia/Shanghai",
        "sees_everything": False,
    }


async def test_probes_and_metrics(head_office: Client, app: FastAPI) -> None:
    http = head_office.http
    assert (await http.get("/livez")).json()["status"] == "ok"
    assert (await http.get("/readyz")).status_code == 200
    assert (await http.get("/startupz")).status_code == 200
    await head_office.jar()
    metrics = (await http.get("/metrics")).text
    assert (
        'http_server_request_duration_seconds_count{method="POST",route="/v1/jars",service="jars",status="201"}'
        in metrics
    )
    assert 'route="unmatched"' in metrics or "unmatched" not in metrics
    assert str(head_office.person) not in metrics
    app.state.kit.stopping = True
    stopping = await http.get("/readyz")
    assert (stopping.status_code, stopping.json()["reasons"]) == (503, ["stopping"])
    assert (await http.get("/livez")).status_code == 200


async def test_views_are_listed_and_only_some_may_free_them(head_office: Client, speaks: Speaks) -> None:
    assert (await head_office.get("/v1/views")).json() == {"items": []}
    body = {"position": 1, "reason": "test"}
    assert (await head_office.post("/v1/views/jars.shelf/skip", body)).status_code == 404
    assert (await speaks("representative").post("/v1/views/jars.shelf/retry")).status_code == 403


async def test_a_database_that_goes_away_is_503_and_comes_back(head_office: Client, store: Faulty) -> None:
    jar = await head_office.jar()
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute(BY_HAND)
        pids = await connection.fetch(
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and application_name like 'dakehu%'"
        )
        for row in pids:
            await connection.execute("select pg_terminate_backend($1)", row["pid"])
    answers = [await head_office.get(f"/v1/jars/{jar}") for _ in range(3)]
    for _ in range(50):
        answers.append(await head_office.post(f"/v1/jars/{jar}/drop-in", {"sweets": 1}))
        if answers[-1].status_code == 200:
            break
        await asyncio.sleep(0.05)
    assert answers[-1].status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)


@pytest.mark.parametrize("limit", ["5.0", "1_0", "+5", "５", "true"])
async def test_a_number_in_a_query_is_written_as_one(head_office: Client, limit: str) -> None:
    answer = await head_office.get("/v1/jars", params={"limit": limit})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_number")
    assert (await head_office.get("/v1/jars", params={"limit": "5"})).status_code == 200
