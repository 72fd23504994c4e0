"""An import as an operation: killed and taken up again, cancelled, and what it refuses as a whole."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.jobs import Operation, cancel_operation, get_operation
from tests.imports.office import NOW, Office, opened
from tests.imports.test_import_changes import MAPPING, sheet

CHECKOUT = Path(__file__).resolve().parents[2]
ROWS = 4_000
PATIENCE_SECONDS = 120.0


@pytest.fixture
async def office(own_database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(own_database_url, tmp_path) as office:
        yield office


def many(count: int = ROWS) -> str:
    """A long file with a bad row in every hundred."""
    return sheet(
        *(
            {
                "no": str(number),
                "customer": f"Customer {number % 50}",
                "owner": f"Owner {number % 7}",
                "stage": "sold" if number % 100 == 0 else "won" if number % 3 else "new",
                "closed": "2025-04-01",
            }
            for number in range(1, count + 1)
        )
    )


async def shown(office: Office, operation_id: UUID) -> Operation:
    found = await get_operation(office.store.all_tenants, office.tenant_id, operation_id)
    assert found is not None
    return found


async def until(office: Office, operation_id: UUID, reached: Any) -> Operation:
    """The operation as soon as it is so far."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not reached(found := await shown(office, operation_id)):
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def worker(database_url: str, data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real worker, killed at the end of the block."""
    environment = os.environ | {"DATABASE_URL": database_url, "DAKEHU_DATA": str(data)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.work", cwd=CHECKOUT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
async def test_a_killed_worker_s_import_goes_on_without_a_double_row_and_reports_exactly(
    own_database_url: str, tmp_path: Path
) -> None:
    async with opened(own_database_url, tmp_path) as office:
        operation_id = await office.queue(many(), MAPPING)
        for share in (0.2, 0.6):
            async with worker(own_database_url, tmp_path) as process:
                await until(office, operation_id, lambda found, share=share: found.done >= ROWS * share)
                os.kill(process.pid, signal.SIGKILL)
        assert not (await shown(office, operation_id)).finished
        async with worker(own_database_url, tmp_path):
            done = await until(office, operation_id, lambda found: found.finished)
        assert (done.state, done.error, done.attempts) == ("done", None, 3)
        assert done.result is not None
        bad = ROWS // 100
        assert [done.result[count] for count in ("rows", "created", "changed", "unchanged", "problem_rows")] == [
            ROWS, ROWS - bad, 0, 0, bad,
        ]  # fmt: skip
        assert done.result["opened"] == {"account": 50, "person": 7, "product": 1}
        problems = await office.problems(done)
        assert [problem.line for problem in problems] == [number + 1 for number in range(100, ROWS + 1, 100)]
        facts = Counter(fact.type for fact in await office.log("opportunity"))
        won = sum(1 for number in range(1, ROWS + 1) if number % 100 and number % 3)
        assert facts == {"ProspectCaptured": ROWS - bad, "DealWon": won}
        assert await office.store.all_tenants.fetchval("select count(*) from es.operation_file_chunks") == 0


async def test_a_cancelled_import_keeps_what_it_has_taken_and_forgets_its_files(office: Office) -> None:
    operation_id = await office.queue(many(2_000), MAPPING)
    work = asyncio.create_task(office.work_off(operation_id))
    await until(office, operation_id, lambda found: found.done > 0)
    await cancel_operation(office.store.all_tenants, office.tenant_id, operation_id)
    done = await work
    assert done.state == "cancelled"
    assert 0 < done.done < 2_000
    captured = [fact for fact in await office.log("opportunity") if fact.type == "ProspectCaptured"]
    assert len(captured) >= (done.checkpoint or {})["counts"]["created"] > 0
    assert await office.store.all_tenants.fetchval("select count(*) from es.operation_file_chunks") == 0
    again = await office.run(many(2_000), MAPPING)
    assert again.result is not None
    assert again.result["created"] + again.result["unchanged"] == 1_980


async def test_a_mapping_or_file_that_cannot_be_used_ends_the_import_and_says_why(office: Office) -> None:
    for file, mapping, error, code in (
        (sheet({}), MAPPING.replace("title: title", "title: heading"), "mapping_refused", "mapping"),
        (sheet({}), "version: 7", "mapping_refused", "mapping"),
        (b"", MAPPING, "file_refused", "empty"),
        (b"PK\x03\x04 workbook", MAPPING, "file_refused", "not_text"),
    ):
        operation = await office.run(file, mapping)
        assert (operation.state, operation.error) == ("failed", error)
        assert {problem.code for problem in await office.problems(operation)} == {code}
    assert await office.log("opportunity") == []


async def test_references_are_found_where_they_are_there_and_told_where_they_are_not(office: Office) -> None:
    await office.run(sheet({"no": "1", "customer": "City  Cabs"}), MAPPING)
    strict = MAPPING.replace("create: true", "create: false")
    operation = await office.run(
        sheet({"no": "2", "customer": "city cabs "}, {"no": "3", "customer": "Other", "owner": "Nobody"}), strict
    )
    assert operation.result is not None
    assert [operation.result[count] for count in ("created", "problem_rows")] == [1, 1]
    assert {(p.line, p.code, (p.params or {})["reference"]) for p in await office.problems(operation)} == {
        (3, "not_found", "owner"),
        (3, "not_found", "account"),
    }
    facts = [fact for fact in await office.log("opportunity") if fact.type == "ProspectCaptured"]
    assert len({fact.data["account_id"] for fact in facts}) == 1
    assert len({fact.data["owner_id"] for fact in facts}) == 1


async def test_what_is_opened_stands_from_the_earliest_day_of_the_file(office: Office) -> None:
    await office.run(sheet({"no": "1", "captured": "2024-05-01"}, {"no": "2", "captured": "2023-02-01"}), MAPPING)
    opened = [fact for fact in await office.log("account", "person", "product") if fact.stream_id != office.person_id]
    assert {fact.occurred_at.isoformat() for fact in opened} == {"2023-01-31T16:00:00+00:00"}
    assert all(fact.recorded_at > NOW for fact in opened)
