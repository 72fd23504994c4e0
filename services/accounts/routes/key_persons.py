"""Commands on an account's key persons. Their places are facts; who they are goes to the vault."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.accounts.account import Account
from services.accounts.account_commands import AddKeyPerson, ChangeKeyPerson, RemoveKeyPerson
from services.accounts.events import KEY_PERSON_FIELD
from services.accounts.routes.accounts import ON_RECORD, at_of, on_account
from services.accounts.routes.personal import keep_new, refused, replayed
from shared.http.context import CommandContext, CtxMatch
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import KEY_PERSON, Erased, Of, Restricted

router = Router(prefix="/v1/accounts", tags=["accounts"])


@router.post(
    "/{account_id}/add-key-person", operation_id="accounts.add_key_person", response_model=Receipt, responses=ON_RECORD
)
async def add_key_person(account_id: UUID, command: AddKeyPerson, ctx: CtxMatch) -> Receipt:
    """Enter a person who matters at the customer, in one of the four layers."""
    person_id = ctx.new_id("key_person")

    async def decide(account: Account, at: datetime) -> None:
        account.add_key_person(command, person_id=person_id, at=at_of(ctx, command.on, account))
        await keep_new(ctx, person_id, command.personal(), Of(KEY_PERSON, account_id))

    return await on_account(ctx, account_id, decide)


@router.post(
    "/{account_id}/change-key-person",
    operation_id="accounts.change_key_person",
    response_model=Receipt,
    responses=ON_RECORD,
)
async def change_key_person(account_id: UUID, command: ChangeKeyPerson, ctx: CtxMatch) -> Receipt:
    """Change what is known about a key person: only the fields named."""
    given = command.personal()

    async def decide(account: Account, at: datetime) -> None:
        differing: tuple[str, ...] = ()
        if given and f"{KEY_PERSON_FIELD}{command.person_id}" in account.standing:  # else nothing of them is told
            subject = (await ctx.kit.vault.subjects(ctx.tenant_id, [command.person_id])).get(command.person_id)
            if subject is not None and (subject.erased or subject.restricted):
                raise refused(Erased() if subject.erased else Restricted())
            before = (await ctx.kit.vault.known(ctx.tenant_id, [command.person_id])).get(command.person_id, {})
            differing = tuple(name for name, text in given.items() if (text or None) != before.get(name))
        account.change_key_person(command, personal=differing, at=at_of(ctx, command.on, account))

    receipt = await on_account(ctx, account_id, decide)
    if given and await latest(ctx, account_id, receipt):
        try:
            await ctx.kit.vault.put(ctx.tenant_id, command.person_id, given, of=Of(KEY_PERSON, account_id))
        except (Erased, Restricted) as error:
            raise refused(error) from None
    return receipt


@router.post(
    "/{account_id}/remove-key-person",
    operation_id="accounts.remove_key_person",
    response_model=Receipt,
    responses=ON_RECORD,
)
async def remove_key_person(account_id: UUID, command: RemoveKeyPerson, ctx: CtxMatch) -> Receipt:
    """Say that a person matters no longer at this customer."""

    async def decide(account: Account, at: datetime) -> None:
        account.remove_key_person(command, at=at_of(ctx, command.on, account))

    return await on_account(ctx, account_id, decide)


async def latest(ctx: CommandContext, account_id: UUID, receipt: Receipt) -> bool:
    """Whether the vault still waits for this command: a retry writes only if nobody changed the account since.

    A first try that died between its append and the vault is so made good by its retry.
    """
    if not replayed(ctx):
        return True
    account: Account | None = await ctx.kit.repository(Account).load(ctx.tenant_id, account_id)
    return account is not None and account.version == receipt.version
