"""Erasing a person: what goes, what stays, and that nothing brings them back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services import maintenance
from services.opportunities.imports.importing import Import
from services.privacy import operations
from services.privacy.erasing import Eraser
from shared.identity.tokens import development_key, mint_token
from shared.jobs import Resources, Runner
from shared.postgres.embedded import binaries
from shared.privacy.receipts import Receipt, append, read
from shared.privacy.redaction import MARK
from shared.privacy.vault import Vault
from tests.accounts.company import Client
from tests.persons.customer import HANDLERS, Customer

Owner = asyncpg.Connection

MAPPING = """\
version: 1
external: {system: old_crm, column: no}
title: title
contact: {name: name, phone: phone}
captured_on: captured
remark: remark
stage: {column: stage, values: {new: {reaches: captured}}}
"""
ROWS = "no,title,captured,stage,name,phone,remark\n"


async def test_the_person_goes_and_the_figures_stay(customer: Customer, owner: Owner) -> None:
    rep = customer.company["sh_rep"]
    before = [await rep.read(path) for path in ("/v1/pipeline", "/v1/outcomes")]
    done = await customer.erase(customer.person)
    assert done.state == "done", done.error
    assert done.result is not None
    assert (done.result["erased"], done.result["texts"]) == ([customer.person, customer.contact], 2)
    (shown,) = (await rep.read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert (shown["person_id"], shown["layer"]) == (customer.person, "decision")
    assert {shown[name] for name in ("name", "phone", "mail", "remark")} == {None}
    page = await rep.read(f"/v1/opportunities/{customer.deal}")
    assert page["texts"] == {"remark": f"{MARK}说年底定"}
    assert page["standing"]["contact_id"] == customer.contact
    (visit,) = (await rep.read("/v1/visits"))["items"]
    assert visit["narrative"] == f"与{MARK}面谈，电话 {MARK}，预算已报。"
    after = [await rep.read(path) for path in ("/v1/pipeline", "/v1/outcomes")]
    for then, now in zip(before, after, strict=True):
        assert then["rows"] == now["rows"]
    rows = await owner.fetch("select * from es.events where type = 'PersonErased' order by position")
    assert [(row["stream_type"], json.loads(row["data"])["subject_id"]) for row in rows] == [
        ("erasure", customer.person),
        ("erasure", customer.contact),
    ]
    told = await rep.read(f"/v1/persons/{customer.person}")
    assert (told["erased"], told["erased_at"] is not None, told["fields"]) == (True, True, [])
    lines = (customer.settings.data / "erasures.jsonl").read_text().splitlines()
    assert [json.loads(line)["subject_id"] for line in lines] == [customer.person, customer.contact]
    assert "王" not in "".join(lines)
    assert await owner.fetchval("select count(*) from privacy.leaving") == 0


async def test_a_preview_changes_nothing(customer: Customer, owner: Owner) -> None:
    done = await customer.erase(customer.person, confirm=False)
    assert done.result is not None
    assert (done.result["erased"], done.result["same"]) == ([], [customer.person, customer.contact])
    assert done.result["texts"] == 2
    assert await customer.held(customer.person) == customer.said | {"remark": "喜欢钓鱼"}
    (shown,) = (await customer.company["sh_rep"].read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert shown["name"] == "王建国"
    assert await owner.fetchval("select count(*) from es.events where type = 'PersonErased'") == 0


async def test_somebody_else_of_that_name_stays(customer: Customer) -> None:
    rep = customer.company["bj_rep"]
    account = (await rep.make("/v1/accounts", {"name": "北方客运"}))["id"]
    other = {"name": "王建国", "phone": "13900139000", "layer": "use", "traits": "王建国爱下棋"}
    await rep.make(f"/v1/accounts/{account}/add-key-person", other, version=1)
    told = {"account_id": account, "purpose": "develop", "way": "phone", "narrative": "王建国问起13800138000的事"}
    await rep.make("/v1/visits/log", told)
    done = await customer.erase(customer.person)
    assert done.result is not None
    assert done.result["perhaps"] == []
    (shown,) = (await rep.read(f"/v1/accounts/{account}"))["key_persons"]
    assert (shown["name"], shown["traits"]) == ("王建国", "王建国爱下棋")
    (visit,) = (await rep.read("/v1/visits"))["items"]
    assert visit["narrative"] == f"{MARK}问起{MARK}的事"


async def test_an_erased_person_is_not_brought_back(customer: Customer, owner: Owner) -> None:
    rep, director = customer.company["sh_rep"], customer.company["director"]
    kept = {"account_id": customer.account, "title": "二次采购", "contact": {"name": "李新", "phone": "13700137000"}}
    first = await rep.post("/v1/opportunities", kept, key="the deal")
    contact = (await rep.read(f"/v1/opportunities/{first.json()['id']}"))["standing"]["contact_id"]
    change = {"person_id": customer.person, "phone": "13600136000"}
    changed = await rep.post(f"/v1/accounts/{customer.account}/change-key-person", change, key="change", version=2)
    assert changed.status_code == 200, changed.text
    for person in (customer.person, contact):
        assert (await customer.erase(person)).state == "done"
    replay = await rep.post("/v1/opportunities", kept, key="the deal")
    assert (replay.status_code, replay.json()) == (201, first.json())
    for key, version in (("change", 2), ("a new key", 3)):
        again = await rep.post(f"/v1/accounts/{customer.account}/change-key-person", change, key=key, version=version)
        assert (again.status_code, again.json()["code"]) == (409, "person_erased"), key
    for verb, body in (
        ("correct", {"name": "王"}),
        ("restrict", {"ground": "objection"}),
        ("export", {}),
        ("erase", {"reason": "request"}),
        ("reveal", {"fields": ["name"], "purpose": "查看"}),
    ):
        refused = await director.post(f"/v1/persons/{customer.person}/{verb}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "person_erased"), verb
    assert await owner.fetchval("select count(*) from privacy.fields where subject_id = any($1)", [
        UUID(customer.person), UUID(contact)
    ]) == 0  # fmt: skip


async def test_the_same_request_again_gets_the_same_operation(customer: Customer) -> None:
    director = customer.company["director"]
    base, body = f"/v1/persons/{customer.person}/erase", {"reason": "request"}
    first = await director.post(base, body, key="once")
    again = await director.post(base, body, key="once")
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first.json()["id"], "true")
    other = await director.post(base, {"reason": "unlawful"}, key="once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    (shown,) = (await customer.company["sh_rep"].read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert shown["name"] is None  # from the answer on, before any worker has begun
    assert (await customer.work(first.json()["id"])).state == "done"


async def send(customer: Customer, rows: str) -> str:
    """Queue an import, as the director; its id."""
    director = customer.company["director"]
    answer = await director.http.post(
        "/v1/imports",
        files=[("file", ("王建国.csv", (ROWS + rows).encode("gb18030"))), ("mapping", ("m.yaml", MAPPING.encode()))],
        headers={"authorization": f"Bearer {director.token}", "idempotency-key": uuid4().hex},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def test_a_file_that_waits_is_rid_of_the_person_and_brings_nobody_back(customer: Customer, owner: Owner) -> None:
    rows = "1,车队,2026-01-05,new,王建国,138 0013 8000,王建国推荐\n2,公务,2026-01-06,new,李四,13500135000,\n"
    waiting = await send(customer, rows)
    asked = await customer.company["director"].post(f"/v1/persons/{customer.person}/erase", {"reason": "request"})
    run = Runner(
        customer.store.all_tenants,
        {operations.KIND: operations.erase_person},
        resources=Resources(customer.store, customer.settings),
    )
    assert await run.run_one(1)
    content = b"".join(row[0] for row in await owner.fetch("select content from es.operation_file_chunks"))
    assert "王建国".encode("gb18030") not in content
    assert b"138 0013" not in content
    assert "李四".encode("gb18030") in content
    parameters = await owner.fetchval("select parameters::text from es.operations where kind = 'import'")
    assert "王建国" not in parameters
    done = await customer.work(waiting)
    assert (done.state, done.problems) == ("done", 0)
    assert await customer.vault_has("13800138000") == []
    assert asked.status_code == 202


async def test_a_running_import_reports_a_row_whose_person_is_gone(
    customer: Customer, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are in the worker's memory already: the vault refuses the phone of who is being erased."""
    survey = Import._survey

    async def erased_meanwhile(self: Import, rows: Any) -> Any:
        found = await survey(self, rows)
        done = await customer.erase_beside(customer.person)
        assert done == "done"
        return found

    monkeypatch.setattr(Import, "_survey", erased_meanwhile)
    rows = "1,车队,2026-01-05,new,王建国,138 0013 8000,\n2,公务,2026-01-06,new,李四,13500135000,\n"
    await owner.execute("select pg_advisory_lock(7310, 2)")  # the importing worker's session lives
    done = await customer.work(await send(customer, rows), holder=2)
    assert (done.state, done.problems) == ("done", 1), done.error
    (problem,) = await owner.fetch("select line, code, params::text from es.operation_problems")
    assert (problem["line"], problem["code"]) == (2, "person_erased")
    assert await customer.vault_has("13800138000") == []
    assert await owner.fetchval("select count(*) from privacy.leaving") == 0


