"""Every figure can be measured, in the shape a reader expects. How large they are is not for a test to say."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bench import run
from bench.appends import into_the_store
from bench.commands import over_http
from bench.feed import feed
from bench.figure import Figure, bounded, figure
from bench.ground import Ground, conditions, end
from bench.history import furnish, write
from bench.processes import starts
from bench.visible import append_to_visible
from bench.webhooks import deliveries
from shared.event_store.verify import verify
from shared.identity.tokens import SAMPLE_TENANT
from shared.privacy.vault import Vault

dear = pytest.mark.skipif(
    "DAKEHU_SOAK" not in os.environ, reason="figures of many runs take minutes: `make soak` tries each once"
)
TINY = replace(run.QUICK, events=2_000, short_events=600, rebuilds=1, peer_events=20, rounds=1, seconds=0.5)


@pytest.fixture
async def base(server_url: str, tmp_path: Path) -> AsyncIterator[Ground]:
    """Databases of its own on the tests' server."""
    ground = Ground(tmp_path, server_url, prefix=f"test_{os.getpid()}_{secrets.token_hex(3)}_")
    yield ground
    for process in ground.processes:
        await end(process)
    connection = await asyncpg.connect(server_url)
    for row in await connection.fetch("select datname from pg_database where starts_with(datname, $1)", ground.prefix):
        await connection.execute(f"drop database {row['datname']} with (force)")
    await connection.close()


def shapely(figures: list[Figure], *names: str) -> None:
    assert [found.figure for found in figures] == list(names)
    for found in figures:
        numbers = found.value.values() if isinstance(found.value, dict) else [found.value]
        assert all(number > 0 for number in numbers), found
        assert found.aim
        assert found.sizes


@pytest.mark.slow
async def test_commands_are_measured_beside_plain_fastapi_and_the_peer(base: Ground) -> None:
    figures = await over_http(base, rounds=1, seconds=0.5, streams=64)
    shapely(figures, "commands_per_second", "commands_per_second_vs_peer", "commands_p99_ms")
    assert set(figures[0].conditions) >= {"dakehu", "bare_fastapi", "eventsourcing"}
    assert 0 < figures[0].conditions["dakehu"]["generator_cpu_share"] < 1


async def test_appends_are_measured_beside_pgbench(base: Ground) -> None:
    shapely(await into_the_store(base, rounds=1, seconds=0.5), "events_appended_per_second")


@dear
@pytest.mark.slow
async def test_rebuilds_and_reads_are_measured_on_made_up_logs(base: Ground) -> None:
    figures = await run.FIGURES["rebuild"](base, TINY, ["rebuild", "reads"])
    reads = ("board", "board_as_of", "hot_table", "hot_table_as_of", "defeat_analysis", "defeat_analysis_as_of")
    views = ("opportunities.standings", "opportunities.defeats")
    shapely(
        figures,
        *(f"rebuild.{view}.{figure}" for view in views for figure in ("events_per_second", "vs_peer")),
        *(f"read.{report}" for report in reads),
        *(
            f"rows.{report}{when}.{sight}"
            for when in ("", "_as_of")
            for report in ("visits", "opportunities", "hot_table")
            for sight in ("representative", "branch")
        ),
    )


@dear
@pytest.mark.slow
async def test_what_authorisation_costs_is_measured_beside_the_same_without(base: Ground) -> None:
    figures = await run.FIGURES["authorisation"](base, TINY, ["authorisation"])
    shapely(figures, "authorisation.list", "authorisation.point")
    assert all(len(found.conditions["ratios"]) == 5 for found in figures)


@pytest.mark.slow
async def test_the_time_from_append_to_view_is_measured(base: Ground) -> None:
    shapely(await append_to_visible(base, rounds=1, seconds=1.0, rate=40.0), "append_to_visible")


@dear
@pytest.mark.slow
async def test_starts_and_memory_are_measured(base: Ground) -> None:
    shapely(await starts(base, rounds=1), "start_to_ready_seconds", "memory_mb")


@pytest.mark.slow
async def test_deliveries_are_measured_beside_a_bare_loop(base: Ground) -> None:
    figures = await deliveries(base, rounds=1, seconds=0.3, events=200)
    shapely(figures, "deliveries_per_second", "commit_to_2xx")


async def test_the_feed_is_measured_beside_reading_rows(base: Ground) -> None:
    figures = await feed(base, rounds=1, events=200)
    shapely(figures, "feed_pages_per_second", "feed_stream_per_second")


async def test_a_made_up_past_is_a_log_as_commands_would_have_left_it(base: Ground) -> None:
    place = await base.place("past")
    async with place.store(writers=1, readers=2) as store:
        people, accounts = await furnish(store, Vault(store.pool, Vault.master_key(place.settings())))
        company = await write(store, people, accounts, facts=1_500, a_year=2_000, until=datetime.now(UTC))
        report = await verify(store, SAMPLE_TENANT)
    assert company.events == report.events >= 1_500
    assert 100 < company.opportunities < company.events
    assert company.visits > 50
    assert {fault.kind for fault in report.faults} <= {"chain"}  # its hashes are fillers, and it says so


async def test_the_conditions_of_a_run_are_told(server_url: str) -> None:
    told = await conditions(server_url)
    assert told["settings"]["fsync"] == "on"
    assert told["cpus"] >= 1
    assert told["libraries"]["eventsourcing"]


def test_an_aim_is_met_or_not() -> None:
    assert figure("x", 8, 10, 0.8, at_least=0.7, sizes={}).met
    assert not figure("x", 8, 10, 0.8, at_most=0.7, sizes={}).met
    assert not bounded("x", {"p99_ms": 51, "p50_ms": 3}, {"p99_ms": 50}, sizes={}).met
