"""What the views of solutions, bids, negotiations and contracts hold, in plain Python. Shares no code with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.opportunities_views.log import Counts, Log
from tests.opportunities_views.oracle import Row, day, decimal, steps, uuid

Kind = Callable[[Any], Any]
Told = list[Counts]


def text(value: Any) -> Any:
    return value


def instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def rows(
    log: Log, stream_type: str, columns: Mapping[str, Kind], more: Callable[[Row, Told, Counts], Row], upto: int | None
) -> list[Row]:
    """One row per record and interval: these columns of what stands, and what the facts so far come to."""
    found = []
    for stream_id, facts in log.streams(stream_type, upto):
        so_far: Told = []
        for fact, standing, until in steps(facts):
            so_far = [*so_far, fact]
            if until == fact.at or standing.get("opportunity_id") is None:
                continue
            row = {"stream_id": stream_id, "from_at": fact.at, "to_at": until, "version": fact.version}
            row |= {name: kind(standing.get(name)) for name, kind in columns.items()}
            found.append(row | more(standing, so_far, fact))
    return found


def _columns(**kinds: tuple[Kind, str]) -> dict[str, Kind]:
    return {name: kind for kind, names in kinds.values() for name in names.split()}


SOLUTION = _columns(
    texts=(text, "status need draft summary currency comment reaction"),
    ids=(uuid, "opportunity_id requested_by drafted_by submitted_by decided_by"),
    days=(day, "wanted_by requested_on drafted_on submitted_on decided_on presented_on"),
    amounts=(decimal, "amount cost"),
)
BID = _columns(
    texts=(text, "status tender_number tenderer currency go our_rank result_reason winner"),
    ids=(uuid, "opportunity_id recorded_by decided_by"),
    days=(
        day,
        "published_on questions_until documents_bought_on bond_due_on bond_paid_on bond_returned_on recorded_on",
    ),
    more=(day, "decided_on submitted_on opened_on result_on"),
    instants=(instant, "opening_at"),
    amounts=(decimal, "bond_amount amount winning_price"),
)
NEGOTIATION = _columns(
    texts=(text, "status subject outcome price_status price_currency price_needs price_reason price_comment"),
    flags=(text, "price_within_own_limit conclusion"),
    ids=(uuid, "opportunity_id opened_by price_requested_by price_passed_by price_decided_by"),
    days=(day, "opened_on last_round_on price_requested_on price_decided_on concluded_on"),
    amounts=(decimal, "price_discount"),
)
CONTRACT = _columns(
    texts=(text, "status title number draft currency delivery_terms warranty_terms warranty_months needs comment"),
    flags=(text, "by_delegation terminated_reason amendment"),
    ids=(uuid, "opportunity_id drafted_by submitted_by passed_by decided_by delegate_id signed_by"),
    more=(uuid, "amendment_requested_by"),
    days=(day, "starts_on ends_on drafted_on submitted_on decided_on delegate_until signed_on amended_on"),
    later=(day, "renewed_on terminated_on"),
    amounts=(decimal, "amount"),
)


def solutions(log: Log, upto: int | None = None) -> list[Row]:
    """One row per solution and interval."""

    def more(standing: Row, _: Told, fact: Counts) -> Row:
        return {
            "products": standing.get("products") or [],
            "lines": standing.get("lines") or [],
            "waiting_since": fact.at if standing["status"] == "submitted" else None,
        }

    return rows(log, "solution", SOLUTION, more, upto)


def bids(log: Log, upto: int | None = None) -> list[Row]:
    """One row per bid and interval."""

    def more(standing: Row, so_far: Told, _: Counts) -> Row:
        done = {document["name"] for document in _all(so_far, "documents_done")}
        return {
            **{name: standing.get(name) or [] for name in ("documents", "lines", "competitors")},
            "documents_done": sorted(done),
            "recorded_at": _recorded(so_far) if standing["status"] == "considered" else None,
        }

    return rows(log, "bid", BID, more, upto)


def negotiations(log: Log, upto: int | None = None) -> list[Row]:
    """One row per negotiation and interval."""

    def more(standing: Row, so_far: Told, _: Counts) -> Row:
        rounds = list(_all(so_far, "rounds"))
        closed = {point["number"] for point in _all(so_far, "points_closed")}
        left = [point for held in rounds for point in held["open_points"] if point["number"] not in closed]
        lines = standing.get("price_lines") or []
        asked = [fact.at for fact in so_far if fact.type == "PriceRequested"]
        total = sum((line["units"] * Decimal(line["unit_price"]) for line in lines), Decimal())
        return {
            "rounds": len(rounds),
            "open_points": sorted(left, key=lambda point: int(point["number"])),
            "next_due_on": min((due for point in left if (due := day(point["due_on"])) is not None), default=None),
            "price_lines": lines,
            "price_amount": total if lines else None,
            "price_requested_at": max(asked, default=None),
        }

    return rows(log, "negotiation", NEGOTIATION, more, upto)


def contracts(log: Log, upto: int | None = None) -> list[Row]:
    """One row per contract and interval."""

    def more(standing: Row, so_far: Told, _: Counts) -> Row:
        waits = {"submitted": "contract"}.get(standing["status"])
        if standing["status"] == "signed" and standing.get("amendment") is not None:
            waits = "amendment"
        asking = {"contract": "ContractSubmitted", "amendment": "AmendmentRequested", None: ""}[waits]
        return {
            **{name: standing.get(name) or [] for name in ("lines", "payment_terms")},
            "waits": waits,
            "waiting_since": max((fact.at for fact in so_far if fact.type == asking), default=None),
            "amendments": sum(fact.type == "ContractAmended" for fact in so_far),
        }

    return rows(log, "contract", CONTRACT, more, upto)


def _recorded(facts: Told) -> datetime:
    return next(fact.at for fact in facts if fact.type == "TenderRecorded")


def _all(facts: Told, name: str) -> Iterator[Row]:
    for fact in facts:
        yield from fact.changes.get(name) or ()
