"""A company with two branches whose representative 李雷 is about to leave, and clients for its people.

Everything is told through the services' own routes, the views fold in the background, the worker is this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.accounts.events import Function
from services.accounts.main import FACTS
from services.accounts.person import Person
from services.accounts.person_commands import AppointDeputy
from services.hand_overs.operations import OPERATIONS
from shared.event_store.command import Command, StoredFact
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key, mint_token
from shared.jobs import Resources, Runner
from shared.privacy.vault import Vault
from shared.settings import Settings
from tests.accounts.company import Client, Company, open_tenant

TODAY = date(2026, 3, 2)
"""The day the clients live on."""
PRICE = "100000.00"
STAFF = {
    "lei": ("E", Function.REPRESENTATIVE),
    "mei": ("E", Function.REPRESENTATIVE),
    "hua": ("E", Function.REPRESENTATIVE),
    "head": ("E", Function.DEPARTMENT_HEAD),
    "west": ("W", Function.REPRESENTATIVE),
    "west_head": ("W", Function.DEPARTMENT_HEAD),
}


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def ahead(days: int) -> str:
    return ago(-days)


@dataclass
class Firm:
    """One tenant: head office, east, west."""

    store: EventStore
    settings: Settings
    tenant_id: UUID = field(default_factory=uuid4)
    units: dict[str, UUID] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """Accounts, opportunities and visits by the names the tests give them."""

    def __getitem__(self, name: str) -> Client:
        return self.clients[name]

    def person(self, name: str) -> str:
        return str(self.clients[name].person_id)

    async def open(self, http: httpx.AsyncClient) -> None:
        company = Company(self.tenant_id, uuid4())
        with as_tenant(self.tenant_id):
            director = await open_tenant(self.store, company)
            await Vault(self.store.pool, Vault.master_key(self.settings)).put(
                self.tenant_id, director, {"name": "总监"}
            )
        self.units["HQ"] = company.root_id
        self._speaks(http, "director", director, Function.DIRECTOR, company.root_id)
        self._speaks(http, "auditor", uuid4(), Function.AUDITOR, company.root_id)
        made = self["director"]
        for code in ("E", "W"):
            body = {"code": code, "name": code, "kind": "branch", "parent_id": str(company.root_id), "on": ago(400)}
            self.units[code] = UUID((await made.make("/v1/units", body))["id"])
        for name in STAFF:
            await self.hire(http, name)
        for product in ("A6L", "Q5"):
            await made.make("/v1/products", {"code": product, "name": product, "list_price": PRICE, "currency": "CNY"})

    async def hire(self, http: httpx.AsyncClient, name: str) -> None:
        branch, function = STAFF[name]
        unit_id = self.units[branch]
        body: dict[str, Any] = {
            "name": f"{name}先生",
            "functions": [function],
            "unit_id": str(unit_id),
            "on": ago(300),
        }
        person_id = UUID((await self["director"].make("/v1/people", body))["id"])
        self._speaks(http, name, person_id, function, unit_id)

    def _speaks(self, http: httpx.AsyncClient, name: str, person_id: UUID, function: str, unit_id: UUID) -> None:
        key = development_key(self.settings.data)
        self.clients[name] = Client(http, mint_token(key, self.tenant_id, person_id, (function,), unit_id), person_id)

    def both(self, name: str, *functions: str) -> Client:
        """The same person with several functions."""
        client = self[name]
        token = mint_token(
            development_key(self.settings.data), self.tenant_id, client.person_id, functions, self.units["E"]
        )
        return Client(client.http, token, client.person_id)

    # -- what is told ----------------------------------------------------------------------------------------

    async def account(self, name: str, owner: str, *team: str) -> str:
        made = await self[owner].make("/v1/accounts", {"name": name, "on": ago(200)})
        self.ids[name] = made["id"]
        if team:
            members = [{"person_id": self.person(member), "role": "technical_support"} for member in team]
            path = f"/v1/accounts/{made['id']}/set-support-team"
            await self[owner].make(path, {"members": members, "on": ago(150)}, version=made["version"])
        return str(made["id"])

    async def prospect(self, name: str, owner: str, account: str | None = None, *, days: int = 90) -> str:
        """A prospect of ten A6L, captured and judged: B, then A with a later day."""
        body = {
            "title": name,
            "account_id": None if account is None else self.ids[account],
            "channel": "phone",
            "lines": [{"line": 1, "product": "A6L", "units": 10, "unit_price": PRICE}],
            "on": ago(days),
            "duplicate": "intended",
            "duplicate_reason": "另一批",
        }
        self.ids[name] = (await self[owner].make("/v1/opportunities", body))["id"]
        await self.tell(owner, name, "qualify", level="B", expected_on=ahead(10), on=ago(days - 5))
        await self.tell(owner, name, "qualify", level="A", expected_on=ahead(20), on=ago(days - 10))
        return self.ids[name]

    async def tell(self, by: str, name: str, verb: str, **body: Any) -> dict[str, Any]:
        """A command on an opportunity or visit, on its latest version."""
        kind = "visits" if name.startswith("visit") else "opportunities"
        version = await self.version(name)
        return await self[by].make(f"/v1/{kind}/{self.ids[name]}/{verb}", body, version=version)

    async def version(self, name: str) -> int:
        return len(await self.facts(name))

    async def visit(
        self, name: str, owner: str, *, log: int | None = None, next_on: str | None = None, **said: Any
    ) -> str:
        """A planned visit, or one that took place so many days ago."""
        body = {"purpose": "push_forward", "way": "on_site", **said}
        if log is None:
            made = await self[owner].make("/v1/visits", body | {"planned_on": ahead(5)})
        else:
            more = {"on": ago(log), "next_on": next_on, "next_step": None if next_on is None else "报价"}
            made = await self[owner].make("/v1/visits/log", body | more)
        self.ids[name] = made["id"]
        return str(made["id"])

    async def appoint(self, absent: str, deputy: str) -> None:
        """Somebody stands in for somebody else, ten days from today."""
        with as_tenant(self.tenant_id):
            people = Repository(self.store, Person, facts=FACTS)
            person = await people.load(self.tenant_id, self[absent].person_id)
            assert person is not None
            command = AppointDeputy(deputy_id=self[deputy].person_id, until=TODAY + timedelta(days=10))
            person.appoint_deputy(command, today=TODAY, at=datetime.combine(TODAY, time(1), UTC))
            appends = (people.appends(person),)
            outcome = await self.store.append(Command(self.tenant_id, person.id, None, None, 200, "ok", appends))
            assert outcome.kind == "ok"
            people.keep(self.tenant_id, person)

    async def work_of_lei(self) -> None:
        """Two accounts of 李雷 and a team; opportunities and visits of every kind; beside them those of others."""
        await self.account("申城出租", "lei")
        await self.account("锦江租赁", "lei", "hua")
        await self.account("大众出行", "mei", "lei", "hua")
        await self.account("蓉城客运", "west")
        await self.prospect("open", "lei", "申城出租")
        await self.prospect("under review", "lei", "锦江租赁")
        await self.prospect("frozen", "lei", "锦江租赁")
        await self.prospect("ordered", "lei", "申城出租")
        await self.prospect("delivered", "lei", "申城出租")
        await self.prospect("lost", "lei", "锦江租赁")
        await self.prospect("cancelled", "lei")
        await self.prospect("of mei", "mei", "大众出行")
        await self.prospect("of west", "west", "蓉城客运")
        lost = {"kind": "confirmed", "reason": "other_brand.price", "competitor_brand": "BMW"}
        await self.tell("lei", "under review", "request-defeat", **lost, on=ago(3))
        await self.tell("lei", "lost", "request-defeat", **lost, on=ago(40))
        await self.tell("head", "lost", "approve-defeat", on=ago(39))
        await self.tell("lei", "frozen", "freeze", reason="预算冻结", recall_on=ahead(30), on=ago(20))
        await self.tell("head", "frozen", "approve-freeze", on=ago(19))
        lines = [{"line": 1, "product": "A6L", "units": 10, "unit_price": PRICE}]
        for name in ("ordered", "delivered", "cancelled"):
            await self.tell("lei", name, "win", lines=lines, on=ago(45))
        await self.tell("lei", "ordered", "deliver", units=[{"line": 1, "units": 4}], on=ago(30))
        await self.tell("lei", "delivered", "deliver", units=[{"line": 1, "units": 10}], on=ago(30))
        await self.tell("lei", "cancelled", "cancel", units=[{"line": 1, "units": 10}], reason="预算取消", on=ago(30))
        named: dict[str, Any] = {"opportunity_ids": [self.ids["open"]]}
        await self.visit("visit made", "lei", log=12, next_on=ahead(3), **named)
        await self.visit("visit planned", "lei", **named)
        await self.visit("visit of mei", "mei", opportunity_ids=[self.ids["of mei"]],
                         participants=[self.person("mei"), self.person("lei")])  # fmt: skip

    # -- what is asked ---------------------------------------------------------------------------------------

    def asking(self, **said: Any) -> dict[str, Any]:
        """A hand-over of 李雷's work to 韩梅."""
        return {"from_person_id": self.person("lei"), "to": self.person("mei")} | said

    async def preview(self, by: str = "head", **said: Any) -> dict[str, Any]:
        answer = await self[by].post("/v1/hand-overs/preview", self.asking(**said))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def start(self, by: str = "head", **said: Any) -> dict[str, Any]:
        answer = await self[by].post("/v1/hand-overs", self.asking(**said))
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def hand_over(self, by: str = "head", **said: Any) -> dict[str, Any]:
        """A hand-over to its end, with all its items."""
        started = await self.start(by, **said)
        assert await self.work()
        return await self.record(started["id"], by)

    async def undo(self, hand_over_id: str, by: str = "head", **said: Any) -> dict[str, Any]:
        answer = await self[by].post(f"/v1/hand-overs/{hand_over_id}/undo", said)
        assert answer.status_code == 202, answer.text
        assert await self.work()
        return await self.record(answer.json()["id"], by)

    async def record(self, hand_over_id: str, by: str = "head") -> dict[str, Any]:
        return await self[by].read(f"/v1/hand-overs/{hand_over_id}")

    async def problems(self, hand_over_id: str, by: str = "head") -> list[dict[str, Any]]:
        return list((await self[by].read(f"/v1/operations/{hand_over_id}/problems"))["items"])

    async def work(self) -> bool:
        """Run the next operation."""
        runner = Runner(self.store.all_tenants, OPERATIONS, resources=Resources(self.store, self.settings))
        return await runner.run_one(1)

    # -- what the log says -----------------------------------------------------------------------------------

    async def log(self) -> list[StoredFact]:
        with as_tenant(self.tenant_id):
            facts: list[StoredFact] = []
            while batch := await self.store.read(self.tenant_id, len(facts), 5_000):
                facts += batch
            return facts

    async def facts(self, name: str) -> list[StoredFact]:
        with as_tenant(self.tenant_id):
            return await self.store.load(self.tenant_id, UUID(self.ids[name]))

    async def standing(self, name: str) -> Mapping[str, Any]:
        found = (await self.facts(name))[-1].data["standing"]
        assert isinstance(found, dict)
        return found

    async def head(self) -> int:
        with as_tenant(self.tenant_id):
            return (await self.store.head(self.tenant_id)).position

    async def shown(self, by: str, path: str, **query: Any) -> Any:
        """What a report answers once it has seen everything told so far."""
        position = await self.head()
        for _ in range(200):
            answer = await self[by].get(path, **query, min_position=position)
            if answer.status_code != 503:
                assert answer.status_code == 200, answer.text
                return answer.json()
            await asyncio.sleep(0.05)
        raise AssertionError(answer.text)
