"""What the views hold, said in plain Python from the facts. Shares no code and no statement with what it checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from tests.opportunities_views.log import Counts, Log

Row = dict[str, Any]
CENT = Decimal("0.01")
IDS = ("owner_id", "unit_id", "account_id", "key_person_id")
OUTCOMES = {"ordered": "won", "cancelled": "won", "defeated": "lost"}


def uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def steps(facts: list[Counts]) -> Iterator[tuple[Counts, Row, datetime | None]]:
    """Each fact with all that stands after it, and when the next comes."""
    standing: Row = {}
    for index, fact in enumerate(facts):
        standing = {**standing, **fact.changes}
        yield fact, standing, facts[index + 1].at if index + 1 < len(facts) else None


def lasting(facts: list[Counts]) -> Iterator[tuple[Counts, Row, datetime | None]]:
    """Only the last fact of each instant."""
    return ((fact, standing, until) for fact, standing, until in steps(facts) if until != fact.at)


def figures(standing: Row, delivered: list[Row], cancelled: list[Row]) -> Row:
    """Lines with units and amounts, and their sums."""
    stated = decimal(standing.get("amount"))
    given = sorted(standing.get("lines") or [], key=lambda line: line["line"])
    priced = sum(
        (Decimal(line["unit_price"]) * line["units"] for line in given if line["unit_price"] is not None), Decimal(0)
    )
    unpriced = sum(line["units"] for line in given if line["unit_price"] is None)
    rest = None if stated is None else max(stated - priced, Decimal(0))
    lines = []
    so_far = 0
    for line in given:
        out = sum(move["units"] for move in delivered if move["line"] == line["line"])
        back = sum(move["units"] for move in cancelled if move["line"] == line["line"])
        left = line["units"] - out - back
        amount: Decimal | None
        if line["unit_price"] is not None:
            amount = Decimal(line["unit_price"]) * line["units"]
            still: Decimal | None = Decimal(line["unit_price"]) * left
        elif rest is None or not unpriced:
            amount = still = None
        else:
            amount = cent(rest * (so_far + line["units"]) / unpriced) - cent(rest * so_far / unpriced)
            still = cent(amount * left / line["units"]) if line["units"] else None
        so_far += line["units"] if line["unit_price"] is None else 0
        lines.append(
            {**line, "unit_price": decimal(line["unit_price"]), "delivered": out, "cancelled": back, "open_units": left}
            | {"amount": amount, "open_amount": still}
        )
    return {
        "lines": lines,
        "units": sum(line["units"] for line in lines) if lines else None,
        "open_units": sum(line["open_units"] for line in lines) if lines else None,
        "amount": total(lines, "amount", stated),
        "open_amount": total(lines, "open_amount", stated),
    }


def cent(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def total(lines: list[Row], name: str, stated: Decimal | None) -> Decimal | None:
    known = [line[name] for line in lines if line[name] is not None]
    return sum(known, Decimal(0)) if known else stated


def standings(log: Log, upto: int | None = None) -> list[Row]:
    """One row per opportunity and interval."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        delivered: list[Row] = []
        cancelled: list[Row] = []
        row: Row = {}
        before: Row = {}
        slipped = 0
        for fact, standing, until in steps(facts):
            delivered = [*delivered, *fact.changes.get("delivered", [])]
            cancelled = [*cancelled, *fact.changes.get("cancelled", [])]
            if not row and fact.version != 1:
                continue
            outcome = OUTCOMES.get(standing["status"], "open")
            if fact.version == 1:
                row = {
                    "captured_at": fact.at,
                    "captured_owner_id": uuid(standing["owner_id"]),
                    "captured_unit_id": uuid(standing["unit_id"]),
                    "captured_channel": standing["channel"],
                    "level_before": None,
                    "judged_at": None,
                    "outcome": None,
                    "last_instruction": None,
                    "contacted_at": None,
                    "follow_up_said_at": None,
                    "turned": None,
                }
            row = row | _followed(row, fact)
            if "follow_up_on" in fact.changes:
                row = row | {"follow_up_said_at": fact.at}
            if fact.type == "ProspectQualified":
                row = row | {"level_before": before.get("level"), "judged_at": fact.at}
            if outcome != row["outcome"]:
                row = row | {
                    "outcome": outcome,
                    "outcome_at": fact.at,
                    "outcome_owner_id": uuid(standing["owner_id"]),
                    "outcome_unit_id": uuid(standing["unit_id"]),
                }
            if (now := standing.get("expected_on")) and (then := before.get("expected_on")) and now > then:
                slipped += 1
            known = figures(standing, delivered, cancelled)
            status = standing["status"]
            stock = "open" if status == "open" else None
            if status == "ordered" and known["open_units"] != 0 and (known["open_units"] or 1) > 0:
                stock = "ordered"
            row = (
                row
                | known
                | {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "version": fact.version,
                    "stock": stock,
                    "times_slipped": slipped,
                    "instruction": standing.get("instruction"),
                    "external_refs": standing.get("external_refs"),
                    "probability": decimal(standing.get("probability")),
                }
            )
            turned = (stock, standing.get("level") if stock == "open" else None)
            if turned != row["turned"]:
                row = row | {"turned": turned, "duty": fact.at}
            row = row | {"duty_at": row["duty"] if stock else None, "follow_up_way": standing.get("follow_up_way")}
            row = row | {"follow_up_on": day(standing.get("follow_up_on"))}
            row = row | {name: day(standing.get(name)) for name in ("expected_on", "recall_on", "promised_on")}
            row = row | {name: uuid(standing.get(name)) for name in IDS}
            row = row | {
                name: standing.get(name)
                for name in (
                    *("status", "review", "level", "channel", "title", "currency", "stage", "competitor"),
                    *("obstacle", "support_needed"),
                )
            }
            if until != fact.at:
                rows.append({name: value for name, value in row.items() if name not in ("turned", "duty")})
            before = standing
    return rows


