"""Names beside ids, for single records: of persons from the vault, of the rest from the log. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.products.product import CLAIM
from services.opportunities.routes.references import known
from shared.http.kit import Kit
from shared.http.names import people_names

PRODUCT_NAMES = """
select distinct on (c.key) c.key, e.data -> 'standing' ->> 'name' as name
  from es.claims c
  join es.events e on e.tenant_id = c.tenant_id and e.stream_id = c.stream_id
 where c.tenant_id = $1 and c.scope = $2 and c.key = any($3::text[])
 order by c.key, e.version desc
"""


class Names(BaseModel):
    """What the ids and codes of a record are called; who was erased has no name."""

    people: dict[UUID, str] = Field(default_factory=dict)
    units: dict[UUID, str] = Field(default_factory=dict)
    accounts: dict[UUID, str] = Field(default_factory=dict)
    products: dict[str, str] = Field(default_factory=dict)


async def names(
    kit: Kit,
    tenant_id: UUID,
    *,
    people: Iterable[UUID | None] = (),
    others: Iterable[UUID | None] = (),
    products: Iterable[str] = (),
) -> Names:
    """Names of these people, of these units and accounts, and of these product codes."""
    found = Names()
    found.people = await people_names(kit, tenant_id, people)
    for id, record in (await known(kit.pool, tenant_id, others)).items():
        if record.name is not None and record.stream_type in ("unit", "account"):
            (found.units if record.stream_type == "unit" else found.accounts)[id] = record.name
    if codes := sorted(set(products)):
        for row in await kit.pool.fetch(PRODUCT_NAMES, tenant_id, CLAIM, codes):
            found.products[row["key"]] = row["name"]
    return found
