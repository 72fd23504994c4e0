"""Opens a tenant: company, head office and its first person, in one append. Decides nothing the rules do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec

from services.accounts import events
from services.accounts.events import Function
from services.accounts.organisation import Unit, unit_claims
from services.accounts.person import JoinPerson, Person, person_claims
from services.accounts.tenant import Tenant
from shared.event_store.command import Claim, Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.privacy.vault import STAFF, Of, Vault

CURRENCY = re.compile("[A-Z]{3}")

OPERATOR = uuid5(NAMESPACE_URL, "dakehu:operator")
"""Who acts in the facts the operator records: nobody of the tenant."""

FIRST_SYSTEM = "idp"
"""The system in whose reference the first person is known: what the identity provider calls them."""

FACTS = registry(events)


@dataclass(frozen=True)
class Company:
    """A company about to use the product, and who begins it. `at`: since when all of it stands."""

    tenant_id: UUID
    name: str
    zone: str
    currency: str
    root_id: UUID
    root_code: str
    root_name: str
    person_id: UUID
    person_name: str
    functions: tuple[Function, ...]
    at: datetime
    person_references: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def new(
        cls,
        name: str,
        *,
        zone: str,
        currency: str,
        administrator: str,
        at: datetime,
        tenant_id: UUID | None = None,
        administrator_subject: str | None = None,
    ) -> Company:
        """One with fresh ids, begun by a tenant administrator. Raises ValueError: its name and money are for ever."""
        if not name:
            raise ValueError("the company has a name")
        if CURRENCY.fullmatch(currency) is None:
            raise ValueError("the currency is three capital letters of ISO 4217, CNY for one")
        tenant_id = tenant_id or uuid4()
        return cls(
            tenant_id=tenant_id,
            name=name,
            zone=zone,
            currency=currency,
            root_id=uuid5(tenant_id, "unit:root"),
            root_code="HQ",
            root_name=name,
            person_id=uuid5(tenant_id, "person:first"),
            person_name=administrator,
            functions=(Function.TENANT_ADMIN,),
            at=at,
            person_references={} if administrator_subject is None else {FIRST_SYSTEM: administrator_subject},
        )


class CannotOpen(Exception):
    """There is such a tenant, or was; the text says which."""


async def open_company(store: EventStore, vault: Vault, company: Company, *, actor: UUID = OPERATOR) -> bool:
    """Open it; False when it was open before. Harmless twice. Raises CannotOpen, ZoneInfoNotFoundError, VaultError."""
    tenant_id = company.tenant_id
    joining = JoinPerson(
        name=company.person_name,
        functions=company.functions,
        unit_id=company.root_id,
        external_refs=dict(company.person_references),
    )
    root = Unit.open_root(company.root_id, code=company.root_code, name=company.root_name, at=company.at)
    person = Person.join(company.person_id, joining, at=company.at)
    streams: tuple[Stream, ...] = (
        Tenant.open(tenant_id, name=company.name, zone=company.zone, currency=company.currency, at=company.at),
        root,
        person,
    )
    await store.open_tenant(tenant_id)
    with as_tenant(tenant_id):
        await vault.put(tenant_id, company.person_id, joining.personal(), of=Of(STAFF))
    outcome = await store.append(
        Command(
            tenant_id,
            actor,
            key=None,
            fingerprint=None,
            status=201,
            code="opened",
            appends=tuple(Repository(store, type(stream), facts=FACTS).appends(stream) for stream in streams),
            claims=(
                *(Claim(scope, key, root.id) for scope, key in unit_claims(root.standing)),
                *(Claim(scope, key, person.id) for scope, key in person_claims(person.standing)),
            ),
            metadata=msgspec.json.encode({"actor": actor, "correlation": tenant_id}),
        )
    )
    if outcome.kind not in {"ok", "conflict"}:
        raise CannotOpen(f"the tenant could not be opened: {outcome.kind}")
    return outcome.kind == "ok"
