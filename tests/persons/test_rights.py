"""What a person may ask for, who may do it, and what stays on record of it."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from services import maintenance
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import Vault, WrongKey
from tests.accounts.company import Client
from tests.persons.customer import Customer

Owner = asyncpg.Connection


async def test_a_phone_is_shown_whole_only_on_request_and_on_record(customer: Customer, owner: Owner) -> None:
    rep = customer.company["sh_rep"]
    (shown,) = (await rep.read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert (shown["phone"], shown["mail"]) == ("138******8000", "w***@example.com")
    page = (await rep.read(f"/v1/opportunities/{customer.deal}"))["texts"]
    assert (page["contact_phone"], page["contact_mail"]) == ("138******8000", "w***@example.com")
    asked = {"fields": ["phone", "birth_date"], "purpose": "约定送车"}
    told = await rep.make(f"/v1/persons/{customer.person}/reveal", asked)
    assert told == {"id": customer.person, "fields": {"phone": "138 0013 8000"}}
    (row,) = await customer.reads(owner, "revealed")
    assert (row["actor"], row["subjects"], row["fields"], row["purpose"], row["route"]) == (
        rep.person_id,
        [UUID(customer.person)],
        ["phone"],
        "约定送车",
        "POST /v1/persons/{person_id}/reveal",
    )


async def test_a_colleagues_phone_is_revealed_on_record_too(customer: Customer, owner: Owner) -> None:
    company = customer.company
    body = {"name": "韩梅", "functions": ["hr"], "unit_id": str(company.root_id), "phone": "13911112222"}
    han = (await company["director"].make("/v1/people", body))["id"]
    told = await company["bj_rep"].make(f"/v1/persons/{han}/reveal", {"fields": ["phone"], "purpose": "联系人事"})
    assert told["fields"] == {"phone": "13911112222"}
    (row,) = await customer.reads(owner, "revealed")
    assert row["subjects"] == [UUID(han)]


async def test_who_does_not_see_the_record_does_not_see_the_person(customer: Customer) -> None:
    stranger = customer.company["bj_rep"]
    for id in (customer.person, customer.contact, str(uuid4()), customer.visit, customer.account):
        assert (await stranger.get(f"/v1/persons/{id}")).status_code == 404
        for verb, body in (
            ("reveal", {"fields": ["phone"], "purpose": "查看"}),
            ("restrict", {"ground": "objection"}),
            ("correct", {"name": "x"}),
            ("export", {}),
            ("erase", {"reason": "request"}),
        ):
            answer = await stranger.post(f"/v1/persons/{id}/{verb}", body)
            assert answer.status_code == 404, (verb, answer.text)


async def test_seeing_a_person_is_not_disposing_of_their_data(customer: Customer) -> None:
    rep = customer.company["sh_rep"]
    for verb, body in (
        ("restrict", {"ground": "objection"}),
        ("lift", None),
        ("correct", {"name": "x"}),
        ("export", {}),
        ("erase", {"reason": "request"}),
    ):
        answer = await rep.post(f"/v1/persons/{customer.person}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), verb


async def test_without_the_scope_nothing_is_revealed_or_exported(customer: Customer, owner: Owner) -> None:
    director = customer.company["director"]
    token = mint_token(
        development_key(customer.settings.data),
        customer.tenant_id,
        director.person_id,
        ("director",),
        customer.company.root_id,
        ["*"],
    )
    blind = Client(director.http, token, director.person_id)
    for verb, body in (("reveal", {"fields": ["phone"], "purpose": "查看"}), ("export", {})):
        answer = await blind.post(f"/v1/persons/{customer.person}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert await customer.reads(owner, "revealed", "exported") == []
    page = await blind.read(f"/v1/opportunities/{customer.deal}")
    assert page["texts"] == {}
    (visit,) = (await blind.read("/v1/visits"))["items"]
    assert visit["narrative"] is None
    assert [met["name"] for met in visit["persons_met"]] == [None]
    assert visit["owner"] == "sh_rep先生"


async def test_on_file_already_tells_the_unit_and_nothing_else(customer: Customer, owner: Owner) -> None:
    stranger = customer.company["bj_rep"]
    shanghai = {"id": str(customer.company.units["SH"]), "name": "上海店"}
    for asked in ({"phone": "+86 13800138000"}, {"phone": "138-0013-8000"}, {"mail": "WANG@example.com"}):
        assert await stranger.make("/v1/persons/check", asked) == {"on_file": True, "unit": shanghai}
    assert await stranger.make("/v1/persons/check", {"phone": "13800138001"}) == {"on_file": False, "unit": None}
    rows = await customer.reads(owner, "found")
    assert len(rows) == 4
    assert {UUID(customer.person), UUID(customer.contact)} == set(rows[0]["subjects"])
    assert (rows[3]["subjects"], rows[3]["fields"]) == ([], ["phone"])
    assert (await stranger.post("/v1/persons/check", {"phone": "1380", "mail": "a@b"})).status_code == 422


async def test_a_credit_code_on_file_tells_the_unit(customer: Customer, owner: Owner) -> None:
    rep, stranger = customer.company["sh_rep"], customer.company["bj_rep"]
    code = "91110000600037341L"
    assert await stranger.make("/v1/accounts/check", {"credit_code": code}) == {"on_file": False, "unit": None}
    await rep.make("/v1/accounts", {"name": "奔驰", "credit_code": code})
    told = await stranger.make("/v1/accounts/check", {"credit_code": code.lower()})
    assert told == {"on_file": True, "unit": {"id": str(customer.company.units["SH"]), "name": "上海店"}}
    assert [row["fields"] for row in await customer.reads(owner, "found")] == [["credit_code"]] * 2
    assert (await stranger.post("/v1/accounts/check", {"credit_code": "1"})).status_code == 422


async def test_a_restricted_person_is_shown_to_nobody_until_it_is_lifted(customer: Customer) -> None:
    company = customer.company
    director, rep = company["director"], company["sh_rep"]
    receipt = await director.make(f"/v1/persons/{customer.person}/restrict", {"ground": "contested"})
    again = await director.make(f"/v1/persons/{customer.person}/restrict", {"ground": "objection"})
    assert again["version"] == receipt["version"] == 1
    (shown,) = (await rep.read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert {shown[name] for name in ("name", "phone", "mail", "remark")} == {None}
    (visit,) = (await rep.read("/v1/visits"))["items"]
    assert [met["name"] for met in visit["persons_met"]] == [None]
    change = {"person_id": customer.person, "phone": "13900000000"}
    refused = await rep.post(f"/v1/accounts/{customer.account}/change-key-person", change, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "person_restricted")
    refused = await director.post(f"/v1/persons/{customer.person}/reveal", {"fields": ["phone"], "purpose": "查看"})
    assert (refused.status_code, refused.json()["code"]) == (409, "person_restricted")
    assert (await director.read(f"/v1/persons/{customer.person}"))["restricted"] is True
    await director.make(f"/v1/persons/{customer.person}/lift", None)
    (shown,) = (await rep.read(f"/v1/accounts/{customer.account}"))["key_persons"]
    assert shown["name"] == "王建国"
    answer = await director.post(f"/v1/persons/{customer.contact}/lift", None)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_restricted")


async def test_whether_somebody_is_restricted_is_not_told_out_of_sight(customer: Customer) -> None:
    stranger = customer.company["bj_rep"]
    account = (await stranger.make("/v1/accounts", {"name": "北方客运"}))["id"]
    await customer.company["director"].make(f"/v1/persons/{customer.person}/restrict", {"ground": "objection"})
    for id in (customer.person, str(uuid4())):
        body = {"person_id": id, "name": "x"}
        answer = await stranger.post(f"/v1/accounts/{account}/change-key-person", body, version=1)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_key_person"), answer.text


async def test_a_correction_is_on_record_without_what_it_says(customer: Customer, owner: Owner) -> None:
    director = customer.company["director"]
    base = f"/v1/persons/{customer.contact}/correct"
    answer = await director.post(base, {"name": "王建军", "phone": None}, key="once")
    assert answer.status_code == 200, answer.text
    assert await customer.held(customer.contact) == {"name": "王建军", "mail": "wang@example.com"}
    data = await owner.fetchval("select data::text from es.events where type = 'PersonalDataCorrected'")
    assert '"fields": ["name", "phone"]' in data
    assert "王" not in data
    await director.make(base, {"name": "王建业"})
    replay = await director.post(base, {"name": "王建军", "phone": None}, key="once")
    assert replay.status_code == 200
    assert (await customer.held(customer.contact))["name"] == "王建业"
    for body in ({"birth_date": "1970-01-01"}, {}, {"name": None}, {"on": "2026-01-01"}):
        assert (await director.post(base, body)).status_code == 422, body


async def test_everything_held_about_a_person_is_handed_to_them(customer: Customer, owner: Owner) -> None:
    director, rep = customer.company["director"], customer.company["sh_rep"]
    await rep.read(f"/v1/accounts/{customer.account}")
    told = await director.make(f"/v1/persons/{customer.person}/export", {"purpose": "本人查阅"})
    assert told["kind"] == "key_person"
    assert told["data"] == customer.said | {"remark": "喜欢钓鱼"}
    assert told["records"] == [{"type": "account", "id": customer.account}]
    assert told["visits_met"] == [customer.visit]
    assert {text["subject"] for text in told["texts"]} == {customer.visit, customer.deal}
    assert {event["type"] for event in told["events"]} == {"KeyPersonAdded", "VisitLogged"}
    assert rep.person_id in {UUID(read["actor"]) for read in told["reads"]}
    assert told["complete"] is True
    (row,) = await customer.reads(owner, "exported")
    assert (row["actor"], row["purpose"]) == (director.person_id, "本人查阅")
    assert set(row["fields"]) == {"name", "phone", "mail", "remark"}


@pytest.mark.parametrize("function", ["tenant_admin", "hr", "director"])
async def test_the_data_of_staff_are_not_those_of_their_customers(customer: Customer, function: str) -> None:
    """Whoever hands somebody a copy of their data hands out no customer's: of such facts, only what names them."""
    company, rep = customer.company, customer.company["sh_rep"]
    token = mint_token(
        development_key(customer.settings.data), company.tenant_id, uuid4(), (function,), company.units["BJ"]
    )
    told = await Client(rep.http, token, uuid4()).make(f"/v1/persons/{rep.person_id}/export", {})
    own = [event for event in told["events"] if event["subject"] == str(rep.person_id)]
    others = [event for event in told["events"] if event["subject"] != str(rep.person_id)]
    assert [event["type"] for event in own] == ["PersonJoined"]
    assert own[0]["data"]["functions"] == ["representative"]
    assert {event["type"] for event in others} >= {"AccountOpened", "ProspectCaptured", "VisitLogged"}
    for event in others:
        assert event["data"]["standing"] | {"owner_id": str(rep.person_id)} == event["data"]["standing"]
    assert "华东物流" not in str(told)
    assert customer.account not in str([event["data"] for event in told["events"]])


