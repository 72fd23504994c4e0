"""What the rows of the matrix are about: a fresh record of the first company alone, owned by b00.a at b00."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import MoveUnit, OpenUnit, Unit
from services.accounts.person import JoinPerson, Person, PostTo
from services.opportunities.opportunity.commands.prospects import GiveInstruction
from services.opportunities.products.product import AddProduct, Product
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.jobs import create_operation
from shared.privacy.vault import KEY_PERSON, STAFF, Of
from tests.authorisation import nouns
from tests.authorisation.company import BEGINNING, CHANGED, id_of
from tests.authorisation.deals import ACCOUNTS, OPPORTUNITIES, VISITS, Held, account_of, opportunity_of, visit_of
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

MARK = MARKS[0]
EMPTY: Mapping[str, Any] = {}
MACHINE = {"name": "ERP", "functions": ["integration"], "scopes": ["accounts:read"]}
INSTRUCTED = datetime(2025, 10, 1, 2, tzinfo=UTC)


async def made(world: World, what: str) -> Target:
    """A new one of what a row is on."""
    if what.startswith("deal."):
        return await _deal(world, what.removeprefix("deal."))
    if what.startswith("visit."):
        return await _visit(world, what)
    return await (MAKERS.get(what) or nouns.MAKERS[what])(world)


def unknown(what: str) -> Target:
    """The like of it that nobody has."""
    return Target("no.such_view" if what == "view" else str(uuid4()), 1, str(uuid4()))


async def _kept(world: World, stream: Stream) -> Target:
    await world.append(0, [stream], actor="b00.a")
    return Target(str(stream.id), stream.version)


async def _account(world: World) -> Target:
    id = uuid4()
    target = await _kept(world, account_of(ACCOUNTS["only.account"], MARK, id))
    person = id_of(f"key person of {id}")
    of = Of(KEY_PERSON, id)
    with as_tenant(world.tenants[0]):
        vault = world.apps["accounts"].state.kit.vault
        await vault.put(world.tenants[0], person, {"name": "王", "phone": "13712345678"}, of=of)
    return replace(target, person=str(person))


async def _key_person(world: World) -> Target:
    return Target((await _account(world)).person)


async def _restricted(world: World) -> Target:
    target = await _key_person(world)
    await _told(world, "director", f"/v1/persons/{target.id}/restrict", {"ground": "contested"})
    return target


async def _deal(world: World, state: str) -> Target:
    if state != "instructed":
        held = OPPORTUNITIES["only.deal.hot"]
        return await _kept(world, opportunity_of(replace(held, state=state), MARK, uuid4()))
    deal = opportunity_of(OPPORTUNITIES["only.deal.hot"], MARK, uuid4())
    instruction = GiveInstruction(text="约见", due_on=date(2026, 4, 1))
    deal.instruct(instruction, by=id_of("b00.manager"), at=INSTRUCTED, day=date(2025, 10, 1))
    return await _kept(world, deal)


async def _visit(world: World, what: str) -> Target:
    held: Held = VISITS[f"only.{what}"]
    return await _kept(world, visit_of(held, uuid4()))


async def _unit(world: World, *, moved: bool = False) -> Target:
    id = uuid4()
    opening = OpenUnit(code=str(id), name="店", kind=UnitKind.BRANCH, parent_id=id_of("r0"))
    unit = Unit.open(id, opening, at=BEGINNING)
    if moved:
        unit.move(MoveUnit(parent_id=id_of("r1")), path=(id_of("r1"), id_of("hq")), at=CHANGED)
    target = await _kept(world, unit)
    await world.fold()  # closing one asks the views what stands below it
    return target


async def _person(world: World, *, posted: bool = False) -> Target:
    joining = JoinPerson(name="员工", functions=(Function.REPRESENTATIVE,), unit_id=id_of("b00"))
    person = Person.join(uuid4(), joining, at=BEGINNING)
    if posted:
        person.post_to(PostTo(unit_id=id_of("b01")), at=CHANGED)
    with as_tenant(world.tenants[0]):
        vault = world.apps["accounts"].state.kit.vault
        await vault.put(world.tenants[0], person.id, {"name": "员工"}, of=Of(STAFF))
    return await _kept(world, person)


async def _product(world: World) -> Target:
    id = uuid4()
    return await _kept(world, Product.add(AddProduct(code=str(id)[:18], name="车"), id=id, at=BEGINNING))


async def _seen_person(world: World) -> Target:
    target = await _person(world)
    await world.fold()
    return target


async def _told(world: World, member: str, path: str, body: dict[str, Any]) -> Target:
    """What a command of somebody who may comes to."""
    answer = await world.send("accounts", "POST", path, world.caller(member), body=body)
    assert answer.status in (200, 201, 202), answer.body
    return Target(str(answer.said["id"]), answer.said.get("version"))


async def _hand_over(world: World) -> Target:
    leaver = await _seen_person(world)
    body = {"from_person_id": leaver.id, "to": str(id_of("b00.b"))}
    return await _told(world, "b00.manager", "/v1/hand-overs", body)


async def _provider(world: World) -> Target:
    body = {"issuer": f"https://{uuid4()}.example.com/", "audience": "dakehu"}
    return await _told(world, "tenant_admin", "/v1/identity-providers", body)


async def _api_key(world: World) -> Target:
    return await _told(world, "director", "/v1/api-keys", MACHINE)


async def _operation(world: World, kind: str = "counting", parameters: Mapping[str, Any] = EMPTY) -> Target:
    id: UUID = uuid4()
    with as_tenant(world.tenants[0]):
        await create_operation(
            world.store.pool,
            tenant_id=world.tenants[0],
            operation_id=id,
            kind=kind,
            principal_id=id_of("b00.a"),
            principal={},
            parameters=parameters,
        )
    return Target(str(id))


async def _import(world: World) -> Target:
    return await _operation(world, "import")


async def _undone_import(world: World) -> Target:
    target = await _import(world)
    await _operation(world, "import_undo", {"import_id": target.id})
    return target


async def _fixed(name: str) -> Target:
    return Target(name)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "account": _account,
    "unit": _unit,
    "person": _person,
    "moved unit": lambda world: _unit(world, moved=True),
    "posted person": lambda world: _person(world, posted=True),
    "seen person": _seen_person,
    "key person": _key_person,
    "restricted person": _restricted,
    "hand-over": _hand_over,
    "provider": _provider,
    "api key": _api_key,
    "product": _product,
    "operation": _operation,
    "reference": lambda _: _fixed(secrets.token_hex(8)),
    "import": _import,
    "undone import": _undone_import,
    "problem": lambda _: _fixed("stale"),
    "view": lambda _: _fixed("view"),  # by the service's own name for one: see the matrix
    "file": lambda _: _fixed(""),
    "": lambda _: _fixed(""),
}
