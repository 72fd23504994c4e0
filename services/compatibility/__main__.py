"""`python -m services.compatibility`: refuses a change that breaks what is published. `--write` records what is new."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.compatibility.checking import (
    Record,
    broken_events,
    broken_routes,
    read,
    unrecorded,
    with_older_versions,
)
from services.compatibility.forms import forms
from services.compatibility.routes import routes
from services.documents.published import EVENTS, ROUTES, written

ASK = "Record it with `make published`, and commit the record with the change."
MOST_SHOWN = 60
KINDS = ("events", "operations")


@dataclass(frozen=True, slots=True)
class Found:
    """What the code of today does to what is published. `records`: what would be written, by file."""

    broken: tuple[str, ...]
    new: tuple[str, ...]
    records: dict[Path, Record]


def found() -> Found:
    """Hold events and routes against their records."""
    from services.door import app

    events, known_events = forms(), read(EVENTS)
    operations, known_routes = routes(app.apps), read(ROUTES)  # type: ignore[arg-type]
    kept = with_older_versions(known_events, events)
    return Found(
        broken=(*broken_events(known_events, events), *broken_routes(known_routes, operations)),
        new=(
            *unrecorded(known_events, kept, "events", "event"),
            *unrecorded(known_routes, operations, "operations", "route"),
        ),
        records={EVENTS: kept, ROUTES: operations},
    )


def main(arguments: Sequence[str]) -> int:
    """Check, or write; 1 when something breaks, or is not recorded."""
    parser = argparse.ArgumentParser(prog="python -m services.compatibility", description=__doc__)
    parser.add_argument("--write", action="store_true", help="record what is new; refuses what breaks")
    parser.add_argument("--even-broken", action="store_true", help="record even what breaks: nobody has it yet")
    given = parser.parse_args(arguments)
    seen = found()
    _say("This breaks who relies on what is published:", seen.broken)
    if given.write and (given.even_broken or not seen.broken):
        for path, record in seen.records.items():
            path.write_text(written(record) + "\n", encoding="utf-8")
        _say("Recorded:", seen.new)
        return 0
    if not seen.broken:
        _say(f"Not recorded yet. {ASK}", seen.new)
    if seen.broken or seen.new:
        return 1
    events, operations = (len(record[kind]) for record, kind in zip(seen.records.values(), KINDS, strict=True))
    print(f"Nothing published is broken: {events} events, {operations} routes.")
    return 0


def _say(what: str, lines: Sequence[str]) -> None:
    if lines:
        more = [f"… and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
        print("\n  ".join((what, *lines[:MOST_SHOWN], *more)), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
