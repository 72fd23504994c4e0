"""Facts of other services put into the log as they are published: what figures here are folded from. Tests nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from shared.event_store.command import Command, RecordedFact, StreamAppend
from tests.kpi.staffed import Staffed

Told = tuple[str, str, dict[str, Any]]
"""Type, day, the standing fields it sets."""


def at(day: str, hour: int = 3) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=UTC)


async def tell(sh: Staffed, stream_type: str, *facts: Told, id: UUID | None = None, version: int = 0) -> UUID:
    """Append facts to a stream, a new one by default."""
    stream_id = id or uuid4()
    recorded = tuple(
        RecordedFact(type, 1, json.dumps({**said, "changes": said}).encode(), at(day)) for type, day, said in facts
    )
    append = StreamAppend(stream_type, stream_id, version, recorded)
    outcome = await sh.store.append(Command(sh.tenant_id, uuid4(), None, None, 200, "ok", (append,)))
    assert outcome.kind == "ok"
    return stream_id


async def prospect(
    sh: Staffed,
    name: str,
    day: str,
    units: int,
    *,
    unit: str = "SH",
    won: str | None = None,
    channel: str = "web",
) -> UUID:
    """A prospect captured on a day; ordered on another, where one is given."""
    lines = [{"line": 1, "product": "GTX", "units": units}]
    said = {
        "owner_id": sh.person(name), "unit_id": sh.unit(unit), "status": "open", "channel": channel, "lines": lines,
        "currency": "CNY",
    }  # fmt: skip
    facts: list[Told] = [("ProspectCaptured", day, said)]
    if won is not None:
        facts.append(("DealWon", won, {"status": "ordered", "lines": lines}))
    return await tell(sh, "opportunity", *facts)


async def lead(sh: Staffed, day: str, channel: str, *, unit: str = "SH", record: UUID | None = None) -> UUID:
    """A lead received on a day; turned into a record the same day, where one is given."""
    said = {"channel": channel, "unit_id": sh.unit(unit), "status": "open", "answer_hours": "24"}
    facts: list[Told] = [("LeadReceived", day, said)]
    if record is not None:
        facts.append(("LeadDisposed", day, {"status": "record", "opportunity_id": str(record)}))
    return await tell(sh, "lead", *facts)


async def visitors(sh: Staffed, day: str, channel: str, count: int, *, unit: str = "SH") -> UUID:
    said = {"channel": channel, "unit_id": sh.unit(unit), "day": day, "count": count}
    return await tell(sh, "visitor_count", ("VisitorsCounted", day, said))


async def spend(sh: Staffed, day: str, channel: str, amount: str, *, unit: str = "SH", period: str = "day") -> UUID:
    said = {
        "channel": channel, "unit_id": sh.unit(unit), "day": day, "period": period, "amount": amount,
        "currency": "CNY", "purpose": None,
    }  # fmt: skip
    return await tell(sh, "channel_spend", ("SpendRecorded", day, said))
