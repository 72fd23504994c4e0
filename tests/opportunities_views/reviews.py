"""What the views of approvals hold, in plain Python from the facts. Shares no code with what it checks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.opportunities_views import oracle
from tests.opportunities_views.log import Counts, Log

Row = dict[str, Any]
DECISIONS = {"DealLost": "approved", "FreezeRejected": "rejected", "DealWon": "withdrawn"}
IDS = ("owner_id", "unit_id", "account_id")


def _deal(standing: Row, facts: list[Counts]) -> Row:
    known = oracle.figures(standing, [], [])
    return {
        "captured_at": next((fact.at for fact in facts if fact.version == 1), None),
        "level": standing.get("level"),
        **{name: oracle.uuid(standing.get(name)) for name in IDS},
        **{name: standing.get(name) for name in ("channel", "title", "currency")},
        **{name: known[name] for name in ("lines", "units", "amount")},
    }


def _parts(facts: list[Counts], *types: str) -> list[tuple[Counts, Row, list[Counts]]]:
    """Each fact of these types with all that stands after it, and what follows until the next of them."""
    told = list(oracle.steps(facts))
    starts = [index for index, (fact, _, _) in enumerate(told) if fact.type in types]
    ends = [*starts[1:], len(told)]
    return [
        (told[start][0], told[start][1], facts[start + 1 : end])
        for start, end in zip(starts, ends, strict=False)
        if any(fact.version == 1 for fact in facts[: start + 1])
    ]


def _decision(request: str, fact: Counts) -> str | None:
    match fact.type:
        case "DefeatRejected":
            return "given" if fact.data.get("given_to") else "rejected"
        case "ProspectFrozen":
            return "frozen" if request == "DefeatRequested" else "approved"
        case other:
            return DECISIONS.get(other)


def requests(log: Log, upto: int | None = None) -> list[Row]:
    """One row per request."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        for fact, standing, later in _parts(facts, "DefeatRequested", "FreezeRequested"):
            defeat = fact.type == "DefeatRequested"
            said = standing if defeat else {}
            by = "defeat_requested_by" if defeat else "freeze_requested_by"
            end = next((after for after in later if _decision(fact.type, after)), None)
            reviewed = None if end is None or end.type == "DealWon" else end.changes.get("reviewed_by")
            rows.append(
                _deal(standing, facts)
                | {
                    "stream_id": stream_id,
                    "version": fact.version,
                    "kind": "defeat" if defeat else "freeze",
                    "requested_at": fact.at,
                    "requested_by": oracle.uuid(standing.get(by)),
                    "entered_by": None,
                    "status": standing.get("status"),
                    "defeat_kind": said.get("defeat_kind"),
                    "category": said.get("defeat_category"),
                    "reason": said.get("defeat_reason"),
                    "other_reasons": list(said.get("defeat_other_reasons") or []),
                    "freeze_reason": None if defeat else standing.get("freeze_reason"),
                    "evidence": said.get("defeat_evidence"),
                    "competitor_brand": said.get("competitor_brand"),
                    "competitor_model": said.get("competitor_model"),
                    "competitor_price": oracle.decimal(said.get("competitor_price")),
                    "bought_on": oracle.day(said.get("bought_on")),
                    "recall_on": oracle.day(standing.get("recall_on")),
                    "decided_at": None if end is None else end.at,
                    "decision": None if end is None else _decision(fact.type, end),
                    "decided_by": oracle.uuid(reviewed),
                    "finding": None if end is None else end.data.get("finding"),
                    "given_to": None if end is None else oracle.uuid(end.data.get("given_to")),
                }
            )
    return rows


def verifications(log: Log, upto: int | None = None) -> list[Row]:
    """One row per call-back."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        request: int | None = None
        for fact, standing, _ in oracle.steps(facts):
            if fact.type == "DefeatRequested":
                request = fact.version
            if fact.type == "DefeatVerified":
                said = fact.changes
                rows.append(
                    {
                        "stream_id": stream_id,
                        "version": fact.version,
                        "request_version": request,
                        "verified_at": fact.at,
                        "verdict": said["verdict"],
                        "attempts": said["verify_attempts"],
                        "reached": said["verify_reached"],
                        "reason_found": said["reason_found"],
                        "comment": said["verify_comment"],
                        "verified_by": UUID(said["verified_by"]),
                        "verified_on": oracle.day(said["verified_on"]),
                        **{name: oracle.uuid(standing.get(name)) for name in IDS},
                    }
                )
    return rows


def set_aside(log: Log, upto: int | None = None) -> list[Row]:
    """One row per freeze and contact lost."""
    became = {"resumed_at": "ProspectResumed", "ordered_at": "DealWon"}
    became |= {"defeated_at": "DealLost", "disposed_at": "ProspectDisposed"}
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        for fact, standing, later in _parts(facts, "ProspectFrozen", "ContactLost"):
            frozen = fact.type == "ProspectFrozen"
            rows.append(
                _deal(standing, facts)
                | {
                    "stream_id": stream_id,
                    "version": fact.version,
                    "kind": "freeze" if frozen else "contact_lost",
                    "set_aside_at": fact.at,
                    "requested_by": oracle.uuid(standing.get("freeze_requested_by")) if frozen else None,
                    "reviewed_by": oracle.uuid(standing.get("reviewed_by")) if frozen else None,
                    "instead_of": fact.data.get("instead_of"),
                    "reason": standing.get("freeze_reason" if frozen else "contact_lost_reason"),
                    "recall_on": oracle.day(standing.get("recall_on")),
                    **{
                        name: min((after.at for after in later if after.type == type), default=None)
                        for name, type in became.items()
                    },
                }
            )
    return rows