def _followed(row: Row, fact: Counts) -> Row:
    """The latest instruction, done or not, and the last contact made that reached somebody."""
    match fact.type:
        case "InstructionGiven":
            return {"last_instruction": fact.changes["instruction"] | dict.fromkeys(("done_at", "done_by", "result"))}
        case "InstructionCompleted" if row["last_instruction"]:
            done = {"done_at": f"{fact.at:%Y-%m-%dT%H:%M:%S.%fZ}", "done_by": fact.data.get("completed_by")}
            return {"last_instruction": row["last_instruction"] | done | {"result": fact.data.get("result")}}
        case "ContactMade" if fact.changes["contact_reached"]:
            return {"contacted_at": fact.at}
        case _:
            return {}


def contacts_made(log: Log, upto: int | None = None) -> list[Row]:
    """One row per contact made."""
    return [
        {
            "stream_id": stream_id,
            "version": fact.version,
            "made_at": fact.at,
            "way": fact.changes["contact_way"],
            "reached": fact.changes["contact_reached"],
            "result": fact.changes["contact_result"],
            "contacted_by": uuid(fact.changes["contacted_by"]),
            "owner_id": uuid(standing.get("owner_id")),
            "unit_id": uuid(standing.get("unit_id")),
        }
        for stream_id, facts in log.streams("opportunity", upto)
        for fact, standing, _ in steps(facts)
        if fact.type == "ContactMade"
    ]


def follow_up_policies(log: Log, upto: int | None = None) -> list[Row]:
    """One row per policy published."""
    return [
        {
            "stream_id": stream_id,
            "version": fact.version,
            "published_at": fact.at,
            "effective_from": day(policy["effective_from"]),
            "policy": policy,
        }
        for stream_id, facts in log.streams("follow_up_policy", upto)
        for fact in facts
        for policy in fact.changes["policies"]
    ]


