"""Files about a person: held, not shown while restricted, erased with them, and never brought back."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from shared.identity.current_tenant import as_tenant
from shared.privacy.contents import Contents, UnknownPerson, digest_of
from shared.privacy.vault import Erased, Restricted
from tests.persons.customer import Customer

Owner = asyncpg.Connection
LETTER = "王建国授权书".encode()


async def attach(customer: Customer, content: bytes, *, by: str = "sh_rep", **said: str) -> httpx.Response:
    client = customer.company[by]
    return await client.http.post(
        "/v1/attachments",
        files=[("file", ("王建国.txt", content))],
        data={"record_kind": "opportunity", "record_id": customer.deal, **said},
        headers={"authorization": f"Bearer {client.token}", "idempotency-key": uuid4().hex},
    )


async def content(customer: Customer, id: str, *, by: str = "sh_rep", token: str | None = None) -> httpx.Response:
    client = customer.company[by]
    headers = {"authorization": f"Bearer {token or client.token}", "accept-language": "en"}
    return await client.http.get(f"/v1/attachments/{id}/content", headers=headers)


async def stored(owner: Owner) -> dict[str, int]:
    tables = ("attachment_uses", "attachment_contents", "attachment_chunks")
    return {table: await owner.fetchval(f"select count(*) from es.{table}") for table in tables}


async def test_files_about_a_person_are_held_restricted_and_erased(customer: Customer, owner: Owner) -> None:
    director = customer.company["director"]
    about = await attach(customer, LETTER, person_ids=customer.person, title="王建国的授权书")
    assert about.status_code == 201, about.text
    id = about.json()["id"]
    same = (await attach(customer, LETTER, record_kind="visit", record_id=customer.visit)).json()["id"]
    plain = (await attach(customer, b"price list")).json()["id"]
    assert await stored(owner) == {"attachment_uses": 3, "attachment_contents": 2, "attachment_chunks": 2}

    held = (await director.post(f"/v1/persons/{customer.person}/export", {})).json()
    assert held["attachments"] == [{"id": id, "filename": "王建国.txt", "title": "王建国的授权书"}]

    restricted = await director.post(f"/v1/persons/{customer.person}/restrict", {"ground": "objection"})
    assert restricted.status_code == 200, restricted.text
    assert (await content(customer, id)).json()["code"] == "person_restricted"
    assert (await attach(customer, b"another", person_ids=customer.person)).json()["code"] == "person_restricted"
    assert (await director.post(f"/v1/persons/{customer.person}/lift-restriction", {})).status_code in (200, 404)
    await owner.execute("update privacy.subjects set restricted_at = null where subject_id = $1", UUID(customer.person))
    assert (await content(customer, id)).content == LETTER

    preview = await customer.erase(customer.person, confirm=False)
    assert preview.result is not None
    assert (preview.result["attachments"], (await content(customer, id)).status_code) == (1, 200)
    done = await customer.erase(customer.person)
    assert done.result is not None
    assert done.result["attachments"] == 1
    assert await stored(owner) == {"attachment_uses": 1, "attachment_contents": 1, "attachment_chunks": 1}
    for gone in (id, same):
        assert (await content(customer, gone)).json()["code"] == "attachment_gone"
    assert (await content(customer, plain)).content == b"price list"
    keys = await owner.fetch("select key from privacy.subjects where kind = 'content'")
    assert sum(row["key"] is not None for row in keys) == 1, "the keys of the erased and the refused are no more"
    assert (await attach(customer, b"a", person_ids=customer.person)).json()["code"] == "person_erased"
    assert (await stored(owner))["attachment_uses"] == 1


async def test_who_does_not_see_the_record_and_other_companies_see_no_file(customer: Customer) -> None:
    id = (await attach(customer, LETTER)).json()["id"]
    other = customer.company["bj_rep"]
    assert (await content(customer, id, by="bj_rep")).status_code == 404
    assert (await attach(customer, LETTER, by="bj_rep")).json()["code"] == "unknown_record"
    listed = await other.http.get(
        f"/v1/attachments?record_id={customer.deal}", headers={"authorization": f"Bearer {other.token}"}
    )
    assert listed.status_code == 404


async def test_what_was_stored_for_nothing_is_swept(customer: Customer, owner: Owner) -> None:
    tenant = customer.tenant_id
    with as_tenant(tenant):
        contents = Contents(customer.store.all_tenants, customer.vault())
        sha256, size = await digest_of(io.BytesIO(LETTER))
        lost = uuid4()
        given: dict[str, Any] = {"record_id": UUID(customer.deal)}
        assert await contents.keep(tenant, lost, io.BytesIO(LETTER), sha256, size, **given)
        assert not await contents.keep(tenant, lost, io.BytesIO(LETTER), sha256, size, **given), "once"
        kept = (await attach(customer, LETTER)).json()["id"]
        assert await contents.sweep(tenant) == 0, "the command may still be tried again"
        await owner.execute("update es.attachment_uses set created_at = created_at - interval '25 hours'")
        assert await contents.sweep(tenant) == 1
        assert await contents.sweep(tenant) == 0
        assert (await content(customer, kept)).content == LETTER
        with pytest.raises(UnknownPerson):
            await contents.keep(tenant, uuid4(), io.BytesIO(b"x"), "00" * 32, 1, persons=[uuid4()], **given)
        await customer.vault().restrict(tenant, UUID(customer.person))
        with pytest.raises(Restricted):
            await contents.about(tenant, UUID(kept), [UUID(customer.person)])
        await customer.vault().erase(tenant, UUID(customer.person))
        with pytest.raises(Erased):
            await contents.about(tenant, UUID(kept), [UUID(customer.person)])
