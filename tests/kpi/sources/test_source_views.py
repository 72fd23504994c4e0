"""The views of the other sources: in any split, rebuilt, as known then: as plain Python says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.engine.sources import follow_ups_views, leads_views, money_views, visits_views
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits, stored_rows
from tests.kpi.sources import rows
from tests.opportunities_views import made_up, test_dealing_views, test_lead_views, test_order_views
from tests.opportunities_views.log import Log
from tests.opportunities_views.oracle import Row

VIEWS: Mapping[str, View] = {
    view.name.partition(".")[2]: view
    for view in (*leads_views.VIEWS, *visits_views.VIEWS, *follow_ups_views.VIEWS, *money_views.VIEWS)
}


def billed(seed: int) -> Log:
    """Orders that are somebody's."""
    log = test_order_views.MadeUp(seed).log
    chance = random.Random(seed)
    missing = {"channel": None, "expected_on": None, "level": None, "amount": "70000.01", "review": None}
    for event in log.told:
        if event.type == "ProspectCaptured":
            owner, unit = (str(UUID(int=chance.randint(1, 3))) for _ in range(2))
            event.data["changes"] |= {**missing, "owner_id": owner, "unit_id": unit, "account_id": unit, "title": None}
    return log


MADE: Mapping[str, tuple[Callable[[int], Log], tuple[str, ...]]] = {
    "leads": (lambda seed: test_lead_views.MadeUp(seed).log, ("leads", "visitor_counts", "channel_spend")),
    "contracts": (lambda seed: test_dealing_views.MadeUp(seed, 200).log, ("agreed_terms",)),
    "billing": (
        billed,
        ("orders", "delivered", "invoices", "credit_policies", "postings"),
    ),
    "deals": (
        lambda seed: made_up.MadeUp(uuid4(), seed, 300).log,
        (
            "on_site_visits",
            "owned_accounts",
            "follow_up_runs",
            "visit_contacts",
            "level_policies",
            "orders",
            "delivered",
        ),
    ),
}
JSON = ("lines", "payment_terms", "policy")


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    for name in JSON:
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def assert_says(name: str, found: Any, log: Log, upto: int | None = None) -> None:
    said = getattr(rows, {"orders": "kpi_orders"}.get(name, name))(log, upto)
    key = ("stream_id", *VIEWS[name].key)
    one, other = (
        sorted(map(comparable, of), key=lambda row: [str(row[column]) for column in key]) for of in (found, said)
    )
    assert one == other, name


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", MADE)
async def test_any_split_rebuild_and_moment_of_the_log_say_the_same(pool: asyncpg.Pool, kind: str, seed: int) -> None:
    make, names = MADE[kind]
    log, views = make(seed), [VIEWS[name] for name in names]
    await log.write(pool)
    await fold_in_random_splits(pool, views, log.tenant_id, seed=seed, steps=6)
    upto = random.Random(seed).randint(len(log.told) // 3, len(log.told))
    for name in names:
        assert_says(name, await stored_rows(pool, VIEWS[name], log.tenant_id), log)
        relation = source(VIEWS[name], known_at="$2::bigint")
        then = await pool.fetch(f"select * from {relation} as r where r.tenant_id = $1", log.tenant_id, upto)
        assert_says(name, then, log, upto)
    await assert_live_equals_rebuild(pool, views, log.tenant_id)
