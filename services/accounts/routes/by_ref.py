"""Accounts by what other systems call them: referred to, looked up in bulk, put by reference. Rules: account.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Depends, Response

from services.accounts.account import ACCOUNT_REF, Account
from services.accounts.account_commands import ChangeAccount, OpenAccount, PutAccount, ReferAccount
from services.accounts.business_time import holds_from
from services.accounts.routes.accounts import ON_RECORD, at_of, known_account, on_account
from services.accounts.routes.rights import (
    ACCOUNTS,
    active_person,
    claims,
    open_unit,
    path_up,
    require_unit_in_sight,
    sees_account,
    taken,
)
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.by_ref import (
    HOLDERS,
    PUT,
    InPath,
    KeyInPath,
    LookedUp,
    LookUp,
    Standings,
    held_meanwhile,
    look_up,
    put,
)
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch, Parts, Who, keyed
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.names import external_key

router = Router(prefix="/v1/accounts", tags=["accounts"])

MOST_REFS = 20
"""Systems in which one account is known."""
NEW: Commands[Account] = Commands(Account, sees=sees_account, taken=held_meanwhile(ACCOUNT_REF, taken))


@router.post("/{account_id}/refer", operation_id="accounts.refer", response_model=Receipt, responses=ON_RECORD)
async def refer(account_id: UUID, command: ReferAccount, ctx: CtxMatch) -> Receipt:
    """Say what another system calls it: one key per system, several systems; a null key takes it away."""

    async def decide(account: Account, at: Any) -> None:
        refs = {system: key for system, key in _refs(account).items() if system != command.system}
        if command.key is not None:
            refs[command.system] = command.key
            await _require_free(ctx, account.id, command.system, command.key)
        if len(refs) > MOST_REFS:
            raise Refused("too_many_references", f"at most {MOST_REFS} systems", status=422, limit=MOST_REFS)
        account.change(ChangeAccount(external_refs=refs), ancestors=(), at=at_of(ctx, None, account))

    return await on_account(ctx, account_id, decide)


@router.post("/lookup", operation_id="accounts.lookup", dependencies=[Depends(keyed)], responses=refuses(422))
async def lookup(asked: LookUp, who: Who, parts: Parts) -> LookedUp:
    """Which accounts other systems mean, up to 1 000 at once: id and version, or null. Only those you see."""

    async def in_sight(found: Standings) -> set[UUID]:
        sight = await parts.sight(who)
        return {
            id
            for id, said in found.items()
            if sight.everything
            or sight.sees(
                owner_id=_id(said, "owner_id"),
                unit_id=_id(said, "unit_id"),
                team=[UUID(member["person_id"]) for member in said.get("support_team") or ()],
            )
        }

    return await look_up(parts.pool, who.tenant_id, ACCOUNT_REF, asked.refs, in_sight)


@router.put("/by-ref/{system}/{key}", operation_id="accounts.put", responses=PUT)
async def put_by_ref(system: InPath, key: KeyInPath, command: PutAccount, ctx: Ctx, response: Response) -> Receipt:
    """Open the account another system calls this, or change what is said otherwise. 201 opened, 200 known."""
    ctx.require_dealing()
    said = command.external_refs.get(system, key)
    if said != key:
        wrong = At(f"/external_refs/{system}", "not_in_list", params={"expected": key})
        raise Problem(422, "validation", errors=(wrong,), params={"count": 1})

    async def change(id: UUID) -> Receipt:
        if not await _sees(ctx, id):
            return await _refused(ctx, Claim(ACCOUNT_REF, external_key(system, key), id))

        async def decide(account: Account, at: Any) -> None:
            given = {name: getattr(command, name) for name in command.file()}
            given["external_refs"] = {**_refs(account), **command.external_refs, system: key}
            ancestors: tuple[UUID, ...] = ()
            if command.parent_id is not None:
                await known_account(ctx, command.parent_id, pointer="/parent_id")
                ancestors = await path_up(ctx, Account, command.parent_id, "parent_id")
            account.change(ChangeAccount(**given), ancestors=ancestors, at=at_of(ctx, None, account))

        return await on_account(ctx, id, decide)

    async def create() -> Receipt:
        if command.name is None:
            raise Problem(422, "validation", errors=(At("/name", "missing"),), params={"count": 1})
        given = {name: getattr(command, name) for name in command.model_fields_set}
        opening = OpenAccount(**{**given, "external_refs": {**command.external_refs, system: key}})

        async def decide(work: Work) -> Account:
            owner = await active_person(ctx, opening.owner_id or ctx.principal.acting_for, pointer="/owner_id")
            unit_id = opening.unit_id or owner.standing["unit_id"]
            await open_unit(ctx, unit_id)
            await require_unit_in_sight(ctx, unit_id, own=owner.standing["unit_id"])
            if opening.parent_id is not None:
                await known_account(ctx, opening.parent_id, pointer="/parent_id")
            at = holds_from(opening.on, now=ctx.now, zone=ctx.principal.zone)
            account = Account.open(ctx.new_id("account"), opening, owner_id=owner.id, unit_id=unit_id, at=at)
            if not await sees_account(ctx, account):
                raise Refused("outside_your_units", "the account would be out of your sight", status=422)
            return work.add(account)

        return await NEW.together(ctx, decide, claims=claims, status=201)

    scoped = (ACCOUNT_REF, external_key(system, key))
    return await put(ctx, response, scoped, change=change, create=create, at="/v1/accounts")


async def _require_free(ctx: CommandContext, account_id: UUID, system: str, key: str) -> None:
    """Raises Refused 409 `external_ref_taken`, naming the holder if it is in sight."""
    rows = await ctx.kit.pool.fetch(HOLDERS, ctx.tenant_id, ACCOUNT_REF, [external_key(system, key)])
    for row in rows:
        holder = UUID(bytes=row["stream_id"].bytes)
        if holder != account_id:
            seen: dict[str, Any] = {"holder": str(holder)} if await _sees(ctx, holder) else {}
            detail = f"another account is {system}:{key}" + (f": {holder}" if seen else "")
            raise Refused("external_ref_taken", detail, pointer="/key", **{"key": f"{system}:{key}", **seen})


async def _sees(ctx: CommandContext, id: UUID) -> bool:
    account: Account | None = await ctx.kit.repository(Account).load(ctx.tenant_id, id)
    return account is None or await sees_account(ctx, account)


async def _refused(ctx: CommandContext, claim: Claim) -> Receipt:
    """The no to who does not see whose reference it is, remembered under the key."""

    async def decide(_: Work) -> Account:
        raise taken(claim)

    return await ACCOUNTS.together(ctx, decide)


def _refs(account: Account) -> dict[str, str]:
    return dict(account.standing.get("external_refs") or {})


def _id(said: Mapping[str, Any], name: str) -> UUID | None:
    return None if said.get(name) is None else UUID(said[name])
