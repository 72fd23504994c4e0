"""Every KPI that ships, by every dimension it knows and every kind of period: computed, also where there is nothing."""

from __future__ import annotations

from datetime import date
from typing import get_args
from uuid import uuid4

import asyncpg
import pytest

from services.kpi.engine.definition import Chosen
from services.kpi.engine.period import Grain
from services.kpi.engine.shipped import DEFINITIONS
from services.kpi.engine.values import values
from services.kpi.views import VIEWS
from shared.event_store.connections import with_json
from shared.testing.views import fold_all
from tests.kpi.sources.asking import asking_of, months
from tests.opportunities_views.made_up import MadeUp


@pytest.mark.parametrize("when", ["now", "known then"])
async def test_no_combination_of_group_and_period_fails(database_url: str, when: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        made = MadeUp(uuid4(), 5, 120)
        await made.log.write(pool)
        await fold_all(pool, VIEWS)
        asking = asking_of(made.log.tenant_id, when, len(made.log.told))
        every = [Chosen(definition) for definition in DEFINITIONS]
        # of what was known then each question folds the log anew, and no kind of period is folded otherwise
        for grain in get_args(Grain) if when == "now" else ("month",):
            last = date(2025, 3, 9) if grain in ("day", "week") else date(2025, 8, 1)
            periods = months(date(2025, 3, 1), last, grain)
            plain = await values(pool, asking, every, periods)
            assert len(plain) >= len(every) * len(periods)
        for dimension in sorted({one for definition in DEFINITIONS for one in definition.dimensions}):
            able = [chosen for chosen in every if dimension in chosen.definition.dimensions]
            found = await values(pool, asking, able, months(), group_by=(dimension,))
            assert all(len(value.keys) == 1 for value in found)
        silent = await values(pool, asking_of(uuid4(), when, 0), every, months(), compare=False)
        assert {value.state for value in silent} == {"no_source"}