async def test_an_erasure_counts_nothing_for_who_sees_no_customers(customer: Customer) -> None:
    company, rep = customer.company, customer.company["sh_rep"]
    key, held = development_key(customer.settings.data), ("tenant_admin",)
    admin = Client(rep.http, mint_token(key, company.tenant_id, uuid4(), held, company.root_id), uuid4())
    body = {"name": "年底定", "functions": ["representative"], "unit_id": str(company.root_id), "phone": "13800138000"}
    made = await company["director"].make("/v1/people", body)
    for asking, found in ((admin, (None, [])), (company["director"], (2, [customer.person, customer.contact]))):
        asked = await asking.post(f"/v1/persons/{made['id']}/erase", {"reason": "request", "confirm": False})
        done = await customer.work(asked.json()["id"])
        assert done.result is not None
        assert (done.result["texts"], sorted(done.result["perhaps"])) == (found[0], sorted(found[1]))
    told = await admin.make(f"/v1/persons/{made['id']}/export", {})
    assert told["perhaps"] == []


async def test_where_a_person_appears_is_told_in_ids(customer: Customer) -> None:
    rep = customer.company["sh_rep"]
    told = await rep.read(f"/v1/persons/{customer.person}")
    assert told == {
        "id": customer.person,
        "kind": "key_person",
        "restricted": False,
        "erased": False,
        "erased_at": None,
        "fields": ["mail", "name", "phone", "remark"],
        "records": [{"type": "account", "id": customer.account}],
        "same": [customer.contact],
        "perhaps": [],
    }
    told = await rep.read(f"/v1/persons/{customer.company['sh_head'].person_id}")
    assert (told["kind"], told["fields"]) == ("staff", ["name"])


