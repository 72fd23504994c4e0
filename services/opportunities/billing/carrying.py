"""How a command on money is carried out: who may, business time, rules, claims, append. Decides no rule of a record."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from services.opportunities.billing import money_receipt as receipts
from services.opportunities.billing.invoice import Invoice
from services.opportunities.billing.money_receipt import MoneyReceipt
from services.opportunities.billing.record import MoneyRecord
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import sees
from services.opportunities.routes.references import account_standing, require_account, sees_account
from shared.days import day_of
from shared.event_store.command import Claim
from shared.event_store.stream import Entry, Refused, Stream
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.reading import Reading
from shared.http.receipt import Receipt
from shared.identity.approval import APPROVES, holds
from shared.identity.principal import BACK_OFFICE, DIRECTOR, FINANCE, HEAD_OFFICE, INTEGRATION, Principal
from shared.records.business_time import business_time
from shared.records.corrections import CorrectFact, VoidFact, corrected_time

RECORDS_MONEY = APPROVES | {FINANCE, BACK_OFFICE, INTEGRATION}
"""Invoices, receipts and their allocation; everybody else who sees the order or account reads them."""
SETS_LIMITS = APPROVES | {FINANCE, INTEGRATION}
"""How much an account may owe."""
POSTS = frozenset({FINANCE, INTEGRATION, HEAD_OFFICE, DIRECTOR})
"""Bring the ERP's postings: who sees the books of the whole tenant, and the finance department."""

M = TypeVar("M", bound=MoneyRecord)
Step = Callable[[M, datetime, date], object]
Keys = Callable[[M], frozenset[Claim]]

# -- who -----------------------------------------------------------------------------------------------------


async def sees_money(kit: Kit, principal: Principal, record: MoneyRecord) -> bool:
    """An invoice: who sees the order it is for. A receipt: who sees the account."""
    about = record.about
    opportunity_id = about.get("opportunity_id")
    if opportunity_id is not None:
        opportunity: Opportunity | None = await kit.repository(Opportunity).load(principal.tenant_id, opportunity_id)
        return opportunity is not None and await sees(kit, principal, opportunity.standing)
    account = await account_standing(kit.pool, principal.tenant_id, about["account_id"])
    return bool(account) and sees_account(await kit.sight(principal), account)


async def _seen(ctx: CommandContext, record: Any) -> bool:
    return await sees_money(ctx.kit, ctx.principal, record)


def _taken(claim: Claim) -> Refused:
    if claim.scope == receipts.SCOPE:
        return Refused("bank_reference_taken", "a receipt has this bank reference", pointer="/bank_reference")
    return Refused("invoice_number_taken", "an invoice of this issuer has this number", pointer="/number")


INVOICES: Commands[Invoice] = Commands(Invoice, sees=_seen, taken=_taken)
RECEIPTS: Commands[MoneyReceipt] = Commands(MoneyReceipt, sees=_seen, taken=_taken)
OWED: Commands[Invoice] = Commands(Invoice, taken=_taken)
"""Invoices a receipt pays, whoever sees them: what it pays is undone with it."""


async def require(ctx: CommandContext, functions: Collection[str] = RECORDS_MONEY) -> None:
    """Raises Problem 403 unless the principal, or somebody they stand in for, holds one of these functions."""
    ctx.require_dealing()
    if not holds(await ctx.kit.sight(ctx.principal), functions):
        raise Problem(403, "forbidden")


async def may(reading: Reading) -> bool:
    """Whether the reader could record money."""
    return holds(await reading.sight(), RECORDS_MONEY)


# -- how -----------------------------------------------------------------------------------------------------


def moment(ctx: CommandContext, on: date | None, *records: Stream) -> tuple[datetime, date]:
    """The instant a command on a day is about, after all these records say of that day; and the day."""
    zone = ctx.principal.zone
    at = max(business_time(on, now=ctx.now, zone=zone, after=record) for record in records or (None,))
    return at, day_of(at, zone)


@dataclass(slots=True)
class Moves:
    """The claims one command takes and releases, made up anew each time it is decided."""

    claims: list[Claim] = field(default_factory=list)
    releases: list[Claim] = field(default_factory=list)

    def settle(self, before: frozenset[Claim], now: frozenset[Claim]) -> None:
        """Take what the record came to hold, release what it no longer does."""
        self.claims[:] = now - before
        self.releases[:] = before - now


async def act(
    ctx: CommandContext, commands: Commands[M], keys: Keys[M], id: UUID, step: Step[M], *, on: date | None = None
) -> Receipt:
    """Carry out one command on one record."""
    await require(ctx)
    moves = Moves()

    async def decide(work: Work) -> M:
        record = await work.load(commands, id, matched=True)
        before = keys(record)
        step(record, *moment(ctx, on, record))
        moves.settle(before, keys(record))
        return record

    return await commands.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


DAYS = {
    "InvoiceIssued": "issued_on",
    "InvoiceCancelled": "cancelled_on",
    "ReceiptRecorded": "received_on",
    "ReceiptReturned": "returned_on",
}
"""Days that say the same as the business time of their fact: they move with it."""


async def correct(ctx: CommandContext, commands: Commands[M], keys: Keys[M], id: UUID, command: CorrectFact) -> Receipt:
    """Correct what a fact said, or its day."""
    if isinstance(account_id := command.changes.get("account_id"), str):
        await _require_account(ctx, account_id)

    def step(record: M, at: datetime, day: date) -> None:
        occurred_at = corrected_time(command, ctx, record)
        changes = command.changes
        entry = record.ledger.get(command.version)
        if occurred_at is not None and entry is not None:
            changes = {**_day(entry, day_of(occurred_at, ctx.principal.zone)), **changes}
        record.correct(command.version, changes, occurred_at=occurred_at, reason=command.reason, at=ctx.now)

    return await act(ctx, commands, keys, id, step)


async def void(ctx: CommandContext, commands: Commands[M], keys: Keys[M], id: UUID, command: VoidFact) -> Receipt:
    """Take back a fact, a correction, or the whole record when nothing else was said of it."""

    def step(record: M, at: datetime, day: date) -> None:
        record.void(command.version, reason=command.reason, at=ctx.now)

    return await act(ctx, commands, keys, id, step)


def _day(entry: Entry, day: date) -> dict[str, Any]:
    """The days a fact says beside its business time."""
    if entry.type == "InvoiceCredited":
        return {"credits": [{**msgspec.to_builtins(part), "on": day.isoformat()} for part in entry.changes["credits"]]}
    return {DAYS[entry.type]: day.isoformat()} if entry.type in DAYS else {}


async def _require_account(ctx: CommandContext, text: str) -> None:
    try:
        account_id = UUID(text)
    except ValueError:
        return  # refused by its form
    await require_account(ctx, account_id, pointer="/changes/account_id")
