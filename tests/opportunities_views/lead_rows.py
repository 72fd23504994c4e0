"""What the views of leads, visitor counts and spend hold, in plain Python. Shares no code with them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator

from tests.opportunities_views.log import Counts, Log
from tests.opportunities_views.oracle import Row, day, decimal, steps, uuid

NOTHING: Row = {"at": None, "owner_id": None, "unit_id": None}


def leads(log: Log, upto: int | None = None) -> list[Row]:
    """One row per lead and interval, from its receipt on."""
    found: list[Row] = []
    for stream_id, facts in log.streams("lead", upto):
        received: Counts | None = None
        came: Row = {}
        assigned = contacted = ended = NOTHING
        contacts = 0
        for fact, standing, until in steps(facts):
            here = {"at": fact.at, "owner_id": standing.get("owner_id"), "unit_id": standing.get("unit_id")}
            if fact.version == 1:
                received, came = fact, dict(standing)
            if received is None:
                continue
            if fact.type == "LeadAssigned" and assigned is NOTHING:
                assigned = here
            if fact.type == "LeadContacted":
                contacts += 1
                if contacted is NOTHING:
                    by = fact.changes["contacts"][0]["by"]
                    contacted = here | {"by": by, "owner_id": here["owner_id"] or by}
            if fact.type == "LeadDisposed":
                ended = here
            if until == fact.at:
                continue
            open_stage = "contacted" if contacts else "assigned" if standing["owner_id"] else "unassigned"
            found.append(
                {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "version": fact.version,
                    "stage": open_stage if standing["status"] == "open" else standing["status"],
                    **{name: standing.get(name) for name in ("status", "channel", "source", "account_name")},
                    **{name: standing.get(name) for name in ("assigned_how", "reason", "external_refs")},
                    **{name: uuid(standing.get(name)) for name in ("account_id", "owner_id", "unit_id")},
                    **{
                        name: uuid(standing.get(name))
                        for name in ("opportunity_id", "duplicate_of_lead_id", "duplicate_of_opportunity_id")
                    },
                    "interests": standing.get("interests") or [],
                    "answer_hours": decimal(standing.get("answer_hours")),
                    "follow_up_on": day(standing.get("follow_up_on")),
                    "received_at": received.at,
                    "received_unit_id": uuid(came["unit_id"]),
                    **_noted("assigned", assigned),
                    **_noted("contacted", contacted),
                    "contacted_by": uuid(contacted.get("by")),
                    "contacts": contacts,
                    **_noted("disposed", ended),
                }
            )
    return found


def _noted(name: str, of: Row) -> Row:
    return {f"{name}_at": of["at"], f"{name}_owner_id": uuid(of["owner_id"]), f"{name}_unit_id": uuid(of["unit_id"])}


def _figures(log: Log, stream_type: str, upto: int | None) -> Iterator[tuple[Row, Row]]:
    for stream_id, facts in log.streams(stream_type, upto):
        for fact, standing, until in steps(facts):
            if until != fact.at:
                row = {"stream_id": stream_id, "from_at": fact.at, "to_at": until, "version": fact.version}
                row |= {"unit_id": uuid(standing["unit_id"]), "channel": standing["channel"]}
                yield row | {"day": day(standing["day"])}, standing


def visitor_counts(log: Log, upto: int | None = None) -> list[Row]:
    """One row per count and interval."""
    return [row | {"count": standing["count"]} for row, standing in _figures(log, "visitor_count", upto)]


def channel_spend(log: Log, upto: int | None = None) -> list[Row]:
    """One row per amount and interval."""
    return [
        row
        | {"days": monthrange(row["day"].year, row["day"].month)[1] if standing["period"] == "month" else 1}
        | {"amount": decimal(standing["amount"]), "currency": standing["currency"], "purpose": standing["purpose"]}
        for row, standing in _figures(log, "channel_spend", upto)
    ]
