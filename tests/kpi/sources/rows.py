"""What the views behind the other sources hold, in plain Python from the facts. Shares no code with what it checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.opportunities_views import dealings, lead_rows, oracle, orders
from tests.opportunities_views.log import Log
from tests.opportunities_views.oracle import Row, steps, uuid

LEAD = [
    *("stream_id", "from_at", "to_at", "version", "status", "channel", "account_id", "answer_hours", "received_at"),
    *("received_unit_id", "assigned_owner_id", "contacted_at", "contacted_owner_id", "contacted_unit_id"),
    *("disposed_owner_id", "disposed_unit_id", "opportunity_id"),
]


def _only(rows: list[Row], names: list[str]) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]


def leads(log: Log, upto: int | None = None) -> list[Row]:
    return _only(lead_rows.leads(log, upto), LEAD)


def visitor_counts(log: Log, upto: int | None = None) -> list[Row]:
    return _only(
        lead_rows.visitor_counts(log, upto), ["stream_id", "from_at", "to_at", "unit_id", "channel", "day", "count"]
    )


def channel_spend(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "from_at", "to_at", "unit_id", "channel", "day", "days", "amount", "currency"]
    return _only(lead_rows.channel_spend(log, upto), names)


def on_site_visits(log: Log, upto: int | None = None) -> list[Row]:
    found = []
    for stream_id, facts in log.streams("visit", upto):
        logged = [fact.at for fact in facts if fact.type == "VisitLogged"]
        *_, standing = ({}, *(so_far for _, so_far, _ in steps(facts)))
        if logged and standing.get("way") == "on_site" and standing.get("account_id"):
            found.append(
                {
                    "stream_id": stream_id,
                    "account_id": UUID(standing["account_id"]),
                    "visited_at": max(logged),
                    "visited_on": oracle.day(standing["visited_on"]),
                    "participants": [UUID(person) for person in standing["participants"]],
                }
            )
    return found


def owned_accounts(log: Log, upto: int | None = None) -> list[Row]:
    found = []
    for stream_id, facts in log.streams("account", upto):
        before: Any = None
        since: datetime | None = None
        for fact, standing, until in steps(facts):
            owner = standing.get("owner_id")
            if owner != before:
                since, before = fact.at, owner
            if until == fact.at or "name" not in standing:
                continue
            found.append(
                {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "opened_at": facts[0].at,
                    "owner_id": uuid(owner),
                    "owner_since": since if owner else None,
                    "unit_id": uuid(standing.get("unit_id")),
                    "kinds": standing.get("kinds") or [],
                }
            )
    return found


def _runs(log: Log, upto: int | None) -> Iterator[tuple[UUID, list[Row]]]:
    """The rows of each run of an opportunity."""
    rows: list[Row] = []
    for row in oracle.standings(log, upto):
        if row["stock"] is None:
            continue
        if rows and (rows[-1]["stream_id"], rows[-1]["duty_at"]) != (row["stream_id"], row["duty_at"]):
            yield rows[0]["stream_id"], rows
            rows = []
        rows.append(row)
    if rows:
        yield rows[0]["stream_id"], rows


def follow_up_runs(log: Log, upto: int | None = None) -> list[Row]:
    made = [row for row in oracle.contacts_made(log, upto) if row["reached"]]
    found = []
    for stream_id, rows in _runs(log, upto):
        begin, end = rows[0]["from_at"], rows[-1]["to_at"]
        contacts = sorted(row["made_at"] for row in made if row["stream_id"] == stream_id)
        owned = [
            row
            for number, row in enumerate(rows)
            if not number
            or (row["owner_id"], row["unit_id"]) != (rows[number - 1]["owner_id"], rows[number - 1]["unit_id"])
        ]
        found.append(
            {
                "stream_id": stream_id,
                "from_at": begin,
                "to_at": end,
                "level": "O" if rows[0]["stock"] == "ordered" else rows[0]["level"] or "N",
                "owner_id": owned[0]["owner_id"],
                "unit_id": owned[0]["unit_id"],
                "reached_at": [at for at in contacts if at > begin and (end is None or at < end + timedelta(days=1))]
                or None,
                "owned_from": [row["from_at"] for row in owned[1:]] or None,
                "owner_ids": [row["owner_id"] for row in owned[1:]] or None,
                "unit_ids": [row["unit_id"] for row in owned[1:]] or None,
            }
        )
    return found


def visit_contacts(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "opportunity_id", "from_at", "to_at", "visited_on"]
    return _only([row for row in oracle.contacts(log, upto) if row["reached"]], names)


def level_policies(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "version", "published_at", "effective_from", "policy"]
    return _only(oracle.level_policies(log, upto), names)


def kpi_orders(log: Log, upto: int | None = None) -> list[Row]:
    """Owner, account, outcome and lines of every deal; lines while it is won."""
    found: list[Row] = []
    numbers = {(row["stream_id"], row["from_at"]): row["order_ref"] for row in orders.order_lines(log, upto)}
    before: Row = {}
    said: Row = {}
    for row in oracle.standings(log, upto):
        won = row["outcome"] == "won"
        now = {
            **{name: row[name] for name in ("stream_id", "owner_id", "unit_id", "account_id")},
            "won": won,
            "won_owner_id": row["outcome_owner_id"] if won else None,
            "won_unit_id": row["outcome_unit_id"] if won else None,
            "order_ref": numbers.get((row["stream_id"], row["from_at"])) if won else None,
            "lines": [{"line": ln["line"], "product": ln["product"]} for ln in row["lines"]] if won else [],
        }
        if now == said:
            before["to_at"] = row["to_at"]
            continue
        before, said = {**now, "from_at": row["from_at"], "to_at": row["to_at"]}, now
        found.append(before)
    return found


def delivered(log: Log, upto: int | None = None) -> list[Row]:
    """By fact, line and day: the sum of its units, each priced by the standing of that instant."""
    standing = {(row["stream_id"], row["from_at"]): row for row in oracle.standings(log, upto)}
    lines = {(row["stream_id"], row["from_at"], row["line"]): row for row in orders.order_lines(log, upto)}
    found: dict[tuple[Any, ...], Row] = {}
    for row in orders.deliveries(log, upto):
        then = standing.get((row["stream_id"], row["delivered_at"]), {})
        line = next((one for one in then.get("lines", ()) if one["line"] == row["line"]), None)
        order = lines.get((row["stream_id"], row["delivered_at"], row["line"]), {}) if then else {}
        amount: Decimal | None = None
        if line is not None:
            if line["unit_price"] is not None:
                amount = line["unit_price"] * row["units"]
            elif line["amount"] is not None and line["units"]:
                amount = oracle.cent(line["amount"] * row["units"] / line["units"])
        key = (row["stream_id"], row["version"], row["line"], row["delivered_on"])
        one = found.setdefault(
            key,
            {
                **{name: row[name] for name in ("stream_id", "version", "line", "delivered_on", "delivered_at")},
                "units": 0,
                "amount": None,
                "currency": then.get("currency"),
                "order_ref": order.get("order_ref"),
                "product": row["product"],
                **{name: then.get(name) for name in ("owner_id", "unit_id", "account_id")},
            },
        )
        one["units"] += row["units"]
        one["amount"] = amount if one["amount"] is None else one["amount"] + (amount or 0)
    return list(found.values())


def invoices(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "from_at", "to_at", "opportunity_id", "account_id", "gross", "credited", "open_amount"]
    return _only(orders.invoices(log, upto), [*names, "currency", "issued_on", "due_on"])


def credit_policies(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "version", "published_at", "effective_from", "due_days"]
    return _only(orders.credit_policies(log, upto), names)


def postings(log: Log, upto: int | None = None) -> list[Row]:
    return orders.postings(log, upto)


def agreed_terms(log: Log, upto: int | None = None) -> list[Row]:
    names = ["stream_id", "from_at", "to_at", "opportunity_id", "signed_on", "payment_terms"]
    return _only([row for row in dealings.contracts(log, upto) if row["status"] == "signed"], names)
