"""Whose a record is and where it belongs, and whether its account is seen. Reads the log; decides no rule."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from services.kpi.acting import in_sight
from services.kpi.referring import known, require_person_known
from services.kpi.reporting.withdrawable import Withdrawable
from shared.event_store.stream import Refused
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.identity.principal import Principal

ACCOUNT = """
select e.data -> 'standing' as standing
  from es.events e
 where e.tenant_id = $1 and e.stream_id = $2 and e.stream_type = 'account'
 order by e.version desc
 limit 1
"""

R = TypeVar("R", bound=Withdrawable)


async def sees_filed(kit: Kit, principal: Principal, record: Withdrawable) -> bool:
    """Whose it is and whoever supervises them, and who has a function at its unit or above."""
    return in_sight(await kit.sight(principal), record.about)


def filed(kind: type[R], **given: Any) -> Commands[R]:
    """The commands of a kind of records that are seen so."""

    async def seen(ctx: CommandContext, record: R) -> bool:
        return await sees_filed(ctx.kit, ctx.principal, record)

    return Commands(kind, sees=seen, **given)


async def owner_and_unit(ctx: CommandContext, *, pointer: str = "") -> tuple[UUID, UUID]:
    """Whose doing it is, and where they work. Raises Refused 422 `unknown_person`, `unknown_unit`.

    The unit is that of the person entered for; of who is not on record, that of the credential.
    """
    owner = ctx.principal.acting_for
    found = await known(ctx.kit.pool, ctx.tenant_id, [owner])
    unit_id = ctx.principal.unit_id
    if owner in found or ctx.principal.on_behalf_of is not None:
        unit_id = require_person_known(found, owner, pointer).unit_id
    if unit_id is None:
        raise Refused("unknown_unit", "they work nowhere", status=422, pointer=pointer)
    return owner, unit_id


async def require_account(ctx: CommandContext, account_id: UUID | None, pointer: str = "/account_id") -> None:
    """Raises Refused 422 `unknown_account` for one that is not there, or out of sight."""
    if account_id is None:
        return
    account = await ctx.kit.pool.fetchval(ACCOUNT, ctx.tenant_id, account_id)
    sight = await ctx.kit.sight(ctx.principal)
    if not account or not sight.sees(
        owner_id=_id(account.get("owner_id")),
        unit_id=_id(account.get("unit_id")),
        team=(UUID(member["person_id"]) for member in account.get("support_team") or ()),
    ):
        raise Refused("unknown_account", "there is no such customer", status=422, pointer=pointer)


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
