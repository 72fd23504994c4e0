"""What an operation needs before it is tried: by its id, or by the place of its path. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis import nouns
from tests.schemathesis.records import BEFORE, MADE, Ready, Records, on


def ready(records: Records, service: str, operation: str, path: str) -> Ready | None:
    """What this operation needs, just made; None: it needs nothing of the kind. Raises NotMade."""
    if (made := MADE.get(operation) or nouns.MADE.get(operation)) is not None:
        return made(records, service)
    last = path.rpartition("/")[2]
    if path.startswith("/v1/opportunities/{opportunity_id}"):
        if last == "{opportunity_id}":
            return on("opportunity_id", records.often("prospect", records.prospect))
        return on("opportunity_id", records.prospect(*BEFORE.get(last, ())), records.acting(last))
    return None