@pytest.mark.parametrize("verb", ["reveal", "restrict", "correct", "export", "erase"])
async def test_bodies_are_closed(customer: Customer, verb: str) -> None:
    director = customer.company["director"]
    answer = await director.post(f"/v1/persons/{customer.person}/{verb}", {"something": "else"})
    assert answer.status_code == 422


async def test_entries_out_of_sight_are_not_named(customer: Customer) -> None:
    rep = customer.company["bj_rep"]
    account = (await rep.make("/v1/accounts", {"name": "北方客运"}))["id"]
    await rep.make(f"/v1/accounts/{account}/add-key-person", customer.said | {"layer": "use"}, version=1)
    (shown,) = (await rep.read(f"/v1/accounts/{account}"))["key_persons"]
    told = await rep.read(f"/v1/persons/{shown['person_id']}")
    assert (told["same"], told["perhaps"]) == ([], [])
    told = await customer.company["director"].read(f"/v1/persons/{shown['person_id']}")
    assert set(told["same"]) == {customer.person, customer.contact}


async def test_the_operator_changes_the_master_key(customer: Customer) -> None:
    new, before = secrets.token_hex(32), (customer.settings.data / "keys" / "vault").read_text()
    both = customer.settings.model_copy(update={"vault_key": SecretStr(new), "vault_key_before": SecretStr(before)})
    said: list[str] = []
    assert await maintenance.rewrap(both, said.append) == 0
    assert said == ["The keys of 1 tenants are wrapped by the master key of now."]
    alone = customer.settings.model_copy(update={"vault_key": SecretStr(new)})
    vault = Vault(customer.store.all_tenants, Vault.master_key(alone))
    found = await vault.known(customer.tenant_id, [UUID(customer.person)], ["phone"])
    assert found == {UUID(customer.person): {"phone": customer.said["phone"]}}
    with pytest.raises(WrongKey):
        await Vault(customer.store.all_tenants, Vault.master_key(customer.settings)).unseal()
