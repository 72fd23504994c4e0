"""What the views of orders and of billing hold, in plain Python from the facts. Shares no code with what it checks."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.opportunities_views.log import Log
from tests.opportunities_views.oracle import Row, day, decimal, steps, uuid

MOVEMENTS = ("shipped", "delivered", "installed", "cancelled")


def order_lines(log: Log, upto: int | None = None) -> list[Row]:
    """One row per order, line and interval."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        moved: dict[str, list[Row]] = {name: [] for name in MOVEMENTS}
        own: dict[int, date] = {}
        known: dict[int, Row] = {}
        for fact, standing, until in steps(facts):
            for name in MOVEMENTS:
                moved[name] += fact.changes.get(name, [])
            own |= {said["line"]: date.fromisoformat(said["promised_on"]) for said in fact.changes.get("promises", [])}
            if standing.get("status") not in ("ordered", "cancelled"):
                continue
            for line in standing.get("lines") or []:
                number = line["line"]
                promised = own.get(number, day(standing.get("promised_on")))
                row = known.setdefault(
                    number,
                    {"promised_on": promised, "first_promised_on": None, "times_rescheduled": 0}
                    | {"new_date_told_on": None, "delay_told_on": None},
                )
                if promised != row["promised_on"]:
                    row["times_rescheduled"] += row["promised_on"] is not None
                    row |= {"promised_on": promised, "new_date_told_on": None, "delay_told_on": None}
                row["first_promised_on"] = row["first_promised_on"] or promised
                for said in fact.changes.get("told", []):
                    if said["line"] == number:
                        name = "new_date_told_on" if said["new_date"] else "delay_told_on"
                        told = date.fromisoformat(said["on"])
                        row[name] = told if row[name] is None else max(row[name], told)
                if until == fact.at:
                    continue
                counts = {
                    name: sum(move["units"] for move in moved[name] if move["line"] == number) for name in MOVEMENTS
                }
                rows.append(
                    {
                        **row,
                        **counts,
                        "stream_id": stream_id,
                        "line": number,
                        "from_at": fact.at,
                        "to_at": until,
                        "status": standing["status"],
                        "order_ref": standing.get("order_ref"),
                        "currency": standing.get("currency"),
                        "product": line["product"],
                        "units": line["units"],
                        "unit_price": decimal(line["unit_price"]),
                        "open_units": line["units"] - counts["delivered"] - counts["cancelled"],
                    }
                )
    return rows


def deliveries(log: Log, upto: int | None = None) -> list[Row]:
    """One row per unit with a serial, one for the others of a movement."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        for fact, standing, _ in steps(facts):
            place = 0
            for move in fact.changes.get("delivered", []) if fact.type == "UnitsDelivered" else ():
                serials = sorted(move.get("serials", []))
                unnamed = move["units"] - len(serials)
                for serial in [*serials, *([None] if unnamed else [])]:
                    place += 1
                    products = [ln["product"] for ln in standing.get("lines") or [] if ln["line"] == move["line"]]
                    text = f"{stream_id}/{fact.version}/{place}"
                    rows.append(
                        {
                            "stream_id": stream_id,
                            "id": UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()),
                            "version": fact.version,
                            "place": place,
                            "delivered_at": fact.at,
                            "delivered_on": date.fromisoformat(move["on"]),
                            "line": move["line"],
                            "units": 1 if serial else unnamed,
                            "serial": serial,
                            "product": products[0] if products else None,
                        }
                    )
    return rows


def _sum(parts: list[Row]) -> Decimal:
    return sum((Decimal(part["amount"]) for part in parts), Decimal(0))


def invoices(log: Log, upto: int | None = None) -> list[Row]:
    """One row per invoice and interval."""
    rows = []
    for stream_id, facts in log.streams("invoice", upto):
        parts: dict[str, list[Row]] = {"credits": [], "payments": [], "released": []}
        for fact, standing, until in steps(facts):
            for name in parts:
                parts[name] += fact.changes.get(name, [])
            if "number" not in standing or until == fact.at:
                continue
            paid = _sum(parts["payments"]) - _sum(parts["released"])
            gross, credited = Decimal(standing["gross"]), _sum(parts["credits"])
            rows.append(
                {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "version": fact.version,
                    "credited": credited,
                    "paid": paid,
                    "open_amount": gross - credited - paid if standing["status"] == "issued" else Decimal(0),
                    **{name: standing[name] for name in ("status", "number", "issuer", "lines", "currency")},
                    **{name: Decimal(standing[name]) for name in ("net", "tax", "gross")},
                    **{name: uuid(standing[name]) for name in ("opportunity_id", "account_id")},
                    **{name: day(standing.get(name)) for name in ("issued_on", "due_on", "cancelled_on")},
                }
            )
    return rows


def receipts(log: Log, upto: int | None = None) -> list[Row]:
    """One row per receipt and interval."""
    rows = []
    for stream_id, facts in log.streams("receipt", upto):
        allocated: list[Row] = []
        released: list[Row] = []
        for fact, standing, until in steps(facts):
            allocated += fact.changes.get("allocations", [])
            released += fact.changes.get("released", [])
            if "amount" not in standing or until == fact.at:
                continue
            used = _sum(allocated) - _sum(released)
            left = Decimal(standing["amount"]) - used if standing["status"] == "received" else Decimal(0)
            rows.append(
                {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "version": fact.version,
                    "amount": Decimal(standing["amount"]),
                    "allocated": used,
                    "unallocated": left,
                    "account_id": uuid(standing["account_id"]),
                    **{name: standing[name] for name in ("status", "currency", "bank_reference")},
                    **{name: day(standing.get(name)) for name in ("received_on", "returned_on")},
                }
            )
    return rows


def credit_limits(log: Log, upto: int | None = None) -> list[Row]:
    """One row per account, currency and interval."""
    return [
        {
            "stream_id": stream_id,
            "from_at": fact.at,
            "to_at": until,
            "version": fact.version,
            "account_id": uuid(standing["account_id"]),
            "currency": standing["currency"],
            "credit_limit": decimal(standing["limit"]),
        }
        for stream_id, facts in log.streams("credit", upto)
        for fact, standing, until in steps(facts)
        if until != fact.at and "account_id" in standing
    ]


def credit_policies(log: Log, upto: int | None = None) -> list[Row]:
    """One row per published version."""
    return [
        {
            "stream_id": stream_id,
            "version": fact.version,
            "published_at": fact.at,
            "effective_from": day(policy["effective_from"]),
            "due_days": policy["due_days"],
            "warn_share": Decimal(policy["warn_share"]),
        }
        for stream_id, facts in log.streams("credit_policy", upto)
        for fact in facts
        for policy in fact.changes["policies"]
    ]


def postings(log: Log, upto: int | None = None) -> list[Row]:
    """One row per posting."""

    def row(stream_id: UUID, at: Any, said: Row) -> Row:
        same = ("posting_id", "kind", "order_ref", "line", "product", "units", "currency", "reverses")
        return {
            "stream_id": stream_id,
            "posted_at": at,
            "opportunity_id": uuid(said["opportunity_id"]),
            "amount": Decimal(said["amount"]),
            "posted_on": day(said["posted_on"]),
            **{name: said[name] for name in same},
        }

    return [row(id, fact.at, fact.changes) for id, facts in log.streams("posting", upto) for fact in facts]