def defeats(log: Log, upto: int | None = None) -> list[Row]:
    """One row per approved defeat."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        captured = [fact.at for fact in facts if fact.version == 1]
        for index, (fact, standing, _) in enumerate(steps(facts)):
            if fact.type != "DealLost" or all(known.version != 1 for known in facts[:index]):
                continue
            later = facts[index + 1 :]
            known = figures(standing, [], [])
            rows.append(
                {
                    "stream_id": stream_id,
                    "version": fact.version,
                    "lost_at": fact.at,
                    "captured_at": captured[0] if captured else None,
                    "level": standing.get("level"),
                    "kind": standing.get("defeat_kind"),
                    "category": standing.get("defeat_category"),
                    "reason": standing.get("defeat_reason"),
                    "other_reasons": list(standing.get("defeat_other_reasons") or []),
                    "reason_given": standing.get("reason_given"),
                    "competitor_brand": standing.get("competitor_brand"),
                    "competitor_model": standing.get("competitor_model"),
                    "competitor_price": decimal(standing.get("competitor_price")),
                    "bought_on": day(standing.get("bought_on")),
                    "requested_on": day(standing.get("requested_on")),
                    "requested_by": uuid(standing.get("defeat_requested_by")),
                    "reviewed_by": uuid(standing.get("reviewed_by")),
                    "evidence": standing.get("defeat_evidence"),
                    **{name: standing.get(name) for name in ("verdict", "verify_attempts", "verify_reached")},
                    **{name: standing.get(name) for name in ("reason_found", "verify_comment")},
                    "verified_by": uuid(standing.get("verified_by")),
                    "verified_on": day(standing.get("verified_on")),
                    "recall_on": day(standing.get("recall_on")),
                    "owner_id": uuid(standing.get("owner_id")),
                    "unit_id": uuid(standing.get("unit_id")),
                    "account_id": uuid(standing.get("account_id")),
                    "channel": standing.get("channel"),
                    "title": standing.get("title"),
                    "lines": known["lines"],
                    "units": known["units"],
                    "amount": known["amount"],
                    "currency": standing.get("currency"),
                    "reopened_at": min((f.at for f in later if f.type == "DealReopened"), default=None),
                    "won_at": min((f.at for f in later if f.type == "DealWon"), default=None),
                }
            )
    return rows


def judgements(log: Log, upto: int | None = None) -> list[Row]:
    """One row per judgement."""
    rows = []
    for stream_id, facts in log.streams("opportunity", upto):
        before: Row = {}
        for fact, standing, _ in steps(facts):
            if fact.type == "ProspectQualified":
                rows.append(
                    {
                        "stream_id": stream_id,
                        "version": fact.version,
                        "judged_at": fact.at,
                        "level_before": before.get("level"),
                        "level": standing.get("level"),
                        "expected_before": day(before.get("expected_on")),
                        "expected_on": day(standing.get("expected_on")),
                        "judged_by": uuid(standing.get("judged_by")),
                        "visit_id": uuid(fact.data.get("visit_id")),
                        "owner_id": uuid(standing.get("owner_id")),
                        "unit_id": uuid(standing.get("unit_id")),
                    }
                )
            before = standing
    return rows


def visits(log: Log, upto: int | None = None) -> list[Row]:
    """One row per visit and interval; none while all that was said of it is void."""
    rows = []
    for stream_id, facts in log.streams("visit", upto):
        for fact, said, until in lasting(facts):
            if said.get("status") is None:
                continue
            rows.append(
                {
                    "stream_id": stream_id,
                    "from_at": fact.at,
                    "to_at": until,
                    "version": fact.version,
                    "opportunity_ids": [UUID(id) for id in said.get("opportunity_ids", [])],
                    "participants": [UUID(id) for id in said.get("participants", [])],
                    "day": day(said.get("visited_on") or said.get("planned_on")) or fact.at.date(),
                    **{name: uuid(said.get(name)) for name in ("account_id", "owner_id", "unit_id", "reviewed_by")},
                    **{name: day(said.get(name)) for name in ("planned_on", "visited_on", "next_on", "reviewed_on")},
                    **{name: said.get(name, []) for name in ("persons_met", "expected_objections", "objections")},
                    "rumours": said.get("rumours", []),
                    **{
                        name: said.get(name)
                        for name in (
                            *("status", "purpose", "way", "reached", "competitor", "units_owned", "buying_plan"),
                            *("next_step", "cancel_reason"),
                        )
                    },
                }
            )
    return rows


def contacts(log: Log, upto: int | None = None) -> list[Row]:
    """One row per logged visit, opportunity and interval."""
    return [
        {
            "stream_id": visit["stream_id"],
            "opportunity_id": opportunity_id,
            **{name: visit[name] for name in ("from_at", "to_at", "visited_on", "way", "purpose", "next_step")},
            "next_on": visit["next_on"],
            "owner_id": visit["owner_id"],
            "reached": bool(visit["reached"]),
        }
        for visit in visits(log, upto)
        if visit["status"] == "logged" and visit["visited_on"]
        for opportunity_id in dict.fromkeys(visit["opportunity_ids"])
    ]


def accounts(log: Log, upto: int | None = None) -> list[Row]:
    """One row per account and interval."""
    return [
        {
            "stream_id": stream_id,
            "from_at": fact.at,
            "to_at": until,
            "version": fact.version,
            "kinds": said.get("kinds", []),
            **{name: uuid(said.get(name)) for name in ("owner_id", "unit_id", "parent_id")},
            **{name: said.get(name) for name in ("name", "sector", "credit_code", "grade", "region", "city")},
            "external_refs": said.get("external_refs"),
            "support_team": sorted({UUID(member["person_id"]) for member in said.get("support_team", [])}),
            "key_persons": {
                name.removeprefix("key_person."): person
                for name, person in said.items()
                if name.startswith("key_person.") and person is not None
            },
        }
        for stream_id, facts in log.streams("account", upto)
        for fact, said, until in lasting(facts)
    ]


def people(log: Log, upto: int | None = None) -> list[Row]:
    """One row per person and interval."""
    return [
        {
            "stream_id": stream_id,
            "from_at": fact.at,
            "to_at": until,
            "version": fact.version,
            "status": said.get("status"),
            "functions": said.get("functions", []),
            **{name: uuid(said.get(name)) for name in ("unit_id", "reports_to_unit_id", "reports_to_person_id")},
            "external_refs": said.get("external_refs"),
            "deputies": {
                name.removeprefix("deputy."): days
                for name, days in said.items()
                if name.startswith("deputy.") and days is not None
            },
        }
        for stream_id, facts in log.streams("person", upto)
        for fact, said, until in lasting(facts)
    ]


def units(log: Log, upto: int | None = None) -> list[Row]:
    """One row per unit and interval."""
    return [
        {
            "stream_id": stream_id,
            "from_at": fact.at,
            "to_at": until,
            "version": fact.version,
            **{name: said.get(name) for name in ("code", "name", "kind", "status")},
            "parent_id": uuid(said.get("parent_id")),
        }
        for stream_id, facts in log.streams("unit", upto)
        for fact, said, until in lasting(facts)
    ]


def products(log: Log, upto: int | None = None) -> list[Row]:
    """One row per product and interval."""
    return [
        {
            "stream_id": stream_id,
            "from_at": fact.at,
            "to_at": until,
            "version": fact.version,
            **{name: said.get(name) for name in ("code", "name", "name_en", "series", "currency", "active")},
            "list_price": decimal(said.get("list_price")),
            "external_refs": said.get("external_refs"),
        }
        for stream_id, facts in log.streams("product", upto)
        for fact, said, until in lasting(facts)
    ]


def level_policies(log: Log, upto: int | None = None) -> list[Row]:
    """One row per published version."""
    return [
        {
            "stream_id": stream_id,
            "version": fact.version,
            "published_at": fact.at,
            "code": policy["code"],
            "effective_from": day(policy["effective_from"]),
            "is_default": policy["default"],
            "policy": policy,
        }
        for stream_id, facts in log.streams("level_policy", upto)
        for fact in facts
        for policy in fact.changes["policies"]
    ]


def reason_catalogues(log: Log, upto: int | None = None) -> list[Row]:
    """One row per published version."""
    return [
        {
            "stream_id": stream_id,
            "version": fact.version,
            "published_at": fact.at,
            "effective_from": day(catalogue["effective_from"]),
            "categories": catalogue["categories"],
        }
        for stream_id, facts in log.streams("reason_catalogue", upto)
        for fact in facts
        for catalogue in fact.changes["catalogues"]
    ]
