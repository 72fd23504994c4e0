"""Tables too large to be sent at once: queued, made as their asker sees them then, theirs alone, kept encrypted."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.exports import operations
from services.exports.operations import OPERATIONS
from shared.event_store.store import EventStore
from shared.http.exports import FILE, KIND
from shared.identity.current_tenant import as_tenant
from shared.identity.scopes import ALL
from shared.identity.tokens import development_key, mint_token
from shared.jobs import Resources, Runner
from shared.jobs.kept import PersonErased, forget_kept, keep_file
from shared.settings import Settings
from shared.testing.workbooks import sheets
from tests.accounts.company import Client
from tests.hand_overs.firm import Firm

LIST = {"path": "/v1/opportunities", "query": "sort=captured_at", "format": "csv"}


async def order(client: Client, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
    headers = {
        "authorization": f"Bearer {client.token}",
        "idempotency-key": key or uuid4().hex,
        "accept-language": "en",
    }
    return await client.http.post("/v1/exports", json=body or LIST, headers={**headers, "accept-language": "en"})


async def get(client: Client, path: str, **headers: str) -> Any:
    sent = {"authorization": f"Bearer {client.token}", "accept-language": "en", **headers}
    return await client.http.get(path, headers=sent)


async def work(store: EventStore, settings: Settings) -> None:
    """Run all that is queued, as the worker would."""
    runner = Runner(store.all_tenants, OPERATIONS, resources=Resources(store, settings))
    while await runner.run_one(1):
        pass


async def caught_up(firm: Firm, client: Client) -> None:
    with as_tenant(firm.tenant_id):
        head = await firm.store.head(firm.tenant_id)
    for path in ("/v1/opportunities", "/v1/accounts"):
        assert (await get(client, f"{path}?min_position={head.position}")).status_code == 200


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_a_table_too_large_at_once_is_queued_and_holds_all_its_asker_sees(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    lei, director = firm["lei"], firm["director"]
    await caught_up(firm, director)
    refused = await get(lei, "/v1/opportunities?format=csv")
    assert (refused.status_code, refused.json()["code"]) == (413, "table_too_large")
    for client, expected in ((lei, 9), (director, 12)):
        queued = await order(client)
        assert queued.status_code == 202, queued.text
        where = queued.headers["location"]
        assert (await get(client, f"{where}/content")).json()["code"] == "export_not_ready"
        await work(store, settings)
        shown = (await get(client, where)).json()
        assert (shown["state"], shown["rows"], shown["error"]) == ("done", expected, None)
        file = await get(client, shown["content"])
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert len(file.content) == shown["bytes"] == int(file.headers["content-length"])
        listed = (await get(client, "/v1/opportunities?sort=captured_at")).json()["items"]
        assert [row["Id"] for row in rows(file.content)] == [item["id"] for item in listed]
        assert {row["Owner"] for row in rows(file.content)} == {"lei先生", *(["west先生"] if expected == 12 else [])}


async def test_a_workbook_says_who_took_it(firm: Firm, store: EventStore, settings: Settings) -> None:
    await caught_up(firm, firm["director"])
    queued = await order(firm["director"], {"path": "/v1/accounts", "format": "xlsx"})
    await work(store, settings)
    file = await get(firm["director"], f"{queued.headers['location']}/content")
    book = sheets(file.content)
    assert len(book["Data"]) == 13
    about = {str(name): value for name, value in book["About"]}
    assert about["Taken by"] == f"总监 ({firm.person('director')})"


async def test_a_file_is_its_askers_alone(firm: Firm, store: EventStore, settings: Settings) -> None:
    queued = await order(firm["lei"])
    await work(store, settings)
    where = queued.headers["location"]
    for other in ("director", "auditor", "head", "west"):
        assert (await get(firm[other], where)).status_code == 404
        assert (await get(firm[other], f"{where}/content")).status_code == 404
    assert [item["id"] for item in (await get(firm["lei"], "/v1/exports")).json()["items"]] == [where[-36:]]
    assert (await get(firm["head"], "/v1/exports")).json()["items"] == []


async def test_who_lost_a_function_or_left_meanwhile_gets_what_they_have_left(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    await caught_up(firm, firm["director"])
    queued = await order(firm["head"])
    left = await order(firm["west"])
    version = (await get(firm["director"], f"/v1/people/{firm.person('head')}")).json()["version"]
    await firm["director"].make(
        f"/v1/people/{firm.person('head')}/change-functions", {"functions": ["representative"]}, version=version
    )
    version = (await get(firm["director"], f"/v1/people/{firm.person('west')}")).json()["version"]
    await firm["director"].make(f"/v1/people/{firm.person('west')}/leave", {}, version=version)
    await caught_up(firm, firm["director"])
    await work(store, settings)
    shown = (await get(firm["head"], queued.headers["location"])).json()
    assert (shown["state"], shown["rows"]) == ("done", 0)
    shown = (await get(firm["west"], left.headers["location"])).json()
    assert (shown["state"], shown["error"]) == ("failed", "person_left")


async def test_the_same_key_orders_once(firm: Firm) -> None:
    first, again = await order(firm["lei"], key="k1"), await order(firm["lei"], key="k1")
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = await order(firm["lei"], {**LIST, "format": "xlsx"}, key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"path": "/v1/accounts/visits-due/x"}, "not_a_table"),
    ({"path": "/v1/accounts", "query": "colour=red"}, "unknown_parameter"),
    ({"path": "/v1/../etc"}, "validation"),
    ({"path": "/v1/accounts", "format": "pdf"}, "validation"),
]
FAILING: list[tuple[dict[str, str], str]] = [
    ({"path": "/v1/accounts", "query": "limit=many"}, "validation"),
    ({"path": "/v1/opportunities", "query": "colour=red"}, "unknown_parameter"),
    ({"path": "/v1/opportunities/x"}, "not_a_table"),
]
"""The first service does not know the tables of the others: of these the worker tells."""


async def test_what_is_no_table_is_refused_at_once_or_fails_with_its_code(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    for body, code in REFUSED:
        answer = await order(firm["lei"], body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    for body, code in FAILING:
        answer = await order(firm["lei"], body)
        if answer.status_code == 202:
            await work(store, settings)
            shown = (await get(firm["lei"], answer.headers["location"])).json()
            assert (shown["state"], shown["error"]) == ("failed", code), body
        else:
            assert (answer.status_code, answer.json()["code"]) == (422, code), body


async def test_an_export_is_kept_encrypted_for_a_day(firm: Firm, store: EventStore, settings: Settings) -> None:
    queued = await order(firm["lei"])
    await work(store, settings)
    id = UUID(queued.json()["id"])
    with as_tenant(firm.tenant_id):
        kept = await store.pool.fetch("select content from es.operation_file_chunks where operation_id = $1", id)
        assert kept
        assert not any("商机".encode() in row["content"] or b"lei" in row["content"] for row in kept)
        finished = await store.pool.fetchval("select finished_at from es.operations where operation_id = $1", id)
        assert await forget_kept(store.pool, firm.tenant_id, KIND, FILE, finished) == 0
        assert await forget_kept(store.pool, firm.tenant_id, KIND, FILE, finished + timedelta(seconds=1)) == 1
    gone = await get(firm["lei"], f"{queued.headers['location']}/content")
    assert (gone.status_code, gone.json()["code"]) == (410, "export_gone")


async def test_an_erasure_meanwhile_makes_the_file_anew(
    firm: Firm, store: EventStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = await order(firm["lei"])
    tried = 0

    async def first_in_the_way(*given: Any, **named: Any) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise PersonErased
        await keep_file(*given, **named)

    monkeypatch.setattr(operations, "keep_file", first_in_the_way)
    await work(store, settings)
    assert (await get(firm["lei"], queued.headers["location"])).json()["state"] == "done"
    assert tried == 2


async def test_a_credential_without_the_tables_scope_orders_and_gets_nothing(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    lei = firm["lei"]

    def scoped(*scopes: str) -> Client:
        key = development_key(settings.data)
        token = mint_token(key, firm.tenant_id, lei.person_id, ("representative",), firm.units["E"], scopes=scopes)
        return Client(lei.http, token, lei.person_id)

    refused = await order(scoped("exports:write"))
    assert (refused.status_code, refused.json()["scope"]) == (403, "opportunities:read")
    queued = await order(scoped("exports:write", "opportunities:read"))
    assert queued.status_code == 202
    await work(store, settings)
    where = queued.headers["location"]
    assert (await get(scoped("exports:read"), f"{where}/content")).json()["scope"] == "opportunities:read"
    assert (await get(scoped(ALL), f"{where}/content")).status_code == 200


async def test_a_file_counts_against_the_quota_when_it_is_made(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    await caught_up(firm, firm["director"])
    queued = await order(firm["director"])
    operations._apps.pop(store, None)
    await work(store, settings.model_copy(update={"export_rows": 5}))
    operations._apps.pop(store, None)
    shown = (await get(firm["director"], queued.headers["location"])).json()
    assert (shown["state"], shown["error"]) == ("failed", "export_quota")
