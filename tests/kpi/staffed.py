"""A company with two branches and their people, in the log: what records about persons need. Tests nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.accounts.person import JoinPerson, Person
from services.kpi.main import FACTS
from services.kpi.views import VIEWS
from shared.event_store.command import Command
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import STAFF, Of, Vault
from shared.projections.view import View
from shared.settings import Settings
from shared.testing.views import fold_rest
from tests.accounts.company import BEGINNING, Client, Company, open_tenant

PEOPLE = {
    "sh_manager": ("SH", Function.BRANCH_MANAGER),
    "sh_head": ("SH", Function.DEPARTMENT_HEAD),
    "sh_office": ("SH", Function.BACK_OFFICE),
    "li": ("SH", Function.REPRESENTATIVE),
    "wang": ("SH", Function.REPRESENTATIVE),
    "bj_head": ("BJ", Function.DEPARTMENT_HEAD),
    "zhao": ("BJ", Function.REPRESENTATIVE),
    "hr": ("HQ", Function.HR),
    "service": ("SH", Function.CUSTOMER_SERVICE),
}


@dataclass
class Staffed:
    """The company; by name its units, and a client for each person."""

    company: Company
    store: EventStore
    pool: asyncpg.Pool[asyncpg.Record]
    people: dict[str, UUID] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Client:
        return self.company[name]

    @property
    def tenant_id(self) -> UUID:
        return self.company.tenant_id

    def unit(self, code: str) -> str:
        return str(self.company.units[code])

    def person(self, name: str) -> str:
        return str(self.people[name])

    async def fold(self, *views: View) -> None:
        await fold_rest(self.pool, views or VIEWS)

    async def append(self, *streams: Stream) -> None:
        found = tuple(Repository(self.store, type(one), facts=FACTS).appends(one) for one in streams)
        outcome = await self.store.append(Command(self.tenant_id, uuid4(), None, None, 201, "ok", found))
        assert outcome.kind == "ok"

    async def make(self, who: str, path: str, body: Any, *, version: int | None = None) -> dict[str, Any]:
        return await self[who].make(path, body, version=version)

    async def refused(self, who: str, path: str, body: Any, *, version: int | None = None) -> tuple[int, str]:
        """Status and code of what is refused."""
        answer = await self[who].post(path, body, version=version)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, str(answer.json()["code"])


async def staffed(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    """Found it; its views are folded."""
    company = Company(uuid4(), uuid4())
    director = await open_tenant(store, company)
    company.units["HQ"] = company.root_id
    made = Staffed(company, store, pool)
    streams: list[Stream] = []
    for code in ("SH", "BJ"):
        command = OpenUnit(code=code, name=f"{code}店", kind=UnitKind.BRANCH, parent_id=company.root_id)
        unit = Unit.open(uuid4(), command, at=BEGINNING)
        company.units[code] = unit.id
        streams.append(unit)
    key = development_key(settings.data)
    made.people["director"] = director
    for name, (code, function) in PEOPLE.items():
        joining = JoinPerson(name=name, functions=(function,), unit_id=company.units[code])
        person = Person.join(uuid4(), joining, at=BEGINNING)
        made.people[name] = person.id
        streams.append(person)
    await made.append(*streams)
    vault = Vault(store.all_tenants, Vault.master_key(settings))
    names = {id: {"name": name} for name, id in made.people.items()}
    await vault.put_many(company.tenant_id, names, of=dict.fromkeys(names, Of(STAFF)))
    roles = {"director": ("HQ", Function.DIRECTOR), **PEOPLE}
    for name, (code, function) in roles.items():
        token = mint_token(key, company.tenant_id, made.people[name], (str(function),), company.units[code])
        company.clients[name] = Client(http, token, made.people[name])
    await made.fold()
    return made
