"""People find records by what they remember of them, and only those they see."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.identity.scopes import ALL
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import Vault
from shared.settings import Settings
from tests.accounts.company import Client
from tests.hand_overs.firm import Firm

ACCOUNTS = ("北京汽车集团有限公司", "重庆长安汽车", "Acme Motors 上海", "单县物流")


async def ask(client: Client, q: str, **query: Any) -> Any:
    headers = {"authorization": f"Bearer {client.token}", "accept-language": "en"}
    return await client.http.get("/v1/search", params={"q": q, **query}, headers=headers)


async def names(client: Client, q: str, **query: Any) -> list[str]:
    answer = await ask(client, q, **query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def on_file(firm: Firm) -> None:
    """Four accounts of lei's, one of west's, and what belongs to them; read once all views show it."""
    for name in ACCOUNTS:
        await firm.account(name, "lei")
    await firm.account("重庆银行", "west")
    await firm.prospect("车辆更新三期", "lei", "北京汽车集团有限公司")
    path = f"/v1/accounts/{firm.ids['北京汽车集团有限公司']}/add-key-person"
    made = await firm["lei"].make(path, {"name": "王小明", "layer": "decision", "phone": "138 1234 5678"}, version=1)
    for client in (firm["lei"], firm["director"]):
        await ask_until_seen(client, made["position"])


async def ask_until_seen(client: Client, position: int) -> None:
    answer = await ask(client, "x", min_position=position)
    assert answer.status_code == 200, answer.text


BEST = {
    "汽车集团": "北京汽车集团有限公司",
    "beijingqiche": "北京汽车集团有限公司",
    "BEI JING": "北京汽车集团有限公司",
    "bjqc": "北京汽车集团有限公司",
    "chongqingchangan": "重庆长安汽车",  # read as places, not sign by sign
    "cqca": "重庆长安汽车",
    "acme": "Acme Motors 上海",
    "ＡＣＭＥ　ｍｏｔｏｒｓ": "Acme Motors 上海",
    "shanghai": "Acme Motors 上海",
    "三期": "车辆更新三期",
    "clgx": "车辆更新三期",
    "q5": "Q5",
    "单": "单县物流",
}


async def test_what_is_remembered_is_enough(firm: Firm) -> None:
    await on_file(firm)
    for q, best in BEST.items():
        assert (await names(firm["lei"], q))[:1] == [best], q
    assert await names(firm["lei"], "北京x") == []
    assert await names(firm["lei"], "车", kinds="opportunity") == ["车辆更新三期"]
    assert len(await names(firm["lei"], "车", limit=2)) == 2
    (found,) = (await ask(firm["lei"], "更新三")).json()["items"]
    assert found["kind"] == "opportunity"
    assert (found["account"], found["owner"], found["unit"]) == ("北京汽车集团有限公司", "lei先生", "E")


async def test_the_whole_comes_before_its_beginning_and_a_short_name_before_a_long(firm: Firm) -> None:
    await firm.account("大众", "lei")
    await firm.account("大众汽车租赁", "lei")
    await firm.account("一汽大众", "lei")
    made = await firm["lei"].make("/v1/accounts", {"name": "大众汽车"})
    await ask_until_seen(firm["lei"], made["position"])
    assert await names(firm["lei"], "大众") == ["大众", "大众汽车", "大众汽车租赁", "一汽大众"]


async def test_who_does_not_see_a_record_does_not_find_it(firm: Firm, other: Firm) -> None:
    await on_file(firm)
    assert await names(firm["west"], "重庆") == ["重庆银行"]
    assert await names(firm["lei"], "重庆") == ["重庆长安汽车"]
    assert set(await names(firm["director"], "重庆")) == {"重庆银行", "重庆长安汽车"}
    assert await names(firm["west"], "王小明") == []
    assert await names(firm["west"], "三期") == []
    for q in ("重庆", "三期", "王小明", "5678", "cq"):
        assert await names(other["director"], q) == [], q


async def test_a_name_that_was_changed_is_found_by_the_new_one_alone(firm: Firm) -> None:
    id = await firm.account("旧名字", "lei")
    changed = await firm["lei"].make(f"/v1/accounts/{id}/change", {"name": "新招牌"}, version=1)
    await ask_until_seen(firm["lei"], changed["position"])
    assert await names(firm["lei"], "旧名") == []
    assert await names(firm["lei"], "xzp") == ["新招牌"]


async def test_persons_are_found_by_name_reading_and_the_end_of_the_phone(
    firm: Firm, store: EventStore, settings: Settings
) -> None:
    await on_file(firm)
    for q in ("王小明", "小明", "wangxiaoming", "wxm", "13812345678", "+86 138-1234-5678", "5678", "12345678"):
        (found,) = (await ask(firm["lei"], q, kinds="key_person")).json()["items"]
        assert (found["name"], found["account"]) == ("王小明", "北京汽车集团有限公司"), q
        assert "1234" not in found["phone"]
    assert await names(firm["lei"], "王", kinds="key_person") == []
    assert await names(firm["lei"], "hua先生", kinds="person") == ["hua先生"]
    lei = firm["lei"]
    token = mint_token(
        development_key(settings.data), firm.tenant_id, lei.person_id, ("representative",), firm.units["E"], (ALL,)
    )
    unsighted = (await ask(Client(lei.http, token, lei.person_id), "王小明")).json()
    assert unsighted["items"] == []
    assert unsighted["left_out"] == ["key_person", "contact"]
    with as_tenant(firm.tenant_id):
        reads = await store.pool.fetch("select action, subjects, fields from privacy.reads where action = 'found'")
        assert reads
        assert all(len(row["subjects"]) == 1 for row in reads)
        kept = await store.pool.fetch("select value, search, terms from privacy.fields where terms is not null")
        assert b"wangxiaoming" not in b"".join(b"".join(row["terms"]) for row in kept)


async def test_an_erased_person_is_not_found(firm: Firm, store: EventStore, settings: Settings) -> None:
    await on_file(firm)
    (found,) = (await ask(firm["lei"], "wxm", kinds="key_person")).json()["items"]
    with as_tenant(firm.tenant_id):
        await Vault(store.pool, Vault.master_key(settings)).erase(firm.tenant_id, found["id"])
        left = "select count(*) from privacy.fields where subject_id = $1"
        assert await store.pool.fetchval(left, found["id"]) == 0
    for q in ("王小明", "wxm", "5678"):
        assert await names(firm["lei"], q, kinds="key_person") == []


async def test_what_is_looked_for_is_logged_nowhere(firm: Firm, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        await ask(firm["lei"], "王秘密")
        await ask(firm["lei"], "王秘密", kinds="nothing")
    said = capsys.readouterr()
    assert "王秘密" not in caplog.text + said.out + said.err
    with as_tenant(firm.tenant_id):
        for table in ("privacy.reads", "es.operations", "es.commands", "es.events"):
            assert not await firm.store.pool.fetchval(f"select count(*) from {table} t where t::text like '%王秘密%'")


async def test_what_cannot_be_looked_for_is_refused(firm: Firm) -> None:
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("", {}, "validation"),
        ("x" * 101, {}, "validation"),
        ("x", {"kinds": "y"}, "unknown_search_kind"),
        ("x", {"limit": 51}, "validation"),
        ("x", {"format": "csv"}, "unknown_parameter"),
    ]
    for q, query, code in refused:
        answer = await ask(firm["lei"], q, **query)
        assert answer.json()["code"] == code
