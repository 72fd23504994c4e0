"""How a command on a filing is carried out: load, right, business time, rules, claims, append. Decides no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.opportunities.filings.filing import ACTIONS, Filing
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.prospects import require_references
from services.opportunities.routes.acting import OPPORTUNITIES, Moment, moment
from services.opportunities.routes.records import belonging
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.identity.approval import APPROVES, holds
from shared.identity.principal import BACK_OFFICE, FINANCE, INTEGRATION, Principal

NUMBER: Final = "filing_number"
VIN: Final = "reported_vin"
"""Scopes of claims: a number is of one filing, a VIN is reported once in the company."""

ANSWERING: Final = APPROVES | {BACK_OFFICE, FINANCE, INTEGRATION}
"""Say what the manufacturer answered: heads, the back office, finance, and the manufacturer's portal itself."""
ANSWERS: Final = frozenset(
    {
        *("accept", "return", "refuse", "lapse", "accept-reports", "return-reports", "refuse-reports"),
        *("accept-support", "return-support", "refuse-support", "pay-support"),
    }
)
ANSWER_FACTS: Final = frozenset(ACTIONS[action] for action in ANSWERS)

Step = Callable[[Filing, Opportunity, Moment], None]


def taken(claim: Claim) -> Refused:
    """What a taken claim is refused as."""
    if claim.scope == NUMBER:
        return Refused("filing_number_taken", f"there is a filing {claim.key}", pointer="/number", number=claim.key)
    return Refused("vin_reported", f"{claim.key} was reported already", pointer="/units", vin=claim.key)


FILINGS = belonging(Filing, taken=taken)


async def may_answer(kit: Kit, principal: Principal) -> bool:
    """Whether the principal says what the manufacturer answered."""
    return holds(await kit.sight(principal), ANSWERING)


async def require_answering(ctx: CommandContext) -> None:
    """Raises Problem 403 for who does not say what the manufacturer answered."""
    if not await may_answer(ctx.kit, ctx.principal):
        raise Problem(403, "forbidden")


async def act(ctx: CommandContext, id: UUID, step: Step, *, on: date | None = None, answer: bool = False) -> Receipt:
    """Carry out one command on one filing. `answer`: it says what the manufacturer answered."""
    if answer:
        await require_answering(ctx)
    moves = _Moves()

    async def decide(work: Work) -> Filing:
        filing = await work.load(FILINGS, id, matched=True)
        opportunity = await work.load(OPPORTUNITIES, filing.standing["opportunity_id"])
        before = filing.vins
        step(filing, opportunity, await moment(ctx, on, filing))
        moves.of(filing, before)
        return filing

    return await FILINGS.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


async def mend(
    ctx: CommandContext,
    id: UUID,
    version: int,
    step: Callable[[Filing], None],
    changes: Mapping[str, Any] | None = None,
) -> Receipt:
    """Correct or void a fact; an answer only by who could have given it, and to what is in sight."""
    moves = _Moves()

    async def decide(work: Work) -> Filing:
        filing = await work.load(FILINGS, id, matched=True)
        entry = filing.entry_about(version)
        if entry is not None and entry.type in ANSWER_FACTS:
            await require_answering(ctx)
        await require_references(ctx, changes or {})
        before = filing.vins
        step(filing)
        moves.of(filing, before)
        return filing

    return await FILINGS.together(ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases)


class _Moves:
    """The claims a decision takes and releases."""

    def __init__(self) -> None:
        self.claims: tuple[Claim, ...] = ()
        self.releases: tuple[Claim, ...] = ()

    def of(self, filing: Filing, before: Iterable[str]) -> None:
        held = frozenset(before)
        self.claims = tuple(Claim(VIN, vin, filing.id) for vin in sorted(filing.vins - held))
        self.releases = tuple(Claim(VIN, vin, filing.id) for vin in sorted(held - filing.vins))
