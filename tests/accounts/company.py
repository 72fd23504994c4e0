"""A company to test routes with: head office, two branches, people at each, and a client for any of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.accounts.events import Function
from services.accounts.main import FACTS
from services.accounts.organisation import Unit, unit_claims
from services.accounts.person import JoinPerson, Person
from services.accounts.tenant import Tenant
from shared.event_store.command import Claim, Command
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import Of, Vault
from shared.settings import Settings

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """The time the app lives in; tests move it."""

    now: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Client:
    """Sends as one principal; every POST gets a new key unless given one, and the version it names as If-Match."""

    http: httpx.AsyncClient
    token: str
    person_id: UUID

    async def get(self, path: str, **params: Any) -> httpx.Response:
        given = {name.rstrip("_"): str(value) for name, value in params.items()}
        return await self.http.get(path, params=given or None, headers=self._headers())

    async def read(self, path: str, **params: Any) -> dict[str, Any]:
        answer = await self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(self, path: str, body: Any, *, key: str | None = None, version: int | None = None) -> httpx.Response:
        headers = self._headers() | {"idempotency-key": key or secrets.token_hex(8)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        return await self.http.post(path, json=body, headers=headers)

    async def make(self, path: str, body: Any, *, version: int | None = None) -> dict[str, Any]:
        """The receipt of a command that is accepted."""
        answer = await self.post(path, body, version=version)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "accept-language": "en"}


@dataclass
class Company:
    """One tenant with head office HQ and branches SH and BJ; people by what they do and where."""

    tenant_id: UUID
    root_id: UUID
    units: dict[str, UUID] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Client:
        return self.clients[name]


STAFF = {
    "sh_head": ("SH", Function.DEPARTMENT_HEAD),
    "sh_rep": ("SH", Function.REPRESENTATIVE),
    "sh_regional": ("SH", Function.REGIONAL_MANAGER),
    "bj_head": ("BJ", Function.DEPARTMENT_HEAD),
    "bj_rep": ("BJ", Function.REPRESENTATIVE),
}


async def found_company(store: EventStore, http: httpx.AsyncClient, settings: Settings) -> Company:
    """Open a tenant by hand and the rest through the API."""
    company = Company(uuid4(), uuid4())
    key = development_key(settings.data)
    director = await open_tenant(store, company)
    vault = Vault(store.all_tenants, Vault.master_key(settings))
    await vault.put(company.tenant_id, director, {"name": "总监"}, of=Of("staff"))

    def client(person_id: UUID, function: str, unit_id: UUID) -> Client:
        return Client(http, mint_token(key, company.tenant_id, person_id, (function,), unit_id), person_id)

    company.clients["director"] = client(director, Function.DIRECTOR, company.root_id)
    company.clients["auditor"] = client(uuid4(), Function.AUDITOR, company.root_id)
    made = company["director"]
    company.units["HQ"] = company.root_id
    for code, name in (("SH", "上海店"), ("BJ", "北京店")):
        unit = {"code": code, "name": name, "kind": "branch", "parent_id": str(company.root_id), "on": "2025-01-01"}
        company.units[code] = UUID((await made.make("/v1/units", unit))["id"])
    for name, (code, function) in STAFF.items():
        unit_id = company.units[code]
        body: dict[str, Any] = {
            "name": f"{name}先生",
            "functions": (function,),
            "unit_id": str(unit_id),
            "on": "2025-01-01",
        }
        person_id = UUID((await made.make("/v1/people", body))["id"])
        company.clients[name] = client(person_id, function, unit_id)
    return company


async def open_tenant(store: EventStore, company: Company) -> UUID:
    """Tenant, head office and a director; the director's id."""
    root = Unit.open_root(company.root_id, code="HQ", name="总部", at=BEGINNING)
    joining = JoinPerson(name="总监", functions=(Function.DIRECTOR,), unit_id=root.id)
    director = Person.join(uuid4(), joining, at=BEGINNING)
    tenant = Tenant.open(company.tenant_id, name="集团", zone="Asia/Shanghai", currency="CNY", at=BEGINNING)
    streams: tuple[Stream, ...] = (tenant, root, director)
    await store.open_tenant(company.tenant_id)
    outcome = await store.append(
        Command(
            company.tenant_id,
            director.id,
            None,
            None,
            201,
            "ok",
            tuple(Repository(store, type(stream), facts=FACTS).appends(stream) for stream in streams),
            claims=tuple(Claim(scope, key, root.id) for scope, key in unit_claims(root.standing)),
        )
    )
    assert outcome.kind == "ok"
    return director.id
