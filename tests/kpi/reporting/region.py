"""The staffed company with a region, Nanjing below the East: its manager, a representative; and finance. No tests."""

from __future__ import annotations

from uuid import uuid4

import httpx

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.accounts.person import JoinPerson, Person
from shared.event_store.stream import Stream
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import STAFF, Of, Vault
from shared.settings import Settings
from tests.accounts.company import BEGINNING, Client
from tests.kpi.staffed import Staffed

PEOPLE = {
    "east": ("E", Function.REGIONAL_MANAGER),
    "qian": ("NJ", Function.REPRESENTATIVE),
    "finance": ("HQ", Function.FINANCE),
}


async def with_region(company: Staffed, http: httpx.AsyncClient, settings: Settings) -> Staffed:
    """The same company; its views are folded."""
    units = company.company.units
    streams: list[Stream] = []
    for code, kind, parent in (("E", UnitKind.REGION, "HQ"), ("NJ", UnitKind.BRANCH, "E")):
        unit = Unit.open(
            uuid4(), OpenUnit(code=code, name=f"{code}区", kind=kind, parent_id=units[parent]), at=BEGINNING
        )
        units[code] = unit.id
        streams.append(unit)
    key = development_key(settings.data)
    for name, (code, function) in PEOPLE.items():
        joining = JoinPerson(name=name, functions=(function,), unit_id=units[code])
        person = Person.join(uuid4(), joining, at=BEGINNING)
        company.people[name] = person.id
        streams.append(person)
        token = mint_token(key, company.tenant_id, person.id, (str(function),), units[code])
        company.company.clients[name] = Client(http, token, person.id)
    await company.append(*streams)
    vault = Vault(company.store.all_tenants, Vault.master_key(settings))
    names = {company.people[name]: {"name": name} for name in PEOPLE}
    await vault.put_many(company.tenant_id, names, of=dict.fromkeys(names, Of(STAFF)))
    await company.fold()
    return company
