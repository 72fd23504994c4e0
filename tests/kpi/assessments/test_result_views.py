"""The views of results, improvements, training and defeats by reason: in any split what plain Python says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.assessments.views import ASSESSMENTS, COMMISSIONS
from services.kpi.improvements.defeats_view import DEFEAT_REASONS
from services.kpi.improvements.views import IMPROVEMENTS, TRAINING
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits, stored_rows
from tests.opportunities_views.log import Log

START = datetime(2026, 1, 5, tzinfo=UTC)
Row = dict[str, Any]
ID = str(UUID(int=7))
FIRST: Mapping[str, Row] = {
    "assessment": {
        "status": "open", "cycle": "month", "month": "2026-01-01", "owner_id": ID, "unit_id": ID,
        "post": "representative", "raters": [{"person_id": ID, "rater": "peer"}],
    },
    "commission": {
        "status": "proposed", "month": "2026-01-01", "owner_id": ID, "unit_id": ID, "post": "representative",
        "known_at": 5, "lines": [{"due": "1.00"}], "due": [{"currency": "CNY", "amount": "1.00"}],
    },
    "improvement": {
        "status": "planned", "loop": 1, "title": "及时率", "source": "kpi", "kpi": None, "target": "0.9",
        "owner_id": ID, "unit_id": ID, "due_on": "2026-03-31", "kpi_before": {"value": "0.5"},
        "measures": [{"number": 1, "loop": 1, "due_on": "2026-02-01"}],
    },
    "training_need": {
        "status": "proposed", "owner_id": ID, "unit_id": ID, "post": "representative", "topic": "谈判",
        "source": "other", "reason": None, "kpi_before": None,
    },
    "opportunity": {"owner_id": ID, "unit_id": ID, "status": "open"},
}  # fmt: skip
OPENED = {
    "assessment": "AssessmentOpened", "commission": "CommissionProposed", "improvement": "ImprovementPlanned",
    "training_need": "TrainingProposed", "opportunity": "ProspectCaptured",
}  # fmt: skip


def later(kind: str, chance: random.Random) -> tuple[str, Row]:
    """A fact of a stream of this kind, whatever the rules would say."""
    day, number = f"2026-02-{chance.randint(10, 28)}", chance.randint(1, 3)
    options: dict[str, list[tuple[str, Row]]] = {
        "assessment": [
            ("AssessmentProposed", {"status": "proposed", "score": "9", "known_at": 9, "parts": [{"code": "a"}]}),
            ("AssessmentSigned", {"status": "signed", "signed_by": ID, "signed_on": day}),
            ("AssessmentRated", {"ratings": [{"rater": "peer", "by": str(UUID(int=number)), "points": "80"}]}),
            ("AssessmentAppealed", {"status": "appealed", "appealed_on": day}),
        ],
        "commission": [
            ("CommissionAdjusted", {"status": "proposed", "adjustments": [{"currency": "CNY", "amount": str(number)}]}),
            ("CommissionSigned", {"status": "signed", "signed_by": ID, "signed_on": day}),
            ("CommissionAcknowledged", {"status": "acknowledged", "acknowledged_on": day}),
        ],
        "improvement": [
            ("ImprovementMeasureDone", {"status": "doing", "measures": [{"number": number, "done_on": day}]}),
            ("ImprovementChecked", {"status": "checked", "effect": "partly", "kpi_after": {"value": "0.7"}}),
            ("ImprovementActed", {"status": "planned", "loop": 2, "decision": "adjust", "due_on": day, "measures": []}),
        ],
        "training_need": [
            ("TrainingPlanned", {"status": "planned", "course": "新车", "planned_on": day}),
            ("TrainingHeld", {"status": "held", "held_on": day, "hours": "6", "result": "passed"}),
            ("TrainingEffectChecked", {"status": "checked", "effect": "none", "kpi_after": None}),
        ],
        "opportunity": [
            ("DealLost", {"defeat_reason": "own.x", "defeat_category": "own", "defeat_other_reasons": ["own.y"]}),
            ("DealReopened", {"defeat_reason": None, "defeat_category": None, "defeat_other_reasons": []}),
            ("OpportunityTransferred", {"owner_id": str(UUID(int=number)), "unit_id": ID}),
        ],
    }  # fmt: skip
    return chance.choice(options[kind])


def made_up(seed: int, steps: int = 120) -> Log:
    chance, log = random.Random(seed), Log(uuid4())
    streams = {UUID(int=chance.getrandbits(128)): kind for kind in FIRST for _ in range(2)}

    def at() -> datetime:
        return START + timedelta(hours=chance.randint(0, 200))

    for id, kind in streams.items():
        log.tell(kind, id, OPENED[kind], at(), FIRST[kind])
    for _ in range(steps):
        id, kind = chance.choice(list(streams.items()))
        if chance.random() < 0.8:
            type, said = later(kind, chance)
            log.tell(kind, id, type, at(), said)
            continue
        one = chance.choice([told for told in log.told if told.stream_id == id])
        if one.version > 1 and not one.type.startswith("Fact"):
            if chance.random() < 0.5:
                log.void(kind, id, one.version)
            else:
                log.correct(kind, id, one.version, {}, at())
    return log


def _date(value: Any) -> Any:
    return None if value is None else date.fromisoformat(value)


def _decimal(value: Any) -> Any:
    return None if value is None else Decimal(value)


def _uuid(value: Any) -> Any:
    return None if value is None else UUID(value)


def _plain(value: Any) -> Any:
    return value


RESULT: dict[str, Callable[[Any], Any]] = {
    "status": _plain, "month": _date, "owner_id": _uuid, "unit_id": _uuid, "post": _plain, "known_at": _plain,
    "signed_by": _uuid, "signed_on": _date, "acknowledged_on": _date, "appealed_on": _date, "answered_on": _date,
}  # fmt: skip
PLAIN: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "assessment": {**RESULT, "cycle": _plain, "score": _decimal, "raters": _plain, "parts": lambda one: one or []},
    "commission": {**RESULT, "lines": _plain, "due": _plain},
    "improvement": {
        "status": _plain, "loop": _plain, "title": _plain, "source": _plain, "kpi": _plain, "target": _decimal,
        "owner_id": _uuid, "unit_id": _uuid, "due_on": _date, "effect": _plain, "decision": _plain,
    },
    "training_need": {
        "status": _plain, "owner_id": _uuid, "unit_id": _uuid, "post": _plain, "topic": _plain, "source": _plain,
        "reason": _plain, "course": _plain, "planned_on": _date, "held_on": _date, "hours": _decimal,
        "result": _plain, "effect": _plain,
    },
}  # fmt: skip
NEEDED = {"assessment": "cycle", "commission": "due", "improvement": "title", "training_need": "topic"}
GATHERED = ("measures", "adjustments", "ratings")


def told(log: Log, kind: str, upto: int | None) -> list[Row]:
    """What plain Python says of the streams of one kind."""
    rows: list[Row] = []
    for id, facts in log.streams(kind, upto):
        standing: Row = {}
        gathered: dict[str, list[Row]] = {name: [] for name in GATHERED}
        for index, fact in enumerate(facts):
            standing = {**standing, **fact.changes}
            for name in GATHERED:
                gathered[name] += fact.changes.get(name, ())
            until = facts[index + 1].at if index + 1 < len(facts) else None
            if kind == "opportunity":
                if fact.type == "DealLost":
                    rows.append(
                        {
                            "stream_id": id, "version": fact.version, "at": fact.at,
                            "owner_id": _uuid(standing.get("owner_id")), "unit_id": _uuid(standing.get("unit_id")),
                            "category": "own", "reason": "own.x", "reasons": ["own.x", "own.y"],
                        }
                    )  # fmt: skip
                continue
            if until == fact.at or NEEDED[kind] not in standing:
                continue
            row = {"stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version}
            row |= {name: read(standing.get(name)) for name, read in PLAIN[kind].items()}
            if kind in ("improvement", "training_need"):
                row |= {name: standing.get(f"kpi_{name}") for name in ("before", "after")}
            if kind == "improvement":
                last = {one["number"]: one for one in gathered["measures"]}
                row["measures"] = [last[number] for number in sorted(last)]
            if kind == "assessment":
                row["rated"] = sorted({UUID(one["by"]) for one in gathered["ratings"]})
            if kind == "commission":
                row["adjustments"] = list(gathered["adjustments"])
            if kind == "training_need":
                row["proposed_at"] = next(one.at for one in facts if one.version == 1)
            rows.append(row)
    return rows


VIEWS: Mapping[str, View] = {
    "assessment": ASSESSMENTS, "commission": COMMISSIONS, "improvement": IMPROVEMENTS, "training_need": TRAINING,
    "opportunity": DEFEAT_REASONS,
}  # fmt: skip
DOCUMENTS = ("raters", "parts", "lines", "due", "adjustments", "measures", "before", "after")


def assert_says(rows: Any, expected: list[Row]) -> None:
    def key(row: Row) -> tuple[str, datetime, int]:
        return str(row["stream_id"]), row.get("from_at") or row["at"], row["version"]

    found = []
    for row in rows:
        one = {name: value for name, value in dict(row).items() if name != "tenant_id"}
        found.append(one | {name: json.loads(one[name]) for name in DOCUMENTS if isinstance(one.get(name), str)})
    assert sorted(found, key=key) == sorted(expected, key=key)


@pytest.mark.parametrize("seed", range(3))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    log = made_up(seed)
    await log.write(pool)
    await fold_in_random_splits(pool, list(VIEWS.values()), log.tenant_id, seed=seed, steps=5)
    await assert_live_equals_rebuild(pool, list(VIEWS.values()), log.tenant_id)
    known_at = random.Random(seed).randint(1, len(log.told))
    for kind, view in VIEWS.items():
        assert_says(await stored_rows(pool, view, log.tenant_id), told(log, kind, None))
        relation = source(view, known_at="$2::bigint")
        rows = await pool.fetch(f"select * from {relation} as r where r.tenant_id = $1", log.tenant_id, known_at)
        assert_says(rows, told(log, kind, known_at))
