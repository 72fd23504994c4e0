"""How a story is told to a running installation: its people, its company of two branches, its deals. Judges nothing."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from services.accounts.events import Function
from services.tenants import opening
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.postgres.folder import Folder
from shared.privacy.vault import Vault
from shared.settings import Settings
from tests.stack import PATIENCE_SECONDS, Running

OPPORTUNITIES = "/v1/opportunities"
SERVICES = {
    "units": "DAKEHU_ACCOUNTS_PORT",
    "people": "DAKEHU_ACCOUNTS_PORT",
    "accounts": "DAKEHU_ACCOUNTS_PORT",
    "hand-overs": "DAKEHU_ACCOUNTS_PORT",
    "kpi": "DAKEHU_KPI_PORT",
}
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
PRICES = {"A6L": "100000.00", "Q5": "200000.00", "V9": "50000.00"}


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@dataclass
class Person:
    """Somebody with a token, who reads what they wrote."""

    running: Running
    token: str
    position: int = 0
    id: str = ""

    def _url(self, path: str) -> str:
        return self.running.url(SERVICES.get(path.split("/")[2], "DAKEHU_OPPORTUNITIES_PORT")) + path

    def status(self, path: str) -> int:
        said = {"authorization": f"Bearer {self.token}"}
        return self.running.client.get(self._url(path), headers=said).status_code

    def read(self, path: str, query: Mapping[str, str] | None = None, *, seen: int = 0) -> Any:
        """What a read answers once it has seen all this person wrote, and position `seen`."""
        said = {"authorization": f"Bearer {self.token}"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            params: dict[str, str | int] = {**(query or {}), "min_position": max(self.position, seen)}
            answer = self.running.client.get(self._url(path), params=params, headers=said)
            if answer.status_code != 503 or time.monotonic() > deadline:
                assert answer.status_code == 200, answer.text
                return answer.json()

    def send(self, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, dict[str, Any]]:
        said = {"authorization": f"Bearer {self.token}", "idempotency-key": secrets.token_hex(8)}
        if version is not None:
            said["if-match"] = f'"{version}"'
        answer = self.running.client.post(self._url(path), json=body, headers=said)
        return answer.status_code, answer.json()

    def tell(self, path: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
        status, receipt = self.send(path, body, version)
        assert status in (200, 201), receipt
        self.position = max(self.position, receipt["position"])
        return receipt


async def _open(running: Running, company: opening.Company) -> None:
    settings = Settings(data=running.data)
    url = running.given.get("DATABASE_URL") or Folder.within(running.data).url()
    async with await EventStore.open(url, writers=1) as store:
        await opening.open_company(store, Vault(store.pool, Vault.master_key(settings)), company)


@dataclass
class Company:
    """A company of its own in an installation: its head office, then its two branches and their people."""

    running: Running
    office: Person
    tenant_id: UUID
    units: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def founded(cls, running: Running) -> Self:
        """With its two branches."""
        opened = opening.Company.new(
            "演示集团", zone="Asia/Shanghai", currency="CNY", administrator="演示 总部", at=BEGINNING
        )
        opened = replace(opened, functions=(Function.HEAD_OFFICE, Function.DIRECTOR))
        asyncio.run(_open(running, opened))
        token = mint_token(
            development_key(running.data), opened.tenant_id, opened.person_id, opened.functions, opened.root_id
        )
        company = cls(running, Person(running, token, id=str(opened.person_id)), opened.tenant_id)
        office, root = company.office, str(opened.root_id)
        for code in ("E", "W"):
            body = {"code": code, "name": code, "kind": "branch", "parent_id": root, "on": ago(100)}
            company.units[code] = office.tell("/v1/units", body)["id"]
        return company

    def hire(self, name: str, function: str, branch: str) -> str:
        """Under this name in `people`; the person's id."""
        body = {"name": name, "functions": [function], "unit_id": self.units[branch], "on": ago(100)}
        joined = self.office.tell("/v1/people", body)
        key = development_key(self.running.data)
        token = mint_token(key, self.tenant_id, UUID(joined["id"]), (function,), UUID(self.units[branch]))
        self.people[name] = Person(self.running, token, joined["position"], joined["id"])
        return str(joined["id"])


@dataclass
class Deal:
    """One opportunity, its version kept."""

    id: str
    version: int = 1

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        path = f"{OPPORTUNITIES}/{self.id}/{verb}"
        self.version = by.tell(path, body | {"on": ago(days_ago)}, self.version)["version"]


def lines(**units: int) -> list[dict[str, Any]]:
    return [
        {"line": number, "product": product, "units": count, "unit_price": PRICES[product]}
        for number, (product, count) in enumerate(units.items(), 1)
    ]


def units(**counts: int) -> list[dict[str, int]]:
    return [{"line": int(line[1:]), "units": count} for line, count in counts.items()]
