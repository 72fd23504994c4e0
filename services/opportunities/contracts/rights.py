"""Who approves, delegates and signs which contract, by reporting line and limit. Holds no rule of the record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.contract_policy import (
    AskedAmount,
    ContractPolicies,
)
from services.opportunities.dealing import acting
from services.opportunities.dealing.rights import asked_by, functions_of, require_decider
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.records import belonging
from shared.days import day_of
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.openapi import refuses

CLAIM = "contract.number"
"""Scope of the claim that makes a contract's number unique in the tenant."""


def _taken(claim: Claim) -> Refused:
    return Refused("contract_number_taken", f"{claim.key} is another contract's", pointer="/number", number=claim.key)


CONTRACTS = belonging(Contract, taken=_taken)
CHANGES = refuses(404, 409, 412, 422, 428)
DECISIONS = refuses(403, 404, 409, 412, 422, 428)


def held(contract: Contract) -> tuple[Claim, ...]:
    """The number a contract holds as it stands."""
    number = contract.standing.get("number")
    return () if number is None else (Claim(CLAIM, number, contract.id),)


async def amount_on(kit: Kit, tenant_id: UUID, amount: Decimal, currency: str, day: date) -> AskedAmount:
    """An amount under the policy of a day."""
    published = await kit.repository(ContractPolicies).load(tenant_id, ContractPolicies.id_of(tenant_id))
    return AskedAmount(ContractPolicies.on(published, day), amount, currency)


async def what_waits(kit: Kit, tenant_id: UUID, contract: Contract, day: date) -> AskedAmount:
    """What would be approved: the amendment that waits, else the contract as it stands."""
    standing = contract.standing
    terms = standing.get("amendment")
    amount = standing["amount"] if terms is None else terms.terms.amount
    currency = standing["currency"] if terms is None else terms.terms.currency
    return await amount_on(kit, tenant_id, amount, currency, day)


async def require_limit(
    ctx: CommandContext, opportunity: Opportunity, contract: Contract, now: Moment, by: Collection[UUID]
) -> tuple[AskedAmount, frozenset[str]]:
    """What waits under the policy of the day, and the functions that decide it. Raises Problem 403.

    The limits of the day it is entered hold too: nobody chooses an earlier day for its limits.
    """
    asked = await what_waits(ctx.kit, ctx.tenant_id, contract, now.day)
    functions = await require_decider(ctx, opportunity, by, asked)
    today = day_of(ctx.now, now.zone)
    if today != now.day:
        await require_decider(ctx, opportunity, by, await what_waits(ctx.kit, ctx.tenant_id, contract, today))
    return asked, functions


async def requester(kit: Kit, tenant_id: UUID, contract: Contract) -> frozenset[UUID]:
    """Who drafted or handed in what would be approved, or asked for the amendment; and who entered that."""
    if contract.standing.get("amendment") is not None:
        return await asked_by(kit, tenant_id, contract, ("AmendmentRequested",), "amendment_requested_by")
    drafted = await asked_by(kit, tenant_id, contract, ("ContractDrafted",), "drafted_by", "submitted_by")
    return drafted | await asked_by(kit, tenant_id, contract, ("ContractSubmitted",))


def decider(ctx: CommandContext) -> acting.Right[Contract]:
    """Refuses who could not have approved the contract as it stands, or the amendment that waits."""

    async def right(contract: Contract, now: Moment, opportunity: Opportunity) -> None:
        asked = await what_waits(ctx.kit, ctx.tenant_id, contract, now.day)
        standing = await amount_on(
            ctx.kit, ctx.tenant_id, contract.standing["amount"], contract.standing["currency"], now.day
        )
        by = await requester(ctx.kit, ctx.tenant_id, contract)
        await require_decider(ctx, opportunity, by, asked)
        await require_decider(ctx, opportunity, by, standing)

    return right


async def signs_by_delegation(ctx: CommandContext, contract: Contract, person_id: UUID, now: Moment) -> bool:
    """Whether somebody signs as a delegate; who has the limit signs in their own right.

    Raises Refused 409 `may_not_sign` for who does neither.
    """
    amount, currency = contract.standing["amount"], contract.standing["currency"]
    functions = await functions_of(ctx.kit, ctx.principal, person_id)
    limits = [
        await amount_on(ctx.kit, ctx.tenant_id, amount, currency, day)
        for day in sorted({now.day, day_of(ctx.now, now.zone)})
    ]
    if all(asked.covers(functions) for asked in limits):
        return False
    if contract.is_delegate(person_id, at=now.at, day=now.day):
        return True
    raise Refused("may_not_sign", "neither the limit nor a delegation in force covers it", pointer="/signed_by")
