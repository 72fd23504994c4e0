"""The reports counted again in plain Python, deal by deal, from the rows of the oracle. Shares no code with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from statistics import fmean, median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.opportunities_views import oracle
from tests.opportunities_views.log import Log

Row = dict[str, Any]
ZONE = ZoneInfo("Asia/Shanghai")
WINDOWS = (("H", 7), ("A", 15), ("B", 30))
RATES = {"N": "0.05", "C": "0.10", "B": "0.25", "A": "0.50", "H": "0.80", "O": "1"}
CADENCE = {"N": 1, "H": 2, "A": 4, "B": 7, "C": 15}
"""The shipped default policy, written out."""

Sees = Callable[[Row], bool]


@dataclass(frozen=True)
class Question:
    """As the tests ask it; `sees` is sight in plain Python. Units are rolled up as they stood at `at`, or stand now."""

    log: Log
    at: datetime
    known_at: int | None
    sees: Sees
    person: UUID
    tree: str = "then"
    tree_at: datetime | None = None

    @property
    def day(self) -> date:
        return day(self.at)

    def standing(self, rows: list[Row]) -> list[Row]:
        """The rows that hold at the instant."""
        return [row for row in rows if row["from_at"] <= self.at and (row["to_at"] is None or row["to_at"] > self.at)]

    @cached_property
    def _standing_deals(self) -> list[Row]:
        return self.standing(oracle.standings(self.log, self.known_at))

    def standing_deals(self) -> list[Row]:
        return self._standing_deals

    def deals(self) -> list[Row]:
        """Those that count for the asker: by owner and unit at the instant."""
        return [row for row in self.standing_deals() if self.sees(row)]

    def rows(self) -> list[Row]:
        """Those shown to the asker: by owner and unit of today."""
        seen = self.seen_today()
        return [row for row in self.standing_deals() if row["stream_id"] in seen]

    @cached_property
    def _today(self) -> set[UUID]:
        return {row["stream_id"] for row in oracle.standings(self.log) if row["to_at"] is None and self.sees(row)}

    def seen_today(self) -> set[UUID]:
        return self._today

    def visits(self) -> list[Row]:
        """Visits follow the opportunities they name; colleagues who took part see them too."""
        seen = self.seen_today()
        today = {
            row["stream_id"]
            for row in oracle.visits(self.log)
            if row["to_at"] is None
            and (
                (not seen.isdisjoint(row["opportunity_ids"]) if row["opportunity_ids"] else self.sees(row))
                or (self.person in row["participants"] and self.person != row["owner_id"])
                or self.sees({"owner_id": None, "unit_id": None, "account_id": None})
            )
        }
        rows = self.standing(oracle.visits(self.log, self.known_at))
        return [row for row in rows if row["stream_id"] in today]

    def place(self, unit: UUID | None, kind: str) -> UUID | None:
        """The unit itself, or the nearest above it, of a kind."""
        return next((id for id, row in self._path(unit) if row["kind"] == kind), None)

    def is_below(self, unit: UUID | None, root: UUID) -> bool:
        return unit == root or any(id == root for id, _ in self._path(unit))

    @cached_property
    def units(self) -> dict[UUID, Row]:
        """The tree asked for."""
        rows = oracle.units(self.log, None if self.tree == "now" else self.known_at)
        then = replace(self, at=self.tree_at or self.at)
        held = [row for row in rows if row["to_at"] is None] if self.tree == "now" else then.standing(rows)
        return {row["stream_id"]: row for row in held}

    def _path(self, unit: UUID | None) -> list[tuple[UUID, Row]]:
        """From a unit up to the root."""
        path: list[tuple[UUID, Row]] = []
        while unit is not None and unit in self.units and len(path) < len(self.units):
            path.append((unit, self.units[unit]))
            unit = self.units[unit]["parent_id"]
        return path

    def accounts(self) -> dict[UUID, Row]:
        return {row["stream_id"]: row for row in self.standing(oracle.accounts(self.log, self.known_at))}

    def contacts(self) -> list[Row]:
        return self.standing(oracle.contacts(self.log, self.known_at))

    def defeats(self) -> list[Row]:
        rows = oracle.defeats(self.log, self.known_at)
        return [row for row in rows if row["lost_at"] <= self.at and self.sees(row)]

    def defeat_rows(self) -> list[Row]:
        seen = self.seen_today()
        rows = oracle.defeats(self.log, self.known_at)
        return [row for row in rows if row["lost_at"] <= self.at and row["stream_id"] in seen]


def day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def text(value: Any) -> str | None:
    return None if value is None else str(value)


def computed(deal: Row, on: date) -> str:
    """The computed level under the shipped default."""
    if deal["level"] is None:
        return "N"
    if deal["expected_on"] is None:
        return "C"
    left = (deal["expected_on"] - on).days
    if left < 0:
        return "overdue"
    return next((code for code, window in WINDOWS if left <= window), "C")


def parts(
    question: Question, deal: Row, dimension: str, accounts: dict[UUID, Row]
) -> list[tuple[str | None, int, Decimal]]:
    """The groups a deal is in, with its open units and amount there."""
    units, amount = deal["open_units"] or 0, deal["open_amount"] or Decimal(0)
    match dimension:
        case "owner":
            return [(text(deal["owner_id"]), units, amount)]
        case "org_unit":
            return [(text(deal["unit_id"]), units, amount)]
        case "branch" | "region":
            return [(text(question.place(deal["unit_id"], dimension)), units, amount)]
        case "channel":
            return [(deal["channel"], units, amount)]
        case "account_kind":
            kinds = accounts.get(deal["account_id"], {}).get("kinds") or [None]
            return [(kind, units, amount) for kind in kinds]
        case _:
            found: dict[str | None, list[Any]] = {}
            for line in deal["lines"]:
                into = found.setdefault(line["product"], [0, Decimal(0)])
                into[0] += line["open_units"]
                into[1] += line["open_amount"] or Decimal(0)
            return [(code, *sums) for code, sums in found.items()] or [(None, units, amount)]


def board(question: Question, level: str, dimension: str | None) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """(group, currency, level) → count, units, amount, weighted amount; only what is not zero."""
    accounts = question.accounts()
    cells: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0)])
    for deal in question.deals():
        if deal["stock"] is None:
            continue
        declared = deal["level"] or "N"
        code = "O" if deal["stock"] == "ordered" else declared if level == "declared" else computed(deal, question.day)
        rate = Decimal(RATES[declared if code == "overdue" else code])
        whole = [(None, deal["open_units"] or 0, deal["open_amount"] or Decimal(0))]
        for key, units, amount in whole if dimension is None else parts(question, deal, dimension, accounts):
            cell = cells[key, deal["currency"], code]
            cell[0] += 1
            cell[1] += units
            cell[2] += amount
            cell[3] += amount * rate
    return {
        key: (count, units, amount, weighted.quantize(Decimal("0.01"), ROUND_HALF_EVEN))
        for key, (count, units, amount, weighted) in cells.items()
    }


def hot(question: Question) -> list[Row]:
    """The hot table, in its order: what was worked out, not what was copied."""
    accounts, contacts, on = question.accounts(), question.contacts(), question.day
    rows = []
    for deal in question.rows():
        is_computed = computed(deal, on)
        if deal["stock"] != "open" or "H" not in (deal["level"], is_computed):
            continue
        mine = [c for c in contacts if c["opportunity_id"] == deal["stream_id"] and c["visited_on"] <= on]
        reached = [c["visited_on"] for c in mine if c["reached"]]
        called = [] if deal["contacted_at"] is None else [day(deal["contacted_at"])]
        due = max([day(deal["duty_at"]), *called, *reached]) + timedelta(days=CADENCE[deal["level"] or "N"])
        instruction = deal["last_instruction"] or {}
        done_at = instruction.get("done_at")
        account = accounts.get(deal["account_id"], {})
        place = account.get("key_persons", {}).get(str(deal["key_person_id"]), {})
        left = (deal["expected_on"] - on).days if deal["expected_on"] else None
        rows.append(
            {
                "opportunity_id": deal["stream_id"],
                "account": account.get("name"),
                "key_person_layer": place.get("layer"),
                "units": deal["open_units"],
                "amount": deal["open_amount"],
                "level_before": deal["level_before"] or "N",
                "level": deal["level"] or "N",
                "computed_level": is_computed,
                "days_left": left,
                "overdue": is_computed == "overdue",
                "times_slipped": deal["times_slipped"],
                "visits": len(mine),
                "last_visit_on": max((c["visited_on"] for c in mine), default=None),
                "follow_up_on": due,
                "follow_up_days_overdue": max((on - due).days, 0),
                "obstacle": deal["obstacle"],
                "owner_id": deal["owner_id"],
                "last_contact_on": max([*called, *reached], default=None),
                "instruction": instruction.get("text"),
                "instruction_done_on": day(datetime.fromisoformat(done_at)) if done_at else None,
                "instruction_result": instruction.get("result"),
            }
        )

    def order(row: Row) -> tuple[Any, ...]:
        return (not row["overdue"], row["days_left"] is None, row["days_left"] or 0, str(row["opportunity_id"]))

    return sorted(rows, key=order)


def analysis(question: Question, dimension: str) -> dict[str | None, tuple[int, dict[str, Decimal], int]]:
    """Group → count, amounts by currency, mentions."""
    found: dict[str | None, list[Any]] = defaultdict(lambda: [0, defaultdict(Decimal), 0])
    for defeat in question.defeats():
        units: list[tuple[str | None, Decimal]] = []
        whole = defeat["amount"] or Decimal(0)
        match dimension:
            case "product":
                sums: dict[str, Decimal] = defaultdict(Decimal)
                for line in defeat["lines"]:
                    sums[line["product"]] += line["amount"] or Decimal(0)
                units = list(sums.items()) or [(None, whole)]
            case "month":
                units = [(f"{day(defeat['lost_at']):%Y-%m}", whole)]
            case "competitor":
                units = [(defeat["competitor_brand"], whole)]
            case "owner" | "org_unit":
                units = [(text(defeat["owner_id" if dimension == "owner" else "unit_id"]), whole)]
            case "branch" | "region":
                units = [(text(question.place(defeat["unit_id"], dimension)), whole)]
            case "level":
                units = [(defeat["level"] or "N", whole)]
            case _:
                units = [(defeat[dimension], whole)]
        for key, amount in units:
            found[key][0] += 1
            found[key][1][defeat["currency"]] += amount
        if dimension in ("reason", "category"):
            named = {reason for reason in (defeat["reason"], *defeat["other_reasons"]) if reason}
            for key in {reason.split(".")[0] for reason in named} if dimension == "category" else named:
                found[key][2] += 1
    return {key: (count, dict(amounts), mentions) for key, (count, amounts, mentions) in found.items()}


CREDIT = {"captured": "captured_", "decided": "outcome_", "open": ""}


def outcomes(
    question: Question, dimension: str, since: date | None, until: date | None, owner_id: UUID | None = None
) -> dict[tuple[str | None, str], Row]:
    """(key, currency) → figures."""
    accounts = question.accounts()
    found: dict[tuple[str | None, str], Row] = defaultdict(
        lambda: {"captured": 0, "open": 0, "won": 0, "lost": 0, "amount": Decimal(0), "cycle": []}
    )

    def within(on: date) -> bool:
        return (since is None or on >= since) and (until is None or on <= until)

    def keys(deal: Row, when: str) -> list[tuple[str | None, Decimal]]:
        whole = deal["amount"] or Decimal(0)
        credit = {name: deal[f"{CREDIT[when]}{name}"] for name in ("owner_id", "unit_id")}
        if not question.sees({**deal, **credit}) or owner_id not in (None, credit["owner_id"]):
            return []
        match dimension:
            case "owner":
                return [(text(credit["owner_id"]), whole)]
            case "org_unit":
                return [(text(credit["unit_id"]), whole)]
            case "office":
                return [(text(question.place(credit["unit_id"], "branch") or credit["unit_id"]), whole)]
            case "branch" | "region":
                return [(text(question.place(credit["unit_id"], dimension)), whole)]
            case "product":
                sums: dict[str, Decimal | None] = {}
                for line in deal["lines"]:
                    known = [a for a in (sums.get(line["product"]), line["amount"]) if a is not None]
                    sums[line["product"]] = sum(known, Decimal(0)) if known else None
                return [(code, whole if a is None else a) for code, a in sums.items()] or [(None, whole)]
            case "channel":
                return [(deal["captured_channel" if when == "captured" else "channel"], whole)]
            case "account":
                return [(text(deal["account_id"]), whole)]
            case "sector":
                return [(accounts.get(deal["account_id"], {}).get("sector"), whole)]
            case _:
                at = deal["outcome_at"] if when == "decided" else deal["captured_at"]
                return [(f"{day(at):%Y-%m}", whole)]

    for deal in question.standing_deals():
        captured, decided = day(deal["captured_at"]), day(deal["outcome_at"])
        if within(captured):
            for key, _ in keys(deal, "captured"):
                found[key, deal["currency"]]["captured"] += 1
        if deal["outcome"] == "open":
            if deal["status"] != "disposed":
                for key, _ in keys(deal, "open"):
                    found[key, deal["currency"]]["open"] += 1
        elif within(decided):
            for key, amount in keys(deal, "decided"):
                row = found[key, deal["currency"]]
                row[deal["outcome"]] += 1
                if deal["outcome"] == "won":
                    row["amount"] += amount
                    row["cycle"].append((decided - captured).days)
    for row in found.values():
        decided_count = row["won"] + row["lost"]
        row["win_rate"] = round(row["won"] / decided_count, 6) if decided_count else None
        days = row.pop("cycle")
        row["mean"] = round(fmean(days), 6) if days else None
        row["median"] = median(days) if days else None
    return dict(found)
