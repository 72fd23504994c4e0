"""Personal data is kept apart, found by equality, bound to its place, and gone when erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.keys import BadKey
from shared.privacy.tenant_keys import Master
from shared.privacy.vault import Erased, Of, Restricted, Subject, Vault, WrongKey, normalised
from shared.settings import Settings

KEY = bytes(range(32))
Pool = Any


@pytest.fixture
def vault(pool: Pool) -> Vault:
    return Vault(pool, KEY)


async def test_what_is_put_is_got_by_its_tenant_only(vault: Vault, tenant_id: UUID) -> None:
    anna, ben = uuid4(), uuid4()
    await vault.put(tenant_id, anna, {"name": "王安娜", "phone": "13800138000"})
    await vault.put(tenant_id, ben, {"name": "Ben"})
    assert await vault.get(tenant_id, [anna, ben, anna, uuid4()]) == {
        anna: {"name": "王安娜", "phone": "13800138000"},
        ben: {"name": "Ben"},
    }
    assert await vault.get(tenant_id, [anna], ["name"]) == {anna: {"name": "王安娜"}}
    assert await vault.get(uuid4(), [anna]) == {}
    assert await vault.get(tenant_id, []) == {}


async def test_fields_are_replaced_kept_and_forgotten(vault: Vault, tenant_id: UUID) -> None:
    anna = uuid4()
    await vault.put(tenant_id, anna, {"name": "A", "phone": "1", "mail": "a@b.cn"})
    await vault.put(tenant_id, anna, {"name": "B", "phone": None, "mail": ""})
    assert await vault.get(tenant_id, [anna]) == {anna: {"name": "B"}}
    await vault.put(tenant_id, anna, {})


async def test_equality_is_found_without_reading(vault: Vault, tenant_id: UUID) -> None:
    anna = uuid4()
    await vault.put(tenant_id, anna, {"name": "ＡＢＣ  Müller"})
    assert await vault.find(tenant_id, "name", " abc mu\u0308ller ") == [anna]
    assert await vault.find(tenant_id, "mail", "abc müller") == []
    assert await vault.find(uuid4(), "name", "abc müller") == []
    assert normalised("１３８ 0013") == "138 0013"


async def test_nothing_readable_is_stored(vault: Vault, pool: Pool, tenant_id: UUID) -> None:
    anna = uuid4()
    await vault.put(tenant_id, anna, {"name": "MARKER-ANNA"})
    rows = await pool.fetch(
        "select s.key, f.value, f.search from privacy.subjects s"
        " join privacy.fields f using (tenant_id, subject_id) where tenant_id = $1",
        tenant_id,
    )
    assert all(b"MARKER" not in bytes(value) for row in rows for value in row.values())
    again = uuid4()
    await vault.put(tenant_id, again, {"name": "MARKER-ANNA"})
    values = await pool.fetch("select value from privacy.fields where tenant_id = $1", tenant_id)
    assert len({bytes(row["value"]) for row in values}) == 2


async def test_erasing_destroys_and_nobody_comes_back(vault: Vault, pool: Pool, tenant_id: UUID) -> None:
    anna, never = uuid4(), uuid4()
    await vault.put(tenant_id, anna, {"name": "Anna"})
    for subject in (anna, anna, never):
        await vault.erase(tenant_id, subject)
    assert await vault.get(tenant_id, [anna]) == {}
    assert await vault.find(tenant_id, "name", "Anna") == []
    assert await pool.fetchval("select count(*) from privacy.fields where tenant_id = $1", tenant_id) == 0
    rows = await pool.fetch("select key, erased_at from privacy.subjects where tenant_id = $1", tenant_id)
    assert [(row["key"], row["erased_at"] is not None) for row in rows] == [(None, True)] * 2
    for subject in (anna, never):
        with pytest.raises(Erased):
            await vault.put(tenant_id, subject, {"name": "Anna"})


async def test_a_moved_or_altered_row_is_not_read(vault: Vault, pool: Pool, tenant_id: UUID) -> None:
    anna, ben = uuid4(), uuid4()
    await vault.put_many(tenant_id, {anna: {"name": "Anna", "mail": "a"}, ben: {"name": "Ben"}})
    moves = (
        "update privacy.fields f set value = (select value from privacy.fields g where g.tenant_id = f.tenant_id"
        " and g.subject_id = $2 and field = 'mail') where tenant_id = $1 and subject_id = $2 and field = 'name'",
        "update privacy.fields f set value = set_byte(value, 20, 255 - get_byte(value, 20))"
        " where tenant_id = $1 and subject_id = $2 and field = 'name'",
        "update privacy.fields f set value = '\\x09' || value where tenant_id = $1 and subject_id = $2",
    )
    for move in moves:
        await pool.execute(move, tenant_id, anna)
        with pytest.raises(WrongKey):
            await vault.get(tenant_id, [anna])
    await pool.execute(
        "update privacy.subjects s set key = (select key from privacy.subjects t where t.tenant_id ="
        " s.tenant_id and t.subject_id = $3) where tenant_id = $1 and subject_id = $2",
        tenant_id,
        ben,
        anna,
    )
    with pytest.raises(WrongKey):
        await vault.get(tenant_id, [ben])


async def test_another_master_key_is_refused(own_database_url: str, tenant_id: UUID) -> None:
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=1) as pool:
        first = Vault(pool, KEY)
        await first.unseal()
        await first.unseal()
        anna = uuid4()
        await first.put(tenant_id, anna, {"name": "Anna"})
        other = Vault(pool, bytes(32))
        with pytest.raises(WrongKey):
            await other.unseal()
        with pytest.raises(WrongKey):
            await other.get(tenant_id, [anna])
    with pytest.raises(WrongKey):
        Vault(pool, b"short")


async def test_many_names_are_put_and_got_at_once(vault: Vault, tenant_id: UUID) -> None:
    names = {uuid4(): {"name": f"客户 {n}", "phone": f"1380000{n:04}"} for n in range(2_500)}
    await vault.put_many(tenant_id, names)
    assert await vault.get(tenant_id, list(names)) == names


async def test_a_value_has_a_limit(vault: Vault, tenant_id: UUID) -> None:
    with pytest.raises(ValueError, match="more than"):
        await vault.put(tenant_id, uuid4(), {"note": "x" * 70_000})


async def test_a_row_moved_to_another_tenant_is_not_read(vault: Vault, pool: Pool, tenant_id: UUID) -> None:
    anna, other = uuid4(), uuid4()
    await vault.put(tenant_id, anna, {"name": "Anna"})
    await vault.put(other, anna, {"name": "Another"})
    for table, column in (("fields", "value"), ("subjects", "key")):
        await pool.execute(
            f"update privacy.{table} t set {column} = (select {column} from privacy.{table} f where f.tenant_id = $1"
            " and f.subject_id = $3) where tenant_id = $2 and subject_id = $3",
            tenant_id,
            other,
            anna,
        )
        with pytest.raises(WrongKey):
            await vault.get(other, [anna])
    await pool.execute(
        "update privacy.tenant_keys set value = (select value from privacy.tenant_keys where tenant_id = $1)"
        " where tenant_id = $2",
        tenant_id,
        other,
    )
    with pytest.raises(WrongKey):
        await Vault(pool, KEY).get(other, [anna])


async def test_the_master_key_is_changed_while_all_runs(own_database_url: str, tenant_id: UUID) -> None:
    new = bytes(reversed(KEY))
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=1) as pool:
        running = Vault(pool, KEY)
        secret = await running.unseal()
        anna = uuid4()
        await running.put(tenant_id, anna, {"name": "Anna", "phone": "13800138000"})
        both = Vault(pool, Master(new, before=KEY))
        assert await both.unseal() == secret
        assert await both.get(tenant_id, [anna], ["name"]) == {anna: {"name": "Anna"}}
        assert await both.keys.rewrap() == 1
        assert await both.keys.rewrap() == 1
        alone = Vault(pool, new)
        assert await alone.unseal() == secret
        assert await alone.find(tenant_id, "phone", "138 0013 8000") == [anna]
        assert await running.get(tenant_id, [anna], ["name"]) == {anna: {"name": "Anna"}}
        with pytest.raises(WrongKey):
            await Vault(pool, KEY).unseal()


async def test_a_master_key_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY.hex()}\n")
    (tmp_path / "before").write_text(bytes(32).hex())
    found = Master.of(
        Settings(env="production", vault_key_file=tmp_path / "key", vault_key_before_file=tmp_path / "before")
    )
    assert found == Master(KEY, bytes(32))
    with pytest.raises(BadKey, match="DAKEHU_VAULT_KEY_FILE"):
        Master.of(Settings(env="production", data=tmp_path))


async def test_who_is_restricted_is_neither_shown_nor_found_nor_changed(vault: Vault, tenant_id: UUID) -> None:
    anna = uuid4()
    assert not await vault.restrict(tenant_id, anna)
    await vault.put(tenant_id, anna, {"name": "Anna"}, of=Of("contact", tenant_id))
    assert await vault.restrict(tenant_id, anna)
    assert await vault.get(tenant_id, [anna]) == {}
    assert await vault.known(tenant_id, [anna]) == {}
    assert await vault.find(tenant_id, "name", "Anna") == []
    with pytest.raises(Restricted):
        await vault.put(tenant_id, anna, {"name": "Anne"})
    await vault.put_many(tenant_id, {anna: {"name": "Anne"}}, restricted=True)
    assert await vault.known(tenant_id, [anna], restricted=True) == {anna: {"name": "Anne"}}
    assert (await vault.subjects(tenant_id, [anna]))[anna] == Subject(anna, "contact", tenant_id, True, False)
    assert await vault.restrict(tenant_id, anna, restricted=False)
    assert await vault.get(tenant_id, [anna]) == {anna: {"name": "Anne"}}


async def test_nobody_puts_the_phone_of_who_is_being_erased(vault: Vault, pool: Pool, tenant_id: UUID) -> None:
    """As long as the erasure, or an import that was under way, runs."""
    hashes = await vault.hashed(tenant_id, {"name": "Anna", "phone": "138-0013-8000"})
    operation = uuid4()
    await pool.execute(
        "insert into es.operations (tenant_id, operation_id, kind, principal_id, principal, parameters, state)"
        " values ($1, $2, 'erasure', $2, '{}', '{}', 'running')",
        tenant_id,
        operation,
    )
    await pool.execute(
        "insert into privacy.leaving values ($1, 'phone', $2, $3)", tenant_id, hashes["phone"], operation
    )
    with pytest.raises(Erased):
        await vault.put(tenant_id, uuid4(), {"name": "A", "phone": "13800138000"})
    await vault.put(tenant_id, uuid4(), {"name": "Anna"})
    await pool.execute("update es.operations set state = 'done' where operation_id = $1", operation)
    await vault.put(tenant_id, uuid4(), {"name": "A", "phone": "13800138000"})
