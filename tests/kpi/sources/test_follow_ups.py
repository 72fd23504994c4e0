"""Follow-up duties as figures: by month, person and unit they are those of a recount day by day in plain Python."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from services.kpi.engine.sources import follow_ups
from services.kpi.engine.sources.follow_ups_views import VIEWS
from services.kpi.views import VIEWS as ALL
from services.opportunities.policies.level_policy import DEFAULT
from shared.event_store.connections import with_json
from shared.testing.views import fold_all
from tests.kpi.sources.asking import WHEN, amounts, asking_of, instant_of, known_at_of, months
from tests.opportunities_views.made_up import MadeUp
from tests.opportunities_views.recount import Question
from tests.opportunities_views.recount_follow_ups import FollowUps


@pytest.mark.parametrize("seed", [3, 4])
async def test_duties_that_fell_due_are_counted_once_for_who_was_responsible(database_url: str, seed: int) -> None:
    made = MadeUp(uuid4(), seed, 420)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        await made.log.write(pool)
        await MadeUp(uuid4(), seed + 50, 60).log.write(pool)
        await fold_all(pool, VIEWS)
        assert set(VIEWS) <= set(ALL)
        told = len(made.log.told)
        for when in WHEN:
            at, known_at = instant_of(when), known_at_of(when, told)
            counted = FollowUps(Question(made.log, at, known_at, lambda _: True, made.people[0]))
            for dimension, key in (("person", "owner"), ("unit", "org_unit")):
                found = await amounts(
                    pool, follow_ups.FOLLOW_UP_SOURCE, asking_of(made.log.tenant_id, when, told),
                    (follow_ups.FELL_DUE, follow_ups.ON_TIME), group_by=(dimension,),  # type: ignore[arg-type]
                )  # fmt: skip
                wanted = {}
                for period in months():
                    last = min(period.last, counted.today)
                    for group, (due, on_time, *_) in counted.report(key, period.first, last).items():
                        wanted[period.key, group, None, "fell_due"] = due
                        wanted[period.key, group, None, "on_time"] = on_time
                assert found == {cell: amount for cell, amount in wanted.items() if amount}
                assert len(found) > 5


def test_the_cadence_that_ships_is_the_default_policy_of_the_opportunities_service() -> None:
    assert {rule.code: rule.follow_up_days for rule in DEFAULT.levels} == {
        code: days for code, days in follow_ups.SHIPPED.items() if code not in ("N", "O")
    }
    assert (DEFAULT.new_follow_up_days, DEFAULT.ordered_follow_up_days) == (
        follow_ups.SHIPPED["N"],
        follow_ups.SHIPPED["O"],
    )
    assert DEFAULT.levels[-1].follow_up_days == follow_ups.OTHERWISE
    assert DEFAULT.effective_from == follow_ups.SHIPPED_ON
