"""A customer of Shanghai with a key person, a prospect with a contact, a visit that tells of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg

from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.jobs import Handler, Operation, Resources, Runner, get_operation
from shared.privacy.vault import Vault
from shared.settings import Settings
from tests.accounts.company import Company

HANDLERS: Mapping[str, Handler] = {
    kind: handler
    for name in ("privacy", "imports")
    for kind, handler in import_module(f"services.{name}.operations").OPERATIONS.items()
}


@dataclass
class Customer:
    """Ids of what there is; `company` has the people to ask as."""

    company: Company
    store: EventStore
    settings: Settings
    account: str = ""
    person: str = ""
    deal: str = ""
    contact: str = ""
    visit: str = ""
    said: dict[str, str] = field(
        default_factory=lambda: {"name": "王建国", "phone": "138 0013 8000", "mail": "wang@example.com"}
    )

    @property
    def tenant_id(self) -> UUID:
        return self.company.tenant_id

    async def become(self) -> None:
        """Put it all on file, as Shanghai's representative."""
        rep = self.company["sh_rep"]
        self.account = (await rep.make("/v1/accounts", {"name": "华东物流"}))["id"]
        await rep.make(
            f"/v1/accounts/{self.account}/add-key-person",
            self.said | {"layer": "decision", "remark": "喜欢钓鱼"},
            version=1,
        )
        self.person = (await rep.read(f"/v1/accounts/{self.account}"))["key_persons"][0]["person_id"]
        given = {"account_id": self.account, "contact": self.said, "remark": f"{self.said['name']}说年底定"}
        self.deal = (await rep.make("/v1/opportunities", given))["id"]
        standing = (await rep.read(f"/v1/opportunities/{self.deal}"))["standing"]
        self.contact = standing["contact_id"]
        told = {
            "account_id": self.account,
            "opportunity_ids": [self.deal],
            "purpose": "push_forward",
            "way": "on_site",
            "persons_met": [{"person_id": self.person}],
            "narrative": f"与{self.said['name']}面谈，电话 138-0013-8000，预算已报。",
        }
        logged = await rep.make("/v1/visits/log", told)
        self.visit = logged["id"]
        for path in ("/v1/visits", "/v1/pipeline", "/v1/outcomes"):
            await rep.read(path, min_position=logged["position"])  # the views have come so far

    async def work(self, operation_id: str | UUID, *, holder: int = 1) -> Operation:
        """Let a worker carry out what waits, to the end of this one."""
        run = Runner(self.store.all_tenants, HANDLERS, resources=Resources(self.store, self.settings))
        id = UUID(str(operation_id))
        while True:
            found = await get_operation(self.store.all_tenants, self.tenant_id, id)
            assert found is not None
            if found.finished:
                return found
            assert await run.run_one(holder)

    async def erase(self, person_id: str, **body: Any) -> Operation:
        """Erase, as the director, to the end."""
        asked = await self.company["director"].post(f"/v1/persons/{person_id}/erase", {"reason": "request", **body})
        assert asked.status_code == 202, asked.text
        return await self.work(asked.json()["id"])

    async def erase_beside(self, person_id: str) -> str:
        """Erase while another worker's operation runs; the state it ends in."""
        return (await self.erase(person_id)).state

    async def vault_has(self, phone: str) -> list[UUID]:
        """Who has this phone."""
        return await self.vault().find(self.tenant_id, "phone", phone, restricted=True)

    def vault(self) -> Vault:
        return Vault(self.store.all_tenants, Vault.master_key(self.settings))

    async def held(self, subject: str) -> dict[str, str]:
        """What the vault has of a subject."""
        with as_tenant(self.tenant_id):
            found = await self.vault().known(self.tenant_id, [UUID(subject)], restricted=True)
        return found.get(UUID(subject), {})

    async def reads(self, owner: asyncpg.Connection, *actions: str) -> list[dict[str, Any]]:
        """The read audit, oldest first."""
        rows = await owner.fetch(
            "select * from privacy.reads where tenant_id = $1 and (cardinality($2::text[]) = 0 or action = any($2))"
            " order by at",
            self.tenant_id,
            list(actions),
        )
        return [dict(row) for row in rows]
