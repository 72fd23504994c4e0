"""The funnel's steps: folded in any split they say what plain Python counts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.views.funnel import FUNNEL
from services.opportunities.events import (
    Cancellation,
    ContactLost,
    DealLost,
    DealReopened,
    DealWon,
    DefeatKind,
    Delivery,
    Line,
    OpportunityTransferred,
    OrderAmended,
    ProspectCaptured,
    ProspectFrozen,
    ProspectQualified,
    Status,
    UnitsCancelled,
    UnitsDelivered,
)
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.stream import Refused
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.accounts.log import Log, in_order

START = datetime(2025, 1, 1, tzinfo=UTC)
TODAY = START + timedelta(days=600)
PEOPLE = tuple(UUID(int=number) for number in range(1, 5))
ACCOUNT = UUID(int=21)
UNITS = tuple(UUID(int=number) for number in range(11, 14))


def lines(chance: random.Random) -> tuple[Line, ...]:
    return tuple(Line(number, "GTX", chance.randint(1, 5)) for number in range(1, chance.randint(2, 4)))


def capture(chance: random.Random) -> Opportunity:
    return Opportunity.begin(
        ProspectCaptured, id=uuid4(), at=START + timedelta(hours=chance.randint(0, 2_000)),
        account_id=chance.choice((None, ACCOUNT)), title=None,
        owner_id=chance.choice(PEOPLE), unit_id=chance.choice(UNITS), channel=None,
        channel_given=None, lines=lines(chance), currency="CNY", amount=None, stage=None, stage_given=None,
        probability=None, probability_given=None, expected_on=None, key_person_id=None, contact_id=None, valid=True,
        missing=(), duplicate=None, duplicate_reason=None, external_refs={}, attributes={},
    )  # fmt: skip


def step(opportunity: Opportunity, chance: random.Random, at: datetime) -> None:
    """One fact as it might be told, also where the rules would refuse it: folds must bear both."""
    owner, line = chance.choice(PEOPLE), chance.randint(1, 3)
    match chance.randint(0, 10):
        case 0:
            opportunity.record(
                ProspectQualified, at=at, level_before=None, level="A", expected_on=None, judged_by=owner,
                visit_id=None, stage=None, stage_given=None, probability=None, probability_given=None, lines=None,
                amount=None, evidence=None, competitor=None, obstacle=None, support_needed=None,
            )  # fmt: skip
        case 1:
            opportunity.record(
                DealLost, at=at, level_before=None, status_before=Status.OPEN, reviewed_by=None,
                requested_on=at.date(), requested_by=owner, kind=DefeatKind.CONFIRMED, reason="own.slow_follow_up",
                category="own", other_reasons=(), reason_given=None, competitor_brand=None, competitor_model=None,
                competitor_price=None, bought_on=None, recall_on=None, comment=None,
            )  # fmt: skip
        case 2:
            opportunity.record(DealReopened, at=at, from_status=Status.DEFEATED, lines=None, reason=None)
        case 3:
            opportunity.record(
                ProspectFrozen, at=at, level_before=None, requested_by=owner, reviewed_by=None, reason="later",
                recall_on=at.date(), comment=None,
            )  # fmt: skip
        case 4:
            opportunity.record(ContactLost, at=at, level_before=None, reason="silent", recall_on=None)
        case 5 | 6:
            opportunity.record(
                DealWon, at=at, level_before=None, lines=lines(chance), currency="CNY", amount=None, promised_on=None,
                order_ref=None, withdrawn=None,
            )  # fmt: skip
        case 7:
            opportunity.record(
                OrderAmended, at=at, lines=lines(chance), currency="CNY", amount=None, promised_on=None,
                order_ref=None, reason=None,
            )  # fmt: skip
        case 8:
            delivery = Delivery(line, chance.randint(1, 4), at.date())
            opportunity.record(UnitsDelivered, at=at, delivered=(delivery,))
        case 9:
            gone = Cancellation(line, chance.randint(1, 2), "changed plans", at.date())
            opportunity.record(UnitsCancelled, at=at, cancelled=(gone,), whole=chance.random() < 0.2)
        case _:
            opportunity.record(
                OpportunityTransferred, at=at, owner_before=owner, unit_before=UNITS[0], owner_id=owner,
                unit_id=chance.choice(UNITS), reason=None,
            )  # fmt: skip


def a_log(seed: int) -> Log:
    chance = random.Random(seed)
    log = Log(uuid4())
    opportunities: list[Opportunity] = []
    for _ in range(220):
        if not opportunities or chance.random() < 0.12:
            opportunities.append(capture(chance))
            log.take(opportunities[-1])
            continue
        opportunity = chance.choice(opportunities)
        if chance.random() < 0.12:
            mend(opportunity, chance)
        else:
            step(opportunity, chance, opportunity.ledger[1].occurred_at + timedelta(hours=chance.randint(0, 9_000)))
        log.take(opportunity)
    return log


def mend(opportunity: Opportunity, chance: random.Random) -> None:
    version = chance.randint(2, max(2, opportunity.version))
    try:
        if chance.random() < 0.5:
            opportunity.void_fact(version, reason="错录", at=TODAY)
        else:
            earlier = opportunity.ledger[1].occurred_at + timedelta(hours=chance.randint(0, 9_000))
            opportunity.correct_fact(version, {}, occurred_at=earlier, reason="日期", at=TODAY)
    except Refused:
        pass


def oracle(log: Log) -> list[tuple[Any, ...]]:
    """(stream, version, step, at, owner, unit, account, prospects, units), sorted."""
    rows: list[tuple[Any, ...]] = []
    for stream in log.streams.values():
        standing: dict[str, Any] = {}
        moves: list[tuple[int, int]] = []
        still_open: int | None = None
        judged = False
        for entry in in_order(stream):
            before, standing = standing, standing | entry.changes
            found: list[tuple[str, int, int]] = []
            units = sum(line.units for line in standing["lines"])
            delivered = sum(move.units for move in entry.changes.get("delivered", ()))
            cancelled = sum(move.units for move in entry.changes.get("cancelled", ()))
            moved = (*entry.changes.get("delivered", ()), *entry.changes.get("cancelled", ()))
            moves += [(move.line, move.units) for move in moved]
            completed = False
            if entry.type in ("DealWon", "OrderAmended", "UnitsDelivered", "UnitsCancelled"):
                numbers = {line.line for line in standing["lines"]}
                left = units - sum(count for number, count in moves if number in numbers)
                completed = left <= 0 and standing["status"] == "ordered" and still_open is not None and still_open > 0
                still_open = left
            match entry.type:
                case "ProspectCaptured":
                    found.append(("captured", 1, 0))
                case "ProspectQualified" if not judged:
                    judged = True
                    found.append(("qualified", 1, 0))
                case "DealLost":
                    found.append(("defeated", 1, 0))
                case "ProspectFrozen":
                    found.append(("frozen", 1, 0))
                case "ContactLost":
                    found.append(("lost_contact", 1, 0))
                case "DealReopened" if before["status"] == "defeated":
                    found.append(("revived", 1, 0))
                case "DealWon":
                    found.append(("ordered", 1, units))
                case "OrderAmended":
                    difference = units - sum(line.units for line in before["lines"])
                    found += [("ordered", 0, difference)] if difference else []
                case "UnitsCancelled":
                    found.append(("cancelled", int(standing["status"] == "cancelled"), cancelled))
            if entry.type == "UnitsDelivered" or completed:
                found.append(("delivered", int(completed), delivered))
            credit = (standing["owner_id"], standing["unit_id"], standing["account_id"])
            rows += [(stream.id, entry.version, name, entry.occurred_at, *credit, *counts) for name, *counts in found]
    return sorted(rows, key=lambda row: (row[0].int, row[1], row[2]))


@pytest.mark.parametrize("seed", range(4))
async def test_folded_in_any_split_the_steps_are_those_plain_python_counts(
    pool: asyncpg.Pool[asyncpg.Record], seed: int
) -> None:
    log, other = a_log(seed), a_log(seed + 100)
    await log.write(pool)
    await other.write(pool)
    for tenant in (log, other):
        await fold_in_random_splits(pool, (FUNNEL,), tenant.tenant_id, seed=seed)
        await assert_live_equals_rebuild(pool, (FUNNEL,), tenant.tenant_id)
        rows = sorted(
            (tuple(row)[1:] for row in await stored_rows(pool, FUNNEL, tenant.tenant_id)),
            key=lambda row: (row[0].int, row[1], row[2]),
        )
        assert {row[2] for row in rows} >= {"captured", "ordered", "delivered", "defeated", "revived"}
        assert rows == oracle(tenant)


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_known_at_any_position_is_still_told(pool: asyncpg.Pool[asyncpg.Record], seed: int) -> None:
    log = a_log(seed)
    await log.write(pool)
    await fold_all(pool, (FUNNEL,))
    for position in random.Random(seed).sample(range(1, len(log.entries)), 4):
        rows = await pool.fetch(
            f"select * from {source(FUNNEL, known_at='$2')} r where tenant_id = $1", log.tenant_id, position
        )
        told = sorted((tuple(row)[1:] for row in rows), key=lambda row: (row[0].int, row[1], row[2]))
        assert told == oracle(log.known_at(position))
