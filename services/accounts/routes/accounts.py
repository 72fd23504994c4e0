"""Commands on accounts. The rules are in account.py; reading is in account_reads.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import date, datetime
from uuid import UUID

from services.accounts.account import Account
from services.accounts.account_commands import (
    AssignOwner,
    ChangeAccount,
    CorrectFact,
    OpenAccount,
    SetSupportTeam,
    VoidFact,
)
from services.accounts.business_time import holds_from
from services.accounts.routes.rights import (
    ACCOUNTS,
    Holdings,
    active_person,
    claims,
    open_unit,
    path_up,
    require_hands_over,
    require_unit_in_sight,
    sees_account,
)
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/accounts", tags=["accounts"])
ON_RECORD = refuses(403, 404, 409, 412, 428)


@router.post("", status_code=201, operation_id="accounts.open", response_model=Receipt, responses=refuses(403, 409))
async def open_(command: OpenAccount, ctx: Ctx) -> Receipt:
    """Put a customer organisation on file. The caller is responsible unless another owner is named."""
    ctx.require_dealing()

    async def decide(work: Work) -> Account:
        owner = await active_person(ctx, command.owner_id or ctx.principal.acting_for, pointer="/owner_id")
        unit_id = command.unit_id or owner.standing["unit_id"]
        await open_unit(ctx, unit_id)
        await require_unit_in_sight(ctx, unit_id, own=owner.standing["unit_id"])
        if command.parent_id is not None:
            await known_account(ctx, command.parent_id, pointer="/parent_id")
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone)
        account = Account.open(ctx.new_id("account"), command, owner_id=owner.id, unit_id=unit_id, at=at)
        if not await sees_account(ctx, account):
            raise Refused("outside_your_units", "the account would be out of your sight", status=422)
        return work.add(account)

    return await ACCOUNTS.together(ctx, decide, claims=claims, status=201)


@router.post("/{account_id}/change", operation_id="accounts.change", response_model=Receipt, responses=ON_RECORD)
async def change(account_id: UUID, command: ChangeAccount, ctx: CtxMatch) -> Receipt:
    """Change parts of the file: only the fields named."""

    async def decide(account: Account, at: datetime) -> None:
        ancestors: tuple[UUID, ...] = ()
        if command.parent_id is not None:
            await known_account(ctx, command.parent_id, pointer="/parent_id")
            ancestors = await path_up(ctx, Account, command.parent_id, "parent_id")
        account.change(command, ancestors=ancestors, at=at_of(ctx, command.on, account))

    return await on_account(ctx, account_id, decide)


@router.post(
    "/{account_id}/assign-owner", operation_id="accounts.assign_owner", response_model=Receipt, responses=ON_RECORD
)
async def assign_owner(account_id: UUID, command: AssignOwner, ctx: CtxMatch) -> Receipt:
    """Make another person responsible. Work done stays credited to who was responsible then."""

    async def decide(account: Account, at: datetime) -> None:
        owner = await active_person(ctx, command.owner_id, pointer="/owner_id")
        unit_id = command.unit_id or owner.standing["unit_id"]
        await open_unit(ctx, unit_id)
        await require_hands_over(ctx, owner.id)
        await require_unit_in_sight(ctx, unit_id, own=owner.standing["unit_id"])
        account.assign_owner(command, unit_id=unit_id, at=at_of(ctx, command.on, account))

    return await on_account(ctx, account_id, decide)


@router.post(
    "/{account_id}/set-support-team",
    operation_id="accounts.set_support_team",
    response_model=Receipt,
    responses=ON_RECORD,
)
async def set_support_team(account_id: UUID, command: SetSupportTeam, ctx: CtxMatch) -> Receipt:
    """Say who supports the owner, and as what: the whole team. Members see the account."""

    async def decide(account: Account, at: datetime) -> None:
        for index, member in enumerate(command.members):
            await active_person(ctx, member.person_id, pointer=f"/members/{index}/person_id")
        account.set_support_team(command, at=at_of(ctx, command.on, account))

    return await on_account(ctx, account_id, decide)


@router.post("/{account_id}/correct", operation_id="accounts.correct", response_model=Receipt, responses=ON_RECORD)
async def correct(account_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Say that an earlier fact was recorded wrongly; reports use the correction, history shows both."""

    async def decide(account: Account, at: datetime) -> None:
        await require_owner_setter(ctx, account, command.version, command.changes)
        account.correct(command, at=at)
        for member in (
            account.ledger[command.version].changes["support_team"] if "support_team" in command.changes else ()
        ):
            await active_person(ctx, member.person_id, pointer="/changes/support_team")
        standing = account.standing
        if "parent_id" in command.changes and standing["parent_id"] is not None:
            await known_account(ctx, standing["parent_id"], pointer="/changes/parent_id")
            if account.id in await path_up(ctx, Account, standing["parent_id"], "parent_id"):
                raise Refused("below_itself", "an account cannot stand below itself", status=422, pointer="/changes")
        own: UUID | None = None
        if "owner_id" in command.changes and standing["owner_id"] is not None:
            own = (await active_person(ctx, standing["owner_id"], pointer="/changes/owner_id")).standing["unit_id"]
            await require_hands_over(ctx, standing["owner_id"], pointer="/changes/owner_id")
        if "unit_id" in command.changes and standing["unit_id"] is not None:
            await open_unit(ctx, standing["unit_id"], pointer="/changes/unit_id")
            await require_unit_in_sight(ctx, standing["unit_id"], own=own, pointer="/changes/unit_id")

    return await on_account(ctx, account_id, decide)


@router.post("/{account_id}/void", operation_id="accounts.void", response_model=Receipt, responses=ON_RECORD)
async def void(account_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened. The fact that opened the file stays."""

    async def decide(account: Account, at: datetime) -> None:
        await require_owner_setter(ctx, account, command.version)
        account.void_fact(command.version, reason=command.reason, at=at)

    return await on_account(ctx, account_id, decide)


# -- what these commands share ----------------------------------------------------------------------------


async def on_account(
    ctx: CommandContext, account_id: UUID, decide: Callable[[Account, datetime], Awaitable[None]]
) -> Receipt:
    """Load the account, let it decide, claim and release what its identity gained and lost."""
    holdings = Holdings()

    async def work_on(work: Work) -> Account:
        account = await work.load(ACCOUNTS, account_id, matched=True)
        holdings.remember(account)
        await decide(account, ctx.now)
        return account

    return await ACCOUNTS.together(ctx, work_on, claims=holdings.taken_up, releases=holdings.given_up)


def at_of(ctx: CommandContext, on: date | None, account: Account) -> datetime:
    """The business time of a command on this account."""
    return holds_from(on, now=ctx.now, zone=ctx.principal.zone, stream=account)


async def require_owner_setter(
    ctx: CommandContext, account: Account, version: int, changes: Collection[str] = ()
) -> None:
    """Raises Problem 403 for who would hand the account over by correcting or voiding, and may not hand it over."""
    entry = account.entry_about(version)
    if (entry is not None and entry.type == "AccountOwnerChanged") or not {"owner_id", "unit_id"}.isdisjoint(changes):
        await require_hands_over(ctx)


async def known_account(ctx: CommandContext, account_id: UUID, *, pointer: str) -> Account:
    """The account a command names, if the caller sees it. Raises Refused 422 `unknown_account`."""
    account: Account | None = await ctx.kit.repository(Account).load(ctx.tenant_id, account_id)
    if account is None or not await sees_account(ctx, account):
        raise Refused("unknown_account", "there is no such account", status=422, pointer=pointer)
    return account