async def test_a_file_sent_again_does_not_bring_an_imported_contact_back(customer: Customer, owner: Owner) -> None:
    rows = "7,车队,2026-01-05,new,赵六,13400134000,\n"
    assert (await customer.work(await send(customer, rows))).problems == 0
    (contact,) = await customer.vault_has("13400134000")
    assert (await customer.erase(str(contact))).state == "done"
    again = await customer.work(await send(customer, rows))
    assert again.problems == 1
    assert await owner.fetchval("select code from es.operation_problems") == "person_erased"
    assert await customer.vault_has("13400134000") == []


class Killed(BaseException):
    """The end of a process, to who is in it."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["close", "texts", "operations", "files", "_record", "open"])
async def test_an_erasure_killed_anywhere_goes_on(
    customer: Customer, owner: Owner, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """Killed before a step, or when it was done and nobody had noted it."""
    asked = await customer.company["director"].post(f"/v1/persons/{customer.person}/erase", {"reason": "request"})
    real = getattr(Eraser, step)
    lives = [1]

    async def killed(self: Eraser, *given: Any, **named: Any) -> Any:
        dies = bool(lives and lives.pop())
        if dies and not after:
            raise Killed
        found = await real(self, *given, **named)
        if dies:
            raise Killed
        return found

    async def killed_between(self: Eraser, *given: Any, **named: Any) -> AsyncIterator[Any]:
        dies = bool(lives and lives.pop())
        if dies and not after:
            raise Killed
        async for one in real(self, *given, **named):
            if dies:
                raise Killed
            yield one

    monkeypatch.setattr(Eraser, step, killed_between if step == "texts" else killed)
    run = Runner(customer.store.all_tenants, HANDLERS, resources=Resources(customer.store, customer.settings))
    with pytest.raises(Killed):
        await run.run_one(1)
    (shown,) = (await customer.company["sh_rep"].read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert shown["name"] is None
    done = await customer.work(asked.json()["id"])
    assert (done.state, done.result and done.result["erased"]) == ("done", [customer.person, customer.contact])
    assert await owner.fetchval("select count(*) from es.events where type = 'PersonErased'") == 2
    assert await owner.fetchval("select count(*) from privacy.leaving") == 0
    assert await customer.held(customer.person) == {}
    assert await customer.held(customer.contact) == {}
    assert (await customer.held(customer.visit))["narrative"] == f"与{MARK}面谈，电话 {MARK}，预算已报。"


async def test_a_restored_backup_forgets_again_who_was_erased(
    customer: Customer, owner: Owner, server_url: str, own_database_url: str, tmp_path: Path
) -> None:
    copy = f"test_{own_database_url.rpartition('/')[2].removeprefix('test_')}_copy"
    there = f"{server_url.rpartition('/')[0]}/{copy}"
    await copy_database(own_database_url, copy)
    try:
        assert (await customer.erase(customer.person)).state == "done"
        settings = customer.settings.model_copy(update={"database_url": there})
        said: list[str] = []
        backup = await asyncpg.connect(there)
        assert await backup.fetchval("select count(*) from privacy.fields where subject_id = $1", UUID(customer.person))
        missing = tmp_path / "nothing.jsonl"
        assert await maintenance.restored(settings, "test", said.append, erasures=missing) == 2
        assert await maintenance.restored(settings, "test", said.append) == 0
        assert "2 erasures are listed; 2 entries were erased again." in said
        for person in (customer.person, customer.contact):
            gone = "select key is null and erased_at is not null from privacy.subjects where subject_id = $1"
            assert await backup.fetchval(gone, UUID(person))
        assert await backup.fetchval("select count(*) from es.events where type = 'PersonErased'") == 2
        async with asyncpg.create_pool(there, min_size=1, max_size=1) as pool:
            vault = Vault(pool, Vault.master_key(settings))
            found = await vault.known(customer.tenant_id, [UUID(customer.visit)])
            assert found[UUID(customer.visit)]["narrative"] == f"与{MARK}面谈，电话 {MARK}，预算已报。"
        assert await maintenance.restored(settings, "once more", said.append) == 0
        assert "2 erasures are listed; 0 entries were erased again." in said
        await backup.close()
    finally:
        server = await asyncpg.connect(server_url)
        await server.execute(f"drop database if exists {copy} with (force)")
        await server.close()


async def copy_database(url: str, name: str) -> None:
    """A backup, as an operator takes one, restored under another name."""
    server = await asyncpg.connect(url)
    await server.execute(f"create database {name}")
    await server.close()
    dump = await asyncio.create_subprocess_exec(
        str(binaries() / "pg_dump"), "--format=custom", url, stdout=asyncio.subprocess.PIPE
    )
    content, _ = await dump.communicate()
    assert dump.returncode == 0
    restore = await asyncio.create_subprocess_exec(
        str(binaries() / "pg_restore"),
        "--exit-on-error",
        f"--dbname={url.rpartition('/')[0]}/{name}",
        stdin=asyncio.subprocess.PIPE,
    )
    await restore.communicate(content)
    assert restore.returncode == 0


async def test_a_member_of_staff_who_left_is_erased_and_their_work_stays(customer: Customer) -> None:
    company = customer.company
    director = company["director"]
    rep = company["sh_rep"]
    done = await customer.erase(str(rep.person_id))
    assert done.result is not None
    assert done.result["erased"] == [str(rep.person_id)]
    page = await director.read(f"/v1/opportunities/{customer.deal}")
    assert page["standing"]["owner_id"] == str(rep.person_id)
    assert str(rep.person_id) not in page["names"]["people"]
    assert (await director.read(f"/v1/people/{rep.person_id}"))["name"] is None
    (row,) = (await director.read("/v1/opportunities"))["items"]
    assert (row["owner_id"], row["owner"]) == (str(rep.person_id), None)


async def test_what_a_request_said_is_not_to_be_guessed_from_its_fingerprint(customer: Customer, owner: Owner) -> None:
    body = {"title": "二手车", "contact": {"name": "李新", "phone": "13700137000"}}
    answer = await customer.company["sh_rep"].post("/v1/opportunities", body, key="guess")
    assert answer.status_code == 201
    kept = await owner.fetchval("select fingerprint from es.commands where key = 'guess'")
    sent = answer.request.content
    assert kept != hashlib.sha256(b"POST /v1/opportunities\n" + sent).digest()


async def test_row_problems_quote_cells_only_to_who_may_see_persons(customer: Customer, owner: Owner) -> None:
    done = await customer.work(await send(customer, "9,车队,2026-01-05,王建国,赵六,13400134000,\n"))
    director = customer.company["director"]
    token = mint_token(
        development_key(customer.settings.data),
        customer.tenant_id,
        director.person_id,
        ("director",),
        customer.company.root_id,
        ["*"],
    )
    for path in (f"/v1/imports/{done.operation_id}/problems", f"/v1/operations/{done.operation_id}/problems"):
        (problem,) = (await director.read(path))["items"]
        assert problem["params"]["value"] == "王建国"
        (problem,) = (await Client(director.http, token, director.person_id).read(path))["items"]
        assert "value" not in problem["params"]
    rows = await customer.reads(owner, "shown")
    assert [row["subjects"] for row in rows[-2:]] == [[done.operation_id]] * 2


async def test_the_list_of_erasures_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "list" / "erasures.jsonl"
    receipts = [
        Receipt(uuid4(), uuid4(), "contact", "request", uuid4(), datetime(2026, 3, day, tzinfo=UTC)) for day in (1, 2)
    ]
    for receipt in (*receipts, receipts[0]):
        append(path, receipt)
    with path.open("a") as file:
        file.write('{"type": "tenant_deleted", "tenant_id": "x"}\n')
    assert list(read(path)) == receipts
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a") as file:
        file.write('{"tenant_id": "x"}\n')
    with pytest.raises(ValueError, match="line 5"):
        list(read(path))


async def test_who_cannot_be_listed_is_not_erased(customer: Customer) -> None:
    (customer.settings.data / "erasures.jsonl").mkdir()
    done = await customer.erase(customer.person)
    assert (done.state, done.error) == ("failed", "erasures_not_listed")
    assert await customer.held(customer.person) == customer.said | {"remark": "喜欢钓鱼"}
    (shown,) = (await customer.company["sh_rep"].read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert shown["name"] is None, "still restricted: erase again, or lift"
    (customer.settings.data / "erasures.jsonl").rmdir()
    assert (await customer.erase(customer.person)).state == "done"
