"""What plain Python says of a made-up log: steps of prospects, and how they stood. Tests nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from services.opportunities.events import Line
from shared.event_store.stream import Entry
from tests.accounts.log import Log, in_order

CENT = Decimal("0.01")
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
