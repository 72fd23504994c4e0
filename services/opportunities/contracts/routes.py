"""Contracts: drafts, signature, expiry: over HTTP. Approval, amendments and limits are in modules of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from services.opportunities.contracts import approval_routes, policy_routes
from services.opportunities.contracts.commands import (
    DraftContract,
    RedraftContract,
    RenewContract,
    SignContract,
    TerminateContract,
)
from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.report import (
    TABLE,
    ContractRow,
    Waits,
    expired,
    expiring_within,
    is_expired,
)
from services.opportunities.contracts.rights import (
    CHANGES,
    CONTRACTS,
    DECISIONS,
    decider,
    held,
    requester,
    signs_by_delegation,
    what_waits,
)
from services.opportunities.dealing import acting
from services.opportunities.dealing.listing import OfDeals, equals, listed
from services.opportunities.dealing.rights import deciding_seats
from services.opportunities.events import ContractStatus
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.asked import Ask
from services.opportunities.routes.records import RecordShown
from services.opportunities.routes.references import require_people, require_products
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import CorrectFact, VoidFact

own = Router(prefix="/v1/contracts", tags=["contracts"])


@own.post("", status_code=201, operation_id="contracts.draw_up", responses=refuses(403, 409, 422))
async def draw_up(command: DraftContract, ctx: Ctx) -> Receipt:
    """Draw up a contract: its first draft."""

    async def check(_: Opportunity) -> None:
        await require_products(ctx, command.lines)

    def make(id: UUID, now: Moment, opportunity: Opportunity) -> Contract:
        currency = opportunity.standing["currency"]
        return Contract.drawn_up(command, currency=currency, id=id, by=now.by, at=now.at, day=now.day)

    return await acting.begin(ctx, CONTRACTS, command.opportunity_id, make, on=command.on, check=check)


@own.post("/{contract_id}/draft", operation_id="contracts.draft", responses=CHANGES)
async def draft(contract_id: UUID, command: RedraftContract, ctx: CtxMatch) -> Receipt:
    """Draw up the next version; it needs approval again."""

    async def check(_: Contract, __: Moment, ___: Opportunity) -> None:
        await require_products(ctx, command.lines)

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.redraft(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, check=check)


@own.post("/{contract_id}/sign", operation_id="contracts.sign", responses=CHANGES)
async def sign(contract_id: UUID, command: SignContract, ctx: CtxMatch) -> Receipt:
    """Say that the contract was signed, by whom and under which number (签约)."""
    found: list[bool] = []

    async def check(contract: Contract, now: Moment, _: Opportunity) -> None:
        if command.signed_by is not None:
            await require_people(ctx, (command.signed_by,), "/signed_by")
        found[:] = [await signs_by_delegation(ctx, contract, command.signed_by or now.by, now)]

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        signed_by = command.signed_by or now.by
        contract.sign(command, signed_by=signed_by, by_delegation=found[0], at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on, check=check, held=held)


@own.post("/{contract_id}/renew", operation_id="contracts.renew", responses=CHANGES)
async def renew(contract_id: UUID, command: RenewContract, ctx: CtxMatch) -> Receipt:
    """Say that the contract runs on (续签)."""

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.renew(command, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on)


@own.post("/{contract_id}/terminate", operation_id="contracts.terminate", responses=CHANGES)
async def terminate(contract_id: UUID, command: TerminateContract, ctx: CtxMatch) -> Receipt:
    """Say that the contract ended before its time (终止)."""

    def step(contract: Contract, now: Moment, _: Opportunity) -> None:
        contract.terminate(command, at=now.at, day=now.day)

    return await acting.act(ctx, CONTRACTS, contract_id, step, on=command.on)


@own.post("/{contract_id}/correct", operation_id="contracts.correct", responses=DECISIONS)
async def correct(contract_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a fact said, or its day; what was approved only by who could approve it."""
    return await acting.correct(ctx, CONTRACTS, contract_id, command, decider=decider(ctx), held=held)


@own.post("/{contract_id}/void", operation_id="contracts.void", responses=DECISIONS)
async def void(contract_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await acting.void(ctx, CONTRACTS, contract_id, command, decider=decider(ctx), held=held)


# -- reading -----------------------------------------------------------------------------------------------


class ContractShown(RecordShown):
    """One contract with its drafts, amendments and whole history."""

    expired: bool = Field(description="Signed, and its last day has gone by on the day asked about.")


@own.get("", operation_id="contracts.list", response_model=Listed[ContractRow], responses=refuses(422))
async def contracts(
    ask: Ask,
    page: Paged,
    which: OfDeals,
    status: ContractStatus | None = None,
    waits: Annotated[Waits | None, Query(description="What waits for approval.")] = None,
    expiring: Annotated[
        int | None,
        Query(alias="expiring_within", ge=0, le=36_500, description="Signed, and ending within so many days."),
    ] = None,
    gone: Annotated[bool | None, Query(alias="expired", description="Signed, and the last day has gone by.")] = None,
    sort: Literal["ends_on", "-drafted_on"] = "-drafted_on",
) -> Any:
    """Contracts of the opportunities the caller sees."""
    predicates = [equals("status", status), equals("waits", waits), expiring_within(expiring), expired(gone)]
    return await listed(ask, page, TABLE, which, predicates, sort)


@own.get("/{contract_id}", operation_id="contracts.read", responses=refuses(404))
async def contract_page(contract_id: UUID, reading: Report, response: Response) -> ContractShown:
    """One contract with its whole history."""

    async def may(contract: Contract, opportunity: Opportunity) -> Collection[str]:
        kit, principal = reading.kit, reading.principal
        waiting = await what_waits(kit, reading.tenant_id, contract, reading.day)
        open_to: set[str] = set()
        for verbs, by in (
            (("approve", "return", "approve-amendment", "return-amendment", "pass-on"), None),
            (("delegate-signing",), frozenset[UUID]()),
        ):
            asked = await requester(kit, reading.tenant_id, contract) if by is None else by
            seats = await deciding_seats(kit, principal, opportunity, asked)
            if not seats:
                continue
            covers = waiting.covers(frozenset[str]().union(*(seat.functions for seat in seats)))
            needing = {"approve", "approve-amendment", "delegate-signing"}
            open_to |= {verb for verb in verbs if (covers if verb in needing else verb != "pass-on" or not covers)}
        return open_to

    found, _ = await acting.page(reading, response, Contract, contract_id, may=may, people=_people)
    ends_on = found.standing.get("ends_on")
    return ContractShown(
        **{name: getattr(found, name) for name in RecordShown.model_fields},
        expired=is_expired(found.standing["status"], _day(ends_on), reading.day),
    )


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _people(standing: Mapping[str, Any]) -> Collection[UUID | None]:
    names = (
        *("drafted_by", "submitted_by", "passed_by", "decided_by", "delegate_id", "delegated_by", "signed_by"),
        *("amendment_requested_by", "amended_by"),
    )
    return [standing.get(name) for name in names]


router = Router()
router.routes.extend((*approval_routes.router.routes, *own.routes, *policy_routes.router.routes))
