"""The view of meetings: folded live in any split, rebuilt, or told in plain Python, it says the same."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.meetings.views import MEETINGS
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits, stored_rows
from tests.opportunities_views.log import Log

START = datetime(2025, 1, 6, tzinfo=UTC)
DOCUMENTS = ("tables", "decisions", "instructions")
Row = dict[str, Any]


def made_up(seed: int, steps: int = 60) -> Log:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""
    chance = random.Random(seed)
    log = Log(uuid4())
    meetings = [UUID(int=chance.getrandbits(128)) for _ in range(3)]
    people = [str(UUID(int=chance.getrandbits(128))) for _ in range(4)]

    def at() -> datetime:
        return START + timedelta(hours=chance.randint(0, 200))

    def step(state: str = "open") -> Row:
        day = (date(2025, 1, 6) + timedelta(days=chance.randint(0, 30))).isoformat()
        number = chance.randint(1, 4)
        return {"number": number, "text": "见", "owner_id": chance.choice(people), "due_on": day, "state": state}

    for id in meetings:
        said = {
            "status": "open", "kind": "weekly", "title": "周会", "held_on": "2025-01-06", "unit_id": str(id),
            "owner_id": people[0], "participants": chance.sample(people, 2), "previous_id": None, "known_at": 7,
            "tables": [{"name": "pipeline", "query": {}}], "instructions": [step()],
        }  # fmt: skip
        log.tell("meeting", id, "MeetingHeld", at(), said)
    for _ in range(steps):
        id = chance.choice(meetings)
        match chance.randint(0, 6):
            case 0:
                log.tell("meeting", id, "MeetingDecided", at(), {"decisions": [{"number": 1, "text": "定"}]})
            case 1 | 2:
                log.tell("meeting", id, "MeetingInstructed", at(), {"instructions": [step()]})
            case 3:
                log.tell("meeting", id, "MeetingInstructionDone", at(), {"instructions": [step("done")]})
            case 4:
                log.tell("meeting", id, "MeetingMinutesWritten", at(), {"minutes_on": "2025-01-07"})
            case 5:
                log.tell("meeting", id, "MeetingClosed", at(), {"status": "closed", "closed_on": "2025-01-08"})
            case _:
                one = chance.choice([told for told in log.told if told.stream_id == id])
                if one.version > 1 and not one.type.startswith("Fact"):
                    if chance.random() < 0.5:
                        log.void("meeting", id, one.version)
                    else:
                        log.correct("meeting", id, one.version, {}, at())
    return log


def told(log: Log, upto: int | None) -> list[Row]:
    """What plain Python says."""
    rows = []
    for id, facts in log.streams("meeting", upto):
        standing: Row = {}
        decisions: list[Row] = []
        steps: dict[int, Row] = {}
        for index, fact in enumerate(facts):
            standing |= fact.changes
            decisions = [*decisions, *fact.changes.get("decisions", ())]
            for one in fact.changes.get("instructions", ()):
                steps[one["number"]] = one
            until = facts[index + 1].at if index + 1 < len(facts) else None
            if until == fact.at or "title" not in standing:
                continue
            people = {*standing["participants"], *(one["owner_id"] for one in steps.values())}
            rows.append(
                {
                    "stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version,
                    "status": standing["status"], "kind": "weekly", "title": "周会", "held_on": date(2025, 1, 6),
                    "unit_id": id, "owner_id": UUID(standing["owner_id"]),
                    "participants": [UUID(one) for one in standing["participants"]],
                    "people": sorted(UUID(one) for one in people), "previous_id": None, "known_at": 7,
                    "tables": standing["tables"], "decisions": decisions,
                    "instructions": [steps[number] for number in sorted(steps)],
                    "minutes_on": date(2025, 1, 7) if "minutes_on" in standing else None,
                    "closed_on": date(2025, 1, 8) if "closed_on" in standing else None,
                }
            )  # fmt: skip
    return rows


def assert_says(rows: Any, expected: list[Row]) -> None:
    found = []
    for row in rows:
        one = {name: value for name, value in dict(row).items() if name != "tenant_id"}
        found.append(one | {name: json.loads(one[name]) for name in DOCUMENTS if isinstance(one[name], str)})
    for given in (found, expected):
        given.sort(key=lambda row: (str(row["stream_id"]), row["from_at"]))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other


@pytest.mark.parametrize("seed", range(4))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    log = made_up(seed)
    await log.write(pool)
    await fold_in_random_splits(pool, [MEETINGS], log.tenant_id, seed=seed, steps=6)
    assert_says(await stored_rows(pool, MEETINGS, log.tenant_id), told(log, None))
    await assert_live_equals_rebuild(pool, [MEETINGS], log.tenant_id)
    for known_at in random.Random(seed).sample(range(1, len(log.told) + 1), 3):
        relation = source(MEETINGS, known_at="$2::bigint")
        rows = await pool.fetch(f"select * from {relation} as r where r.tenant_id = $1", log.tenant_id, known_at)
        assert_says(rows, told(log, known_at))
