"""The view of company figures: folded in any split, rebuilt, or told in plain Python, the same."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.company.views import COMPANY_FIGURES
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits
from tests.opportunities_views.log import Log

START = datetime(2026, 1, 31, tzinfo=UTC)
FIELDS = ("stream_id", "at", "kind", "month", "amount")


def made_up(seed: int) -> Log:
    """Figures, corrected and taken back as chance will have it."""
    chance, log = random.Random(seed), Log(uuid4())
    for number in range(12):
        said = {
            "kind": chance.choice(("sales", "profit", "customer_total")), "month": f"2026-{number + 1:02}-01",
            "months": 1, "unit_id": str(uuid4()), "account_id": None, "amount": str(chance.randint(-9, 9)),
            "currency": "CNY", "system": None, "key": None, "entered_by": str(uuid4()),
        }  # fmt: skip
        id = UUID(int=chance.getrandbits(128))
        log.tell("company_figure", id, "CompanyFigureRecorded", START, said)
        if chance.random() < 0.6:
            fix = log.correct("company_figure", id, 1, {"amount": "7.5"}, START + timedelta(days=chance.randint(0, 9)))
            if chance.random() < 0.3:
                log.void("company_figure", id, fix)
        if chance.random() < 0.3:
            log.void("company_figure", id, 1)
    return log


def told(log: Log, upto: int | None = None) -> set[tuple[Any, ...]]:
    return {
        (id, fact.at, fact.changes["kind"], date.fromisoformat(fact.changes["month"]), Decimal(fact.changes["amount"]))
        for id, facts in log.streams("company_figure", upto)
        for fact in facts
    }


@pytest.mark.parametrize("seed", range(3))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool[Any], seed: int) -> None:
    log = made_up(seed)
    await log.write(pool)
    await fold_in_random_splits(pool, [COMPANY_FIGURES], log.tenant_id, seed=seed, steps=5)
    for known_at in (None, len(log.told) // 2):
        relation = source(COMPANY_FIGURES, known_at=None if known_at is None else "$2::bigint")
        given = () if known_at is None else (known_at,)
        text = f"select {', '.join(FIELDS)} from {relation} as f where f.tenant_id = $1"
        assert {tuple(row) for row in await pool.fetch(text, log.tenant_id, *given)} == told(log, known_at)
    await assert_live_equals_rebuild(pool, [COMPANY_FIGURES], log.tenant_id)
