"""Who was shown a customer's person is found in the audit: who, whose, which fields, what for; never what they said."""

from __future__ import annotations

from typing import Any

import pytest

from shared.identity.scopes import ALL
from tests.authorisation.company import id_of
from tests.authorisation.deals import key_person
from tests.authorisation.world import Caller, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = dict[str, Any]


async def reads_of(world: World, account: str) -> list[JSON]:
    """The entries about an account's key person, newest first."""
    query = {"kind": "reads", "subject": str(key_person(account))}
    answer = await world.send("accounts", "GET", "/v1/audit", world.caller("auditor"), query=query)
    assert answer.status == 200, answer.body
    assert "13812345678" not in answer.body.decode()
    assert "关键人" not in answer.body.decode()
    return list(answer.said["items"])


async def look(world: World, caller: Caller, account: str, **headers: str) -> None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.send("accounts", "GET", f"/v1/accounts/{id_of(account)}", caller, headers=sent)
    assert answer.status == 200, answer.body


async def test_who_is_shown_a_key_person_is_on_record(world: World) -> None:
    await look(world, world.caller("b11.a"), "account.b11.a")
    (entry,) = await reads_of(world, "account.b11.a")
    assert (entry["kind"], entry["action"], entry["actor"]) == ("read", "shown", str(id_of("b11.a")))
    assert entry["actor_name"] == "甲·员工 b11.a"
    assert {"name", "phone"} <= set(entry["fields"])
    assert entry["route"] == "GET /v1/accounts/{account_id}"


async def test_who_is_shown_nothing_leaves_no_entry(world: World) -> None:
    await look(world, world.caller("director", scopes=(ALL,)), "account.b12.a")
    stranger = await world.send(
        "accounts", "GET", f"/v1/accounts/{id_of('account.b12.a')}", world.caller("b20.manager")
    )
    assert stranger.status == 404
    assert await reads_of(world, "account.b12.a") == []


async def test_a_revealed_phone_says_what_for(world: World) -> None:
    path = f"/v1/persons/{key_person('account.b20.a')}/reveal"
    body = {"fields": ["phone"], "purpose": "约定送车时间"}
    answer = await world.send("accounts", "POST", path, world.caller("b20.a"), body=body)
    assert answer.said["fields"] == {"phone": "13812345678"}
    (entry,) = await reads_of(world, "account.b20.a")
    assert (entry["action"], entry["fields"], entry["purpose"]) == ("revealed", ["phone"], "约定送车时间")


async def test_an_operator_who_looks_through_anothers_eyes_is_named(world: World) -> None:
    operator = world.caller("operations")
    await look(world, operator, "account.b21.a", view_as=str(id_of("b21.a")))
    (entry,) = await reads_of(world, "account.b21.a")
    assert (entry["actor"], entry["viewer"]) == (str(id_of("b21.a")), str(id_of("operations")))
    assert entry["viewer_name"] == "甲·员工 operations"
    found = await world.send(
        "accounts", "GET", "/v1/audit", world.caller("auditor"), query={"actor": str(id_of("operations"))}
    )
    assert {"viewed_as", "shown"} <= {one["action"] for one in found.said["items"]}


async def test_the_file_comes_from_behind_the_wall_too(world: World) -> None:
    """Streamed after the route has ended, and still of one company alone."""
    answer = await world.send("kpi", "GET", "/v1/audit", world.caller("auditor"), query={"format": "csv"})
    lines = answer.body.decode("utf-8-sig").splitlines()
    head = int(answer.headers["log-position"])
    assert sum(line.startswith("change,") for line in lines) == head
    assert "乙·" not in answer.body.decode()
