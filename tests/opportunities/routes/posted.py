"""A key-account department beside the two branches, one of its people posted to the east. Only for tests of routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import httpx

from services.accounts import events as accounts_events
from services.accounts.events import Function, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.accounts.person import JoinPerson, Person, PostTo, ReportTo
from services.accounts.person_commands import AppointDeputy
from services.opportunities.views import VIEWS
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.testing.views import fold_all
from tests.opportunities.routes.world import BEGINNING, NOW, Client, World

TODAY = date(2025, 3, 20)


@dataclass
class Posted:
    """`guest` belongs to the department `ka` and works in the east; `junior` reports to `guest`."""

    world: World
    store: EventStore
    pool: asyncpg.Pool
    http: httpx.AsyncClient
    key: bytes
    ka: UUID = field(default_factory=uuid4)
    people: dict[str, tuple[UUID, Function, UUID]] = field(default_factory=dict)

    async def found(self) -> None:
        world = self.world
        opening = OpenUnit(code="KA", name="大客户部", kind=UnitKind.DEPARTMENT, parent_id=world.root)
        await self.tell(Unit.open(self.ka, opening, at=BEGINNING))
        for name, function, unit in (
            ("ka_head", Function.DEPARTMENT_HEAD, self.ka),
            ("guest", Function.REPRESENTATIVE, self.ka),
            ("junior", Function.REPRESENTATIVE, world.west),
            ("office", Function.BACK_OFFICE, world.east),
            ("east_manager", Function.BRANCH_MANAGER, world.east),
        ):
            person = Person.join(uuid4(), JoinPerson(name=name, functions=(function,), unit_id=unit), at=BEGINNING)
            self.people[name] = (person.id, function, unit)
            if name == "guest":
                person.post_to(PostTo(unit_id=world.east), at=BEGINNING)
                self.people[name] = (person.id, function, world.east)
            if name == "junior":
                person.report_to(ReportTo(person_id=self.id("guest")), superiors=(), at=BEGINNING)
            await self.tell(person)
        await self.fold()

    def id(self, name: str) -> UUID:
        return self.people[name][0]

    def client(self, name: str) -> Client:
        person, function, unit = self.people[name]
        return Client(self.http, self.key, self.world.tenant_id, person, function, unit)

    async def stand_in(self, absent: UUID, deputy: UUID, *, until: date = TODAY) -> None:
        """Appoint a deputy, and let everybody know."""
        repository = Repository(self.store, Person, facts=registry(accounts_events))
        with as_tenant(self.world.tenant_id):
            person = await repository.load(self.world.tenant_id, absent)
        assert person is not None
        person.appoint_deputy(AppointDeputy(deputy_id=deputy, until=until), today=TODAY, at=NOW)
        await self.tell(person)
        await self.fold()

    async def tell(self, stream: Stream) -> None:
        append = Repository(self.store, type(stream), facts=registry(accounts_events)).appends(stream)
        command = Command(self.world.tenant_id, self.world.director_id, None, None, 200, "ok", (append,))
        assert (await self.store.append(command)).kind == "ok"

    async def fold(self) -> None:
        await fold_all(self.pool, VIEWS)
