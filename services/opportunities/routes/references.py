"""Whether what a command refers to exists: accounts, people, units, products. Reads the log; decides no rule."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.opportunities.fields import LineGiven
from services.opportunities.products.product import CLAIM as PRODUCT_CODE
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.identity.sight import Sight

LATEST = """
select distinct on (stream_id) stream_id, stream_type,
       data -> 'standing' ->> 'name' as name,
       data -> 'standing' ->> 'status' as status,
       data -> 'standing' ->> 'unit_id' as unit_id,
       data -> 'standing' = '{}' as undone
  from es.events
 where tenant_id = $1 and stream_id = any($2::uuid[])
 order by stream_id, version desc
"""
STANDING = """
select (data -> 'standing')::text
  from es.events
 where tenant_id = $1 and stream_id = $2 and stream_type = $3
 order by version desc
 limit 1
"""
STANDINGS = """
select distinct on (stream_id) stream_id, (data -> 'standing')::text as standing
  from es.events
 where tenant_id = $1 and stream_id = any($2::uuid[]) and stream_type = 'account'
 order by stream_id, version desc
"""
PRODUCTS = "select key from es.claims where tenant_id = $1 and scope = $2 and key = any($3::text[])"


@dataclass(frozen=True, slots=True)
class Known:
    """What the log last said of a record of another stream."""

    stream_type: str
    name: str | None
    status: str | None
    unit_id: UUID | None


async def known(pool: Any, tenant_id: UUID, ids: Iterable[UUID | None]) -> Mapping[UUID, Known]:
    """The records of these ids, of whatever type."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    rows = await pool.fetch(LATEST, tenant_id, wanted)
    return {
        UUID(bytes=row["stream_id"].bytes): Known(
            row["stream_type"], row["name"], row["status"], None if row["unit_id"] is None else UUID(row["unit_id"])
        )
        for row in rows
        if not row["undone"]
    }


async def account_standing(pool: Any, tenant_id: UUID, account_id: UUID) -> dict[str, Any]:
    """The standing fields of an account as the log last published them; empty when there is none."""
    text = await pool.fetchval(STANDING, tenant_id, account_id, "account")
    return {} if text is None else json.loads(text)


async def account_standings(pool: Any, tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """The same of several; those there are."""
    rows = await pool.fetch(STANDINGS, tenant_id, sorted(set(ids)))
    return {UUID(bytes=row["stream_id"].bytes): json.loads(row["standing"]) for row in rows}


async def owner_and_unit(ctx: CommandContext, owner_id: UUID | None, unit_id: UUID | None) -> tuple[UUID, UUID]:
    """Who is responsible, and in which unit: default who enters it, and the owner's unit.

    Raises Refused 422 `unknown_owner`, `unknown_unit`; Problem 403 `outside_your_units`.
    """
    principal = ctx.principal
    owner = owner_id or principal.acting_for
    if owner == principal.person_id and unit_id in (None, principal.unit_id) and principal.unit_id is not None:
        return owner, principal.unit_id
    found = await known(ctx.kit.pool, ctx.tenant_id, (owner, unit_id))
    person = found.get(owner)
    if person is None or person.stream_type != "person" or person.status == "left":
        raise Refused("unknown_owner", "there is no such person working here", status=422, pointer="/owner_id")
    unit = unit_id or person.unit_id
    if unit is None or (unit_id is not None and not _is_open_unit(found.get(unit))):
        raise Refused("unknown_unit", "there is no such unit", status=422, pointer="/unit_id")
    if unit != person.unit_id:
        await require_unit_in_sight(ctx, unit)
    return owner, unit


def supports(sight: Sight, account: Mapping[str, Any]) -> bool:
    """Whether the principal is in the support team of an account of this standing."""
    team = (UUID(member["person_id"]) for member in account.get("support_team") or ())
    return not sight.selves.isdisjoint(team)


def sees_account(sight: Sight, account: Mapping[str, Any]) -> bool:
    """Whether the principal sees an account of this standing."""
    owner, unit = account.get("owner_id"), account.get("unit_id")
    return sight.sees(
        owner_id=None if owner is None else UUID(owner), unit_id=None if unit is None else UUID(unit)
    ) or supports(sight, account)


async def require_unit_in_sight(ctx: CommandContext, unit_id: UUID) -> None:
    """Raises Problem 403 for a unit that is neither the principal's own nor in sight: nobody files elsewhere."""
    sight = await ctx.kit.sight(ctx.principal)
    if not (sight.everything or unit_id == ctx.principal.unit_id or unit_id in sight.unit_ids):
        raise Problem(403, "outside_your_units")


async def require_in_sight(ctx: CommandContext, owner_id: UUID, unit_id: UUID) -> None:
    """Raises Problem 403 for a record the principal would not see."""
    sight = await ctx.kit.sight(ctx.principal)
    if not sight.sees(owner_id=owner_id, unit_id=unit_id):
        raise Problem(403, "outside_your_units")


async def require_account(
    ctx: CommandContext,
    account_id: UUID | None,
    key_persons: Sequence[tuple[UUID, str]] = (),
    *,
    of_opportunity: bool = False,
    pointer: str = "/account_id",
) -> None:
    """Raises Refused 422 `unknown_account`, for one out of sight too, and `unknown_key_person`.

    `key_persons` are (person, pointer). `of_opportunity`: it is the account of an opportunity the principal sees.
    """
    if account_id is None:
        for _, pointer in key_persons:
            raise Refused("unknown_key_person", "there is no account to know them from", status=422, pointer=pointer)
        return
    standing = await account_standing(ctx.kit.pool, ctx.tenant_id, account_id)
    if not standing or not (of_opportunity or sees_account(await ctx.kit.sight(ctx.principal), standing)):
        raise Refused("unknown_account", "there is no such account", status=422, pointer=pointer)
    there = {person["person_id"] for person in standing.get("key_persons", ())}
    for person_id, pointer in key_persons:
        if str(person_id) not in there:
            raise Refused("unknown_key_person", "the account has no such key person", status=422, pointer=pointer)


async def require_people(ctx: CommandContext, people: Sequence[UUID], pointer: str) -> None:
    """Raises Refused 422 `unknown_person` for who never worked here; the principal is known by the token."""
    others = [person for person in people if person != ctx.principal.person_id]
    found = await known(ctx.kit.pool, ctx.tenant_id, others)
    for index, person in enumerate(people):
        if person != ctx.principal.person_id and (person not in found or found[person].stream_type != "person"):
            raise Refused("unknown_person", "there is no such person", status=422, pointer=f"{pointer}/{index}")


async def require_products(ctx: CommandContext, lines: Sequence[LineGiven] | None, pointer: str = "/lines") -> None:
    """Raises Refused 422 `unknown_product` for a line whose code is not in the catalogue."""
    if not lines:
        return
    there = await product_codes(ctx.kit.pool, ctx.tenant_id, {line.product for line in lines})
    for index, line in enumerate(lines):
        if line.product not in there:
            raise Refused(
                "unknown_product",
                f"there is no product {line.product}",
                status=422,
                pointer=f"{pointer}/{index}/product",
                product=line.product,
            )


async def product_codes(pool: Any, tenant_id: UUID, codes: Collection[str]) -> set[str]:
    """Which of these codes are in the catalogue."""
    return {row["key"] for row in await pool.fetch(PRODUCTS, tenant_id, PRODUCT_CODE, sorted(codes))}


def _is_open_unit(unit: Known | None) -> bool:
    return unit is not None and unit.stream_type == "unit" and unit.status != "closed"
