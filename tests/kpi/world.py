"""A tenant made up by chance, and what plain Python says of it: steps of prospects, and how they stood. Tests nothing.

Times are whole half-days, so that several facts fall on one instant; facts come late, are corrected and voided, and
nothing keeps to the rules of the life cycle: folds must bear all that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.events import (
    Cancellation,
    ContactLost,
    DealLost,
    DealReopened,
    DealWon,
    DefeatKind,
    DefeatRejected,
    DefeatRequested,
    DefeatVerified,
    Delivery,
    Line,
    OpportunityTransferred,
    OrderAmended,
    ProspectCaptured,
    ProspectFrozen,
    ProspectQualified,
    ProspectResumed,
    Status,
    UnitsCancelled,
    UnitsDelivered,
    Verdict,
)
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.stream import Entry, Refused
from tests.accounts.log import Log, in_order

START = datetime(2024, 12, 31, 16, tzinfo=UTC)
"""The first instant of 2025 in Shanghai."""
HALF_DAYS = 1_000
TODAY = START + timedelta(days=600)
PEOPLE = tuple(UUID(int=number) for number in range(1, 4))
UNITS = tuple(UUID(int=number) for number in range(11, 14))
ACCOUNTS = tuple(UUID(int=number) for number in range(21, 24))
PRODUCTS = ("GTX", "SED")
CENT = Decimal("0.01")


def some_lines(chance: random.Random) -> tuple[Line, ...]:
    return tuple(
        Line(number, chance.choice(PRODUCTS), chance.randint(1, 5), chance.choice((None, Decimal("99999.99"))))
        for number in range(1, chance.choice((1, 2, 3, 4)))
    )


def capture(chance: random.Random) -> Opportunity:
    return Opportunity.begin(
        ProspectCaptured, id=uuid4(), at=START + timedelta(hours=12 * chance.randint(0, 300)),
        account_id=chance.choice((None, *ACCOUNTS)), title=None,
        owner_id=chance.choice(PEOPLE), unit_id=chance.choice(UNITS), channel=chance.choice(("web", "phone", None)),
        channel_given=None, lines=some_lines(chance), currency="CNY", amount=None, stage=None, stage_given=None,
        probability=None, probability_given=None, expected_on=None, key_person_id=None, contact_id=None, valid=True,
        missing=(), duplicate=None, duplicate_reason=None, external_refs={}, attributes={},
    )  # fmt: skip


def _defeat(chance: random.Random, at: datetime) -> dict[str, Any]:
    category = chance.choice(("own", "unknown"))
    return {
        "level_before": None, "requested_on": at.date(), "requested_by": PEOPLE[0], "kind": DefeatKind.CONFIRMED,
        "reason": f"{category}.x", "category": category, "other_reasons": (), "reason_given": None,
        "competitor_brand": None, "competitor_model": None, "competitor_price": None, "bought_on": None,
        "recall_on": None,
    }  # fmt: skip


def step(one: Opportunity, chance: random.Random, at: datetime) -> None:
    """One fact as it might be told, also where the rules would refuse it."""
    owner, line = chance.choice(PEOPLE), chance.randint(1, 3)
    ordered: dict[str, Any] = {
        "lines": some_lines(chance), "currency": chance.choice(("CNY", "CNY", "EUR")), "promised_on": None,
        "amount": chance.choice((None, Decimal("300000.05"))), "order_ref": None,
    }  # fmt: skip
    match chance.choices(range(14), (3, 5, 5, 2, 1, 2, 7, 3, 5, 2, 4, 3, 2, 2))[0]:
        case 0:
            one.record(
                ProspectQualified, at=at, level_before=None, level="A", expected_on=None, judged_by=owner,
                visit_id=None, stage=None, stage_given=None, probability=None, probability_given=None,
                lines=chance.choice((None, some_lines(chance))), amount=None, evidence=None, competitor=None,
                obstacle=None, support_needed=None,
            )  # fmt: skip
        case 1:
            one.record(
                DealLost, at=at, status_before=Status.OPEN, reviewed_by=None, comment=None, **_defeat(chance, at)
            )
        case 2:
            one.record(DealReopened, at=at, from_status=Status.DEFEATED, lines=None, reason=None)
        case 3:
            one.record(
                ProspectFrozen, at=at, level_before=None, requested_by=owner, reviewed_by=None, reason="later",
                recall_on=at.date(), comment=None,
            )  # fmt: skip
        case 4:
            one.record(ContactLost, at=at, level_before=None, reason="silent", recall_on=None)
        case 5:
            one.record(ProspectResumed, at=at, from_status=Status.FROZEN, reason=None)
        case 6:
            one.record(DealWon, at=at, level_before=None, withdrawn=None, **ordered)
        case 7:
            one.record(OrderAmended, at=at, reason=None, **ordered)
        case 8:
            one.record(UnitsDelivered, at=at, delivered=(Delivery(line, chance.randint(1, 4), at.date()),))
        case 9:
            gone = Cancellation(line, chance.randint(1, 2), "changed plans", at.date())
            one.record(UnitsCancelled, at=at, cancelled=(gone,), whole=chance.random() < 0.2)
        case 10:
            one.record(
                OpportunityTransferred, at=at, owner_before=owner, unit_before=UNITS[0], owner_id=owner,
                unit_id=chance.choice(UNITS), reason=None,
            )  # fmt: skip
        case 11:
            one.record(DefeatRequested, at=at, **_defeat(chance, at))
        case 12:
            one.record(
                DefeatVerified, at=at, verdict=chance.choice(tuple(Verdict)), attempts=1, reached=True, reason=None,
                comment=None, verified_by=owner, verified_on=at.date(),
            )  # fmt: skip
        case _:
            one.record(DefeatRejected, at=at, reviewed_by=owner, finding="other", comment=None)


def mend(one: Opportunity, chance: random.Random) -> None:
    version = chance.randint(2, max(2, one.version))
    try:
        if chance.random() < 0.4:
            one.void_fact(version, reason="错录", at=TODAY)
        else:
            earlier = one.ledger[1].occurred_at + timedelta(hours=12 * chance.randint(0, HALF_DAYS // 2))
            one.correct_fact(version, {}, occurred_at=earlier, reason="日期", at=TODAY)
    except Refused:
        pass


def a_log(seed: int, facts: int = 200) -> Log:
    chance = random.Random(seed)
    log = Log(uuid4())
    prospects: list[Opportunity] = []
    for _ in range(facts):
        if not prospects or chance.random() < 0.13:
            prospects.append(capture(chance))
            log.take(prospects[-1])
            continue
        one = chance.choice(prospects)
        if chance.random() < 0.12:
            mend(one, chance)
        else:
            step(one, chance, one.ledger[1].occurred_at + timedelta(hours=12 * chance.randint(0, HALF_DAYS // 2)))
        log.take(one)
    return log


# -- what plain Python says ----------------------------------------------------------------------------------


Lines = Mapping[str | None, tuple[int, Decimal | None]]
"""Units and amount by product."""


@dataclass(frozen=True)
class Step:
    """One countable step, as `kpi.funnel` has it."""

    id: UUID
    version: int
    number: int
    name: str
    at: datetime
    owner: UUID
    unit: UUID
    account: UUID | None
    channel: str | None
    prospects: int
    units: int
    amount: Decimal | None = None
    currency: str | None = None
    lines: Lines | None = None
    before_at: datetime | None = None
    won_at: datetime | None = None
    reopened_at: datetime | None = None
    category: str | None = None
    verdict: str | None = None


@dataclass(frozen=True)
class Stood:
    """How a prospect stood for a while, as `kpi.stock` has it."""

    id: UUID
    since: datetime
    until: datetime | None
    stock: str | None
    owner: UUID
    unit: UUID
    account: UUID | None
    channel: str | None
    units: int
    lines: Mapping[str | None, int] | None
    captured_at: datetime
    won_at: datetime | None


def by_product(lines: Sequence[Line], stated: Decimal | None) -> Lines:
    """A line without a price has its part of what of the stated total the others leave."""
    priced = sum((line.unit_price * line.units for line in lines if line.unit_price is not None), Decimal(0))
    unpriced = sum(line.units for line in lines if line.unit_price is None)
    rest = None if stated is None else max(stated - priced, Decimal(0))
    found: dict[str | None, tuple[int, Decimal | None]] = {}
    so_far = 0
    for line in sorted(lines, key=lambda line: line.line):
        if line.unit_price is not None:
            amount: Decimal | None = line.unit_price * line.units
        else:
            before, so_far = so_far, so_far + line.units
            amount = None if rest is None else _part(rest, so_far, unpriced) - _part(rest, before, unpriced)
        units, sum_so_far = found.get(line.product, (0, None))
        both = [one for one in (sum_so_far, amount) if one is not None]
        found[line.product] = (units + line.units, sum(both, Decimal(0)) if both else None)
    if not lines and stated is not None:
        return {None: (0, stated)}
    return found


def _part(rest: Decimal, units: int, of: int) -> Decimal:
    return (rest * units / of).quantize(CENT, ROUND_HALF_UP)


def total(lines: Lines) -> Decimal | None:
    amounts = [amount for _, amount in lines.values() if amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def steps_of(log: Log) -> list[Step]:
    return [found for stream in log.streams.values() for found in _steps(stream.id, in_order(stream))]


def _steps(id: UUID, entries: Sequence[Entry]) -> Iterator[Step]:
    standing: dict[str, Any] = {}
    moves: list[tuple[int, int]] = []
    still_open: int | None = None
    judged = False
    for place, entry in enumerate(entries):
        before, standing = standing, standing | entry.changes
        later = entries[place + 1 :]
        credit = (standing["owner_id"], standing["unit_id"], standing["account_id"], standing["channel"])
        products: Lines | None = {line.product: (0, None) for line in standing["lines"]} or None
        won_at = min((other.occurred_at for other in later if other.type == "DealWon"), default=None)

        def made(
            name: str, *counts: Any, number: int = 1, at: Entry = entry, credit: Any = credit, **more: Any
        ) -> Step:
            return Step(id, at.version, number, name, at.occurred_at, *credit, *counts, **more)

        lines = by_product(standing["lines"], standing.get("amount"))
        units = sum(line.units for line in standing["lines"])
        gone = {kind: entry.changes.get(kind, ()) for kind in ("delivered", "cancelled")}
        moves += [(move.line, move.units) for kind in gone.values() for move in kind]
        completed = False
        if entry.type in ("DealWon", "OrderAmended", "UnitsDelivered", "UnitsCancelled"):
            numbers = {line.line for line in standing["lines"]}
            left = units - sum(count for number, count in moves if number in numbers)
            completed = left <= 0 and standing["status"] == "ordered" and still_open is not None and still_open > 0
            still_open = left
        again = [other.occurred_at for other in entries[:place] if other.type == entry.type]
        match entry.type:
            case "ProspectCaptured":
                yield made("captured", 1, 0, lines=products, won_at=won_at)
            case "ProspectQualified" if not judged:
                judged = True
                yield made("qualified", 1, 0, lines=products, won_at=won_at)
            case "DealLost":
                reopened = [other.occurred_at for other in later if other.type == "DealReopened"]
                yield made(
                    "defeated", 1, 0, lines=products, won_at=won_at, before_at=max(again, default=None),
                    reopened_at=min(reopened, default=None), category=standing["defeat_category"],
                    verdict=standing.get("verdict"),
                )  # fmt: skip
            case "DefeatRequested":
                yield made(
                    "defeat_requested", 1, 0, lines=products, won_at=won_at, category=standing["defeat_category"]
                )
            case "DefeatRejected":
                yield made("defeat_rejected", 1, 0, lines=products, won_at=won_at)
            case "ProspectFrozen":
                yield made("frozen", 1, 0, lines=products, won_at=won_at)
            case "ContactLost":
                yield made("lost_contact", 1, 0, lines=products, won_at=won_at)
            case "DealReopened" if before.get("status") == "defeated":
                yield made("revived", 1, 0, lines=products, won_at=won_at)
            case "DealWon":
                yield made(
                    "ordered", 1, units, total(lines), standing["currency"], lines or None, won_at=won_at,
                    before_at=max(again, default=None),
                )  # fmt: skip
            case "OrderAmended":
                was = by_product(before.get("lines", ()), before.get("amount"))
                for number, currency, changed in _amended(was, before.get("currency"), lines, standing["currency"]):
                    units_by = sum(count for count, _ in changed.values())
                    yield made(
                        "ordered", 0, units_by, total(changed) or Decimal(0), currency, changed or products,
                        number=number,
                    )  # fmt: skip
            case "UnitsCancelled":
                yield made(
                    "cancelled", int(standing["status"] == "cancelled"), sum(move.units for move in gone["cancelled"]),
                    lines=_moved(standing["lines"], gone["cancelled"]) or products,
                )  # fmt: skip
        if entry.type == "UnitsDelivered" or completed:
            yield made(
                "delivered", int(completed), sum(move.units for move in gone["delivered"]),
                lines=_moved(standing["lines"], gone["delivered"]) or products,
            )  # fmt: skip


def _amended(
    was: Lines, was_currency: str | None, now: Lines, currency: str
) -> Iterator[tuple[int, str | None, dict[str | None, tuple[int, Decimal | None]]]]:
    nothing = (0, None)
    if was_currency != currency:
        yield 1, was_currency, {name: (-units, None if a is None else -a) for name, (units, a) in was.items()}
        yield 2, currency, dict(now)
        return
    changed: dict[str | None, tuple[int, Decimal | None]] = {}
    for product in {*was, *now}:
        (units, amount), (units_was, amount_was) = now.get(product, nothing), was.get(product, nothing)
        both = (units - units_was, (amount or Decimal(0)) - (amount_was or Decimal(0)))
        if any(both):
            changed[product] = both
    if changed:
        yield 1, currency, changed


def _moved(lines: Sequence[Line], moves: Sequence[Any]) -> Lines:
    found: dict[str | None, tuple[int, Decimal | None]] = {}
    for move in moves:
        product = next((line.product for line in lines if line.line == move.line), None)
        found[product] = (found.get(product, (0, None))[0] + move.units, None)
    return found


def stock_of(log: Log) -> list[Stood]:
    return [found for stream in log.streams.values() for found in _stood(stream.id, in_order(stream))]


def _stood(id: UUID, entries: Sequence[Entry]) -> list[Stood]:
    standing: dict[str, Any] = {}
    moves: list[tuple[int, int]] = []
    found: list[Stood] = []
    captured_at: datetime | None = None
    for place, entry in enumerate(entries):
        standing = standing | entry.changes
        moves += [(m.line, m.units) for kind in ("delivered", "cancelled") for m in entry.changes.get(kind, ())]
        captured_at = entry.occurred_at if entry.version == 1 else captured_at
        following = entries[place + 1].occurred_at if place + 1 < len(entries) else None
        if captured_at is None or following == entry.occurred_at:
            continue
        ordered = standing["status"] == "ordered"
        lines: dict[str | None, int] = {}
        for line in standing["lines"]:
            left = line.units - (sum(units for number, units in moves if number == line.line) if ordered else 0)
            lines[line.product] = lines.get(line.product, 0) + left
        units = sum(lines.values())
        stock = standing["status"] if standing["status"] in ("open", "ordered") else None
        if ordered and lines and units <= 0:
            stock = None
        credit = (standing["owner_id"], standing["unit_id"], standing["account_id"], standing["channel"])
        won_at = min((o.occurred_at for o in entries[place + 1 :] if o.type == "DealWon"), default=None)
        now = (None if stock is None else str(stock), *credit, units, lines or None)
        if found and _state(found[-1]) == now:
            continue
        if found:
            found[-1] = Stood(**{**vars(found[-1]), "until": entry.occurred_at})
        found.append(Stood(id, entry.occurred_at, None, *now, entries_captured(entries), won_at))
    return found


def entries_captured(entries: Sequence[Entry]) -> datetime:
    """When a prospect was captured: its first fact in the order told."""
    return next(entry.occurred_at for entry in entries if entry.version == 1)


def _state(one: Stood) -> tuple[Any, ...]:
    return one.stock, one.owner, one.unit, one.account, one.channel, one.units, one.lines
