"""Two companies of two branches each, and clients that speak for their people. Only for tests of routes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.accounts import events as accounts_events
from services.accounts.account import Account
from services.accounts.account_commands import OpenAccount
from services.accounts.events import Function, KeyPersonAdded, Layer, SupportTeamChanged, TeamMember, TeamRole, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.accounts.person import JoinPerson, Leave, Person, person_claims
from services.accounts.tenant import Tenant
from services.opportunities.main import FACTS
from services.opportunities.products.product import CLAIM, AddProduct, Product
from shared.event_store.command import Claim, Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.tokens import mint_token

NOW = datetime(2025, 3, 20, 2, 0, tzinfo=UTC)
"""Thursday, ten in the morning in Shanghai."""
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
PRODUCTS = ("A6L", "Q5")

JSON = dict[str, Any]


class Clock:
    """What the time is, until told otherwise."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)


class Client:
    """Speaks as one person; every command gets a new key unless given one."""

    def __init__(self, http: httpx.AsyncClient, key: bytes, tenant: UUID, person: UUID, function: str, unit: UUID):
        self.http = http
        self.person = person
        self.unit = unit
        self.token = mint_token(key, tenant, person, (function,), unit, now=None)

    def _headers(self, **more: str | None) -> dict[str, str]:
        given = {"authorization": f"Bearer {self.token}", "accept-language": "en", **more}
        return {name: value for name, value in given.items() if value is not None}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, headers=self._headers(), params=query)

    async def read(self, path: str, **query: Any) -> JSON:
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    async def post(
        self, path: str, body: JSON, *, version: int | None = None, key: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = self._headers(
            **{"idempotency-key": key or secrets.token_hex(8)},
            **{"if-match": None if version is None else f'"{version}"'},
            **{name.replace("_", "-"): value for name, value in headers.items()},
        )
        return await self.http.post(path, json=body, headers=sent)

    async def tell(self, path: str, body: JSON, *, version: int | None = None) -> JSON:
        """A command that is carried out; its receipt."""
        answer = await self.post(path, body, version=version)
        assert answer.status_code in (200, 201), answer.text
        receipt: JSON = answer.json()
        return receipt


@dataclass
class World:
    """One company: head office, east, west; who works there; whom it sells to."""

    tenant_id: UUID
    root: UUID = field(default_factory=uuid4)
    east: UUID = field(default_factory=uuid4)
    west: UUID = field(default_factory=uuid4)
    rep_id: UUID = field(default_factory=uuid4)
    west_rep_id: UUID = field(default_factory=uuid4)
    head_id: UUID = field(default_factory=uuid4)
    director_id: UUID = field(default_factory=uuid4)
    support_id: UUID = field(default_factory=uuid4)
    gone_id: UUID = field(default_factory=uuid4)
    service_id: UUID = field(default_factory=uuid4)
    colleague_id: UUID = field(default_factory=uuid4)
    account: UUID = field(default_factory=uuid4)
    other_account: UUID = field(default_factory=uuid4)
    key_person: UUID = field(default_factory=uuid4)

    @property
    def people(self) -> dict[UUID, tuple[Function, UUID]]:
        return {
            self.rep_id: (Function.REPRESENTATIVE, self.east),
            self.west_rep_id: (Function.REPRESENTATIVE, self.west),
            self.head_id: (Function.DEPARTMENT_HEAD, self.east),
            self.director_id: (Function.DIRECTOR, self.root),
            self.support_id: (Function.TECHNICAL_SUPPORT, self.west),
            self.gone_id: (Function.REPRESENTATIVE, self.east),
            self.service_id: (Function.CUSTOMER_SERVICE, self.east),
            self.colleague_id: (Function.REPRESENTATIVE, self.east),
        }

    def client(self, http: httpx.AsyncClient, key: bytes, person: UUID) -> Client:
        function, unit = self.people[person]
        return Client(http, key, self.tenant_id, person, function, unit)

    def streams(self) -> list[Stream]:
        """Everything that stands before the first test."""
        at = BEGINNING
        streams: list[Stream] = [
            Tenant.open(self.tenant_id, name="大众出行", zone="Asia/Shanghai", currency="CNY", at=at),
            Unit.open_root(self.root, code="HQ", name="总部", at=at),
        ]
        for unit, code, name in ((self.east, "E", "华东"), (self.west, "W", "华西")):
            opening = OpenUnit(code=code, name=name, kind=UnitKind.BRANCH, parent_id=self.root)
            streams.append(Unit.open(unit, opening, at=at))
        for number, (person, (function, unit)) in enumerate(self.people.items()):
            refs = {"hr": f"E-{number}"}
            joining = JoinPerson(name=f"员工{number}", functions=(function,), unit_id=unit, external_refs=refs)
            streams.append(Person.join(person, joining, at=at))
            if person == self.gone_id:
                _person(streams[-1]).leave(Leave(), at=at + timedelta(days=1))
        for account, name in ((self.account, "申城出租"), (self.other_account, "锦江租赁")):
            opening_account = OpenAccount.model_validate({"name": name})
            opened = Account.open(account, opening_account, owner_id=self.rep_id, unit_id=self.east, at=at)
            if account == self.account:
                opened.record(
                    KeyPersonAdded,
                    at=at,
                    person_id=self.key_person,
                    layer=Layer.DECISION,
                    post="主任",
                    influence=None,
                    attitude=None,
                )
                team = (TeamMember(self.support_id, TeamRole.TECHNICAL_SUPPORT),)
                opened.record(SupportTeamChanged, at=at, support_team=team)
            streams.append(opened)
        streams += [Product.add(AddProduct(code=code, name=f"奥迪 {code}"), id=uuid4(), at=at) for code in PRODUCTS]
        return streams


def _person(stream: Stream) -> Person:
    assert isinstance(stream, Person)
    return stream


async def found(store: EventStore) -> World:
    """A new company in the log."""
    world = World(uuid4())
    await store.open_tenant(world.tenant_id)
    accounts = registry(accounts_events)
    for stream in world.streams():
        facts = FACTS if isinstance(stream, Product) else accounts
        append = Repository(store, type(stream), facts=facts).appends(stream)
        claims: tuple[Claim, ...] = ()
        if isinstance(stream, Product):
            claims = (Claim(CLAIM, stream.standing["code"], stream.id),)
        elif isinstance(stream, Person):
            claims = tuple(Claim(*held, stream.id) for held in person_claims(stream.standing))
        command = Command(world.tenant_id, world.director_id, None, None, 201, "ok", (append,), claims=claims)
        outcome = await store.append(command)
        assert outcome.kind == "ok"
    return world
