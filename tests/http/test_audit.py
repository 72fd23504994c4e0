"""Who did what, when: pages, filters, the file, who may ask; and that the log's chain gives a forger away."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from shared.event_store.verify import verify
from shared.http import audit_trail
from shared.http.audit import row_of
from shared.identity.current_tenant import as_tenant
from shared.identity.principal import FUNCTIONS
from tests.http.conftest import Client, Faulty, Speaks

JSON = dict[str, Any]

READ = """
insert into privacy.reads (tenant_id, at, actor, on_behalf_of, viewer, machine, action, subjects, fields, route, trace)
values ($1, clock_timestamp() + $2, $3, null, $4, false, $5, $6, $7, 'people.get', null)
"""


@pytest.fixture
async def intruder(database_url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def auditor(speaks: Speaks) -> Client:
    return speaks("auditor")


async def pages(client: Client, **query: Any) -> list[JSON]:
    """All entries, page by page."""
    found: list[JSON] = []
    given = {"limit": 3, **query}
    for _ in range(100):
        answer = await client.get("/v1/audit", params=given)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (following := answer.json()["next"]) is None:
            return found
        given["after"] = following
    raise AssertionError("no end")


async def fill(writer: Client, jars: int = 4) -> list[str]:
    made = [await writer.jar() for _ in range(jars)]
    for jar in made:
        await writer.post(f"/v1/jars/{jar}/add", {"sweets": 1}, version=1)
    return made


async def test_who_did_what_is_told_newest_first(auditor: Client, head_office: Client) -> None:
    await head_office.jar("jar of secrets")
    jars = await fill(head_office)
    entries = await pages(auditor, kind="changes")
    positions = [entry["position"] for entry in entries]
    assert positions == sorted(positions, reverse=True)
    assert positions[-1] == 1
    latest = entries[0]
    assert latest["kind"] == "change"
    assert latest["subjects"] == [jars[-1]]
    assert latest["actor"] == str(head_office.person)
    assert latest["machine"] is False
    assert latest["key"]
    assert latest["trace"].split("-")[1] == latest["correlation"].replace("-", "")
    assert "jar of secrets" not in str(entries), "names of fields, never what they hold"
    assert any("label" in entry["fields"] for entry in entries)


async def test_the_answer_carries_the_head_that_seals_it(auditor: Client, head_office: Client, store: Faulty) -> None:
    await fill(head_office, 1)
    sealed = (await auditor.get("/v1/audit")).json()["head"]
    tenant = UUID((await auditor.get("/v1/me")).json()["tenant_id"])
    with as_tenant(tenant):
        head = await store.head(tenant)
    assert sealed == {"position": head.position, "hash": head.hash.hex(), "epoch": head.epoch}
    assert sealed == {name: (await auditor.get("/v1/events/head")).json()[name] for name in sealed}


async def test_filters_narrow_it(auditor: Client, head_office: Client, speaks: Speaks) -> None:
    jars = await fill(head_office)
    other = speaks("director")
    theirs = await other.jar("theirs")
    of_other = await pages(auditor, actor=other.person)
    assert [entry["subjects"] for entry in of_other] == [[theirs]]
    of_jar = await pages(auditor, subject=jars[0])
    assert [entry["version"] for entry in of_jar] == [2, 1]
    types = {entry["action"] for entry in await pages(auditor, kind="changes")}
    one = sorted(types)[0]
    assert {entry["action"] for entry in await pages(auditor, action=one)} == {one}
    assert await pages(auditor, kind="reads") == []
    assert await pages(auditor, on_behalf_of=uuid4()) == []


async def test_days_are_those_of_the_tenant(
    auditor: Client, head_office: Client, pool: asyncpg.Pool, tenant_id: UUID
) -> None:
    await fill(head_office, 1)
    recorded = await pool.fetchval("select max(recorded_at) from es.events where tenant_id = $1", tenant_id)
    today = (recorded + timedelta(hours=8)).date()  # Shanghai
    assert await pages(auditor, **{"from": today, "to": today})
    assert await pages(auditor, to=today - timedelta(days=2)) == []
    assert await pages(auditor, **{"from": today + timedelta(days=2)}) == []
    wrong = await auditor.get("/v1/audit", params={"from": today, "to": today - timedelta(days=1)})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "empty_range")


async def test_a_filter_that_fits_little_looks_through_the_log_in_spans(
    auditor: Client, head_office: Client, speaks: Speaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = speaks("director")
    first = await rare.jar("first")
    await fill(head_office, 6)
    monkeypatch.setattr(audit_trail, "SPAN", 4)
    short = (await auditor.get("/v1/audit", params={"actor": str(rare.person)})).json()
    assert short["items"] == []
    assert short["next"], "not the end: it was looked for in a part of the log"
    assert [entry["subjects"] for entry in await pages(auditor, actor=rare.person)] == [[first]]
    everything = await pages(auditor, kind="changes")
    assert [entry["position"] for entry in everything] == list(range(everything[0]["position"], 0, -1))


async def test_what_is_recorded_meanwhile_moves_no_page(auditor: Client, head_office: Client) -> None:
    await fill(head_office)
    first = (await auditor.get("/v1/audit", params={"limit": 2})).json()
    await fill(head_office, 2)
    second = (await auditor.get("/v1/audit", params={"limit": 2, "after": first["next"]})).json()
    positions = [entry["position"] for entry in (*first["items"], *second["items"])]
    assert positions == list(range(positions[0], positions[0] - 4, -1))


async def test_reads_stand_between_the_changes(
    auditor: Client, head_office: Client, pool: asyncpg.Pool, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    whose, operator = uuid4(), uuid4()
    for number in range(5):
        await head_office.jar(f"jar {number}")
        await pool.execute(READ, tenant_id, timedelta(), head_office.person, operator, "revealed", [whose], ["phone"])
    for span in (audit_trail.SPAN, 3):
        monkeypatch.setattr(audit_trail, "SPAN", span)
        entries = await pages(auditor)
        assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
        assert len({(entry["at"], entry["position"]) for entry in entries}) == len(entries)
        assert [entry["kind"] for entry in entries][:4] == ["read", "change", "read", "change"]
    reads = await pages(auditor, kind="reads", subject=whose)
    assert [(read["action"], read["fields"], read["route"]) for read in reads] == [
        ("revealed", ["phone"], "people.get")
    ] * 5
    assert len(await pages(auditor, actor=operator)) == 5, "who looked through another's eyes is found"
    assert len(await pages(auditor, kind="reads", action="revealed")) == 5
    assert await pages(auditor, kind="reads", action="exported") == []


async def test_only_those_who_watch_may_ask(speaks: Speaks, http: httpx.AsyncClient) -> None:
    may = {"auditor", "tenant_admin", "director", "head_office", "operations"}
    for function in sorted(FUNCTIONS):
        answer = await speaks(function).get("/v1/audit")
        assert answer.status_code == (200 if function in may else 403), function
    assert (await http.get("/v1/audit")).status_code == 401


async def test_another_company_hears_nothing_of_it(auditor: Client, head_office: Client, speaks: Speaks) -> None:
    await fill(head_office, 1)
    stranger = speaks("auditor", tenant=uuid4())
    assert (await stranger.get("/v1/audit")).status_code == 403
    cursor = (await auditor.get("/v1/audit", params={"limit": 1})).json()["next"]
    for query in ({"after": cursor, "kind": "changes"}, {"after": cursor[:-2] + "AA"}):
        answer = await auditor.get("/v1/audit", params=query)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


@pytest.mark.parametrize("asked", [{"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}])
async def test_it_comes_as_a_file(
    auditor: Client, head_office: Client, asked: JSON, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.http.audit.CSV_PAGE", 3)
    key = "=cmd|' /C calc'!A0"
    await head_office.post("/v1/jars", {"label": "a"}, key=key)
    await fill(head_office, 5)
    answer = await auditor.get("/v1/audit", **asked)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["log-hash"] == (await auditor.get("/v1/events/head")).json()["hash"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    listed = [entry for entry in await pages(auditor) if entry["kind"] == "change"]
    assert [row["position"] for row in rows if row["position"]] == [str(entry["position"]) for entry in listed]
    taken = await pages(auditor, kind="reads")
    assert [(read["action"], read["actor"], read["route"]) for read in taken] == [
        ("exported", str(auditor.person), "audit.read")
    ]
    assert f"'{key}" in [row["key"] for row in rows], "a cell is never a formula"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    (read,) = next(csv.reader(io.StringIO(row_of([cell]))))
    assert read == f"'{cell}"


@pytest.mark.parametrize(
    "forgery",
    [
        'update es.events set metadata = metadata || \'{"actor": "somebody else"}\' where position = 3',
        "delete from es.events where position = 3",
        "update es.events set position = case position when 3 then 4 else 3 end where position in (3, 4)",
    ],
    ids=["another actor", "an event gone", "two swapped"],
)
async def test_a_forged_trail_is_found(
    forgery: str,
    auditor: Client,
    head_office: Client,
    pool: asyncpg.Pool,
    intruder: asyncpg.Connection[Any],
    tenant_id: UUID,
) -> None:
    await fill(head_office)
    before = (await auditor.get("/v1/audit")).json()["head"]
    assert (await verify(pool, tenant_id)).ok
    await intruder.execute("set session_replication_role = replica")
    if "case position" in forgery:  # the key forbids a swap in one statement
        for old, new in ((3, 900), (4, 3), (900, 4)):
            await intruder.execute(
                "update es.events set position = $2 where position = $1 and tenant_id = $3", old, new, tenant_id
            )
    else:
        await intruder.execute(f"{forgery} and tenant_id = '{tenant_id}'")
    report = await verify(pool, tenant_id)
    assert not report.ok
    assert "chain" in {fault.kind for fault in report.faults}
    assert min(fault.position for fault in report.faults) in (3, 4)
    assert before["position"] == report.head


async def test_who_forges_the_chain_as_well_cannot_forge_the_head_that_was_told(
    auditor: Client, head_office: Client, intruder: asyncpg.Connection[Any], tenant_id: UUID
) -> None:
    """The last event rewritten with a hash that fits: verify is content, but the hash everybody was told is another."""
    await fill(head_office, 1)
    told = (await auditor.get("/v1/audit")).json()["head"]
    await intruder.execute("set session_replication_role = replica")
    await intruder.execute(
        """
        update es.events e set metadata = e.metadata || '{"actor": "forged"}',
               hash = es.chain((select hash from es.events where tenant_id = $1 and position = $2 - 1), e.position,
                               e.stream_id, e.version, e.occurred_at, e.recorded_at, e.schema_version, e.stream_type,
                               e.type, e.data, (e.metadata || '{"actor": "forged"}')::text)
         where tenant_id = $1 and position = $2
        """,
        tenant_id,
        told["position"],
    )
    assert (await verify(intruder, tenant_id)).ok
    now = (await auditor.get("/v1/audit")).json()
    assert now["head"]["position"] == told["position"]
    assert now["head"]["hash"] != told["hash"]
    assert now["items"][0]["actor"] is None, "an actor that is no id is shown as none"
