"""Workers are killed in the middle of a hand-over, between what they append and what they note of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.hand_overs.firm import Firm
from tests.hand_overs.test_preview import MOVING

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
SCRIPT = """
import asyncio
from services import work
from services.hand_overs import operations
operations.AT_ONCE = 2
operations.ACTS_ON_SECONDS = 0.0
asyncio.run(work.run(("operations",)))
"""


async def worker(firm: Firm, **environment: str) -> asyncio.subprocess.Process:
    """A real one; the views fold here."""
    given = os.environ | {
        "DATABASE_URL": firm.store.database_url,
        "DAKEHU_DATA": str(firm.settings.data),
        "DAKEHU_WORK_PORT": "0",
        **environment,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, cwd=CHECKOUT, env=given, stdout=asyncio.subprocess.DEVNULL
    )


async def killed(firm: Firm, point: str) -> None:
    """A worker that dies by SIGKILL at this point."""
    process = await worker(firm, DAKEHU_FAULT=point)
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == -9


async def finished(firm: Firm, hand_over_id: str) -> dict[str, Any]:
    """What came of it in a worker that lives."""
    process = await worker(firm)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := await firm.record(hand_over_id, "director"))["finished"]:
                await asyncio.sleep(0.05)
        return found
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.slow
async def test_a_killed_hand_over_goes_on_moves_all_and_nothing_twice_and_so_does_its_undo(firm: Firm) -> None:
    before = await firm.log()
    started = await firm.start("director", leave=True)
    for point in ("operation.appended", "operation.appended:2"):
        await killed(firm, point)
    assert not (await firm.record(started["id"], "director"))["finished"]
    done = await finished(firm, started["id"])
    assert (done["state"], done["problems"], done["person"]) == ("done", 0, True)
    assert Counter(item["state"] for item in done["items"]) == {"done": len(MOVING) + 1}
    new = (await firm.log())[len(before) :]
    assert Counter(fact.type for fact in new) == {
        "AccountOwnerChanged": 2, "SupportTeamChanged": 1, "OpportunityTransferred": 4, "VisitHandedOver": 2,
        "PersonLeft": 1,
    }  # fmt: skip
    assert len({fact.metadata["key"] for fact in new}) == len(new)

    undo = (await firm["director"].post(f"/v1/hand-overs/{done['id']}/undo", {})).json()
    await killed(firm, "operation.appended:2")
    undone = await finished(firm, undo["id"])
    assert (undone["state"], undone["problems"], undone["total"]) == ("done", 0, len(new))
    assert len(await firm.log()) == len(before) + 2 * len(new)
    again = await firm.record(done["id"], "director")
    assert Counter(item["state"] for item in again["items"]) == {"undone": len(new)}
