"""Approval of contracts and of their amendments over HTTP, each within limits. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.opportunities.contracts.commands import (
    ApproveAmendment,
    ApproveContract,
    DelegateSigning,
    PassContractOn,
    RequestAmendment,
    ReturnAmendment,
    ReturnContract,
    SubmitContract,
)
from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.contract_policy import AskedAmount
from services.opportunities.contracts.rights import (
    CHANGES,
    CONTRACTS,
    DECISIONS,
    amount_on,
    requester,
    require_limit,
    what_waits,
)
from services.opportunities.dealing import acting
from services.opportunities.dealing.limits import needs
from services.opportunities.dealing.rights import require_decider
from services.opportunities.events import ContractPassedOn
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.references import require_people, require_products
from shared.event_store.stream import Refused
from shared.http.context import CommandContext, CtxMatch
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/contracts", tags=["contracts"])


class _Found:
    """What the check of rights found out, for the step."""

    asked: AskedAmount
    functions: frozenset[str]


@router.post("/{contract_id}/submit", operation_id="contracts.submit", responses=CHANGES)
async def submit(contract_id: UUID, command: SubmitContract, ctx: CtxMatch) -> Receipt:
    """Hand the draft in for approval; the answer says in `needs` whose limit covers it."""
    found = _Found()

    async def check(contract: Contract, now: Moment, _: Opportunity) -> None:
        found.asked = await what_waits(ctx.kit, ctx.tenant_id, contract, now.day)

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.submit(asked=found.asked, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, check=check)


@router.post("/{contract_id}/pass-on", operation_id="contracts.pass_on", responses=DECISIONS)
async def pass_on(contract_id: UUID, command: PassContractOn, ctx: CtxMatch) -> Receipt:
    """Support a contract or amendment above the own limit, and pass it on to the next function up that may approve."""
    found = _Found()

    async def right(contract: Contract, now: Moment, opportunity: Opportunity) -> None:
        found.asked = await what_waits(ctx.kit, ctx.tenant_id, contract, now.day)
        functions = await require_decider(ctx, opportunity, await requester(ctx.kit, ctx.tenant_id, contract))
        contract.require(ContractPassedOn)
        if found.asked.covers(functions):
            raise Refused("within_limit", "it is within your limit: decide it yourself")

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.pass_on(command, to=needs(found.asked), by=now.by, at=now.at)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=right)


@router.post("/{contract_id}/approve", operation_id="contracts.approve", responses=DECISIONS)
async def approve(contract_id: UUID, command: ApproveContract, ctx: CtxMatch) -> Receipt:
    """Approve the draft that waits: in the reporting line, within the limit, never one's own draft."""
    found = _Found()

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.approve(command, asked=found.asked, functions=found.functions, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=_within_limit(ctx, found))


@router.post("/{contract_id}/return", operation_id="contracts.return", responses=DECISIONS)
async def give_back(contract_id: UUID, command: ReturnContract, ctx: CtxMatch) -> Receipt:
    """Return the draft that waits: any head in the reporting line may."""

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.give_back(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=_in_line(ctx))


@router.post("/{contract_id}/delegate-signing", operation_id="contracts.delegate_signing", responses=DECISIONS)
async def delegate_signing(contract_id: UUID, command: DelegateSigning, ctx: CtxMatch) -> Receipt:
    """Let somebody else sign, until a day (委托签字): who has the limit for it."""
    found = _Found()

    async def right(contract: Contract, now: Moment, opportunity: Opportunity) -> None:
        found.asked, _ = await require_limit(ctx, opportunity, contract, now, ())

    async def check(_: Contract, __: Moment, ___: Opportunity) -> None:
        await require_people(ctx, (command.delegate_id,), "/delegate_id")

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.delegate_signing(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=right, check=check)


# -- amendments --------------------------------------------------------------------------------------------


@router.post("/{contract_id}/request-amendment", operation_id="contracts.request_amendment", responses=CHANGES)
async def request_amendment(contract_id: UUID, command: RequestAmendment, ctx: CtxMatch) -> Receipt:
    """Ask to change a signed contract (补充协议); within what was approved it holds at once."""
    found = _Found()

    async def check(contract: Contract, now: Moment, _: Opportunity) -> None:
        await require_products(ctx, command.lines)
        terms = contract.amended_terms(command, at=now.at)
        found.asked = await amount_on(ctx.kit, ctx.tenant_id, terms.amount, terms.currency, now.day)

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.request_amendment(command, asked=found.asked, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, check=check)


@router.post("/{contract_id}/approve-amendment", operation_id="contracts.approve_amendment", responses=DECISIONS)
async def approve_amendment(contract_id: UUID, command: ApproveAmendment, ctx: CtxMatch) -> Receipt:
    """Approve the change that waits: the contract says so from now on."""
    found = _Found()

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.approve_amendment(
            command, asked=found.asked, functions=found.functions, by=now.by, at=now.at, day=now.day
        )

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=_within_limit(ctx, found))


@router.post("/{contract_id}/return-amendment", operation_id="contracts.return_amendment", responses=DECISIONS)
async def return_amendment(contract_id: UUID, command: ReturnAmendment, ctx: CtxMatch) -> Receipt:
    """Do not want the change that waits: any head in the reporting line may say so."""

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.return_amendment(command, by=now.by, at=now.at)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, right=_in_line(ctx))


def _within_limit(ctx: CommandContext, found: _Found) -> acting.Right[Contract]:
    async def right(contract: Contract, now: Moment, opportunity: Opportunity) -> None:
        by = await requester(ctx.kit, ctx.tenant_id, contract)
        found.asked, found.functions = await require_limit(ctx, opportunity, contract, now, by)

    return right


def _in_line(ctx: CommandContext) -> acting.Right[Contract]:
    async def right(contract: Contract, _: Moment, opportunity: Opportunity) -> None:
        await require_decider(ctx, opportunity, await requester(ctx.kit, ctx.tenant_id, contract))

    return right
