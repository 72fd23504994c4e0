"""Reading personal data of customers is on record, needs its scope, and is not answered when it cannot be recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client, Company

Pool = Any
READS = """
select actor, action, subjects, fields, route, machine, trace from privacy.reads where tenant_id = $1 order by at
"""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Pool]:
    """The owner of the tables, whom no wall stops."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def reads(pool: Pool, company: Company) -> list[dict[str, Any]]:
    return [dict(row) for row in await pool.fetch(READS, company.tenant_id)]


async def account_with_key_person(company: Company) -> tuple[str, str]:
    """An account of Shanghai's representative, and its key person."""
    rep = company["sh_rep"]
    account = (await rep.make("/v1/accounts", {"name": "华东物流"}))["id"]
    wang = {"name": "王建国", "layer": "decision", "phone": "138 0013 8000", "mail": "wang@example.com"}
    await rep.make(f"/v1/accounts/{account}/add-key-person", wang, version=1)
    shown = await rep.read(f"/v1/accounts/{account}")
    return account, shown["key_persons"][0]["person_id"]


async def test_one_row_tells_who_was_shown_what_of_whom(company: Company, pool: Pool) -> None:
    account, person = await account_with_key_person(company)
    (row,) = await reads(pool, company)
    assert row["trace"] is not None
    assert {name: value for name, value in row.items() if name != "trace"} == {
        "actor": company["sh_rep"].person_id,
        "action": "shown",
        "subjects": [UUID(person)],
        "fields": ["mail", "name", "phone"],
        "route": "GET /v1/accounts/{account_id}",
        "machine": False,
    }
    await company["sh_head"].read(f"/v1/accounts/{account}")
    assert [row["actor"] for row in await reads(pool, company)][1:] == [company["sh_head"].person_id]


async def test_names_of_staff_and_answers_without_persons_are_not_recorded(company: Company, pool: Pool) -> None:
    rep = company["sh_rep"]
    account = (await rep.make("/v1/accounts", {"name": "华东物流"}))["id"]
    assert (await rep.read(f"/v1/accounts/{account}"))["owner_name"] == "sh_rep先生"
    assert (await rep.read(f"/v1/people/{rep.person_id}"))["name"] == "sh_rep先生"
    await rep.read("/v1/accounts")
    assert await reads(pool, company) == []


async def test_an_answer_that_is_refused_shows_nothing_and_records_nothing(company: Company, pool: Pool) -> None:
    account, _ = await account_with_key_person(company)
    before = len(await reads(pool, company))
    assert (await company["bj_rep"].get(f"/v1/accounts/{account}")).status_code == 404
    assert len(await reads(pool, company)) == before


async def test_without_the_scope_names_of_customers_persons_are_null(
    company: Company, pool: Pool, settings: Settings
) -> None:
    account, person = await account_with_key_person(company)
    before = len(await reads(pool, company))
    rep = company["sh_rep"]
    token = mint_token(
        development_key(settings.data),
        company.tenant_id,
        rep.person_id,
        ("representative",),
        company.units["SH"],
        ["*"],
    )
    shown = await Client(rep.http, token, rep.person_id).read(f"/v1/accounts/{account}")
    (key_person,) = shown["key_persons"]
    assert key_person["person_id"] == person
    assert [key_person[name] for name in ("name", "phone", "mail")] == [None] * 3
    assert shown["owner_name"] == "sh_rep先生"
    assert len(await reads(pool, company)) == before


async def test_what_cannot_be_recorded_is_not_answered(company: Company, owner: Pool) -> None:
    account, _ = await account_with_key_person(company)
    rep = company["sh_rep"]
    refuse = "alter table privacy.reads add constraint refuse_{0} check (tenant_id <> '{0}') not valid"
    name = str(company.tenant_id).replace("-", "_")
    await owner.execute(refuse.replace("refuse_{0}", f"refuse_{name}").format(company.tenant_id))
    try:
        answer = await rep.get(f"/v1/accounts/{account}")
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
        assert "王建国" not in answer.text
        assert (await rep.get("/v1/accounts")).status_code == 200
    finally:
        await owner.execute(f"alter table privacy.reads drop constraint refuse_{name}")
    assert (await rep.get(f"/v1/accounts/{account}")).status_code == 200


async def test_a_person_is_what_the_vault_was_told(company: Company, pool: Pool) -> None:
    account, person = await account_with_key_person(company)
    kinds = {
        row["subject_id"]: (row["kind"], row["record_id"])
        for row in await pool.fetch("select * from privacy.subjects where tenant_id = $1", company.tenant_id)
    }
    assert kinds[UUID(person)] == ("key_person", UUID(account))
    assert kinds[company["sh_rep"].person_id] == ("staff", None)


@pytest.mark.parametrize("written", ["13800138000", "+86 138-0013-8000", "１３８００１３８０００", "008613800138000"])
async def test_a_phone_is_one_however_it_is_written(
    company: Company, pool: Pool, settings: Settings, written: str
) -> None:
    from shared.privacy.vault import Vault

    _, person = await account_with_key_person(company)
    vault = Vault(pool, Vault.master_key(settings))
    assert await vault.find(company.tenant_id, "phone", written) == [UUID(person)]
