"""A log of made-up filings and orders, and what plain Python says the views hold of it. Only for tests."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from tests.opportunities_views.log import Counts, Log

START = datetime(2025, 1, 6, tzinfo=UTC)
STATUS = ("FilingSubmitted", "FilingReturned", "FilingAccepted", "FilingRefused", "FilingLapsed")
Row = dict[str, Any]


class MadeUp:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""

    def __init__(self, tenant_id: UUID, seed: int, steps: int = 160) -> None:
        self.log = Log(tenant_id)
        self.chance = random.Random(seed)
        self.filings = [UUID(int=self.chance.getrandbits(128)) for _ in range(4)]
        self.deals = [UUID(int=self.chance.getrandbits(128)) for _ in range(3)]
        for number, id in enumerate(self.filings):
            self._draft(id, number)
        for id in self.deals:
            lines = self._lines()
            self.log.tell("opportunity", id, "ProspectCaptured", self._at(), {"status": "open", "lines": lines})
        for _ in range(steps):
            self._step()

    def _at(self) -> datetime:
        return START + timedelta(hours=self.chance.randint(0, 400))

    def _day(self) -> str:
        return (date(2025, 1, 6) + timedelta(days=self.chance.randint(0, 60))).isoformat()

    def _lines(self) -> list[Row]:
        return [
            {"line": line, "product": self.chance.choice("AQ"), "units": self.chance.randint(1, 9)}
            for line in range(1, self.chance.randint(2, 4))
        ]

    def _draft(self, id: UUID, number: int) -> None:
        said = {
            "status": "drafted", "number": f"TB-{number}", "opportunity_id": str(self.chance.choice(self.deals)),
            "account_id": None, "customer_type": "fleet", "lines": self._lines(), "expected_on": None,
            "documents": ["营业执照"],
        }  # fmt: skip
        self.log.tell("filing", id, "FilingDrafted", self._at(), said)

    def _step(self) -> None:
        chance, log = self.chance, self.log
        id = chance.choice(self.filings)
        vin, ref = f"V{chance.randint(1, 6)}", f"R{chance.randint(1, 2)}"
        match chance.randint(0, 11):
            case 0 | 1:
                type = chance.choice(STATUS)
                status = type.removeprefix("Filing").lower()
                day = {"returned": "returned_on", "submitted": "submitted_on", "lapsed": "lapsed_on"}
                changes = {"status": status, day.get(status, "decided_on"): self._day()}
                log.tell("filing", id, type, self._at(), changes | ({"missing": ["x"]} if status == "returned" else {}))
            case 2 | 3 | 4:
                state = chance.choice(("reported", "accepted", "returned", "refused"))
                step: Row = {"vin": vin, "state": state, "on": self._day(), "reason": None}
                if state == "reported":
                    step |= {"line": 1, "product": "A", "delivered_on": self._day(), "invoice_no": ref}
                type = "UnitsReported" if state == "reported" else f"Report{state.title()}"
                log.tell("filing", id, type, self._at(), {"reports": [step]})
            case 5 | 6 | 7:
                state = chance.choice(("claimed", "accepted", "returned", "refused", "paid"))
                step = {
                    "ref": ref,
                    "state": state,
                    "on": self._day(),
                    "amount": str(chance.randint(1, 900)),
                    "vins": [],
                }
                if state == "claimed":
                    step |= {"currency": "CNY", "vins": [vin]}
                log.tell("filing", id, f"Support{state.title()}", self._at(), {"support": [step]})
            case 8:
                id = chance.choice(self.deals)
                type = chance.choice(("DealWon", "OrderAmended"))
                log.tell("opportunity", id, type, self._at(), {"status": "ordered", "lines": self._lines()})
            case 9:
                id = chance.choice(self.deals)
                name, type = chance.choice((("delivered", "UnitsDelivered"), ("cancelled", "UnitsCancelled")))
                moves = [{"line": 1, "units": chance.randint(1, 3), "on": self._day()} for _ in range(2)]
                log.tell("opportunity", id, type, self._at(), {name: moves})
            case 10:
                found = [told for told in log.told if told.version > 1 and not told.type.startswith("Fact")]
                if found:
                    told = chance.choice(found)
                    at = self._at() if chance.random() < 0.5 else None
                    log.correct(told.stream_type, told.stream_id, told.version, {}, at)
            case _:
                found = [told for told in log.told if told.version > 1 and not told.type.startswith("Fact")]
                if found:
                    told = chance.choice(found)
                    log.void(told.stream_type, told.stream_id, told.version)


def _intervals(facts: list[Counts]) -> Iterator[tuple[int, Counts, datetime | None]]:
    for index, fact in enumerate(facts):
        until = facts[index + 1].at if index + 1 < len(facts) else None
        if until != fact.at:
            yield index, fact, until


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def filings(log: Log, upto: int | None) -> list[Row]:
    rows: list[Row] = []
    for id, facts in log.streams("filing", upto):
        standing: Row = {}
        drafted = next(fact.at for fact in facts if fact.version == 1)
        merged = []
        for fact in facts:
            standing = {**standing, **fact.changes}
            merged.append(standing)
        for index, fact, until in _intervals(facts):
            now = merged[index]
            lines = now.get("lines")
            rows.append(
                {
                    "stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version,
                    **{name: now.get(name) for name in (
                        "status", "number", "customer_type", "return_reason", "manufacturer_ref", "refusal_reason",
                        "lapse_reason", "withdrawal_reason",
                    )},
                    "opportunity_id": UUID(now["opportunity_id"]) if "opportunity_id" in now else None,
                    "account_id": None,
                    "lines": lines, "units": sum(line["units"] for line in lines or ()),
                    **{name: _day(now.get(name)) for name in (
                        "expected_on", "submitted_on", "returned_on", "decided_on", "valid_until", "lapsed_on",
                        "withdrawn_on",
                    )},
                    "documents": now.get("documents", []), "missing": now.get("missing", []),
                    "drafted_at": drafted,
                    "times_returned": sum(one.type == "FilingReturned" for one in facts[: index + 1]),
                }
            )  # fmt: skip
    return [row for row in rows if row["number"] is not None]


def _steps(log: Log, upto: int | None, field: str, key: str) -> Iterator[tuple[UUID, str, list[tuple[Counts, Row]]]]:
    for id, facts in log.streams("filing", upto):
        told = [(fact, step) for fact in facts for step in fact.changes.get(field, ())]
        for name in sorted({step[key] for _, step in told}):
            yield id, name, [(fact, step) for fact, step in told if step[key] == name]


def unit_reports(log: Log, upto: int | None) -> list[Row]:
    rows = []
    for id, vin, told in _steps(log, upto, "reports", "vin"):
        report: Row = {}
        for index, (fact, step) in enumerate(told):
            if step["state"] == "reported":
                report = {**step, "at": fact.at}
            until = told[index + 1][0].at if index + 1 < len(told) else None
            if until == fact.at:
                continue
            rows.append(
                {
                    "stream_id": id, "vin": vin, "from_at": fact.at, "to_at": until, "version": fact.version,
                    "state": step["state"], "line": report.get("line"), "product": report.get("product"),
                    "delivered_on": _day(report.get("delivered_on")), "invoice_no": report.get("invoice_no"),
                    "invoiced_on": None, "reported_on": _day(report.get("on")), "reported_at": report.get("at"),
                    "answered_on": None if step["state"] == "reported" else _day(step["on"]), "reason": None,
                }
            )  # fmt: skip
    return rows


def support_claims(log: Log, upto: int | None) -> list[Row]:
    rows = []
    for id, ref, told in _steps(log, upto, "support", "ref"):
        claim: Row = {"vins": []}
        paid = Decimal(0)
        for index, (fact, step) in enumerate(told):
            match step["state"]:
                case "claimed":
                    claim |= {
                        "claimed": Decimal(step["amount"]), "currency": step["currency"], "vins": step["vins"],
                        "claimed_on": step["on"], "accepted": None, "answered_on": None,
                    }  # fmt: skip
                case "accepted":
                    claim |= {"accepted": Decimal(step["amount"]), "answered_on": step["on"]}
                case "paid":
                    paid += Decimal(step["amount"])
                    claim |= {"paid_on": step["on"]}
                case _:
                    claim |= {"answered_on": step["on"]}
            until = told[index + 1][0].at if index + 1 < len(told) else None
            if until == fact.at:
                continue
            rows.append(
                {
                    "stream_id": id, "ref": ref, "from_at": fact.at, "to_at": until, "version": fact.version,
                    "state": step["state"], "currency": claim.get("currency"), "claimed": claim.get("claimed"),
                    "accepted": claim.get("accepted"), "paid": paid, "claimed_on": _day(claim.get("claimed_on")),
                    "answered_on": _day(claim.get("answered_on")), "paid_on": _day(claim.get("paid_on")),
                    "vins": claim["vins"], "reason": None,
                }
            )  # fmt: skip
    return rows


def unit_flow(log: Log, upto: int | None) -> list[Row]:
    rows = []
    for id, facts in log.streams("opportunity", upto):
        lines: list[Row] = []
        for fact in facts:
            found: dict[tuple[str, int, str | None, str | None], int] = {}

            def count(kind: str, line: int, product: str | None, day: str | None, units: int, to: Any = found) -> None:
                to[kind, line, product, day] = to.get((kind, line, product, day), 0) + units

            if fact.type in ("DealWon", "OrderAmended"):
                for line in fact.changes["lines"]:
                    count("ordered", line["line"], line["product"], None, line["units"])
                for line in lines if fact.type == "OrderAmended" else ():
                    count("ordered", line["line"], line["product"], None, -line["units"])
            for name in ("delivered", "cancelled"):
                for move in fact.changes.get(name, ()):
                    product = next((line["product"] for line in lines if line["line"] == move["line"]), None)
                    count(name, move["line"], product, move["on"], move["units"])
            told = sorted(
                ((key, units) for key, units in found.items() if units),
                key=lambda item: [(part is None, part or 0) for part in item[0]],
            )
            for number, ((kind, line_no, product, day), units) in enumerate(told, 1):
                rows.append(
                    {
                        "stream_id": id, "version": fact.version, "number": number, "at": fact.at, "kind": kind,
                        "line": line_no, "product": product, "units": units, "on_day": _day(day),
                    }
                )  # fmt: skip
            lines = fact.changes.get("lines", lines)
    return rows


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    if isinstance(found.get("lines"), str):
        found["lines"] = json.loads(found["lines"])
    return found


def new(seed: int) -> MadeUp:
    return MadeUp(uuid4(), seed)
