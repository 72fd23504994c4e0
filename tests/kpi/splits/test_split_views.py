"""Views of splits, confirmations, forecasts and lead plans: in any split of the log what plain Python says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.forecasts.views import FORECASTS
from services.kpi.lead_plans.views import LEAD_PLANS, LEAD_TARGETS
from services.kpi.splits.views import CONFIRMATIONS, SPLIT_TARGETS, SPLITS
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.opportunities_views.log import Counts, Log

START = datetime(2026, 1, 5, tzinfo=UTC)
VIEWS = (SPLITS, SPLIT_TARGETS, CONFIRMATIONS, FORECASTS, LEAD_PLANS, LEAD_TARGETS)
Row = dict[str, Any]


class MadeUp:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""

    def __init__(self, seed: int, steps: int = 70) -> None:
        self.log, self.chance = Log(uuid4()), random.Random(seed)
        self.streams: list[tuple[str, UUID]] = []
        for kind, first, opening in (
            ("split", "SplitProposed", self._split), ("confirmation", "ConfirmationRequested", self._confirmation),
            ("forecast", "ForecastMade", self._forecast), ("lead_plan", "LeadPlanProposed", self._lead_plan),
        ):  # fmt: skip
            for _ in range(2):
                id = UUID(int=self.chance.getrandbits(128))
                self.streams.append((kind, id))
                self.log.tell(kind, id, first, self._at(), opening(str(id)))
        for _ in range(steps):
            self._step()

    def _at(self) -> datetime:
        return START + timedelta(hours=self.chance.randint(0, 60))

    def _number(self) -> str:
        return str(Decimal(self.chance.randint(1, 999)) / 4)

    def _lines(self, person: str) -> list[Row]:
        unit = {"unit_id": person, "person_id": None}
        return [
            {
                "measure": self.chance.choice(("orders", "amount")), "target": self._number(), "product": None,
                "stretch": self.chance.choice((None, self._number())), "currency": None,
                **self.chance.choice((unit, {"unit_id": None, "person_id": person})),
            }
            for _ in range(self.chance.randint(0, 3))
        ]  # fmt: skip

    def _totals(self) -> list[Row]:
        return [{"measure": "orders", "target": self._number(), "stretch": None, "source": "given"}]

    def _split(self, id: str) -> Row:
        return {
            "status": "draft", "number": 0, "month": "2026-02-01", "unit_id": id, "owner_id": id, "weights": [],
            "totals": self._totals(), "lines": self._lines(id), "history_share": "0.5", "history_from": "2025-02-01",
            "history_to": "2026-02-01",
        }  # fmt: skip

    def _confirmation(self, id: str) -> Row:
        return {
            "status": "asked", "split_id": id, "month": "2026-02-01", "unit_id": id, "owner_id": id,
            "targets": [{"measure": "orders", "target": "5"}], "number": 0, "confirm_by": "2026-01-09",
        }  # fmt: skip

    def _figures(self) -> list[Row]:
        said = [("orders", None), ("orders", "A"), ("amount", None)]
        some = self.chance.sample(said, self.chance.randint(1, 3))
        return [{"measure": m, "product": p, "currency": None, "figure": self._number()} for m, p in some]

    def _forecast(self, id: str) -> Row:
        return {
            "number": 1, "month": "2026-02-01", "owner_id": id, "unit_id": id, "lines": self._figures(),
            "called_on": "2026-01-05",
        }  # fmt: skip

    def _channels(self) -> list[Row]:
        some = self.chance.sample(("web", "phone", "referral"), self.chance.randint(1, 3))
        return [{"channel": one, "leads": self.chance.randint(0, 90), "records": None} for one in some]

    def _lead_plan(self, id: str) -> Row:
        return {
            "status": "draft", "number": 0, "month": "2026-02-01", "unit_id": id, "owner_id": id,
            "required": {"units": "10", "leads": 5}, "rates": [], "rates_from": "2025-02-01",
            "rates_to": "2026-02-01", "channels": self._channels(),
        }  # fmt: skip

    def _step(self) -> None:
        chance, log = self.chance, self.log
        kind, id = chance.choice(self.streams)
        day, person = f"2026-01-{chance.randint(6, 28):02}", str(id)
        told: dict[str, list[Callable[[], tuple[str, Row]]]] = {
            "split": [
                lambda: ("SplitEdited", {"totals": self._totals(), "lines": self._lines(person)}),
                lambda: ("SplitIssued", {"status": "issued", "issued_by": person, "confirm_by": day}),
                lambda: ("SplitChanged", {
                    "totals": self._totals(), "lines": self._lines(person), "number": 1, "reason": "调",
                    "confirm_by": day,
                }),
            ],
            "confirmation": [
                lambda: ("TargetConfirmed", {"status": "confirmed", "confirmed_on": day}),
                lambda: ("TargetObjected", {
                    "status": "objected", "objected_on": day, "verdict": None, "wanted": [{"measure": "orders"}],
                }),
                lambda: ("ObjectionAnswered", {
                    "status": "answered", "verdict": "kept", "answered_on": day, "answered_by": person,
                }),
                lambda: ("ConfirmationRenewed", {
                    "status": "asked", "targets": [], "number": 1, "confirm_by": day, "wanted": [], "verdict": None,
                    "confirmed_on": None, "objected_on": None,
                }),
            ],
            "forecast": [
                lambda: ("ForecastRevised", {
                    "unit_id": person, "lines": self._figures(), "number": chance.randint(2, 4), "called_on": day,
                }),
                lambda: ("ForecastAdjusted", {
                    "adjusted": self._figures(), "adjusted_number": chance.randint(1, 3), "adjusted_by": person,
                    "adjusted_on": day, "reason": None,
                }),
            ],
            "lead_plan": [
                lambda: ("LeadPlanIssued", {"status": "issued", "issued_by": person}),
                lambda: ("LeadPlanChanged", {"channels": self._channels(), "number": 1, "reason": "调"}),
                lambda: ("LeadWeekReviewed", {"reviews": [{"week": chance.randint(1, 4), "on": day, "findings": []}]}),
            ],
        }  # fmt: skip
        if chance.random() < 0.25:
            found = [one for one in log.told if one.version > 1 and not one.type.startswith("Fact")]
            if found:
                one = chance.choice(found)
                if chance.random() < 0.5:
                    log.void(one.stream_type, one.stream_id, one.version)
                else:
                    log.correct(one.stream_type, one.stream_id, one.version, {}, self._at())
                return
        type, said = chance.choice(told[kind])()
        log.tell(kind, id, type, self._at(), said)


# -- what plain Python says ----------------------------------------------------------------------------------


def _standings(
    log: Log, kind: str, upto: int | None
) -> Iterator[tuple[UUID, Counts, datetime | None, Row, list[Counts]]]:
    """Each fact that begins an interval, with when the next does, what stood from it on, and the facts so far."""
    for id, facts in log.streams(kind, upto):
        standing: Row = {}
        for index, fact in enumerate(facts):
            standing = {**standing, **fact.changes}
            following = facts[index + 1].at if index + 1 < len(facts) else None
            if following != fact.at and "month" in standing:
                yield id, fact, following, standing, facts[: index + 1]


def _date(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)


def _amount(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)


def told(log: Log, view: View, upto: int | None) -> list[Row]:
    rows: list[Row] = []
    for id, fact, to_at, s, so_far in _standings(log, view.stream_types[0], upto):
        base: Row = {"stream_id": id, "from_at": fact.at, "to_at": to_at, "version": fact.version}
        match view.name:
            case "kpi.splits":
                rows.append(
                    base | {"status": s["status"], "number": s["number"], "confirm_by": _date(s.get("confirm_by"))}
                )
            case "kpi.split_targets" if s["status"] == "issued":
                parts = [("own", one, s["unit_id"]) for one in s["totals"]]
                for one in s["lines"]:
                    part = "unit" if one["person_id"] is None else "person"
                    parts.append((part, one, one["unit_id"] or s["unit_id"]))
                for place, (part, one, unit) in enumerate(parts, 1):
                    rows.append(base | {
                        "place": place, "part": part, "unit_id": UUID(unit), "target": _amount(one["target"]),
                        "stretch": _amount(one["stretch"]), "measure": one["measure"],
                    })  # fmt: skip
            case "kpi.confirmations":
                asked = [one.at for one in so_far if one.type in ("ConfirmationRequested", "ConfirmationRenewed")]
                rows.append(base | {
                    "status": s["status"], "asked_at": max(asked), "confirmed_on": _date(s.get("confirmed_on")),
                    "objected_on": _date(s.get("objected_on")), "verdict": s.get("verdict"), "number": s["number"],
                })  # fmt: skip
            case "kpi.forecasts":
                called = {(one["measure"], one["product"]): Decimal(one["figure"]) for one in s["lines"]}
                heard = {(one["measure"], one["product"]): Decimal(one["figure"]) for one in s.get("adjusted", ())}
                latest = s.get("adjusted_number") == s["number"]
                for place, key in enumerate(dict.fromkeys([*called, *heard]), 1):
                    rows.append(base | {
                        "place": place, "measure": key[0], "product": key[1], "called": called.get(key),
                        "adjusted": heard.get(key),
                        "in_force": heard[key] if latest and key in heard else called.get(key),
                    })  # fmt: skip
            case "kpi.lead_plans":
                reviews = [review["week"] for one in so_far for review in one.changes.get("reviews", ())]
                rows.append(base | {"status": s["status"], "number": s["number"], "weeks": reviews})
            case "kpi.lead_targets" if s["status"] == "issued":
                rows += [base | {"channel": one["channel"], "leads": Decimal(one["leads"])} for one in s["channels"]]
            case _:
                pass
    return rows


def assert_says(view: View, found: Any, expected: list[Row]) -> None:
    rows = [dict(row) for row in found]
    for row in rows:
        if view is LEAD_PLANS:
            said = json.loads(row["reviews"]) if isinstance(row["reviews"], str) else row["reviews"]
            row["weeks"] = [review["week"] for review in said]
    names = list(expected[0]) if expected else []

    def key(row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(name)) for name in ("stream_id", "from_at", "place", "channel"))

    picked = sorted(({name: row[name] for name in names} for row in rows), key=key)
    assert picked == sorted(expected, key=key), view.name


@pytest.mark.parametrize("seed", range(3))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, VIEWS, made.log.tenant_id, seed=seed, steps=5)
    for view in VIEWS:
        assert_says(view, await stored_rows(pool, view, made.log.tenant_id), told(made.log, view, None))
    await assert_live_equals_rebuild(pool, VIEWS, made.log.tenant_id)


async def test_rows_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool) -> None:
    made = MadeUp(31)
    await made.log.write(pool)
    await fold_all(pool, VIEWS)
    for known_at in random.Random(5).sample(range(8, len(made.log.told) + 1), 2):
        for view in VIEWS:
            relation = source(view, known_at="$2::bigint")
            rows = await pool.fetch(
                f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at
            )
            assert_says(view, rows, told(made.log, view, known_at))
