"""Opening, suspending, archiving and deleting a tenant, another with the same ids beside it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfoNotFoundError

import asyncpg
import httpx
import pytest

from services.accounts.main import make_app
from services.accounts.organisation import Unit
from services.accounts.views import VIEWS
from services.tenants import deletion
from services.tenants.archive import check_archive, write_archive
from services.tenants.deletion import CannotDelete, delete_tenant, receipts
from services.tenants.opening import FACTS, Company, open_company
from services.tenants.standing import NoSuchTenant, resume, suspend, tenants
from shared.event_store import connections
from shared.event_store.command import Command, UnknownTenant
from shared.event_store.repository import Repository
from shared.event_store.verify import verify
from shared.identity import tenants as standings
from shared.identity.tokens import development_key, mint_token
from shared.projections import Follower, prepare
from tests.tenants.conftest import AT, CUSTOMER, OPERATION, PERSON, Place, tables

# -- opening -------------------------------------------------------------------------------------------


async def test_opening_twice_changes_nothing(place: Place) -> None:
    before = await place.rows(place.ours.tenant_id)
    assert not await open_company(place.store, place.vault, place.ours)
    assert await place.rows(place.ours.tenant_id) == before
    listed = {tenant.tenant_id: tenant for tenant in await tenants(place.store)}
    assert listed.keys() == {place.ours.tenant_id, place.others.tenant_id}
    assert (listed[place.ours.tenant_id].name, listed[place.ours.tenant_id].status) == ("大众出行", "open")
    assert listed[place.ours.tenant_id].position == 3


async def test_the_administrators_name_is_in_the_vault_alone(place: Place) -> None:
    found = await place.vault.known(place.ours.tenant_id, [PERSON])
    assert found[PERSON]["name"] == "大众出行的管理员"
    facts = await place.store.all_tenants.fetchval("select string_agg(data::text || metadata::text, '') from es.events")
    assert "管理员" not in facts


async def test_a_zone_that_does_not_exist_opens_nothing(place: Place) -> None:
    company = Company.new("x", zone="Asia/Nowhere", currency="CNY", administrator="x", at=AT)
    with pytest.raises(ZoneInfoNotFoundError):
        await open_company(place.store, place.vault, company)
    assert await place.rows(company.tenant_id) == {}


# -- suspending ----------------------------------------------------------------------------------------


async def test_a_suspended_tenant_is_shut_out_of_everything_and_let_in_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standings, "STANDING_SECONDS", 0.05)
    app = make_app(settings=place.settings)
    key = development_key(place.settings.data)
    transport = httpx.ASGITransport(app)

    async def ask(company: Company, path: str, body: object = None) -> httpx.Response:
        token = mint_token(key, company.tenant_id, PERSON, ("director",))
        headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid4().hex, "accept-language": "en"}
        if body is None:
            return await http.get(path, headers=headers)
        return await http.post(path, headers=headers, json=body)

    unit = {"code": "SH", "name": "上海", "kind": "branch", "parent_id": str(place.ours.root_id)}
    asked: list[tuple[str, object]] = [("/v1/me", None), ("/v1/units", None), ("/v1/events", None), ("/v1/units", unit)]
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as http:
        assert (await ask(place.ours, "/v1/me")).status_code == 200
        assert await suspend(place.store, place.ours.tenant_id, "unpaid")
        assert not await suspend(place.store, place.ours.tenant_id, "unpaid")
        before = (await place.store.head(place.ours.tenant_id)).position
        monkeypatch.setattr(standings, "STANDING_SECONDS", 0.05)
        for path, body in asked:
            answer = await until(lambda path=path, body=body: ask(place.ours, path, body), 403)  # type: ignore[misc]
            assert answer.json()["code"] == "tenant_suspended"
            assert "suspended" in answer.json()["detail"]
        assert (await http.get("/livez")).status_code == 200
        assert (await place.store.head(place.ours.tenant_id)).position == before
        assert (await ask(place.others, "/v1/me")).status_code == 200
        assert (await ask(place.others, "/v1/events")).json()["items"]
        assert await resume(place.store, place.ours.tenant_id)
        assert not await resume(place.store, place.ours.tenant_id)
        await until(lambda: ask(place.ours, "/v1/me"), 200)
    assert (await verify(place.store, place.ours.tenant_id)).ok


async def until(asks: Callable[[], object], status: int) -> httpx.Response:
    for _ in range(200):
        answer = await asks()  # type: ignore[misc]
        if answer.status_code == status:
            return answer  # type: ignore[no-any-return]
    raise AssertionError(f"never answered {status}")


async def test_a_standing_is_looked_at_again_within_five_seconds() -> None:
    assert standings.STANDING_SECONDS < 4.5


async def test_nobody_suspends_a_tenant_there_is_not(place: Place) -> None:
    with pytest.raises(NoSuchTenant):
        await suspend(place.store, uuid4(), "x")


# -- archives ------------------------------------------------------------------------------------------


async def test_an_archive_holds_everything_of_one_tenant_and_proves_itself(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "ours.ndjson"
    written = await write_archive(place.store, place.vault, place.ours.tenant_id, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "大众出行的客户" in text
    assert "大众出行的管理员" in text
    assert "13800000000" in text
    assert b"\xe5\xa4\xa7\xe4\xbc\x97\xe5\x87\xba\xe8\xa1\x8c\xe7\x9a\x84\xe6\x96\x87\xe4\xbb\xb6".hex() in text
    assert "强生出租" not in text
    assert str(place.others.tenant_id) not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["version"] for line in lines if line["kind"] == "event"] == [1, 1, 1]
    assert {line["subject_id"] for line in lines if line["kind"] == "subject"} >= {str(PERSON), str(CUSTOMER)}
    assert [line["row"]["operation_id"] for line in lines if line.get("table") == "es.operations"] == [str(OPERATION)]
    found = check_archive(path)
    assert found.faults == []
    assert (found.tenant_id, found.position) == (str(place.ours.tenant_id), 3)
    head = await place.store.head(place.ours.tenant_id)
    assert (written.position, written.hash) == (head.position, head.hash.hex())
    with pytest.raises(FileExistsError):
        await write_archive(place.store, place.vault, place.ours.tenant_id, path)
    with pytest.raises(NoSuchTenant):
        await write_archive(place.store, place.vault, uuid4(), tmp_path / "none")
    assert sorted(file.name for file in tmp_path.iterdir() if "ndjson" in file.name or "none" in file.name) == [
        "ours.ndjson"
    ]


@pytest.mark.parametrize(("altered", "fault"), [
    (lambda lines: [*lines[:1], *lines[2:]], "position 2 follows 0"),
    (lambda lines: lines[:-1], "cut short"),
    (lambda lines: [*lines, b"{}\n"], "follows the end"),
    (lambda lines: [line.replace("大众出行".encode(), "小众出行".encode()) for line in lines], "does not follow"),
    (lambda lines: [*lines[:-2], lines[-1]], "the sha256"),
    (lambda lines: [line for line in lines if b'"kind":"subject"' not in line], "there are"),
    (lambda lines: [*lines[:2], b"\xff\n", *lines[3:]], "line 3"),
    (lambda lines: [lines[0].replace(b'"position":3', b'"position":4'), *lines[1:]], "not the head"),
])  # fmt: skip
async def test_an_archive_that_was_altered_says_so(
    place: Place, tmp_path: Path, altered: Callable[[list[bytes]], list[bytes]], fault: str
) -> None:
    path = tmp_path / "ours.ndjson"
    await write_archive(place.store, place.vault, place.ours.tenant_id, path)
    with path.open("rb") as file:
        lines = file.readlines()
    (tmp_path / "altered").write_bytes(b"".join(altered(lines)))
    assert any(fault in found for found in check_archive(tmp_path / "altered").faults)


# -- deleting ------------------------------------------------------------------------------------------


async def deleted(place: Place, name: str = "大众出行") -> None:
    await delete_tenant(
        place.store, place.ours.tenant_id, name=name, reason="contract ended", file=place.settings.data / "receipts"
    )


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "SETTLE_SECONDS", 0.0)


@pytest.mark.usefixtures("at_once")
async def test_nothing_of_a_deleted_tenant_is_left_and_nothing_of_another_is_touched(place: Place) -> None:
    ours, others = place.ours.tenant_id, place.others.tenant_id
    await place.fill()
    filled = set(await place.rows(ours))
    connection = await asyncpg.connect(place.url)
    assert filled == set(await tables(connection))  # a row in every table there is, views included
    await connection.close()
    head = await place.store.head(ours)
    await suspend(place.store, ours, "contract ended")
    before = await place.checksums(others)
    await deleted(place)
    assert await place.rows(ours) == {}
    assert await place.checksums(others) == before
    assert (await verify(place.store, others)).ok
    assert (await place.vault.known(others, [CUSTOMER]))[CUSTOMER]["phone"] == "13800000000"
    [receipt] = receipts(place.settings.data / "receipts")
    assert receipt["tenant_id"] == str(ours)
    assert (receipt["head_position"], receipt["reason"]) == (head.position + 1, "contract ended")
    assert "大众" not in json.dumps(receipt, ensure_ascii=False)
    assert stat.S_IMODE((place.settings.data / "receipts").stat().st_mode) == 0o600
    assert await left_over(place) == 0
    with pytest.raises(NoSuchTenant):
        await deleted(place)


async def left_over(place: Place) -> int:
    connection = await asyncpg.connect(place.url)
    try:
        return int(await connection.fetchval("select count(*) from identity.deletions"))
    finally:
        await connection.close()


async def test_only_a_suspended_tenant_is_deleted_and_only_by_its_name(place: Place) -> None:
    before = await place.rows(place.ours.tenant_id)
    with pytest.raises(CannotDelete, match="suspend it first"):
        await deleted(place)
    await suspend(place.store, place.ours.tenant_id, "x")
    with pytest.raises(CannotDelete, match="not the tenant's name"):
        await deleted(place, name="强生出租")
    await resume(place.store, place.ours.tenant_id)
    with pytest.raises(CannotDelete, match="suspend it first"):
        await deleted(place)
    assert {**before, "es.events": 5} == await place.rows(place.ours.tenant_id)
    assert await left_over(place) == 0


@pytest.mark.usefixtures("at_once")
async def test_what_is_appended_and_folded_meanwhile_is_gone_too(place: Place) -> None:
    ours, others = place.ours.tenant_id, place.others.tenant_id
    await suspend(place.store, ours, "contract ended")
    over = asyncio.Event()
    appended = {ours: 0, others: 0}

    async def append(tenant: UUID) -> None:
        while not over.is_set():
            unit = Unit.open_root(uuid4(), code=uuid4().hex, name="x", at=AT)
            appends = (Repository(place.store, Unit, facts=FACTS).appends(unit),)
            try:
                await place.store.append(Command(tenant, PERSON, uuid4().hex, b"x", 201, "ok", appends))
            except UnknownTenant:
                return
            appended[tenant] += 1

    async def fold() -> None:
        pooled = connections.pool(place.url, connections.WORK, settings=connections.SESSION, least=1, most=2)
        async with pooled as pool:
            await prepare(pool, VIEWS)
            follower = Follower(pool, VIEWS)
            while not over.is_set():
                await follower.run_once()
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for work in (append(ours), append(others), fold()):
            group.create_task(work)
        while (await place.rows(ours)).get("accounts.units_v1", 0) < 20:
            await asyncio.sleep(0.05)
        await deleted(place)
        over.set()
    assert appended[ours] > 20
    assert await place.rows(ours) == {}
    assert (await verify(place.store, others)).ok
    assert (await place.store.head(others)).position == 3 + appended[others]


@pytest.mark.usefixtures("at_once")
async def test_a_deleted_id_may_be_opened_anew_and_knows_nothing_of_before(place: Place) -> None:
    await suspend(place.store, place.ours.tenant_id, "x")
    await deleted(place)
    assert await open_company(place.store, place.vault_of_a_new_process(), place.ours)
    known = await place.vault_of_a_new_process().known(place.ours.tenant_id, [PERSON, CUSTOMER])
    assert known.keys() == {PERSON}
    assert (await place.store.head(place.ours.tenant_id)).position == 3


# -- the one path out of an append-only log ------------------------------------------------------------


async def try_to_delete(connection: asyncpg.Connection, tenant: UUID, named: UUID | None) -> str:
    async with connection.transaction():
        if named is not None:
            await connection.execute("select set_config('es.deleting', $1, true)", str(named))
        return await connection.execute("delete from es.events where tenant_id = $1", tenant)


async def without_saying_whose(connection: asyncpg.Connection, named: UUID) -> str:
    async with connection.transaction():
        await connection.execute("select set_config('es.deleting', $1, true)", str(named))
        return await connection.execute("delete from es.events")


@pytest.mark.parametrize("role", ["dakehu_app", "dakehu_append", "dakehu_work", "owner", "plain owner"])
async def test_nobody_deletes_an_event_of_a_tenant_whose_deletion_was_not_begun(place: Place, role: str) -> None:
    ours, others = place.ours.tenant_id, place.others.tenant_id
    connection = await become(place, role)
    refused = (asyncpg.InsufficientPrivilegeError, asyncpg.PostgresError)
    try:
        for named in (None, ours, others):
            with pytest.raises(refused) as error:
                await try_to_delete(connection, ours, named)
            assert error.value.sqlstate in ("42501", "DK001")
        await begin(place, others)  # the other's deletion was begun, but it has its head yet
        for tenant in (ours, others):
            with pytest.raises(refused):
                await try_to_delete(connection, tenant, others)
        await behead(place, others)
        if "owner" in role:
            for statement in ("update es.events set data = '{}'", "truncate es.events"):
                with pytest.raises(refused):
                    await connection.execute(statement)
            if role == "owner":  # of the tests, a superuser: the wall does not bind it, the trigger does
                with pytest.raises(refused):
                    await without_saying_whose(connection, others)
                assert await try_to_delete(connection, others, others) == "DELETE 3"
            else:  # is shown the rows it may delete, and no others
                assert await without_saying_whose(connection, others) == "DELETE 3"
            with pytest.raises(refused):
                await try_to_delete(connection, others, None)  # the name ended with its transaction
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await try_to_delete(connection, others, others)
    finally:
        await connection.close()
    assert (await verify(place.store, ours)).ok


@pytest.mark.parametrize("role", ["dakehu_app", "dakehu_append", "dakehu_work"])
async def test_no_role_of_the_services_can_begin_or_see_a_deletion(place: Place, role: str) -> None:
    connection = await become(place, role)
    try:
        for statement in (
            "select * from identity.deletions",
            "insert into identity.deletions values (gen_random_uuid(), gen_random_uuid(), '', '', 0, '')",
            "alter table es.events disable trigger all",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def become(place: Place, role: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(place.url)
    if role == "plain owner":  # in production the owner is no superuser
        name = f"plain_{uuid4().hex[:8]}"
        await connection.execute(f"create role {name} nologin")
        for table in ("es.events", "es.heads", "identity.deletions"):
            await connection.execute(f"alter table {table} owner to {name}")
        await connection.execute(f"grant usage on schema es, identity to {name}")
        for table in ("es.events", "es.heads"):
            await connection.execute(f"drop policy of_the_deleted on {table}")
            await connection.execute(
                f"create policy of_the_deleted on {table} to {name} using (tenant_id = es.deleting())"
            )
        await connection.execute(f"set role {name}")
    elif role != "owner":
        await connection.execute(f"set role {role}")
    return connection


async def begin(place: Place, tenant: UUID) -> None:
    connection = await asyncpg.connect(place.url)
    await connection.execute(deletion.BEGIN, uuid4(), tenant, hashlib.sha256(b"").digest(), "", 0, b"")
    await connection.close()


async def behead(place: Place, tenant: UUID) -> None:
    await place.store.all_tenants.execute("delete from es.heads where tenant_id = $1", tenant)
