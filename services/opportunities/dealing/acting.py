"""How a command on a solution, bid, negotiation or contract is carried out, and its page. Decides no rule of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response

from services.opportunities.dealing.record import Dealing
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.prospects import require_references
from services.opportunities.routes.acting import Moment, moment
from services.opportunities.routes.names import names
from services.opportunities.routes.records import RecordShown, opportunity_of, require_opportunity, sees_record, shown
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.reading import Reading
from shared.http.receipt import Receipt
from shared.records.corrections import CorrectFact, VoidFact, corrected_time

D = TypeVar("D", bound=Dealing)

Begin = Callable[[UUID, Moment, Opportunity], D]
Step = Callable[[D, Moment, Opportunity], Any]
Right = Callable[[D, Moment, Opportunity], Awaitable[Any]]
Held = Callable[[D], Collection[Claim]]


async def begin(
    ctx: CommandContext,
    commands: Commands[D],
    opportunity_id: UUID,
    make: Begin[D],
    *,
    on: Any = None,
    check: Callable[[Opportunity], Awaitable[None]] | None = None,
) -> Receipt:
    """Open a record of an opportunity the principal sees. `check` looks at what the command refers to."""
    ctx.require_dealing()
    id = ctx.new_id(commands.stream.stream_type)

    async def decide(work: Work) -> D:
        opportunity = await require_opportunity(ctx, opportunity_id)
        now = await moment(ctx, on)
        if not opportunity.standing_at(now.at):
            raise Refused("before_captured", "the prospect was not on file then", pointer="/on")
        if check is not None:
            await check(opportunity)
        return work.add(make(id, now, opportunity))

    return await commands.together(ctx, decide, status=201)


async def act(
    ctx: CommandContext,
    commands: Commands[D],
    id: UUID,
    step: Step[D],
    *,
    on: Any = None,
    right: Right[D] | None = None,
    check: Right[D] | None = None,
    held: Held[D] | None = None,
) -> Receipt:
    """Carry out one command on one record. `right` refuses who may not, `check` looks at what the command refers to.

    `held`: the claims a record holds as it stands; those that come and go with the step are made and released.
    """
    moves = _Moves(held)

    async def decide(work: Work) -> D:
        record = await work.load(commands, id, matched=True)
        opportunity = await _opportunity(ctx, record)
        now = await moment(ctx, on, record)
        if right is not None:
            await right(record, now, opportunity)
        if check is not None:
            await check(record, now, opportunity)
        moves.before(record)
        step(record, now, opportunity)
        moves.after(record)
        return record

    return await commands.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


async def correct(
    ctx: CommandContext,
    commands: Commands[D],
    id: UUID,
    command: CorrectFact,
    *,
    decider: Right[D],
    held: Held[D] | None = None,
) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact. What was decided needs who could decide so: before
    and after, since the correction may bring it above a limit.
    """
    moves = _Moves(held)

    async def decide(work: Work) -> D:
        record = await work.load(commands, id, matched=True)
        opportunity = await _opportunity(ctx, record)
        now = await moment(ctx, None, record)
        decided = record.needs_decider(command.version)
        if decided:
            await decider(record, now, opportunity)
        await require_references(ctx, command.changes)
        moves.before(record)
        record.correct(
            command.version,
            command.changes,
            occurred_at=corrected_time(command, ctx, record),
            reason=command.reason,
            at=now.at,
        )
        moves.after(record)
        if decided or record.needs_decider(command.version):
            await decider(record, now, opportunity)
        return record

    return await commands.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


async def void(
    ctx: CommandContext,
    commands: Commands[D],
    id: UUID,
    command: VoidFact,
    *,
    decider: Right[D],
    held: Held[D] | None = None,
) -> Receipt:
    """Take back a fact, or a correction, that never happened; a decision only by who could decide so."""
    moves = _Moves(held)

    async def decide(work: Work) -> D:
        record = await work.load(commands, id, matched=True)
        opportunity = await _opportunity(ctx, record)
        now = await moment(ctx, None, record)
        decided = record.needs_decider(command.version)
        if decided:
            await decider(record, now, opportunity)
        moves.before(record)
        record.void(command.version, reason=command.reason, at=now.at)
        moves.after(record)
        if decided and record.latest_of(*record.settles) is not None:
            await decider(record, now, opportunity)
        return record

    return await commands.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


class _Moves:
    """The claims a step makes and releases."""

    def __init__(self, held: Held[Any] | None) -> None:
        self._held = held
        self._before: frozenset[Claim] = frozenset()
        self.claims: Sequence[Claim] = ()
        self.releases: Sequence[Claim] = ()

    def before(self, record: Any) -> None:
        self._before = frozenset(() if self._held is None else self._held(record))

    def after(self, record: Any) -> None:
        now = frozenset(() if self._held is None else self._held(record))
        self.claims, self.releases = tuple(now - self._before), tuple(self._before - now)


async def _opportunity(ctx: CommandContext, record: Dealing) -> Opportunity:
    opportunity = await opportunity_of(ctx.kit, ctx.tenant_id, record)
    assert opportunity is not None  # it was there when the record was opened, and streams do not go
    return opportunity


# -- one record --------------------------------------------------------------------------------------------


async def page(
    reading: Reading,
    response: Response,
    kind: type[D],
    id: UUID,
    *,
    may: Callable[[D, Opportunity], Awaitable[Collection[str]]],
    people: Callable[[Mapping[str, Any]], Collection[UUID | None]],
    products: Callable[[Mapping[str, Any]], Collection[str]] = lambda _: (),
) -> tuple[RecordShown, Opportunity | None]:
    """One record with its history, what can be done, and its opportunity. Raises Problem 404.

    `may`: the restricted actions open to the caller; `people` and `products`: whom and what the standing names.
    """
    kit, tenant_id = reading.kit, reading.tenant_id
    record: D | None = await kit.repository(kind).load(tenant_id, id)
    opportunity: Opportunity | None = None
    open_to: Collection[str] = ()
    if record is not None and await sees_record(kit, reading.principal, record):
        opportunity = await opportunity_of(kit, tenant_id, record)
        if opportunity is not None and not reading.principal.only_looks:
            open_to = await may(record, opportunity)
    found = await shown(reading, response, kind, id, actions=lambda each: each.allowed_actions(open_to))
    stood: Mapping[str, Any] = {} if record is None else record.standing
    about: Mapping[str, Any] = {} if opportunity is None else opportunity.standing
    more = await names(
        kit,
        tenant_id,
        people={*people(stood), about.get("owner_id")},
        others=(about.get("account_id"), about.get("unit_id")),
        products=products(stood),
    )
    found.names.people |= more.people
    found.names.units |= more.units
    found.names.accounts |= more.accounts
    found.names.products |= more.products
    return found, opportunity
